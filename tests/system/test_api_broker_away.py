"""Redis stops, or falls silent: triggers and events are answered as fast as ever, and carried out when it is back."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count

import httpx
import pytest
import redis

from tests.system.api import JOBS, SYNC, Callers, deliver, timed
from tests.system.system import System
from worker.core.jobs import JobStatus

AT_ONCE = 0.3
"""Seconds within which everybody is answered."""

MANY = 12
SOON = 90.0
"""Seconds; the pause of Celery's workers between two attempts to reach the broker grows to 30."""

NOTES = count(1)


@pytest.fixture
def caller(system: System) -> Iterator[httpx.Client]:
    """A caller and sender of events whose connection is open, and whose requests are counted."""
    callers = Callers([f"http://127.0.0.1:{system.port}"], system.api_key)
    system.ended(system.job(trigger(callers[0]).json()["job_id"]))
    system.settle()
    with redis.Redis.from_url(system.redis.url) as server:
        assert server.keys("visit-sync:quota*")
    yield callers[0]
    callers.close()


@contextmanager
def stopped(system: System) -> Iterator[None]:
    system.redis.stop()
    try:
        yield
    finally:
        system.redis.start()


@contextmanager
def silent(system: System) -> Iterator[None]:
    system.redis.pause()
    try:
        yield
    finally:
        system.redis.resume()


@pytest.mark.parametrize("away", [stopped, silent])
def test_triggers_and_events_are_answered_at_once_while_redis_is_away_and_run_when_it_is_back(
    system: System, caller: httpx.Client, away: Callable[[System], AbstractContextManager[None]]
) -> None:
    visit_ids = system.add_visits(MANY)
    system.assert_agreement()
    system.town.fieldcamp.pause_deliveries()

    with away(system):
        waits = measured(system, caller, visit_ids)
        if max(waits) >= AT_ONCE:  # the machine may have been busy with something else
            waits = measured(system, caller, visit_ids)
        last = system.job(trigger(caller).json()["job_id"])
        assert system.job(last.id).status is JobStatus.QUEUED

    assert max(waits) < AT_ONCE, sorted(waits)
    assert system.ended(last, SOON).status is JobStatus.SUCCEEDED
    system.wait_until("the calendars to follow", system.agrees, SOON)
    system.town.fieldcamp.resume_deliveries()
    system.assert_agreement()
    assert all("away" in system.shown(visit_id)[0][1]["description"] for visit_id in visit_ids)


def measured(system: System, caller: httpx.Client, visit_ids: list[str]) -> list[float]:
    """How many seconds the senders of so many events, triggers and cancels waited, one after the other."""
    waits = []
    for visit_id in visit_ids:
        system.change(visit_id, notes=f"Told while Redis was away, {next(NOTES)}")
        envelope = system.envelope(visit_id)
        taken, for_event = timed(deliver, caller, system.account_id, system.secret, envelope)
        assert (taken.status_code, taken.json()["duplicate"]) == (202, False), taken.text
        queued, for_trigger = timed(trigger, caller)
        ended, for_cancel = timed(caller.post, f"{JOBS}/{queued.json()['job_id']}/cancel")
        assert ended.json()["status"] == "cancelled", ended.text
        waits += [for_event, for_trigger, for_cancel]
    return waits


def trigger(caller: httpx.Client) -> httpx.Response:
    answer = caller.post(SYNC)
    assert answer.status_code == 202, answer.text
    return answer
