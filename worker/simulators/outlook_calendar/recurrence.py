"""Daily and weekly series: https://learn.microsoft.com/graph/api/resources/patternedrecurrence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from worker.simulators.outlook_calendar.refusal import failed, unreadable
from worker.simulators.outlook_calendar.times import Moment

Window = tuple[float, float]
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FOREVER = date(2099, 12, 31)


@dataclass(frozen=True)
class Occurrence:
    """One day of a series; both moments in the zone of the series."""

    day: date
    start: Moment
    end: Moment


def recurrence(value: Any) -> dict[str, Any]:
    """A recurrence with its defaults; 400 for one that cannot be read, or of a kind that is not simulated."""
    if not isinstance(value, Mapping) or value.keys() != {"pattern", "range"}:
        raise unreadable("Cannot read recurrence: a pattern and a range are expected.")
    pattern, span = value["pattern"], value["range"]
    if pattern.get("type") not in ("daily", "weekly") or span.get("type") not in ("endDate", "noEnd", "numbered"):
        raise failed("Of recurrences, only daily and weekly ones with a range are simulated.")
    days = [str(day).lower() for day in pattern.get("daysOfWeek", [])]
    if (pattern["type"] == "weekly") != bool(days) or not set(days) <= set(DAYS):
        raise failed("A weekly recurrence needs daysOfWeek, a daily one has none.")
    try:
        begin = date.fromisoformat(span["startDate"])
        end = date.fromisoformat(span["endDate"]) if span["type"] == "endDate" else begin
    except (KeyError, TypeError, ValueError) as error:
        raise failed("The range of a recurrence needs its dates.") from error
    if end < begin or (span["type"] == "numbered" and int(span.get("numberOfOccurrences", 0)) < 1):
        raise failed("The range of a recurrence is empty.")
    whole = {"interval": 1, "month": 0, "dayOfMonth": 0, "firstDayOfWeek": "sunday", "index": "first", **pattern}
    if days:
        whole["daysOfWeek"] = days
    return {"pattern": whole, "range": {"recurrenceTimeZone": "UTC", "numberOfOccurrences": 0, **span}}


def occurrences(event: Mapping[str, Any], window: Window, missing: frozenset[date]) -> Iterator[Occurrence]:
    """The occurrences of a series that touch the window, without the `missing` ones."""
    start, end = event["start"], event["end"]
    for day in _days(event["recurrence"], start.local.date()):
        shift = day - start.local.date()
        one = Occurrence(day, Moment(start.local + shift, start.zone), Moment(end.local + shift, end.zone))
        if one.start.timestamp() >= window[1]:
            return
        if one.end.timestamp() > window[0] and day not in missing:
            yield one


def _days(rule: Mapping[str, Any], first: date) -> Iterator[date]:
    pattern, span = rule["pattern"], rule["range"]
    last = date.fromisoformat(span["endDate"]) if span["type"] == "endDate" else FOREVER
    most = int(span["numberOfOccurrences"]) if span["type"] == "numbered" else None
    begin, told = max(first, date.fromisoformat(span["startDate"])), 0
    day = begin
    while day <= last and told != most:
        if _falls(pattern, begin, day):
            told += 1
            yield day
        day += timedelta(days=1)


def _falls(pattern: Mapping[str, Any], begin: date, day: date) -> bool:
    interval = int(pattern["interval"])
    if pattern["type"] == "daily":
        return (day - begin).days % interval == 0
    weeks = (_sunday(day) - _sunday(begin)).days // 7
    return weeks % interval == 0 and DAYS[day.weekday()] in pattern["daysOfWeek"]


def _sunday(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7)
