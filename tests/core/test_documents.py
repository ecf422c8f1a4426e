"""Documents are equal when they mean the same."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.books import Customer
from worker.core.documents import CalendarEvent, Times, entity_of, event_of, from_json, instant, to_json
from worker.core.texts import plain_text

START = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_same_instant_in_another_zone_is_the_same_event() -> None:
    """Lesson 22: Google writes times back in another zone than they were sent: no update loop."""
    start, end = (moment.astimezone(ZoneInfo("America/New_York")) for moment in (START, START + HOUR))
    ours = CalendarEvent("Boiler", Times.span(START, START + HOUR), time_zone="UTC")
    theirs = CalendarEvent("Boiler", Times.span(start, end), time_zone="America/New_York")
    assert ours.fingerprint() == theirs.fingerprint()


def test_seconds_are_as_fine_as_it_gets() -> None:
    assert instant(START.replace(microsecond=999_999)) == START
    assert instant(START.replace(tzinfo=None)) == START


def test_an_all_day_event_is_not_the_same_as_one_from_midnight_to_midnight() -> None:
    day = date(2026, 11, 1)
    midnight = datetime(2026, 11, 1, tzinfo=UTC)
    all_day = CalendarEvent("Boiler", Times.days(day))
    timed = CalendarEvent("Boiler", Times.span(midnight, midnight + timedelta(days=1)))
    assert all_day.times.all_day
    assert not timed.times.all_day
    assert all_day.times.ends_at == timed.times.ends_at == midnight + timedelta(days=1)
    assert all_day.fingerprint() != timed.fingerprint()


def test_text_is_kept_as_every_calendar_gives_it_back() -> None:
    assert plain_text("  Ring\r\ntwice \t\r\nplease\x00 ", 100) == "Ring\ntwice\nplease"
    assert plain_text("Cafe\u0301", 100) == "Café"
    assert plain_text(None, 100) == ""
    assert plain_text("abc def", 4) == "abc"


@given(
    title=st.text(max_size=300),
    description=st.text(max_size=50),
    busy=st.booleans(),
    colour=st.sampled_from([None, "paused", "other"]),
    start=st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1990 < moment.year < 2090),
    all_day=st.booleans(),
)
def test_a_document_survives_the_store(
    title: str, description: str, busy: bool, colour: str | None, start: datetime, all_day: bool
) -> None:
    times = Times.days(start.date()) if all_day else Times.span(start, start + HOUR)
    event = CalendarEvent(title, times, "Main St 1", description, busy, colour, "Europe/Berlin")
    again = from_json(to_json(event))
    assert again == event
    assert again.fingerprint() == event.fingerprint()


def test_moving_changes_the_times_alone() -> None:
    event = CalendarEvent("Boiler", Times.span(START, START + HOUR), "Main St 1")
    moved = event.moved_to(Times.days(date(2026, 11, 2)))
    assert moved.times == Times.days(date(2026, 11, 2))
    assert (moved.title, moved.location) == ("Boiler", "Main St 1")


def test_a_document_of_the_books_is_no_event_and_an_event_none_of_the_books() -> None:
    event, customer = CalendarEvent("Boiler", Times.span(START, START + HOUR)), Customer("Ada")
    assert (event_of(event), entity_of(customer)) == (event, customer)
    with pytest.raises(AssertionError):
        event_of(customer)
    with pytest.raises(AssertionError):
        entity_of(event)
