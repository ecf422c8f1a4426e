"""The sync API behind a socket, over a small house: real engine, real database, calendars in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from tests.sync.small_house import GOOGLE, SmallHouse
from tests.web.house import FakeHouse, served
from worker.core.jobs import Job, JobStatus
from worker.core.ports import Manifest
from worker.sync.run import run_job
from worker.web.api import api_routes
from worker.web.app import make_web
from worker.web.keys import Doorkeeper
from worker.web.quota import Quota

API = "/api/v1/integrations"
SYNC, STATUS, JOBS = f"{API}/google-calendar/sync", f"{API}/google-calendar/status", f"{API}/jobs"
Json = dict[str, Any]


class Office:
    """One account's house, the key of a caller who may do everything, and a client that carries it."""

    def __init__(self, small: SmallHouse, url: str, closing: ExitStack, rung: list[str]) -> None:
        self.small, self.url, self._closing = small, url, closing
        self.rung = rung
        """The ids of jobs for which workers were rung."""
        self.key = self.new_key()
        self.client = self.caller(self.key)

    def new_key(self, *scopes: str, account_id: str | None = None) -> str:
        wanted = scopes or ("sync:read", "sync:write")
        _, raw = self.small.store.keys.create(account_id or self.small.account_id, wanted, self.small.clock)
        return raw

    def caller(self, key: str | None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self._closing.enter_context(httpx.Client(base_url=self.url, headers=headers, timeout=10))

    def neighbour(self) -> httpx.Client:
        """Somebody of another account, which has the same integrations."""
        account, key, _ = self.small.store.accounts.create("Next Door", self.small.clock)
        self.small.store.connections.connect(account.id, GOOGLE, {}, {"": {"refresh_token": "y"}}, self.small.clock)
        return self.caller(key)

    def trigger(self, body: Json | None = None, *, key: str | None = None, status: int = 202) -> httpx.Response:
        """Ask for a sync, with an idempotency key or without."""
        self.small.tick()
        answer = self.client.post(SYNC, json=body or {}, headers={"Idempotency-Key": key} if key else {})
        assert answer.status_code == status, answer.text
        return answer

    def get(self, path: str, **query: Any) -> Json:
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def run(self, job_id: str) -> Job:
        """What a worker does with the job."""
        run_job(self.small.house, job_id, "test")
        job = self.small.store.jobs.get(job_id)
        assert job is not None
        return job

    def synced(self, body: Json | None = None) -> str:
        """A sync that was asked for and carried out; its id."""
        job_id: str = self.trigger(body).json()["job_id"]
        assert self.run(job_id).status is not JobStatus.RUNNING
        return job_id


@contextmanager
def opened(path: Path, more: Mapping[str, Manifest] | None = None) -> Iterator[Office]:
    """The office, until the end of the block; with ``more`` integrations than the calendar and FieldCamp."""
    small = SmallHouse(path)
    rung: list[str] = []
    small.house = replace(small.house, manifests={**small.house.manifests, **(more or {})}, ring=rung.append)
    doorkeeper = Doorkeeper(small.store.keys.find, Quota())
    with ExitStack() as closing:
        closing.callback(small.close)
        site = make_web(FakeHouse(), more=api_routes(small.house, doorkeeper), keeper=doorkeeper)
        url = closing.enter_context(served(site))
        yield Office(small, url, closing, rung)


def refused(answer: httpx.Response, status: int, code: str) -> Json:
    """The envelope of a refusal, which has to be this one."""
    body: Json = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert body["success"] is False
    assert set(body) == {"success", "error", "code", "details"}
    assert body["error"]
    return body
