"""What others changed: each change once and in order, by cursors that nobody can forge (contract §4.2)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.sync.small_house import ONE, TWO
from tests.web.office import API, SYNC, Json, Office, refused
from worker.core.documents import CalendarEvent, Times
from worker.descriptors import rfc_3339
from worker.sync.prune import prune

EARLIER = timedelta(days=31)


def appointment(office: Office, calendar: str = ONE) -> None:
    """Somebody's dentist."""
    start = office.small.clock
    office.small.calendars.person_adds(
        calendar, CalendarEvent("Dentist", Times.span(start, start + timedelta(hours=1)))
    )


def seen(office: Office, number: int) -> None:
    """So many appointments, one sync for each, a second apart."""
    for _ in range(number):
        appointment(office)
        office.small.sync()


def everything(office: Office, limit: int, **query: Any) -> tuple[list[Json], str]:
    """All there is to read, page by page, and the cursor after it."""
    found: list[Json] = []
    while True:
        page = office.get(SYNC, limit=limit, **query)
        found += page["changes"]
        query = {"cursor": page["next_cursor"]}
        if not page["has_more"]:
            return found, page["next_cursor"]


def test_an_appointment_shows_as_blocked_time(office: Office) -> None:
    appointment(office)
    job = office.small.sync()
    page = office.get(SYNC)
    assert (page["integration"], page["has_more"]) == ("google_calendar", False)
    [change] = page["changes"]
    assert set(change) == {"action", "visit_id", "event_id", "calendar", "changed_at", "seen_at", "job_id", "event"}
    assert (change["action"], change["visit_id"], change["calendar"]) == ("created", None, ONE)
    assert (change["job_id"], change["seen_at"]) == (job.id, rfc_3339(office.small.clock))
    assert set(change["event"]) == {"summary", "start", "end", "status"}


def test_our_own_writes_are_not_among_the_changes(office: Office) -> None:
    office.small.arrive("vis_1")
    office.small.sync()
    office.small.sync()
    assert office.get(SYNC)["changes"] == []


def test_what_people_do_to_our_events_names_the_visit(office: Office) -> None:
    office.small.arrive("vis_1")
    office.small.sync()
    [remote_id] = office.small.calendars.live(ONE)
    office.small.calendars.person_retitles(ONE, remote_id, "Mine")
    office.small.sync()
    office.small.calendars.person_deletes(ONE, remote_id)
    office.small.sync()
    changes = office.get(SYNC)["changes"]
    assert [(change["action"], change["visit_id"]) for change in changes] == [
        ("updated", "vis_1"),
        ("deleted", "vis_1"),
    ]
    assert changes[1]["event"] == {"summary": None, "start": None, "end": None, "status": "cancelled"}


def test_each_change_comes_once_and_in_order(office: Office) -> None:
    seen(office, 7)
    found, cursor = everything(office, limit=2)
    assert len({change["event_id"] for change in found}) == 7
    assert [change["seen_at"] for change in found] == sorted(change["seen_at"] for change in found)
    assert office.get(SYNC, cursor=cursor)["changes"] == []


def test_the_cursor_stays_valid_when_there_is_nothing_more(office: Office) -> None:
    cursor = office.get(SYNC)["next_cursor"]
    assert office.get(SYNC, cursor=cursor)["changes"] == []
    seen(office, 2)
    page = office.get(SYNC, cursor=cursor)
    assert len(page["changes"]) == 2
    assert office.get(SYNC, cursor=page["next_cursor"])["changes"] == []
    assert len(office.get(SYNC, cursor=cursor)["changes"]) == 2, "an old cursor reads the same again"


def test_since_starts_there(office: Office) -> None:
    seen(office, 2)
    moment = rfc_3339(office.small.clock)
    seen(office, 2)
    found = office.get(SYNC, since=moment)["changes"]
    assert [change["seen_at"] >= str(moment) for change in found] == [True, True, True]
    assert len(everything(office, limit=1, since=moment)[0]) == 3


def test_since_in_the_future_waits_until_then(office: Office) -> None:
    seen(office, 1)
    later = rfc_3339(office.small.clock + timedelta(hours=1))
    cursor = office.get(SYNC, since=later)["next_cursor"]
    seen(office, 1)
    assert office.get(SYNC, cursor=cursor)["changes"] == []
    office.small.tick(3600)
    seen(office, 1)
    assert len(office.get(SYNC, cursor=cursor)["changes"]) == 1


def test_changes_older_than_thirty_days_are_left_out(office: Office) -> None:
    seen(office, 1)
    office.small.tick(timedelta(days=30).total_seconds())
    seen(office, 1)
    assert len(office.get(SYNC)["changes"]) == 1


def test_what_is_no_longer_kept_is_gone(office: Office) -> None:
    cursor = office.get(SYNC)["next_cursor"]
    before = rfc_3339(office.small.clock)
    office.small.tick((EARLIER + timedelta(hours=1)).total_seconds())
    for query in ({"cursor": cursor}, {"since": before}):
        refused(office.client.get(SYNC, params=query), 410, "CURSOR_EXPIRED")
    assert office.get(SYNC)["changes"] == []


def test_who_is_in_the_middle_of_reading_the_oldest_may_go_on(office: Office) -> None:
    seen(office, 3)
    office.small.tick((timedelta(days=30) - timedelta(seconds=10)).total_seconds())
    page = office.get(SYNC, limit=1)
    office.small.tick(3600)
    prune(office.small.house)
    rest, _ = everything(office, limit=1, cursor=page["next_cursor"])
    assert len(page["changes"] + rest) == 3


def test_pruning_drops_what_nobody_can_ask_for(office: Office) -> None:
    seen(office, 2)
    office.trigger(key="one")
    office.small.tick((EARLIER + timedelta(hours=1)).total_seconds())
    prune(office.small.house)
    assert office.small.store.feed.changes(office.small.connection.id) == []
    with office.small.store._database.reading() as reader:
        assert reader.execute(text("SELECT count(*) FROM replies")).scalar() == 0


@pytest.mark.parametrize(
    "since", ["yesterday", "2026-05-29", "2026-05-29T14:00:00", "1716990000", "", "2026-13-01T00:00:00Z"]
)
def test_since_is_a_moment_with_a_zone(office: Office, since: str) -> None:
    answer = office.client.get(SYNC, params={"since": since})
    assert "RFC 3339" in refused(answer, 400, "VALIDATION_ERROR")["details"]["since"]


@pytest.mark.parametrize("limit", ["0", "501", "-1", "ten", "", "1.5"])
def test_the_limit_is_1_to_500(office: Office, limit: str) -> None:
    answer = office.client.get(SYNC, params={"limit": limit})
    assert list(refused(answer, 400, "VALIDATION_ERROR")["details"]) == ["limit"]


def test_an_unknown_parameter_is_refused_by_name(office: Office) -> None:
    answer = office.client.get(SYNC, params={"after": "x"})
    assert list(refused(answer, 400, "VALIDATION_ERROR")["details"]) == ["after"]


def test_a_parameter_that_comes_twice_is_refused_by_name(office: Office) -> None:
    answer = office.client.get(f"{SYNC}?limit=1&limit=2")
    assert list(refused(answer, 400, "VALIDATION_ERROR")["details"]) == ["limit"]


# Cursors


def test_a_cursor_tells_nothing(office: Office) -> None:
    cursor = office.get(SYNC)["next_cursor"]
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", cursor)
    assert office.small.account_id not in cursor


def test_a_cursor_cannot_be_forged(office: Office) -> None:
    cursor = office.get(SYNC)["next_cursor"]
    for forged in (cursor[:-6] + "AAAAAA", cursor[::-1], "1", "x" * 300, "é", cursor + "x" * 3000):
        answer = office.client.get(SYNC, params={"cursor": forged})
        assert list(refused(answer, 400, "VALIDATION_ERROR")["details"]) == ["cursor"]


def test_a_cursor_of_another_account_leads_nowhere(office: Office) -> None:
    seen(office, 2)
    cursor = office.get(SYNC, limit=1)["next_cursor"]
    refused(office.neighbour().get(SYNC, params={"cursor": cursor}), 404, "NOT_FOUND")


def test_a_cursor_of_another_listing_is_refused(office: Office) -> None:
    cursor = office.get(SYNC)["next_cursor"]
    for path in (f"{API}/fieldcamp/sync", f"{API}/jobs"):
        refused(office.client.get(path, params={"cursor": cursor}), 400, "VALIDATION_ERROR")


def test_another_account_sees_its_own_changes_alone(office: Office) -> None:
    seen(office, 2)
    assert office.neighbour().get(SYNC).json()["changes"] == []


def test_both_calendars_are_in_one_feed(office: Office) -> None:
    appointment(office, ONE)
    appointment(office, TWO)
    office.small.sync()
    assert {change["calendar"] for change in office.get(SYNC)["changes"]} == {ONE, TWO}
