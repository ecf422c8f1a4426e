"""Reading and writing single events: https://developers.google.com/workspace/calendar/api/v3/reference/events."""

from __future__ import annotations

import uuid

from worker.simulators.google_calendar.access import calendar_for
from worker.simulators.google_calendar.calls import Answer
from worker.simulators.google_calendar.instants import zone
from worker.simulators.google_calendar.refusal import Refusal, invalid, not_found, required
from worker.simulators.google_calendar.requests import Request
from worker.simulators.google_calendar.rules import Event, accepted, check_id, merged, rendered
from worker.simulators.google_calendar.state import Calendar, Stored

SEND_UPDATES = {"all", "externalOnly", "none"}


def get(request: Request) -> Answer:
    """Deleted events are answered too, with status `cancelled`."""
    event = _stored(request, request.calendar()).event
    if request.call.headers.get("if-none-match") == event["etag"]:
        return Answer(304, headers={"etag": event["etag"]})
    time_zone = request.query.text("timeZone")
    if time_zone:
        zone(time_zone)
        event = rendered(event, time_zone)
    return _answer(event)


def insert(request: Request) -> Answer:
    """409 when the id is, or ever was, in use."""
    calendar, body = request.calendar("writer"), request.call.json()
    _check_send_updates(request)
    if body.get("id") and body.get("iCalUID"):
        raise invalid("Only one of id and iCalUID may be given.", "iCalUID")
    event_id = check_id(body["id"]) if body.get("id") is not None else uuid.uuid4().hex[:26]
    if event_id in calendar.events:
        raise Refusal(409, "duplicate")
    if body.get("status") == "cancelled":
        raise invalid("Invalid value for status.", "status")
    return _written(request, calendar, {**accepted(body, calendar.time_zone), "id": event_id}, "insert")


def update(request: Request) -> Answer:
    """PUT: what is left out is lost."""
    calendar = request.calendar("writer")
    before, body = _stored(request, calendar), request.call.json()
    return _replaced(request, calendar, before, body, "update")


def patch(request: Request) -> Answer:
    """PATCH: objects merge, null removes, arrays are replaced whole."""
    calendar = request.calendar("writer")
    before, body = _stored(request, calendar), request.call.json()
    return _replaced(request, calendar, before, body, "patch")


def delete(request: Request) -> Answer:
    """204; 410 the second time."""
    calendar = request.calendar("writer")
    before = _stored(request, calendar)
    _check_send_updates(request)
    if before.deleted:
        raise Refusal(410, "deleted")
    request.check_if_match(before.event)
    calendar.delete(before.event["id"], now=request.world.now())
    _count(request, "delete", calendar, before.event)
    return Answer(204)


def import_event(request: Request) -> Answer:
    """Adds a private copy of an event known by its `iCalUID`, or replaces the copy that is there."""
    calendar, body = request.calendar("writer"), request.call.json()
    uid = body.get("iCalUID")
    if not isinstance(uid, str) or not uid:
        raise required("iCalUID")
    known = next((event_id for event_id, stored in calendar.events.items() if stored.event["iCalUID"] == uid), None)
    event_id = known or (check_id(body["id"]) if body.get("id") else uuid.uuid4().hex[:26])
    return _written(request, calendar, {**accepted(body, calendar.time_zone), "id": event_id}, "import")


def move(request: Request) -> Answer:
    """Takes the event to another calendar; a cancelled stub stays behind."""
    source = request.calendar("writer")
    _check_send_updates(request)
    destination = calendar_for(request.world, request.user, request.query.text("destination") or "", "writer")
    before = _stored(request, source)
    if before.deleted:
        raise Refusal(410, "deleted")
    there = destination.events.get(before.event["id"])
    if there is not None and not there.deleted:
        raise Refusal(409, "duplicate")
    content = {**accepted(before.event, destination.time_zone), "id": before.event["id"]}
    source.delete(before.event["id"], now=request.world.now())
    return _written(request, destination, content, "move")


def _replaced(request: Request, calendar: Calendar, before: Stored, body: Event, kind: str) -> Answer:
    _check_send_updates(request)
    request.check_if_match(before.event)
    if body.get("id") not in (None, before.event["id"]):
        raise invalid("Invalid resource id value.", "id")
    undeletes = before.deleted and body.get("status") in ("confirmed", "tentative")
    if undeletes and request.world.settings.undelete_forbidden:
        raise Refusal(403, "forbidden")
    whole = merged(before.event, body) if kind == "patch" else body
    content = {**accepted(whole, calendar.time_zone), "id": before.event["id"]}
    if before.deleted and not undeletes:
        content["status"] = "cancelled"
    return _written(request, calendar, content, kind)


def _written(request: Request, calendar: Calendar, content: Event, kind: str) -> Answer:
    if content.get("attendees") and not request.in_person:
        raise Refusal(403, "forbiddenForServiceAccounts")
    event = calendar.write(content, actor=request.user, now=request.world.now())
    _count(request, kind, calendar, event)
    return _answer(event)


def _answer(event: Event) -> Answer:
    return Answer(200, event, {"etag": event["etag"]})


def _stored(request: Request, calendar: Calendar) -> Stored:
    stored = calendar.events.get(request.ids[1])
    if stored is None:
        raise not_found()
    return stored


def _check_send_updates(request: Request) -> None:
    request.query.choice("sendUpdates", SEND_UPDATES)
    request.query.flag("sendNotifications")


def _count(request: Request, kind: str, calendar: Calendar, event: Event) -> None:
    counters, query = request.world.counters, request.query
    counters[kind] += 1
    counters["writes"] += 1
    if kind != "import" and query.text("sendUpdates") is None:
        counters["without_send_updates"] += 1
    counters["mails"] += len(_guests(calendar, event, query.text("sendUpdates"), query.flag("sendNotifications")))


def _guests(calendar: Calendar, event: Event, send_updates: str | None, send_notifications: bool) -> list[str]:
    """Who would get a mail."""
    guests = [guest["email"] for guest in event.get("attendees", []) if guest["email"] != calendar.id]
    if send_updates == "externalOnly":
        home = calendar.owner.rpartition("@")[2]
        return [guest for guest in guests if guest.rpartition("@")[2] != home]
    return guests if send_updates == "all" or (send_updates is None and send_notifications) else []
