"""Calendars as resources, the caller's list of them, and push channels on them."""

from __future__ import annotations

from typing import Any

from worker.simulators.google_calendar.calls import Answer
from worker.simulators.google_calendar.refusal import not_found
from worker.simulators.google_calendar.requests import Request
from worker.simulators.google_calendar.state import Calendar


def get_calendar(request: Request) -> Answer:
    calendar = request.calendar()
    return Answer(200, {"kind": "calendar#calendar", **_about(calendar), "dataOwner": calendar.owner})


def get_entry(request: Request) -> Answer:
    return Answer(200, _entry(request.calendar(), request.user))


def list_entries(request: Request) -> Answer:
    """All calendars the caller has a role on, on one page."""
    calendars = [calendar for calendar in request.world.calendars.values() if request.user in calendar.roles]
    items = [_entry(calendar, request.user) for calendar in calendars]
    return Answer(200, {"kind": "calendar#calendarList", "etag": '"list"', "items": items})


def settings(request: Request) -> Answer:
    calendar = request.world.calendars.get(request.user)
    if calendar is None:
        raise not_found()
    items = [{"kind": "calendar#setting", "id": "timezone", "value": calendar.time_zone}]
    return Answer(200, {"kind": "calendar#settings", "etag": '"settings"', "items": items})


def watch(request: Request) -> Answer:
    """Opens a push channel; its `sync` message leaves before the answer."""
    calendar = request.calendar()
    uri = f"https://www.googleapis.com/calendar/v3/calendars/{calendar.id}/events?alt=json"
    channel, message = request.channels.watch(request.user, calendar.id, request.call.json(), uri)
    request.world.counters["watch"] += 1
    return Answer(200, channel.as_json(), sooner=message.delivered)


def stop(request: Request) -> Answer:
    body = request.call.json()
    request.channels.stop(request.user, body.get("id"), body.get("resourceId"))
    request.world.counters["stop"] += 1
    return Answer(204)


def _about(calendar: Calendar) -> dict[str, Any]:
    return {
        "etag": f'"c{calendar.id}"',
        "id": calendar.id,
        "summary": calendar.summary,
        "timeZone": calendar.time_zone,
    }


def _entry(calendar: Calendar, user: str) -> dict[str, Any]:
    primary = {"primary": True} if calendar.id == user else {}
    entry = {"kind": "calendar#calendarListEntry", **_about(calendar), "accessRole": calendar.roles[user]}
    return {**entry, "selected": True, "defaultReminders": [{"method": "popup", "minutes": 10}], **primary}
