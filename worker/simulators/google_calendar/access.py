"""Who may do what: roles on calendars and scopes of tokens."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from worker.simulators.google_calendar.refusal import Refusal, not_found
from worker.simulators.google_calendar.state import ROLES, Calendar, World

PREFIX = "https://www.googleapis.com/auth/"
FULL = f"{PREFIX}calendar"
EVENT_WRITERS = {FULL, f"{PREFIX}calendar.events", f"{PREFIX}calendar.events.owned"}
EVENT_READERS = EVENT_WRITERS | {f"{PREFIX}calendar.readonly", f"{PREFIX}calendar.events.readonly"}
CALENDAR_READERS = {FULL, f"{PREFIX}calendar.readonly", f"{PREFIX}calendar.calendars.readonly"}
LIST_READERS = {FULL, f"{PREFIX}calendar.readonly", f"{PREFIX}calendar.calendarlist.readonly"}


def check_scopes(granted: frozenset[str], sufficient: AbstractSet[str]) -> None:
    if not granted & sufficient:
        raise Refusal(403, "insufficientPermissions")


def calendar_for(world: World, user: str, calendar_id: str, role: str = "reader") -> Calendar:
    """The calendar for a user with at least this role: 404 when it is out of sight, 403 when the role is too low."""
    calendar = world.calendars.get(user if calendar_id == "primary" else calendar_id)
    held = calendar.roles.get(user) if calendar else None
    if calendar is None or held is None:
        raise not_found()
    if ROLES.index(held) < ROLES.index(role):
        raise Refusal(403, "requiredAccessLevel", f"You need to have {role} access to this calendar.")
    return calendar
