"""Which events a listing asks for."""

from __future__ import annotations

from dataclasses import dataclass, field

from worker.simulators.google_calendar.calls import Query
from worker.simulators.google_calendar.instants import parse_instant, stamp, zone
from worker.simulators.google_calendar.refusal import Refusal
from worker.simulators.google_calendar.state import Stored

DAY = 86_400.0
EVENT_TYPES = {"birthday", "default", "focusTime", "fromGmail", "outOfOffice", "workingLocation"}
Window = tuple[float | None, float | None]


@dataclass(frozen=True)
class Selection:
    """`window` is timeMin and timeMax in seconds since the epoch, `updated_min` as events carry it."""

    window: Window = (None, None)
    left_window_told: bool = False
    show_deleted: bool = False
    single_events: bool = False
    updated_min: str | None = None
    text: str | None = None
    uid: str | None = None
    event_types: frozenset[str] = frozenset()
    properties: tuple[tuple[str, str, str], ...] = field(default=())

    def takes(self, stored: Stored) -> bool:
        event = stored.event
        if stored.deleted and not self.show_deleted:
            return False
        if self.updated_min is not None and event["updated"] < self.updated_min:
            return False
        if not self._in_window(stored):
            return False
        if stored.deleted:
            return True
        return self._described(stored) and not (self.single_events and "recurrence" in event)

    def _in_window(self, stored: Stored) -> bool:
        lowest, highest = self.window
        if lowest is None and highest is None:
            return True
        spans = stored.spans if self.left_window_told else stored.spans[:1]
        return any((lowest is None or end > lowest) and (highest is None or start < highest) for start, end in spans)

    def _described(self, stored: Stored) -> bool:
        event = stored.event
        if self.text is not None:
            said = " ".join(str(event.get(name, "")) for name in ("summary", "description", "location", "attendees"))
            if self.text.lower() not in said.lower():
                return False
        extended = event.get("extendedProperties", {})
        return (
            (self.uid is None or event["iCalUID"] == self.uid)
            and (not self.event_types or event["eventType"] in self.event_types)
            and all(extended.get(half, {}).get(key) == value for half, key, value in self.properties)
        )


def selection(query: Query, *, now: float, updated_min_days: float) -> Selection:
    """The selection of a full listing; 400 for unusable parameters, 410 for an `updatedMin` of too long ago."""
    updated_min = _instant(query, "updatedMin")
    if updated_min is not None and updated_min < now - updated_min_days * DAY:
        raise Refusal(410, "updatedMinTooLongAgo")
    if query.choice("orderBy", {"startTime", "updated"}) == "startTime" and not query.flag("singleEvents"):
        raise Refusal(400, "badRequest", "The requested ordering is not available for the particular query.")
    return Selection(
        window=_window(query),
        show_deleted=query.flag("showDeleted") or updated_min is not None,
        single_events=query.flag("singleEvents"),
        updated_min=None if updated_min is None else stamp(updated_min),
        text=query.text("q"),
        uid=query.text("iCalUID"),
        event_types=_event_types(query),
        properties=(*_properties(query, "private"), *_properties(query, "shared")),
    )


def incremental(query: Query, window: Window, *, left_window_told: bool) -> Selection:
    """The selection of a listing with a sync token: deletions always, and the window of the first listing."""
    return Selection(
        window=window,
        left_window_told=left_window_told,
        show_deleted=True,
        single_events=query.flag("singleEvents"),
        event_types=_event_types(query),
    )


def check_zone(query: Query) -> str | None:
    name = query.text("timeZone")
    if name is not None:
        zone(name)
    return name


def _window(query: Query) -> Window:
    lowest, highest = _instant(query, "timeMin"), _instant(query, "timeMax")
    if lowest is not None and highest is not None and highest <= lowest:
        raise Refusal(400, "timeRangeEmpty", parameter="timeMax")
    return lowest, highest


def _instant(query: Query, name: str) -> float | None:
    text = query.text(name)
    return None if text is None else parse_instant(text, name).timestamp()


def _event_types(query: Query) -> frozenset[str]:
    kinds = frozenset(query.all("eventTypes"))
    if kinds - EVENT_TYPES:
        raise query.wrong("eventTypes")
    return kinds


def _properties(query: Query, half: str) -> list[tuple[str, str, str]]:
    name = f"{half}ExtendedProperty"
    pairs = [text.partition("=") for text in query.all(name)]
    if any(not equals for _, equals, _ in pairs):
        raise query.wrong(name)
    return [(half, key, value) for key, _, value in pairs]
