"""Cursors that keep the window of their delta link."""

from datetime import UTC, datetime, timedelta

import pytest

from worker.core.errors import CursorExpired
from worker.providers.outlook_calendar.cursors import LONGEST, Cursor, cursor_of, is_used_up, new_window

NOW = datetime(2026, 5, 29, 14, tzinfo=UTC)
PAST, FUTURE, DAY = timedelta(days=30), timedelta(days=365), timedelta(days=1)


def test_a_cursor_comes_back_as_it_was_kept() -> None:
    cursor = Cursor("https://graph.example/v1.0/me/calendarView/delta?$deltatoken=a%2Bb", new_window(NOW, PAST, FUTURE))
    assert cursor_of(cursor.text()) == cursor


@pytest.mark.parametrize("text", ["", "x", "null", "[]", "{}", '{"link": "x", "start": "y", "end": "z"}', '"text"'])
def test_what_is_no_cursor_heals_as_an_expired_one_does(text: str) -> None:
    with pytest.raises(CursorExpired):
        cursor_of(text)


def test_a_window_is_rolled_forward_before_what_is_cared_for_reaches_its_edge() -> None:
    """Lesson 3: at no moment is a visit a year ahead outside the window."""
    window = new_window(NOW, PAST, FUTURE)
    ages = [(NOW + age * DAY) for age in range(100)]
    used_up = [is_used_up(window, then, FUTURE) for then in ages]
    assert used_up == [age > 60 for age in range(100)]
    assert all(then + FUTURE < window.end for then, over in zip(ages, used_up, strict=True) if not over)
    assert window.start < NOW - PAST


@pytest.mark.parametrize(("past", "future"), [(0, 0), (30, 365), (3650, 365), (365, 3650), (3650, 3650), (0, 1800)])
def test_a_window_is_never_longer_than_graph_takes_and_never_used_up_at_once(past: int, future: int) -> None:
    window = new_window(NOW, past * DAY, future * DAY)
    assert window.start <= NOW < window.end
    assert window.end - window.start <= LONGEST
    assert not is_used_up(window, NOW + 59 * DAY, future * DAY)
    assert is_used_up(window, NOW + 61 * DAY, future * DAY)
