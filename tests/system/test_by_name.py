"""Contract §5: whoever shares the broker sends tasks by name, and knows nothing of us."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery import Celery

from tests.system.system import GOOGLE, System

STATUS_CODE = 409


QUEUES: dict[str, dict[str, str]] = {"events": {"queue": "events"}, "syncs": {"queue": "syncs"}, "unnamed": {}}


@pytest.mark.parametrize("queue", QUEUES.values(), ids=QUEUES)
def test_a_sync_is_asked_for_by_name_and_answered_with_its_job(system: System, queue: dict[str, str]) -> None:
    answer = system.stranger().send_task("integration.sync", [system.account_id, GOOGLE], {"mode": "full"}, **queue)
    told = answer.get(timeout=15)
    assert told["job_id"].startswith("syn_")
    assert told == {**told, "integration": GOOGLE, "mode": "full", "status": "queued"}
    assert set(told) == {"job_id", "integration", "mode", "status", "created_at"}
    assert system.ended(system.job(told["job_id"])).request.mode == "full"


def test_thirty_who_ask_at_once_start_one_sync_and_all_others_are_told_which(system: System) -> None:
    """Lessons 16 and 30."""
    system.settle()
    system.delay("events.list", 1.0)
    known = {job.id for job in system.jobs()}
    stranger = system.stranger()
    with ThreadPoolExecutor(10) as crowd:
        answers = list(crowd.map(lambda _: _ask(stranger, system), range(30)))
    system.hurry()

    started = [answer for answer in answers if isinstance(answer, dict)]
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    # On a slow machine one sync may be over before the last has asked; at any moment there is one.
    assert 1 <= len(started) <= 3
    assert len(refused) == 30 - len(started)
    for error in refused:
        assert type(error).__name__ == "SyncInProgress"
        assert error.args in [(one["job_id"], STATUS_CODE) for one in started]
    system.settle()
    assert {job.id for job in system.jobs()} - known >= {one["job_id"] for one in started}
    system.assert_agreement()


def _ask(stranger: Celery, system: System) -> Any:
    asked = stranger.send_task("integration.sync", [system.account_id, GOOGLE], queue="events")
    return asked.get(timeout=30, propagate=False)


def test_a_sync_of_what_is_not_connected_is_refused_by_name(system: System) -> None:
    asked = system.stranger().send_task("integration.sync", ["acc_nobody", GOOGLE], queue="events")
    error = asked.get(timeout=15, propagate=False)
    assert type(error).__name__ == "NotConnected"
    assert "not connected" in str(error)


def test_an_event_sent_by_name_does_what_the_webhook_does(system: System) -> None:
    [visit_id] = system.add_visits(1)
    system.settle()
    system.town.fieldcamp.pause_deliveries()
    system.change(visit_id, visitStatus="arrived")
    envelope = system.envelope(visit_id)

    system.stranger().send_task("visit.status_changed", [system.account_id, envelope], queue="events")

    system.wait_until("its state to show", lambda: "Arrived" in system.shown(visit_id)[0][1]["summary"], 15)
    assert system.post(envelope).json()["duplicate"] is True
    system.town.fieldcamp.resume_deliveries()
    system.assert_agreement()
