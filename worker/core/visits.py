"""The eight states of a visit, their legal moves, and what each means elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class VisitStatus(StrEnum):
    """The states as FieldCamp spells them."""

    SCHEDULED = "scheduled"
    UNSCHEDULED = "unscheduled"
    IN_TRANSIT = "in_transit"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


S = VisitStatus

FINAL = frozenset({S.COMPLETED, S.CANCELLED})
"""States that only a newer word from the source may leave (contract §6)."""

MOVES: Mapping[VisitStatus, frozenset[VisitStatus]] = MappingProxyType(
    {
        S.UNSCHEDULED: frozenset({S.SCHEDULED, S.CANCELLED}),
        S.SCHEDULED: frozenset({S.IN_TRANSIT, S.UNSCHEDULED, S.CANCELLED}),
        S.IN_TRANSIT: frozenset({S.ARRIVED, S.CANCELLED}),
        S.ARRIVED: frozenset({S.IN_PROGRESS, S.CANCELLED}),
        S.IN_PROGRESS: frozenset({S.PAUSED, S.COMPLETED, S.CANCELLED}),
        S.PAUSED: frozenset({S.IN_PROGRESS, S.COMPLETED, S.CANCELLED}),
        S.COMPLETED: frozenset(),
        S.CANCELLED: frozenset(),
    }
)
"""What FieldCamp's API accepts, state by state. ``completed`` is re-opened in FieldCamp's own pages alone."""


@dataclass(frozen=True, slots=True)
class CalendarEffect:
    """How a state shows on a calendar.

    ``title_prefix`` stands before the title; ``busy`` blocks the technician's time (Google: opaque, Outlook: busy);
    ``colour`` names the state whose own colour or category the event takes, None for the calendar's own.
    """

    title_prefix: str = ""
    busy: bool = True
    colour: str | None = None


def _under_way(words: str, status: VisitStatus) -> CalendarEffect:
    return CalendarEffect(title_prefix=f"{words}: ", colour=status.value)


CALENDAR: Mapping[VisitStatus, CalendarEffect | None] = MappingProxyType(
    {
        S.SCHEDULED: CalendarEffect(),
        S.UNSCHEDULED: None,
        S.IN_TRANSIT: _under_way("In transit", S.IN_TRANSIT),
        S.ARRIVED: _under_way("Arrived", S.ARRIVED),
        S.IN_PROGRESS: _under_way("In progress", S.IN_PROGRESS),
        S.PAUSED: _under_way("Paused", S.PAUSED),
        S.COMPLETED: CalendarEffect(title_prefix="✓ ", busy=False),
        S.CANCELLED: None,
    }
)
"""The effects table of contract §6, its calendar columns; None means that no event is wanted."""


def is_legal(before: VisitStatus, after: VisitStatus) -> bool:
    """Whether FieldCamp's API would accept this move; staying is always legal."""
    return before == after or after in MOVES[before]
