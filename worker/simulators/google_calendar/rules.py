"""What Google accepts in an event, and what it makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from worker.simulators.google_calendar.instants import midnight, parse_date, parse_instant, render, zone
from worker.simulators.google_calendar.refusal import Refusal, invalid, required
from worker.simulators.google_calendar.words import words

Event = dict[str, Any]

ID = re.compile(r"[a-v0-9]{5,1024}")
TEXTS = {"summary", "description", "location"}
READ_ONLY = words(
    "attendeesOmitted created creator etag hangoutLink htmlLink kind locked organizer privateCopy recurringEventId"
    " sequence updated"
)
ACCEPTED = words(
    "anyoneCanAddSelf attachments birthdayProperties conferenceData endTimeUnspecified eventLabelId eventType"
    " focusTimeProperties gadget guestsCanInviteOthers guestsCanModify guestsCanSeeOtherGuests originalStartTime"
    " outOfOfficeProperties recurrence workingLocationProperties"
)
CHECKED = {"id", "iCalUID", "start", "end", "attendees", "reminders", "extendedProperties", "source", "colorId"}
ENUMS = {
    "status": {"confirmed", "tentative", "cancelled"},
    "transparency": {"opaque", "transparent"},
    "visibility": {"default", "public", "private", "confidential"},
}
UNSAID = {"transparency": "opaque", "visibility": "default", "summary": "", "description": "", "location": ""}
KNOWN = TEXTS | READ_ONLY | ACCEPTED | CHECKED | set(ENUMS)
TIME_FIELDS = {"date", "dateTime", "timeZone"}
ATTENDEE_FIELDS = words(
    "additionalGuests asyncOperation comment displayName email id optional organizer resource responseStatus self"
)
COLOURS = {str(number) for number in range(1, 12)}
ANSWERS = {"needsAction", "declined", "tentative", "accepted"}
MAX_KEY, MAX_VALUE, MAX_PROPERTIES, MAX_PROPERTY_BYTES = 44, 1024, 300, 32 * 1024
MAX_OVERRIDES, MAX_REMINDER_MINUTES = 5, 40_320


def check_id(event_id: object) -> str:
    """A client-chosen id: 5 to 1024 characters of base32hex in lower case, else 400."""
    if not isinstance(event_id, str) or not ID.fullmatch(event_id):
        raise invalid("Invalid resource id value.", "id")
    return event_id


def accepted(body: Mapping[str, Any], calendar_zone: str) -> Event:
    """The writable part of a whole event as Google keeps it, or 400.

    Nulls, defaults and empty texts are dropped, instants are rendered in the calendar's zone, over-long extended
    properties are cut.
    """
    check_fields(body, KNOWN, "event")
    event = {
        name: value
        for name, value in body.items()
        if value is not None and name not in READ_ONLY and UNSAID.get(name) != value
    }
    _check_plain(event)
    _check_recurrence(event)
    event["start"], event["end"] = _interval(event, calendar_zone)
    if "attendees" in event:
        event["attendees"] = _attendees(event["attendees"])
    event["reminders"] = _reminders(event.get("reminders", {"useDefault": True}))
    properties = _properties(event.pop("extendedProperties", {}))
    return {**event, "extendedProperties": properties} if properties else event


def merged(current: Mapping[str, Any], patch: Mapping[str, Any]) -> Event:
    """PATCH: objects merge, null removes, arrays are replaced whole."""
    result = dict(current)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            inner = result.get(name)
            result[name] = merged(inner if isinstance(inner, Mapping) else {}, value)
        else:
            result[name] = value
    return result


def span(event: Mapping[str, Any], calendar_zone: str) -> tuple[float, float]:
    """Start and exclusive end in seconds since the epoch; all-day events run in the calendar's zone."""
    return _moment(event["start"], calendar_zone), _moment(event["end"], calendar_zone)


def rendered(event: Event, zone_name: str) -> Event:
    """The event with its instants in the offset of another zone."""
    if "dateTime" not in event.get("start", {}):
        return event
    sides = {
        side: {**event[side], "dateTime": render(parse_instant(event[side]["dateTime"], side), zone(zone_name))}
        for side in ("start", "end")
    }
    return {**event, **sides}


def check_fields(value: object, known: AbstractSet[str], what: str) -> Mapping[str, Any]:
    """A JSON object with these fields only; Google ignores unknown ones, we refuse them to catch misspellings."""
    if not isinstance(value, Mapping):
        raise invalid(f"Invalid {what}: an object is expected.")
    unknown = sorted(set(value) - known)
    if unknown:
        raise invalid(f"Unknown fields in {what}: {', '.join(unknown)}.")
    return value


def _check_plain(event: Event) -> None:
    for name in TEXTS & event.keys():
        if not isinstance(event[name], str):
            raise invalid(f"Invalid value for {name}.", name)
    for name, allowed in ENUMS.items():
        if name in event and str(event[name]) not in allowed:
            raise invalid(f"Invalid value for {name}: {event[name]!r}.", name)
    if "colorId" in event and (not isinstance(event["colorId"], str) or event["colorId"] not in COLOURS):
        raise invalid(f"Invalid colour: {event['colorId']!r}.", "colorId")
    if "source" in event:
        url = check_fields(event["source"], {"title", "url"}, "source").get("url", "")
        if not str(url).startswith(("http://", "https://")):
            raise invalid("Invalid source URL: the scheme must be http or https.", "source.url")


def _interval(event: Event, calendar_zone: str) -> tuple[Event, Event]:
    start, end = (_side(event, name, calendar_zone) for name in ("start", "end"))
    if ("date" in start) != ("date" in end):
        raise invalid("The start and end times must either both be date or both be dateTime.")
    if _moment(end, calendar_zone) <= _moment(start, calendar_zone):
        raise Refusal(400, "timeRangeEmpty")
    return start, end


def _side(event: Event, name: str, calendar_zone: str) -> Event:
    if name not in event:
        raise required(f"{name} time")
    side = {key: value for key, value in check_fields(event[name], TIME_FIELDS, name).items() if value is not None}
    if ("date" in side) == ("dateTime" in side):
        raise (
            invalid(f"Invalid {name} time: either date or dateTime is expected.", name)
            if side
            else required(f"{name} time")
        )
    own_zone = zone(str(side["timeZone"])) if "timeZone" in side else None
    if "date" in side:
        return {"date": parse_date(side["date"], name).isoformat()}
    instant = parse_instant(side["dateTime"], name, own_zone)
    return {"dateTime": render(instant, zone(calendar_zone)), "timeZone": side.get("timeZone", calendar_zone)}


def _moment(side: Mapping[str, Any], calendar_zone: str) -> float:
    if "date" in side:
        return midnight(parse_date(side["date"], "date"), zone(calendar_zone))
    return parse_instant(side["dateTime"], "dateTime").timestamp()


def _check_recurrence(event: Event) -> None:
    lines = event.get("recurrence", [])
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise invalid("Invalid recurrence: a list of texts is expected.", "recurrence")
    if any(not line.startswith(("RRULE", "EXRULE", "RDATE", "EXDATE")) for line in lines):
        raise invalid("Invalid recurrence rule.", "recurrence")
    for name in ("start", "end") if lines else ():
        side = event.get(name) or {}
        if "dateTime" in side and "timeZone" not in side:
            raise required("time zone definition for a recurring event")


def _attendees(attendees: object) -> list[Event]:
    if not isinstance(attendees, list):
        raise invalid("Invalid attendees: a list is expected.", "attendees")
    kept = []
    for attendee in attendees:
        check_fields(attendee, ATTENDEE_FIELDS, "attendee")
        if "@" not in str(attendee.get("email", "")):
            raise invalid("Invalid attendee email.", "attendees.email")
        if str(attendee.get("responseStatus", "needsAction")) not in ANSWERS:
            raise invalid("Invalid attendee response status.", "attendees.responseStatus")
        kept.append({"responseStatus": "needsAction", **attendee})
    return kept


def _reminders(reminders: object) -> Event:
    given = dict(check_fields(reminders, {"useDefault", "overrides"}, "reminders"))
    overrides = given.get("overrides") or []
    if given.get("useDefault") and overrides:
        raise Refusal(
            400,
            "cannotUseDefaultRemindersAndSpecifyOverride",
            "Cannot specify both default reminders and overrides at the same time.",
        )
    if not isinstance(overrides, list) or len(overrides) > MAX_OVERRIDES:
        raise invalid("Invalid reminder overrides: at most five are allowed.", "reminders.overrides")
    for override in overrides:
        check_fields(override, {"method", "minutes"}, "reminder")
        minutes = override.get("minutes")
        if str(override.get("method")) not in {"email", "popup"} or not isinstance(minutes, int):
            raise invalid("Invalid reminder.", "reminders.overrides")
        if not 0 <= minutes <= MAX_REMINDER_MINUTES:
            raise invalid("Invalid reminder minutes.", "reminders.overrides.minutes")
    return {"useDefault": bool(given.get("useDefault", False)), **({"overrides": overrides} if overrides else {})}


def _properties(properties: object) -> Event:
    halves = check_fields(properties, {"private", "shared"}, "extendedProperties")
    total, size, kept = 0, 0, {}
    for name, half in halves.items():
        if half is None:
            continue
        if not isinstance(half, Mapping):
            raise invalid("Invalid extended properties.", "extendedProperties")
        given = {key: value for key, value in half.items() if value is not None}
        if any(not isinstance(value, str) for value in given.values()):
            raise invalid("Invalid extended property: a text is expected.", "extendedProperties")
        kept[name] = {key: value[:MAX_VALUE] for key, value in given.items() if len(key) <= MAX_KEY}
        total += len(kept[name])
        size += sum(len(key.encode()) + len(value.encode()) for key, value in kept[name].items())
    if total > MAX_PROPERTIES or size > MAX_PROPERTY_BYTES:
        raise invalid("Extended properties exceed their limits.", "extendedProperties")
    return {name: half for name, half in kept.items() if half}
