"""Graph's event JSON to documents and back, pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from worker.core.documents import CalendarEvent, Times
from worker.core.ports import Change, Key
from worker.core.visits import VisitStatus
from worker.providers.outlook_calendar.bodies import html_of, text_of
from worker.providers.outlook_calendar.keys import key_of, properties, transaction_id
from worker.providers.outlook_calendar.zones import iana, writing_zone

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        VisitStatus.IN_TRANSIT.value: "In transit",
        VisitStatus.ARRIVED.value: "Arrived",
        VisitStatus.IN_PROGRESS.value: "In progress",
        VisitStatus.PAUSED.value: "Paused",
    }
)
"""The category of each state's colour. People choose a category's colour in Outlook, and put their own beside ours."""

STATES = MappingProxyType({category: state for state, category in CATEGORIES.items()})

FREE = "free"
FIELDS = (
    "id,subject,body,location,start,end,isAllDay,isCancelled,showAs,categories,transactionId,type,"
    "lastModifiedDateTime,originalStartTimeZone"
)
"""What we ask for of an event: all that ``change`` reads."""


def new_event(account_id: str, calendar: str, key: Key, document: CalendarEvent) -> dict[str, Any]:
    """The body of a POST. Reminders are left out: the mailbox's own hold. Attendees never are in it, for Outlook
    writes to them and cannot be asked not to."""
    return {
        **changed_event(document),
        "transactionId": transaction_id(account_id, calendar, key),
        "singleValueExtendedProperties": properties(account_id, key),
    }


def changed_event(document: CalendarEvent) -> dict[str, Any]:
    """The body of a PATCH: what is empty in the document is emptied."""
    start, end = _sides(document)
    return {
        "subject": document.title,
        "body": {"contentType": "html", "content": html_of(document.description)},
        "location": {"displayName": document.location},
        "start": start,
        "end": end,
        "isAllDay": document.times.all_day,
        "showAs": "busy" if document.busy else FREE,
        "categories": [CATEGORIES[name] for name in (document.colour or "",) if name in CATEGORIES],
    }


def _sides(document: CalendarEvent) -> tuple[dict[str, str], dict[str, str]]:
    """Both in one zone; whole days from midnight to midnight, the end exclusive.

    https://learn.microsoft.com/graph/api/resources/event (isAllDay)
    """
    times = document.times
    if times.first_day is not None and times.day_after is not None:
        return _midnight(times.first_day, document.time_zone), _midnight(times.day_after, document.time_zone)
    assert times.start is not None
    assert times.end is not None
    zone = writing_zone(times, document.time_zone)
    return _wall_clock(times.start, zone), _wall_clock(times.end, zone)


def _midnight(day: date, zone: str) -> dict[str, str]:
    return {"dateTime": f"{day.isoformat()}T00:00:00", "timeZone": zone}


def _wall_clock(moment: datetime, zone: str) -> dict[str, str]:
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return {"dateTime": local.isoformat(timespec="seconds"), "timeZone": zone}


def document(event: Mapping[str, Any]) -> CalendarEvent | None:
    """The document that an event shows, whatever zone its times are written in; None where it has no times."""
    times = _times(event)
    if times is None:
        return None
    categories = event.get("categories") or ()
    return CalendarEvent(
        title=event.get("subject") or "",
        times=times,
        location=(event.get("location") or {}).get("displayName") or "",
        description=text_of(event.get("body") or {}),
        busy=event.get("showAs") != FREE,
        colour=next((STATES[one] for one in categories if one in STATES), None),
        time_zone=iana(event.get("originalStartTimeZone")),
    )


def _times(event: Mapping[str, Any]) -> Times | None:
    """Whole days are dates: Graph tells them from midnight to midnight in any zone, so no zone is applied to them."""
    start, end = event.get("start") or {}, event.get("end") or {}
    if not (start.get("dateTime") and end.get("dateTime")):
        return None
    if event.get("isAllDay"):
        return Times.days(date.fromisoformat(start["dateTime"][:10]), date.fromisoformat(end["dateTime"][:10]))
    return Times.span(_instant(start), _instant(end))


def _instant(side: Mapping[str, Any]) -> datetime:
    moment = datetime.fromisoformat(side["dateTime"])
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(iana(side.get("timeZone"))))


def version(event: Mapping[str, Any]) -> str | None:
    """What ``If-Match`` takes."""
    return event.get("@odata.etag")


def change(account_id: str, calendar: str, event: Mapping[str, Any]) -> Change | None:
    """An event as a change; None for one that has no times, which no event of ours can be."""
    shown = document(event)
    if shown is None:
        return None
    return Change(
        remote_id=event["id"],
        version=version(event),
        key=key_of(account_id, calendar, event),
        document=shown,
        changed_at=_modified(event),
        shown=_shown(event, shown),
    )


def gone(remote_id: str) -> Change:
    """A deleted event, of which nothing is left."""
    return Change(remote_id, shown={"status": "cancelled"})


def _shown(event: Mapping[str, Any], shown: CalendarEvent) -> dict[str, Any]:
    times = shown.times
    return {
        "summary": event.get("subject") or "",
        "start": times.first_day.isoformat() if times.first_day else _z(times.start),
        "end": times.day_after.isoformat() if times.day_after else _z(times.end),
        "status": "cancelled" if event.get("isCancelled") else "confirmed",
    }


def _modified(event: Mapping[str, Any]) -> datetime | None:
    text = event.get("lastModifiedDateTime")
    return datetime.fromisoformat(text) if text else None


def _z(moment: datetime | None) -> str:
    assert moment is not None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
