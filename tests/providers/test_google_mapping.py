"""Google's event JSON: there, as Google changes it, and back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.documents import CalendarEvent, Times
from worker.core.ports import Key
from worker.core.visits import CALENDAR
from worker.providers.google_calendar.keys import event_id, key_of
from worker.providers.google_calendar.mapping import COLOURS, change, changed_event, document, new_event

ACCOUNT, CALENDAR_ID = "acc_1", "tech1@example.com"
KEY = Key("vis_1", 2)
ID = event_id(ACCOUNT, CALENDAR_ID, KEY)
ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "Europe/Dublin"]
NINE = datetime(2026, 6, 1, 13, 0, tzinfo=UTC)
VISIT = CalendarEvent("Ada – Boiler", Times.span(NINE, NINE + timedelta(hours=1)), "1 Main St", "Job 7")

instants = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
lengths = st.integers(1, 999).map(lambda minutes: timedelta(minutes=minutes))
days = st.dates(date(1990, 1, 1), date(2090, 1, 1))
times = st.one_of(
    st.builds(lambda start, length: Times.span(start, start + length), instants, lengths),
    st.builds(lambda day, length: Times.days(day, day + timedelta(days=length)), days, st.integers(1, 9)),
)
documents = st.builds(
    CalendarEvent,
    title=st.text(max_size=300),
    times=times,
    location=st.text(max_size=100),
    description=st.text(max_size=400),
    busy=st.booleans(),
    colour=st.sampled_from([None, *COLOURS]),
    time_zone=st.sampled_from(ZONES),
)


def as_google_keeps_it(body: dict[str, Any], zone: str) -> dict[str, Any]:
    """Without nulls and defaults, instants in a zone of Google's choice."""
    kept = {name: value for name, value in body.items() if value is not None}
    if kept["transparency"] == "opaque":
        del kept["transparency"]
    for side in ("start", "end"):
        told = {name: value for name, value in kept[side].items() if value is not None}
        if "dateTime" in told:
            told["dateTime"] = datetime.fromisoformat(told["dateTime"]).astimezone(ZoneInfo(zone)).isoformat()
        kept[side] = told
    return kept


@given(documents, st.sampled_from(ZONES))
def test_a_new_event_comes_back_with_the_same_meaning_in_whatever_zone(wanted: CalendarEvent, zone: str) -> None:
    """Lesson 22."""
    seen = document(as_google_keeps_it(new_event(ID, ACCOUNT, KEY, wanted), zone))
    assert seen is not None
    assert seen.fingerprint() == wanted.fingerprint()


@given(documents, documents, st.sampled_from(ZONES))
def test_a_patched_event_shows_the_new_document_and_nothing_of_the_old(
    before: CalendarEvent, wanted: CalendarEvent, zone: str
) -> None:
    event = new_event(ID, ACCOUNT, KEY, before)
    for name, value in changed_event(ACCOUNT, KEY, wanted).items():
        event[name] = {**event.get(name, {}), **value} if isinstance(value, dict) else value
    seen = change(ACCOUNT, CALENDAR_ID, as_google_keeps_it(event, zone))
    assert seen is not None
    assert seen.key == KEY
    assert seen.document is not None
    assert seen.document.fingerprint() == wanted.fingerprint()


def test_an_event_carries_its_instant_in_utc_and_its_zone() -> None:
    """Lesson 20: the zone lets the calendar show local time on either side of a change of the clocks."""
    body = new_event(ID, ACCOUNT, KEY, replace(VISIT, time_zone="America/New_York"))
    assert body["start"] == {"dateTime": "2026-06-01T13:00:00Z", "timeZone": "America/New_York"}


def test_a_new_event_says_nothing_of_guests_reminders_and_what_it_has_not() -> None:
    body = new_event(ID, ACCOUNT, KEY, CalendarEvent("Visit", VISIT.times))
    assert sorted(body) == ["end", "extendedProperties", "id", "start", "status", "summary", "transparency"]
    assert body["extendedProperties"]["private"] == {"visitSyncKey": "vis_1.2", "visitSyncAccount": "acc_1"}


def test_a_patch_takes_away_what_the_document_has_not() -> None:
    body = changed_event(ACCOUNT, KEY, CalendarEvent("", Times.days(date(2026, 6, 1)), busy=False))
    assert [body[name] for name in ("summary", "location", "description", "colorId")] == [None] * 4
    assert body["start"] == {"date": "2026-06-01", "dateTime": None, "timeZone": None}
    assert body["end"]["date"] == "2026-06-02"
    assert not body.keys() & {"attendees", "reminders", "conferenceData", "id"}
    assert changed_event(ACCOUNT, KEY, VISIT)["start"]["date"] is None


def test_every_colour_that_a_state_can_take_has_a_number_of_its_own() -> None:
    wanted = {effect.colour for effect in CALENDAR.values() if effect and effect.colour}
    assert wanted == set(COLOURS)
    assert len(set(COLOURS.values())) == len(COLOURS)
    assert set(COLOURS.values()) <= {str(number) for number in range(1, 12)}


@pytest.mark.parametrize(("number", "colour"), [(None, None), ("7", "in_transit"), ("3", "other"), ("99", "other")])
def test_a_colour_is_read_back(number: str | None, colour: str | None) -> None:
    seen = document({"start": {"date": "2026-06-01"}, "end": {"date": "2026-06-02"}, "colorId": number})
    assert seen is not None
    assert seen.colour == colour


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Nowhere/Land", "/etc/passwd", None])
def test_an_instant_without_an_offset_is_local_to_its_zone(zone: str | None) -> None:
    sides = [{"dateTime": f"2026-06-01T{hour}:00:00", "timeZone": zone} for hour in ("09", "10")]
    seen = document({"start": sides[0], "end": sides[1]})
    assert seen is not None
    assert seen.times.start == datetime(2026, 6, 1, 7 if zone == "Europe/Berlin" else 9, tzinfo=UTC)


@pytest.mark.parametrize("status", ["cancelled"])
def test_of_a_deleted_event_only_the_id_is_needed(status: str) -> None:
    seen = change(ACCOUNT, CALENDAR_ID, {"id": "x", "status": status})
    assert seen is not None
    assert (seen.remote_id, seen.deleted, seen.key, seen.version) == ("x", True, None, None)


@pytest.mark.parametrize("sides", [{}, {"start": None, "end": None}, {"start": {"date": "2026-06-01"}}])
def test_an_event_without_times_is_passed_over(sides: dict[str, Any]) -> None:
    assert change(ACCOUNT, CALENDAR_ID, {"id": "x", **sides}) is None


class TestKeys:
    @given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1), st.integers(0, 10**6))
    def test_an_id_is_one_that_google_takes(self, account: str, calendar: str, local_id: str, generation: int) -> None:
        made = event_id(account, calendar, Key(local_id, generation))
        assert len(made) == 52
        assert set(made) <= set("0123456789abcdefghijklmnopqrstuv")

    def test_an_id_belongs_to_one_account_calendar_record_and_generation(self) -> None:
        keys = [KEY, Key("vis_1", 3), Key("vis_2", 2)]
        made = {event_id(account, where, key) for account in "ab" for where in "cd" for key in keys}
        assert len(made) == 12

    def test_an_address_means_the_same_calendar_however_it_is_written(self) -> None:
        assert event_id(ACCOUNT, " Tech1@Example.com ", KEY) == ID

    @pytest.mark.parametrize(
        ("event", "key"),
        [
            ({"id": ID, "extendedProperties": {"private": {"visitSyncKey": "vis_1.2"}}}, KEY),
            ({"id": "copied", "extendedProperties": {"private": {"visitSyncKey": "vis_1.2"}}}, None),
            ({"id": ID, "extendedProperties": {"private": {"visitSyncKey": "vis_1.3"}}}, None),
            ({"id": ID, "extendedProperties": {"private": {"visitSyncKey": "?"}}}, None),
            ({"id": ID, "extendedProperties": {"shared": {"visitSyncKey": "vis_1.2"}}}, None),
            ({"id": ID}, None),
        ],
    )
    def test_only_an_event_with_our_property_under_its_own_id_is_ours(
        self, event: dict[str, Any], key: Key | None
    ) -> None:
        assert key_of(ACCOUNT, CALENDAR_ID, event) == key
