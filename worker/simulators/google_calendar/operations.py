"""The calls of the API in one table: name, method, path, parameters, who may, and who answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from worker.simulators.google_calendar import calendars, events, listing
from worker.simulators.google_calendar.access import CALENDAR_READERS, EVENT_READERS, EVENT_WRITERS, FULL, LIST_READERS
from worker.simulators.google_calendar.calls import Answer
from worker.simulators.google_calendar.quota import PATCH_UNITS
from worker.simulators.google_calendar.requests import Request
from worker.simulators.google_calendar.words import words

API = "/calendar/v3"
MAILS = {"sendNotifications", "sendUpdates"}
SHAPE = {"conferenceDataVersion", "eventLabelVersion", "maxAttendees", "supportsAttachments"}
CHANGE = MAILS | SHAPE | {"alwaysIncludeEmail"}
READ = {"alwaysIncludeEmail", "maxAttendees", "timeZone"}
LIST = READ | words(
    "eventTypes iCalUID maxResults orderBy pageToken privateExtendedProperty q sharedExtendedProperty showDeleted"
    " showHiddenInvitations singleEvents syncToken timeMax timeMin updatedMin"
)
ENTRIES = words("maxResults minAccessRole pageToken showDeleted showHidden showOwnOrganizationOnly syncToken")


@dataclass(frozen=True)
class Operation:
    """One call; `{}` in the path stands for an id; `units` are those of quota."""

    name: str
    method: str
    path: str
    parameters: AbstractSet[str]
    scopes: AbstractSet[str]
    answer: Callable[[Request], Answer]

    @property
    def units(self) -> int:
        return PATCH_UNITS if self.method == "PATCH" else 1

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(API + self.path.replace("{}", "([^/]+)"))

    @property
    def writes(self) -> bool:
        return self.name in {f"events.{verb}" for verb in ("insert", "update", "patch", "delete", "import", "move")}


EVENTS = "/calendars/{}/events"
EVENT = f"{EVENTS}/{{}}"
OPERATIONS = [
    Operation("events.list", "GET", EVENTS, LIST, EVENT_READERS, listing.list_events),
    Operation("events.insert", "POST", EVENTS, MAILS | SHAPE, EVENT_WRITERS, events.insert),
    Operation("events.import", "POST", f"{EVENTS}/import", SHAPE, EVENT_WRITERS, events.import_event),
    Operation("events.watch", "POST", f"{EVENTS}/watch", LIST, EVENT_READERS, calendars.watch),
    Operation("events.get", "GET", EVENT, READ, EVENT_READERS, events.get),
    Operation("events.update", "PUT", EVENT, CHANGE, EVENT_WRITERS, events.update),
    Operation("events.patch", "PATCH", EVENT, CHANGE, EVENT_WRITERS, events.patch),
    Operation("events.delete", "DELETE", EVENT, MAILS, EVENT_WRITERS, events.delete),
    Operation("events.move", "POST", f"{EVENT}/move", MAILS | {"destination"}, EVENT_WRITERS, events.move),
    Operation("calendars.get", "GET", "/calendars/{}", set(), CALENDAR_READERS, calendars.get_calendar),
    Operation("calendarList.list", "GET", "/users/me/calendarList", ENTRIES, LIST_READERS, calendars.list_entries),
    Operation("calendarList.get", "GET", "/users/me/calendarList/{}", set(), LIST_READERS, calendars.get_entry),
    Operation("settings.list", "GET", "/users/me/settings", set(), {FULL}, calendars.settings),
    Operation("channels.stop", "POST", "/channels/stop", set(), EVENT_READERS, calendars.stop),
]
OTHER_NAMES = {
    "/batch/calendar/v3": "batch",
    "/token": "token",
    "/revoke": "revoke",
    "/o/oauth2/v2/auth": "consent",
}
PATTERNS = [(operation, operation.pattern) for operation in OPERATIONS]


def find(method: str, path: str) -> tuple[Operation, tuple[str, ...]] | None:
    """The call with this method and path below the mount, and the ids in its path."""
    for operation, pattern in PATTERNS:
        found = pattern.fullmatch(path) if operation.method == method else None
        if found:
            return operation, found.groups()
    return None


def name_of(method: str, path: str) -> str:
    """The name for journals and faults: "events.insert", "batch", "token"; "" for an unknown call."""
    found = find(method, path)
    return found[0].name if found else OTHER_NAMES.get(path, "")
