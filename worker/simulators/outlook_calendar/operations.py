"""The calls of the API in one table: name, method, path, parameters, right, and who answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from worker.simulators.outlook_calendar import calendars, delta, events, listing, unsupported
from worker.simulators.outlook_calendar.access import Right
from worker.simulators.outlook_calendar.calls import Answer
from worker.simulators.outlook_calendar.requests import Request
from worker.simulators.outlook_calendar.words import words

OWNER = "/v1.0(?:/me|/users/(?P<user>[^/]+))"
CALENDAR = f"{OWNER}(?:/calendar|/calendars/(?P<calendar>[^/]+))?"
EVENT = f"{CALENDAR}/events/(?P<event>[^/]+)"
READ = words("$select $expand")
LIST = READ | words("$filter $top $skip $orderby $count")
VIEW = READ | words("$top $skip $count startDateTime endDateTime")


@dataclass(frozen=True)
class Operation:
    """One call; `path` is a pattern; `right` is what it needs at the mailbox that the path means."""

    name: str
    method: str
    path: str
    parameters: AbstractSet[str]
    right: Right
    answer: Callable[[Request], Answer]


NONE: frozenset[str] = frozenset()
OPERATIONS = [
    Operation("delta", "GET", f"{CALENDAR}/calendarView/delta", delta.PARAMETERS, "read", delta.delta),
    Operation("events.delta", "GET", f"{CALENDAR}/events/delta", delta.PARAMETERS, "read", unsupported.events_delta),
    Operation("events.list", "GET", f"{CALENDAR}/events", LIST, "read", listing.list_events),
    Operation("calendarView.list", "GET", f"{CALENDAR}/calendarView", VIEW, "read", listing.view),
    Operation("events.create", "POST", f"{CALENDAR}/events", NONE, "write", events.create),
    Operation("events.get", "GET", EVENT, READ, "read", events.get),
    Operation("events.update", "PATCH", EVENT, NONE, "write", events.update),
    Operation("events.delete", "DELETE", EVENT, NONE, "write", events.delete),
    Operation("ids.translate", "POST", f"{OWNER}/translateExchangeIds", NONE, "read", events.translate),
    Operation("calendars.list", "GET", f"{OWNER}/calendars", words("$select"), "read", calendars.list_calendars),
    Operation(
        "calendars.get",
        "GET",
        f"{OWNER}/(?:calendar|calendars/(?P<calendar>[^/]+))",
        words("$select"),
        "read",
        calendars.get_calendar,
    ),
    Operation("users.get", "GET", OWNER, words("$select"), "profile", calendars.get_user),
]
PATTERNS = [(operation, re.compile(operation.path)) for operation in OPERATIONS]
SUBSCRIPTION = re.compile(r"/v1\.0/subscriptions(?:/([^/]+)(/reauthorize)?)?")
SUBSCRIPTION_VERBS = {"POST": "create", "GET": "get", "PATCH": "update", "DELETE": "delete"}
OAUTH = re.compile(r"/([^/]+)/(v2\.0/\.well-known/openid-configuration|oauth2/v2\.0/(?:token|authorize))")
OAUTH_NAMES = {"token": "token", "authorize": "consent", "openid-configuration": "discovery"}


def find(method: str, path: str) -> tuple[Operation, dict[str, str | None]] | None:
    """The call with this method and path below the mount, and the names in its path."""
    for operation, pattern in PATTERNS:
        found = pattern.fullmatch(path) if operation.method == method else None
        if found:
            return operation, found.groupdict()
    return None


@lru_cache(maxsize=4096)
def name_of(method: str, path: str) -> str:
    """The name for journals and faults: "events.create", "delta", "batch", "token"; "" for an unknown call."""
    if path == "/v1.0/$batch":
        return "batch"
    found = find(method, path)
    if found:
        return found[0].name
    if match := SUBSCRIPTION.fullmatch(path):
        return "subscriptions.reauthorize" if match[2] else f"subscriptions.{SUBSCRIPTION_VERBS.get(method, '')}"
    match = OAUTH.fullmatch(path)
    return OAUTH_NAMES[match[2].rpartition("/")[2]] if match else ""
