"""The whole site over a database in which something happened, with a worker that does what is asked for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from tests.sync.memory import MemoryCalendars, MemoryProvider
from tests.sync.small_house import FIELDCAMP, GOOGLE, KEY, ONE, TWO, SmallHouse
from tests.web.quiet_books import QuietBooks, asked_about
from worker.core.channels import LIFE, Channel
from worker.core.connections import READ, Connection
from worker.core.documents import CalendarEvent, Times
from worker.core.ports import Provider
from worker.settings import Settings
from worker.sync.house import House
from worker.sync.run import run_job
from worker.web.site import make_site
from worker.wiring import MANIFESTS, Wiring, now


@dataclass(frozen=True, slots=True)
class Premises:
    """The site as it is served, and what its callers hold: a key of all scopes, one to read, the webhook secret, the
    headers of a channel that is open."""

    site: FastAPI
    wiring: Wiring
    account_id: str
    key: str
    reader: str
    secret: str
    channel: Mapping[str, str]


@contextmanager
def premises(path: Path, **settings: Any) -> Iterator[Premises]:
    """The site over a new SQLite file, until the end of the block; without Redis, so that every request passes."""
    small = lived_in(path)
    wiring = Wiring(Settings(database_url=f"sqlite:///{path}", secret_keys=(KEY,), **settings))
    connect_the_rest(small)
    with at_work(at_both(small)) as rung:
        wiring.__dict__["house"] = replace(wiring.house, ring=rung.put)
        held = _held(wiring, small.account_id)
        yield Premises(make_site(wiring), wiring, small.account_id, *held, opened_channel(wiring, small.connection.id))
    wiring.close()
    small.close()


def connect_the_rest(small: SmallHouse) -> None:
    """Whatever else can be synced is connected, too; each of the books has something to ask."""
    for name in MANIFESTS.keys() - {GOOGLE, FIELDCAMP}:
        grants = {"": {"refresh_token": "x"}}
        connection = small.store.connections.connect(small.account_id, name, {}, grants, small.clock)
        if MANIFESTS[name].books:
            asked_about(small.store, connection, "cli_asked", small.clock)


def at_both(small: SmallHouse) -> House:
    """The small house as of now, with calendars or books of their own for each integration."""
    others = {name: MemoryCalendars((ONE, TWO)) for name, manifest in MANIFESTS.items() if not manifest.books}
    others[GOOGLE] = small.calendars

    def opened(connection: Connection) -> Provider:
        calendars = others.get(connection.integration)
        if calendars is None:
            return QuietBooks(MANIFESTS[connection.integration])
        return MemoryProvider(calendars, small.routes)

    return replace(small.house, now=now, manifests=MANIFESTS, open_provider=opened)


def _held(wiring: Wiring, account_id: str) -> tuple[str, str, str]:
    keys, secret = wiring.store.keys, wiring.store.accounts.webhook_secret(account_id)
    assert secret is not None
    both = keys.create(account_id, ("sync:read", "sync:write"), now())[1]
    return both, keys.create(account_id, (READ,), now())[1], secret


def opened_channel(wiring: Wiring, connection_id: int) -> Mapping[str, str]:
    """The headers of a message through a channel of this connection's."""
    store, moment = wiring.store, now()
    stream = store.streams.ensure(connection_id, [ONE])[ONE]
    turn = store.channels.seize_turn(connection_id, moment)
    assert store.channels.begin(turn, stream.id, Channel("channel-1", "hush", "", moment + LIFE), moment)
    return {"X-Goog-Channel-ID": "channel-1", "X-Goog-Channel-Token": "hush", "X-Goog-Resource-State": "exists"}


def lived_in(path: Path) -> SmallHouse:
    """One account: visits on calendars, one that is refused there, appointments of other people."""
    small = SmallHouse(path)
    small.clock = datetime.now(UTC) - timedelta(hours=1)
    for number in range(6):
        small.arrive(f"vis_{number}")
    small.sync()
    small.calendars.refuse_titles.add("Visit")
    small.arrive("vis_refused")
    small.sync()
    for number in range(3):
        start = small.clock + timedelta(days=number)
        small.calendars.person_adds(ONE, CalendarEvent("Dentist", Times.span(start, start + timedelta(hours=1))))
        small.sync()
    return small


@contextmanager
def at_work(house: House) -> Iterator[queue.SimpleQueue[str | None]]:
    """A worker that runs the jobs whose ids it is given, until the end of the block."""
    rung: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def work() -> None:
        while (job_id := rung.get()) is not None:
            run_job(house, job_id, "test")

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        yield rung
    finally:
        rung.put(None)
        worker.join(20)
        assert not worker.is_alive(), "a job does not come to an end"
