"""Who is busy when, so that a team is not booked twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from worker.simulators.fieldcamp.table import Record
from worker.simulators.fieldcamp.visits import Span, busy

Slot = tuple[str, date]


class Bookings:
    """The fixed times of active visits, by team member and UTC day."""

    def __init__(self) -> None:
        self._spans: dict[str, Span] = {}
        self._slots: dict[str, list[Slot]] = {}
        self._visits: defaultdict[Slot, set[str]] = defaultdict(set)

    def note(self, visit: Record) -> None:
        """Takes the visit as it is now, in place of what was known of it."""
        self.forget(visit["id"])
        span = busy(visit)
        if span is None:
            return
        slots = list(_slots(visit, span))
        self._spans[visit["id"]] = span
        self._slots[visit["id"]] = slots
        for slot in slots:
            self._visits[slot].add(visit["id"])

    def forget(self, visit_id: str) -> None:
        self._spans.pop(visit_id, None)
        for slot in self._slots.pop(visit_id, ()):
            self._visits[slot].discard(visit_id)

    def clash(self, visit: Record) -> tuple[str, str] | None:
        """The first team member that another visit keeps busy then, with that visit's id."""
        span = busy(visit)
        if span is None:
            return None
        for slot in _slots(visit, span):
            for other in sorted(self._visits.get(slot, ())):
                if other != visit["id"] and _overlap(span, self._spans[other]):
                    return slot[0], other
        return None


def _slots(visit: Record, span: Span) -> Iterator[Slot]:
    day, last = span.start.date(), (span.end - timedelta(microseconds=1)).date()
    while day <= last:
        for member in visit.get("teamId") or ():
            yield member, day
        day += timedelta(days=1)


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
