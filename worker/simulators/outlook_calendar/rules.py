"""What Graph accepts in an event: https://learn.microsoft.com/graph/api/resources/event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from worker.simulators.outlook_calendar import fields, properties
from worker.simulators.outlook_calendar.recurrence import recurrence
from worker.simulators.outlook_calendar.refusal import failed, unreadable
from worker.simulators.outlook_calendar.times import moment
from worker.simulators.outlook_calendar.words import words

Event = dict[str, Any]

MAX_SUBJECT, MAX_ATTENDEES = 255, 500
READ_ONLY = words(
    "@odata.context @odata.etag id createdDateTime lastModifiedDateTime changeKey originalStartTimeZone"
    " originalEndTimeZone originalStart iCalUId bodyPreview hasAttachments isCancelled isOrganizer responseStatus"
    " seriesMasterId type webLink onlineMeetingUrl onlineMeeting organizer isDraft"
)
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "subject": "",
        "body": fields.EMPTY_BODY,
        "importance": "normal",
        "sensitivity": "normal",
        "showAs": "busy",
        "isAllDay": False,
        "categories": [],
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": True,
        "responseRequested": True,
        "allowNewTimeProposals": True,
        "hideAttendees": False,
        "isOnlineMeeting": False,
        "onlineMeetingProvider": "unknown",
        "location": fields.NOWHERE,
        "locations": [],
        "attendees": [],
        "recurrence": None,
        "transactionId": None,
        "properties": {},
    }
)
READERS: Mapping[str, Callable[[Any, str], Any]] = MappingProxyType(
    {
        "subject": fields.text(MAX_SUBJECT),
        "body": fields.body,
        "importance": fields.choice("low normal high"),
        "sensitivity": fields.choice("normal personal private confidential"),
        "showAs": fields.choice("free tentative busy oof workingElsewhere unknown"),
        "isAllDay": fields.flag,
        "categories": fields.texts,
        "reminderMinutesBeforeStart": fields.number,
        "isReminderOn": fields.flag,
        "responseRequested": fields.flag,
        "allowNewTimeProposals": fields.flag,
        "hideAttendees": fields.flag,
        "isOnlineMeeting": fields.flag,
        "onlineMeetingProvider": fields.choice("unknown teamsForBusiness skypeForBusiness skypeForConsumer"),
        "location": lambda value, _: fields.location(value),
        "locations": fields.locations,
        "attendees": fields.attendees(MAX_ATTENDEES),
        "recurrence": lambda value, _: recurrence(value),
        "transactionId": fields.text(255),
        "start": moment,
        "end": moment,
    }
)
NULLABLE = {"subject", "location", "recurrence", "transactionId"}
ANNOTATIONS = {"@odata.type"}


def created(body: Mapping[str, Any]) -> Event:
    """A new event of this body, with the defaults of what it leaves out; 400 for what Graph would not take."""
    given = read(body)
    for side in ("start", "end"):
        if side not in given:
            raise failed(f"The Event.{side.title()} property is required.")
    return _whole({**DEFAULTS, **given})


def changed(current: Event, body: Mapping[str, Any]) -> Event:
    """The event after a PATCH: what the body leaves out stays, objects and lists are replaced whole.

    To, from and within all-day, `start` and `end` come together:
    https://learn.microsoft.com/graph/api/event-update.
    """
    given = read(body)
    if given.get("transactionId", current["transactionId"]) != current["transactionId"]:
        raise failed("The transactionId is set when an event is created, and never again.")
    touched = given.keys() & {"start", "end"}
    kinds = {current["isAllDay"], given.get("isAllDay", current["isAllDay"])}
    if True in kinds and len(touched) != 2 and (touched or len(kinds) == 2):
        raise failed("Start and end of an all-day event must be given together.")
    kept = {**current["properties"], **given.get("properties", {})}
    return _whole({**current, **given, "properties": kept})


def read(body: Mapping[str, Any]) -> Event:
    """The fields of a body in the form in which Outlook keeps them; nothing is added but what follows from them."""
    given: Event = {}
    for name, value in body.items():
        if name == "singleValueExtendedProperties":
            given["properties"] = properties.accepted(value)
        elif name in READERS:
            given[name] = _read(name, value)
        elif name not in ANNOTATIONS:
            raise _unknown(name)
    return _with_place(given)


def _read(name: str, value: Any) -> Any:
    if value is not None:
        return READERS[name](value, name)
    if name not in NULLABLE:
        raise unreadable(f"A null value was found for the property named '{name}', which does not allow it.")
    return DEFAULTS[name]


def _with_place(given: Event) -> Event:
    """Setting `location` overwrites `locations`, and the other way round."""
    if "location" in given:
        place = given["location"]
        return {**given, "locations": [place] if place["displayName"] else []}
    if "locations" in given:
        return {**given, "location": fields.joined(given["locations"])}
    return given


def _whole(event: Event) -> Event:
    start, end = event["start"], event["end"]
    if end.timestamp() < start.timestamp():
        raise failed("The end of an event must not be before its start.")
    if event["isAllDay"]:
        _check_all_day(event)
    return event


def _check_all_day(event: Event) -> None:
    start, end = event["start"], event["end"]
    if not (start.is_midnight and end.is_midnight):
        raise failed("The Event.Start and Event.End properties for an all-day event need to be set to midnight.")
    if start.zone != end.zone:
        raise failed("The start and the end of an all-day event must be in the same time zone.")
    if end.local - start.local < timedelta(days=1):
        raise failed("The duration of an event marked as all day must be at least 24 hours.")


def _unknown(name: str) -> Exception:
    if name in READ_ONLY:
        return failed(f"The property '{name}' is read-only and cannot be set.")
    return unreadable(
        f"The property '{name}' does not exist on type 'microsoft.graph.event'. Make sure to only use property names"
        " that are defined by the type or mark the type as open type."
    )
