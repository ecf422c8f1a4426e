"""The sync API of a running system, as callers and senders of events meet it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import httpx

from tests.store.things import at_once
from tests.system.system import FIELDCAMP, GOOGLE, System, free_port
from worker.core.errors import SyncInProgress
from worker.core.jobs import JobRequest
from worker.simulators.fieldcamp.signing import signature_headers
from worker.store.tables import jobs
from worker.sync.request import request_sync
from worker.wiring import now

API = "/api/v1/integrations"
SYNC, STATUS, JOBS = f"{API}/google-calendar/sync", f"{API}/google-calendar/status", f"{API}/jobs"
PATIENCE = 20.0
Json = dict[str, Any]
Send = Callable[[int], httpx.Response]


class Site:
    """Two web processes of one system; each test brings an account of its own."""

    def __init__(self, system: System) -> None:
        self.system = system
        second = free_port()
        self.urls = [f"http://127.0.0.1:{port}" for port in (system.port, second)]
        system.have(web=1)
        system.start("web", PORT=str(second))
        system.wait_until("the second web to answer", lambda: is_up(self.urls[1]), 15)

    def tenant(self, name: str) -> Tenant:
        return Tenant(self.system, self.urls, name)


class Callers:
    """Clients with one key, one for each web process; each keeps its connections and may be shared by threads."""

    def __init__(self, urls: Sequence[str], key: str | None = None) -> None:
        self._closing = ExitStack()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        many = httpx.Limits(max_connections=200, max_keepalive_connections=200)
        self._clients = [
            self._closing.enter_context(httpx.Client(base_url=url, headers=headers, timeout=PATIENCE, limits=many))
            for url in urls
        ]

    def __getitem__(self, place: int) -> httpx.Client:
        """They take turns."""
        return self._clients[place % len(self._clients)]

    def close(self) -> None:
        self._closing.close()


class Tenant:
    """An account whose calendar is connected and whom nobody serves: what is queued stays queued."""

    def __init__(self, system: System, urls: Sequence[str], name: str) -> None:
        self.system, self.store = system, system.wiring.store
        self._urls = urls
        account, key, self.secret = self.store.accounts.create(name, now())
        self.account_id = account.id
        self.connection = self.store.connections.connect(account.id, GOOGLE, {}, {"": {"refresh_token": "x"}}, now())
        self.callers = Callers(urls, key)
        self.client = self.callers[0]

    def close(self) -> None:
        self.callers.close()

    def further_callers(self) -> Callers:
        """With a key of their own, and so with a quota of their own."""
        _, key = self.store.keys.create(self.account_id, ("sync:read", "sync:write"), now())
        return Callers(self._urls, key)

    def ask(self, place: int, key: str | None = None, **body: Any) -> httpx.Response:
        """Ask for a sync, at one web process or the other."""
        return self.callers[place].post(SYNC, json=body, headers={"Idempotency-Key": key} if key else {})

    def queued(self) -> str:
        """A job that nobody carries out; its id."""
        answer = self.ask(0)
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["job_id"]
        return job_id

    def job_ids(self) -> list[str]:
        return [row["id"] for row in self.system.rows(jobs, jobs.c.account_id == self.account_id)]


def look_now(system: System) -> None:
    """Sync all connections at once: nobody waits for the ten seconds after which new ones are looked at first."""
    for integration in (FIELDCAMP, GOOGLE):
        try:
            job_id = request_sync(system.wiring.house, system.account_id, integration, JobRequest()).id
        except SyncInProgress as busy:  # the timer was quicker, on a slow machine
            job_id = busy.active_job_id
        system.ended(system.job(job_id))


def is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).is_success
    except httpx.HTTPError:
        return False


def all_at_once(how_many: int, send: Send) -> list[httpx.Response]:
    """The answers to ``send(0)``, ``send(1)``, … side by side; each has to be answered."""
    answers = at_once(how_many, send)
    assert [answer for answer in answers if not isinstance(answer, httpx.Response)] == []
    return answers


def timed(send: Callable[..., httpx.Response], *what: Any) -> tuple[httpx.Response, float]:
    """The answer to ``send(*what)``, and the seconds that its sender waited for it."""
    started = time.monotonic()
    answer = send(*what)
    return answer, time.monotonic() - started


def deliver(client: httpx.Client, account_id: str, secret: str, envelope: Json) -> httpx.Response:
    """Send an event as FieldCamp does, over a connection that stays open."""
    body = json.dumps(envelope).encode()
    signed = signature_headers("t_v1", secret, envelope["id"], int(time.time()), body)
    return client.post(f"/webhooks/fieldcamp/{account_id}", content=body, headers=signed)


def found(client: httpx.Client, path: str, **query: Any) -> Json:
    """What there is at a path."""
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def refused(answer: httpx.Response, status: int, code: str) -> Json:
    """The details of a refusal, which has to be this one, in the envelope of contract §4."""
    assert answer.status_code == status, answer.text
    body: Json = answer.json()
    assert (body["code"], body["success"]) == (code, False), answer.text
    assert set(body) == {"success", "error", "code", "details"}
    details: Json = body["details"]
    return details
