"""Google's event JSON to documents and back, pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker.core.documents import CalendarEvent, Times
from worker.core.ports import Change, Key
from worker.core.visits import VisitStatus
from worker.providers.google_calendar.keys import ACCOUNT_PROPERTY, PROPERTY, key_of

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        VisitStatus.IN_TRANSIT.value: "7",  # Peacock
        VisitStatus.ARRIVED.value: "5",  # Banana
        VisitStatus.IN_PROGRESS.value: "10",  # Basil
        VisitStatus.PAUSED.value: "6",  # Tangerine
    }
)
"""The ``colorId`` of each state's colour; events without one take their calendar's colour."""

OTHER_COLOUR = "other"
STATES = MappingProxyType({number: state for state, number in COLOURS.items()})

FIELDS = "id,status,etag,updated,summary,description,location,start,end,transparency,colorId,extendedProperties/private"
"""What we ask for of an event: all that ``change`` reads."""


def new_event(event_id: str, account_id: str, key: Key, document: CalendarEvent) -> dict[str, Any]:
    """The body of an insert. Reminders are left out: the calendar's own hold. Attendees never are in it."""
    body = {"id": event_id, **_content(account_id, key, document)}
    return {name: value for name, value in body.items() if value is not None}


def changed_event(account_id: str, key: Key, document: CalendarEvent) -> dict[str, Any]:
    """The body of a patch: null takes away what the document has not, and the time fields that its kind has not."""
    body = _content(account_id, key, document)
    abandoned = ("dateTime", "timeZone") if document.times.all_day else ("date",)
    for side in ("start", "end"):
        body[side] = {**body[side], **dict.fromkeys(abandoned)}
    return body


def _content(account_id: str, key: Key, document: CalendarEvent) -> dict[str, Any]:
    start, end = _sides(document)
    return {
        "status": "confirmed",
        "summary": document.title or None,
        "location": document.location or None,
        "description": document.description or None,
        "start": start,
        "end": end,
        "transparency": "opaque" if document.busy else "transparent",
        "colorId": COLOURS.get(document.colour or ""),
        "extendedProperties": {"private": {PROPERTY: str(key), ACCOUNT_PROPERTY: account_id}},
    }


def _sides(document: CalendarEvent) -> tuple[dict[str, Any], dict[str, Any]]:
    times = document.times
    if times.first_day is not None and times.day_after is not None:
        return {"date": times.first_day.isoformat()}, {"date": times.day_after.isoformat()}
    assert times.start is not None
    assert times.end is not None
    zone = {"timeZone": document.time_zone}
    return {"dateTime": _z(times.start), **zone}, {"dateTime": _z(times.end), **zone}


def document(event: Mapping[str, Any]) -> CalendarEvent | None:
    """The document that an event shows, whatever zone its times are written in; None where it has no times."""
    times = _times(event.get("start") or {}, event.get("end") or {})
    if times is None:
        return None
    return CalendarEvent(
        title=event.get("summary", ""),
        times=times,
        location=event.get("location", ""),
        description=event.get("description", ""),
        busy=event.get("transparency", "opaque") != "transparent",
        colour=_colour(event.get("colorId")),
        time_zone=event["start"].get("timeZone") or "UTC",
    )


def _colour(number: str | None) -> str | None:
    return STATES.get(number, OTHER_COLOUR) if number else None


def _times(start: Mapping[str, Any], end: Mapping[str, Any]) -> Times | None:
    if start.get("date") and end.get("date"):
        return Times.days(date.fromisoformat(start["date"]), date.fromisoformat(end["date"]))
    if start.get("dateTime") and end.get("dateTime"):
        return Times.span(_instant(start), _instant(end))
    return None


def _instant(side: Mapping[str, Any]) -> datetime:
    moment = datetime.fromisoformat(side["dateTime"])
    return moment if moment.tzinfo else moment.replace(tzinfo=_zone(side.get("timeZone")))


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def is_deleted(event: Mapping[str, Any]) -> bool:
    """Whether it is a deleted event's remains, of which only ``id`` is certain."""
    return event.get("status") == "cancelled"


def change(account_id: str, calendar: str, event: Mapping[str, Any]) -> Change | None:
    """An item of a listing as a change; None for one that has no times, which no event of ours can be."""
    if is_deleted(event):
        return Change(event["id"], event.get("etag"), changed_at=_updated(event), shown={"status": "cancelled"})
    shown = document(event)
    if shown is None:
        return None
    return Change(
        remote_id=event["id"],
        version=event.get("etag"),
        key=key_of(account_id, calendar, event),
        document=shown,
        changed_at=_updated(event),
        shown=_shown(event, shown),
    )


def _shown(event: Mapping[str, Any], shown: CalendarEvent) -> dict[str, Any]:
    start, end = _sides(shown)
    return {
        "summary": event.get("summary", ""),
        "start": start.get("date") or start["dateTime"],
        "end": end.get("date") or end["dateTime"],
        "status": event.get("status", "confirmed"),
    }


def _updated(event: Mapping[str, Any]) -> datetime | None:
    return datetime.fromisoformat(event["updated"]) if event.get("updated") else None


def _z(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
