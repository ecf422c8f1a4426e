"""The rules of visits: states and their moves, fixed times, days without a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from worker.simulators.fieldcamp.instants import is_date, moment
from worker.simulators.fieldcamp.kinds import VISIT
from worker.simulators.fieldcamp.refusal import invalid
from worker.simulators.fieldcamp.table import Record

MOVES: Mapping[str, frozenset[str]] = {
    "unscheduled": frozenset({"scheduled", "cancelled"}),
    "scheduled": frozenset({"in_transit", "unscheduled", "cancelled"}),
    "in_transit": frozenset({"arrived", "cancelled"}),
    "arrived": frozenset({"in_progress", "cancelled"}),
    "in_progress": frozenset({"paused", "completed", "cancelled"}),
    "paused": frozenset({"in_progress", "completed", "cancelled"}),
    "completed": frozenset(),
    "cancelled": frozenset(),
}
"""What the API allows. `completed` and `cancelled` are left on FieldCamp's own pages only."""

FIRST_STATES = frozenset({"unscheduled", "scheduled"})
ACTIVE = frozenset({"scheduled", "in_transit", "arrived", "in_progress", "paused"})
ENDED = {"completed": "completedAt", "cancelled": "cancelledAt"}
DEFAULT_MINUTES = 60


class Span(NamedTuple):
    """When a visit keeps its team busy, from start up to but not including end."""

    start: datetime
    end: datetime


def first(fields: Mapping[str, Any], now: str) -> Record:
    """The new visit that `fields` describe; without a scheduledStart it waits unscheduled."""
    status = "unscheduled" if fields.get("scheduledStart") is None else "scheduled"
    blank = {**VISIT.blank, "visitStatus": status, "unscheduled": status == "unscheduled"}
    visit = changed(blank, fields, now)
    return {**visit, "serviceDuration": visit["serviceDuration"] or _minutes(visit)}


def changed(before: Record, fields: Mapping[str, Any], now: str) -> Record:
    """The visit with `fields` applied and its own rules kept; Refused with 400 where they contradict each other."""
    status = _status(before, fields)
    after = {**before, **fields, "visitStatus": status, "unscheduled": _unscheduled(before, fields, status)}
    if fields.get("unscheduled", after["unscheduled"]) != after["unscheduled"]:
        raise invalid(f"unscheduled contradicts visitStatus {status}")
    if after["unscheduled"]:
        after |= _no_times(fields)
    else:
        if fields.get("anyTime") and "scheduledEnd" not in fields:
            after["scheduledEnd"] = None
        _check_times(after)
    return after | _ended(before, after, fields, now)


def check_move(before: str, after: str) -> None:
    """Refused with 400 when the API does not allow the move; staying is no move."""
    if before != after and after not in MOVES[before]:
        raise invalid(f"a visit cannot go from {before} to {after}")


def check_first(status: str) -> None:
    if status not in FIRST_STATES:
        raise invalid(f"a visit cannot start as {status}")


def busy(visit: Record) -> Span | None:
    """The time that an active visit with fixed times takes, else None."""
    start = visit.get("scheduledStart")
    if visit.get("visitStatus") not in ACTIVE or visit.get("anyTime") or not start or is_date(start):
        return None
    begin = moment(start)
    if visit.get("scheduledEnd"):
        return Span(begin, moment(visit["scheduledEnd"]))
    return Span(begin, begin + timedelta(minutes=visit.get("serviceDuration") or DEFAULT_MINUTES))


def _status(before: Record, fields: Mapping[str, Any]) -> str:
    status: str = before["visitStatus"]
    if "visitStatus" in fields:
        status = fields["visitStatus"]
    elif fields.get("unscheduled") and not before["unscheduled"]:
        status = "unscheduled"
    elif fields.get("unscheduled") is False and status == "unscheduled":
        status = "scheduled"
    return status


def _unscheduled(before: Record, fields: Mapping[str, Any], status: str) -> bool:
    if status == "cancelled":
        return bool(fields.get("unscheduled", before["unscheduled"]))
    return status == "unscheduled"


def _no_times(fields: Mapping[str, Any]) -> Record:
    for name in ("scheduledStart", "scheduledEnd", "anyTime"):
        if fields.get(name):
            raise invalid(f"{name} cannot be given for a visit with unscheduled: true; send unscheduled: false with it")
    return {"scheduledStart": None, "scheduledEnd": None, "anyTime": False}


def _check_times(visit: Record) -> None:
    start, end = visit["scheduledStart"], visit["scheduledEnd"]
    if start is None:
        raise invalid("scheduledStart: a visit that is not unscheduled needs one")
    if visit["anyTime"]:
        _check_day(start, end)
    else:
        _check_span(start, end)


def _check_day(start: str, end: str | None) -> None:
    if not is_date(start):
        raise invalid("scheduledStart: must be a date when anyTime is true")
    if end is not None and (not is_date(end) or end < start):
        raise invalid("scheduledEnd: must be a date, not before scheduledStart, when anyTime is true")


def _check_span(start: str, end: str | None) -> None:
    for name, value in (("scheduledStart", start), ("scheduledEnd", end)):
        if value is not None and is_date(value):
            raise invalid(f"{name}: must be an instant when anyTime is false")
    if end is not None and end <= start:
        raise invalid("scheduledEnd: must be after scheduledStart")


def _ended(before: Record, after: Record, fields: Mapping[str, Any], now: str) -> Record:
    """`completedAt` is set while the visit is completed, `cancelledAt` while it is cancelled."""
    return {
        name: (fields.get(name) or before[name] or now) if after["visitStatus"] == status else None
        for status, name in ENDED.items()
    }


def _minutes(visit: Record) -> int | None:
    if visit["anyTime"] or visit["scheduledEnd"] is None:
        return None
    span = moment(visit["scheduledEnd"]) - moment(visit["scheduledStart"])
    return int(span.total_seconds()) // 60 or None
