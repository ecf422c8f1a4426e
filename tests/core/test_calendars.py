"""Which calendars a connection writes to, and whose grant reaches each."""

from dataclasses import replace

import pytest

from worker.core.calendars import PRIMARY, streams, way
from worker.core.ports import Stream

ADA = "ada@example.com"


@pytest.mark.parametrize(
    ("calendars", "teams", "expected"),
    [
        ({}, [""], [Stream(PRIMARY, PRIMARY)]),
        ({}, [], []),
        ({"usr_1": ADA}, [""], [Stream(ADA, ADA, frozenset({"usr_1"}))]),
        ({"usr_1": ADA}, ["usr_1"], [Stream(ADA, ADA, frozenset({"usr_1"}), grant="usr_1")]),
        ({"usr_1": ADA, "usr_2": ADA}, [""], [Stream(ADA, ADA, frozenset({"usr_1", "usr_2"}))]),
        ({}, ["usr_1"], [Stream(f"usr_1:{PRIMARY}", PRIMARY, frozenset({"usr_1"}), grant="usr_1")]),
        ({"usr_1": ADA}, ["usr_2"], [Stream(f"usr_2:{PRIMARY}", PRIMARY, frozenset({"usr_2"}), grant="usr_2")]),
    ],
)
def test_there_is_a_stream_for_each_calendar_that_a_grant_reaches(
    calendars: dict[str, str], teams: list[str], expected: list[Stream]
) -> None:
    assert streams(calendars, teams) == expected


def test_the_way_to_a_stream_is_its_grant_and_its_calendar() -> None:
    named, own = streams({"usr_1": ADA}, ["usr_1", "usr_2"])
    assert [way(each) for each in (named, own)] == [("usr_1", ADA), ("usr_2", PRIMARY)]


def test_a_dropped_stream_has_its_name_alone_to_tell_the_way() -> None:
    named, own = streams({"usr_1": ADA}, ["usr_1", "usr_2"])
    assert [way(replace(each, live=False)) for each in (named, own)] == [("", ADA), ("usr_2", PRIMARY)]
    assert way(Stream(PRIMARY, PRIMARY, live=False)) == ("", PRIMARY)
