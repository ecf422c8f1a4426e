"""Reading and writing single events: https://learn.microsoft.com/graph/api/resources/event."""

from __future__ import annotations

from datetime import date
from typing import Any

from worker.simulators.outlook_calendar import properties
from worker.simulators.outlook_calendar.calls import Answer
from worker.simulators.outlook_calendar.recurrence import occurrences
from worker.simulators.outlook_calendar.refusal import Refusal, failed
from worker.simulators.outlook_calendar.render import Renderer, etag
from worker.simulators.outlook_calendar.requests import Request
from worker.simulators.outlook_calendar.rules import Event, changed, created
from worker.simulators.outlook_calendar.selection import selected
from worker.simulators.outlook_calendar.state import Calendar, Stored

ALWAYS = (float("-inf"), float("inf"))


def get(request: Request) -> Answer:
    """Extended properties only where `$expand` asks for them."""
    calendar, stored, day = request.event()
    expanded = properties.expanded(request.query.text("$expand"))
    told = _told(request, calendar, stored, day, expanded)
    request.world.counters["get"] += 1
    return request.answer(200, selected(_with_context(request, told), request.query.text("$select")))


def create(request: Request) -> Answer:
    """201 and the event; for a `transactionId` that came before, what the setting `duplicate_answer` says."""
    calendar, event = request.calendar(), created(request.call.json())
    before = _duplicate(request, event)
    if before is not None:
        return before
    stored = request.world.create(request.mailbox, calendar, event)
    _count(request, "create", len(event["attendees"]))
    return request.answer(201, _with_context(request, _told(request, calendar, stored)))


def update(request: Request) -> Answer:
    """PATCH: what the body leaves out stays."""
    calendar, stored, day = request.event()
    if day:
        raise failed("A change of a single occurrence is not simulated.")
    body = request.call.json()
    request.check_if_match(stored, etag(stored))
    event = changed(stored.event, body)
    mails = _told_by_mail(stored.event, event, body)
    stored = request.world.update(request.mailbox, calendar, stored, event=event)
    _count(request, "update", mails)
    return request.answer(200, _with_context(request, _told(request, calendar, stored)))


def delete(request: Request) -> Answer:
    """204; 404 the second time. The organizer's attendees get a cancellation."""
    calendar, stored, day = request.event()
    request.check_if_match(stored, etag(stored))
    if day:
        missing = stored.missing | {date.fromisoformat(day)}
        request.world.update(request.mailbox, calendar, stored, missing=missing)
    else:
        request.world.delete(request.mailbox, calendar, stored)
    _count(request, "delete", len(stored.event["attendees"]))
    return request.answer(204)


def translate(request: Request) -> Answer:
    """translateExchangeIds, between the two kinds of id: https://learn.microsoft.com/graph/api/user-translateexchangeids."""
    body = request.call.json()
    kinds = {"restId": False, "restImmutableEntryId": True}
    source, target, given = body.get("sourceIdType"), body.get("targetIdType"), body.get("inputIds")
    if source not in kinds or target not in kinds or not isinstance(given, list) or len(given) > 1000:
        raise Refusal(400, "BadRequest", "At most 1000 inputIds, and the types restId and restImmutableEntryId.")
    value = [_translated(request, str(one), immutable=kinds[target]) for one in given]
    return request.answer(
        200, {"@odata.context": f"{request.call.base}/v1.0/$metadata#convertIdResult", "value": value}
    )


def _translated(request: Request, source: str, *, immutable: bool) -> Event:
    number, day = request.mailbox.ids.get(source, (-1, ""))
    found = request.mailbox.find(number)
    if found is None:
        return {"sourceId": source, "errorDetails": {"code": "ErrorItemNotFound", "message": "Not found."}}
    return {"sourceId": source, "targetId": request.mailbox.id_of(*found, immutable=immutable, day=day)}


def _duplicate(request: Request, event: Event) -> Answer | None:
    settings, mailbox = request.world.settings, request.mailbox
    number, at = mailbox.transactions.get(event["transactionId"] or "", (-1, 0.0))
    if number < 0 or request.world.now() - at > settings.transaction_life:
        return None
    found = mailbox.find(number)
    if found is None and not settings.transactions_of_deleted:
        return None
    request.world.counters["duplicates"] += 1
    if found is None or settings.duplicate_answer == "409":
        raise Refusal(409, "ErrorDuplicateTransactionId")
    return request.answer(int(settings.duplicate_answer), _with_context(request, _told(request, *found)))


def _told(
    request: Request, calendar: Calendar, stored: Stored, day: str = "", expanded: frozenset[str] = frozenset()
) -> dict[str, Any]:
    renderer = Renderer(request.mailbox, request.preferred, request.world.settings, expanded)
    if not day:
        return renderer.event(calendar, stored)
    days = occurrences(stored.event, ALWAYS, stored.missing)
    return renderer.occurrence(calendar, stored, next(one for one in days if one.day.isoformat() == day))


def _with_context(request: Request, told: dict[str, Any]) -> dict[str, Any]:
    owner = f"users('{request.mailbox.id}')"
    return {"@odata.context": f"{request.call.base}/v1.0/$metadata#{owner}/events/$entity", **told}


def _told_by_mail(before: Event, after: Event, body: Event) -> int:
    """Who gets a mail of a change: all guests, or where only the guests changed, those who changed."""
    old, new = ({guest["emailAddress"]["address"].lower() for guest in event["attendees"]} for event in (before, after))
    return len(old ^ new) if body.keys() <= {"attendees"} else len(old | new)


def _count(request: Request, kind: str, mails: int) -> None:
    counters = request.world.counters
    counters[kind] += 1
    counters["writes"] += 1
    counters["mails"] += mails
