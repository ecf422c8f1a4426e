"""Nobody waits for ever for a store that says nothing."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.store.things import at_once
from tests.web.office import API, JOBS, SYNC, Office, refused
from worker.core.errors import StoreUnavailable
from worker.core.jobs import ACTIVE
from worker.web.bodies import DEFAULT_LIMITS
from worker.web.patience import in_time


def test_who_waits_too_long_is_told_that_the_store_is_away() -> None:
    gate = threading.Event()
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match="in time"):
        asyncio.run(in_time(gate.wait, 0.1)(20))
    assert time.monotonic() - started < 5
    gate.set()


def test_so_many_that_wait_for_a_thread_are_all_told_in_time() -> None:
    gate = threading.Event()
    ask = in_time(gate.wait, 0.2)

    async def all_of_them() -> list[bool | BaseException]:
        return await asyncio.gather(*(ask(20) for _ in range(100)), return_exceptions=True)

    started = time.monotonic()
    answers = asyncio.run(all_of_them())
    assert time.monotonic() - started < 5
    assert {type(answer) for answer in answers} == {StoreUnavailable}
    gate.set()


def test_what_is_answered_in_time_is_passed_on() -> None:
    assert asyncio.run(in_time(divmod, 5)(7, 2)) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_time(divmod, 5)(7, 0))


def test_what_was_answered_503_is_not_carried_out_later(office: Office) -> None:
    """A trigger, a cancel and a retry, while somebody else's transaction does not come to an end."""
    office.small.calendars.refuse_titles.add("Visit")
    office.small.arrive("vis_1")
    failed, neighbour = office.synced(), office.neighbour()
    queued = neighbour.post(SYNC).json()["job_id"]
    asks = [
        lambda: office.client.post(f"{API}/fieldcamp/sync"),
        lambda: office.client.post(f"{JOBS}/{failed}/retry"),
        lambda: neighbour.post(f"{JOBS}/{queued}/cancel"),
    ]
    for client in (office.client, neighbour):
        client.timeout = 30
    with occupied(office.small.path):
        started = time.monotonic()
        answers = at_once(3, lambda place: asks[place]())
        assert time.monotonic() - started < DEFAULT_LIMITS.store_seconds + 2
    for answer in answers:
        refused(answer, 503, "UNAVAILABLE")
        assert int(answer.headers["Retry-After"]) >= 1
    time.sleep(1)  # for the threads that nobody waits for
    active = [job for job in office.small.store.jobs.listed() if job.status in ACTIVE]
    assert [job.id for job in active] == [queued]


@contextmanager
def occupied(path: Path) -> Iterator[None]:
    """Another process writes, until the end of the block."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")
