"""Events and people's edits find their way through real processes, over real HTTP."""

import time
from datetime import datetime, timedelta

import pytest

from tests.system.system import System

sqlite = pytest.mark.parametrize("system", ["sqlite"], indirect=True)


def test_an_event_reaches_the_calendar(system: System) -> None:
    [visit_id] = system.add_visits(1)
    system.wait_until("the event to show", lambda: len(system.shown(visit_id)) == 1, 10)
    system.change(visit_id, visitStatus="in_transit")
    system.wait_until("its state to show", lambda: "In transit" in system.shown(visit_id)[0][1]["summary"], 10)
    system.assert_agreement()


def test_a_person_moves_an_event_and_the_visit_follows(system: System) -> None:
    [visit_id] = system.add_visits(1)
    system.assert_agreement()
    [(calendar, event)] = system.shown(visit_id)
    start = datetime.fromisoformat(event["start"]["dateTime"]) + timedelta(days=200)
    system.town.google.person_moves(calendar, event["id"], start.isoformat(), (start + timedelta(hours=1)).isoformat())

    system.ended(system.request())

    assert datetime.fromisoformat(system.visit(visit_id)["scheduledStart"]) == start
    system.assert_agreement()


def test_the_same_event_twice_is_answered_as_a_duplicate_and_does_nothing(system: System) -> None:
    """Lesson 16."""
    [visit_id] = system.add_visits(1)
    system.assert_agreement()
    known, writes = len(system.jobs()), system.town.google.counters()["writes"]
    envelope = system.envelope(visit_id)

    answer = system.post(envelope)

    assert answer.status_code == 202
    assert answer.json() == {"received": True, "event_id": envelope["id"], "duplicate": True}
    system.assert_agreement()
    assert len(system.jobs()) == known
    assert system.town.google.counters()["writes"] == writes


@sqlite
def test_an_event_that_nobody_signed_is_refused(system: System) -> None:
    [visit_id] = system.add_visits(1)
    system.settle()
    envelope = {**system.envelope(visit_id), "id": "evt_forged"}
    system.secret, secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", system.secret
    try:
        assert system.post(envelope).status_code == 401
    finally:
        system.secret = secret


@sqlite
def test_a_burst_of_events_ends_in_few_syncs(system: System) -> None:
    [visit_id] = system.add_visits(1)
    system.settle()
    known = len(system.jobs())
    for number in range(60):
        system.change(visit_id, notes=f"Note {number}")
        time.sleep(0.002)  # FieldCamp tells times to the millisecond: of two changes in one nobody knows the later
    system.assert_agreement()
    assert 1 <= len(system.jobs()) - known <= 12


@sqlite
def test_an_event_is_answered_within_a_second(system: System) -> None:
    [visit_id] = system.add_visits(1)
    system.settle()
    envelope = {**system.envelope(visit_id), "id": f"evt_{time.time_ns()}"}
    started = time.monotonic()
    assert system.post(envelope).json()["duplicate"] is False
    assert time.monotonic() - started < 1
