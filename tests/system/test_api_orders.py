"""A running sync is cancelled over HTTP, and what failed in one is tried again: nothing is lost, nothing is doubled."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.system.api import JOBS, STATUS, SYNC, Callers, found, refused
from tests.system.system import System
from worker.simulators.faults import Fault

MANY = 48
REFUSED_AND_NOT = 36
A_FEW_SECONDS = 5.0


@pytest.fixture
def caller(system: System) -> Iterator[httpx.Client]:
    callers = Callers([f"http://127.0.0.1:{system.port}"], system.api_key)
    yield callers[0]
    callers.close()


def test_a_running_sync_ends_between_two_batches_and_the_next_does_the_rest(
    system: System, caller: httpx.Client
) -> None:
    job_id = system.caught_in_the_middle(MANY).id
    writes = system.town.google.counters()["writes"]

    assert caller.post(f"{JOBS}/{job_id}/cancel").json()["status"] in ("running", "cancelled")
    cancelled = ended(system, caller, job_id, A_FEW_SECONDS)
    system.hurry()

    counts = cancelled["counts"]
    assert cancelled["status"] == "cancelled"
    assert 0 < counts["pushed"] < MANY
    assert cancelled["error"] is None
    assert records(caller, job_id, outcome="created").keys() == shown_now(system, job_id, caller)
    assert len(records(caller, job_id)) == counts["pushed"] == cancelled["records"]["visits"]["created"]
    assert system.town.google.counters()["writes"] - writes < MANY

    rest = ended(system, caller, asked(caller), 30)
    assert rest["status"] == "succeeded"
    assert counts["pushed"] + rest["counts"]["pushed"] == MANY
    assert records(caller, job_id).keys().isdisjoint(records(caller, rest["job_id"], outcome="created"))
    system.assert_agreement()


def test_what_google_refused_is_tried_again_and_nothing_else(system: System, caller: httpx.Client) -> None:
    visit_ids = system.add_visits(REFUSED_AND_NOT, told=False)
    refusing = {visit_id for visit_id in visit_ids if system.visit(visit_id)["teamId"] == ["usr_1"]}
    system.town.google.faults.add(Fault(path="ada", operation="events.insert", status=400, times=None))
    assert len(refusing) == 3

    partial = ended(system, caller, asked(caller), 30)
    assert (partial["status"], partial["counts"]["failed"]) == ("partial", len(refusing))
    assert partial["counts"]["pushed"] == REFUSED_AND_NOT - len(refusing)
    assert records(caller, partial["job_id"], outcome="failed").keys() == refusing
    assert {error["record"] for error in found(caller, STATUS)["errors"] if "record" in error} == refusing

    system.hurry()
    writes = system.town.google.counters()["writes"]
    answer = caller.post(f"{JOBS}/{partial['job_id']}/retry")
    assert answer.status_code == 202, answer.text
    again = ended(system, caller, answer.json()["job_id"], 30)

    assert (again["status"], again["trigger"]) == ("succeeded", "retry")
    assert records(caller, again["job_id"], outcome="created").keys() == refusing
    assert again["counts"]["pushed"] == len(refusing) == system.town.google.counters()["writes"] - writes
    assert found(caller, STATUS)["errors"] == []
    refused(caller.post(f"{JOBS}/{again['job_id']}/retry"), 400, "VALIDATION_ERROR")
    system.assert_agreement()


def asked(caller: httpx.Client) -> str:
    """A sync that the caller asked for, as soon as no other is in the way."""
    for _ in range(100):
        answer = caller.post(SYNC)
        if answer.status_code == 202:
            job_id: str = answer.json()["job_id"]
            return job_id
        time.sleep(0.1)
    raise AssertionError(answer.text)


def ended(system: System, caller: httpx.Client, job_id: str, seconds: float) -> dict[str, Any]:
    """The job as the API shows it after its end."""
    path = f"{JOBS}/{job_id}"
    active = ("queued", "running")
    system.wait_until("the job to end", lambda: found(caller, path)["status"] not in active, seconds)
    return found(caller, path)


def records(caller: httpx.Client, job_id: str, **query: Any) -> Counter[str]:
    """The visits that a job has records of, each with how many, read by small pages."""
    listed: Counter[str] = Counter()
    page: dict[str, Any] = {"next_cursor": None, "has_more": True}
    while page["has_more"]:
        place = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        page = found(caller, f"{JOBS}/{job_id}/records", limit=7, **query, **place)
        listed.update(record["local_id"] for record in page["records"])
    return listed


def shown_now(system: System, job_id: str, caller: httpx.Client) -> set[str]:
    """Of the visits that the job was for, those that show on a calendar."""
    return {visit_id for visit_id in records(caller, job_id) if len(system.shown(visit_id)) == 1}
