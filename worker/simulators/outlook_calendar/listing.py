"""Listing events and the view of a stretch of time: https://learn.microsoft.com/graph/api/user-list-events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from worker.simulators.outlook_calendar import properties
from worker.simulators.outlook_calendar.calls import Answer
from worker.simulators.outlook_calendar.recurrence import Window, occurrences
from worker.simulators.outlook_calendar.refusal import Refusal, bad_query
from worker.simulators.outlook_calendar.render import Renderer
from worker.simulators.outlook_calendar.requests import Request
from worker.simulators.outlook_calendar.selection import selected
from worker.simulators.outlook_calendar.state import Calendar, Stored
from worker.simulators.outlook_calendar.times import instant

Tell = Callable[[], dict[str, Any]]
"""Tells one event when its page is made."""

DEFAULT_PAGE, LONGEST_PAGE, FURTHEST = 10, 1000, 10**9
LONGEST_VIEW = 1825 * 86_400.0
ORDERS = {"start/dateTime", "createdDateTime", "lastModifiedDateTime"}


def list_events(request: Request) -> Answer:
    """Single events and series, never occurrences; `$filter` by one extended property."""
    sought, order = properties.wanted(request.query.text("$filter")), _order(request)
    calendar = request.calendar()
    kept = [
        stored
        for stored in calendar.events.values()
        if not stored.gone and properties.has(stored.event["properties"], sought)
    ]
    renderer = _renderer(request)
    request.world.counters["list"] += 1
    return _page(request, [partial(renderer.event, calendar, stored) for stored in _ordered(kept, order)])


def view(request: Request) -> Answer:
    """All that touches the window, each day of a series by itself."""
    calendar, window = request.calendar(), window_of(request)
    renderer = _renderer(request)
    told = [
        (start, tell)
        for stored in calendar.events.values()
        if not stored.gone
        for start, tell in _in_view(renderer, calendar, stored, window)
    ]
    request.world.counters["view"] += 1
    return _page(request, [tell for _, tell in sorted(told, key=lambda pair: pair[0])])


def window_of(request: Request) -> Window:
    """`startDateTime` and `endDateTime`, in seconds since the epoch; both are needed."""
    start, end = request.query.text("startDateTime"), request.query.text("endDateTime")
    if not start or not end:
        raise Refusal(
            400,
            "ErrorInvalidParameter",
            "This request requires a time window specified by the query string parameters StartDateTime and"
            " EndDateTime.",
        )
    window = instant(start, "StartDateTime"), instant(end, "EndDateTime")
    if window[1] < window[0]:
        raise Refusal(400, "ErrorInvalidParameter", "The EndDateTime must not be before the StartDateTime.")
    if window[1] - window[0] > LONGEST_VIEW:
        raise Refusal(
            400,
            "ErrorCalendarViewRangeTooBig",
            "Your request can't be completed. The range between the start and end dates is greater than the allowed"
            " range. Maximum number of days: 1825",
        )
    return window


def touches(stored: Stored, window: Window) -> bool:
    """Whether a single event is in the window."""
    start, end = stored.event["start"].timestamp(), stored.event["end"].timestamp()
    return bool(start < window[1] and (end > window[0] or start == end == window[0]))


def _in_view(renderer: Renderer, calendar: Calendar, stored: Stored, window: Window) -> list[tuple[float, Tell]]:
    if stored.event["recurrence"]:
        days = occurrences(stored.event, window, stored.missing)
        return [(one.start.timestamp(), partial(renderer.occurrence, calendar, stored, one)) for one in days]
    if not touches(stored, window):
        return []
    return [(stored.event["start"].timestamp(), partial(renderer.event, calendar, stored))]


def _renderer(request: Request) -> Renderer:
    expanded = properties.expanded(request.query.text("$expand"))
    return Renderer(request.mailbox, request.preferred, request.world.settings, expanded)


def _page(request: Request, items: Sequence[Tell]) -> Answer:
    query, settings = request.query, request.world.settings
    preferred = request.preferred.page_size or DEFAULT_PAGE
    top = min(query.number("$top", preferred, 1, LONGEST_PAGE), settings.page_cap)
    skip = query.number("$skip", 0, 0, FURTHEST)
    page = [selected(tell(), query.text("$select")) for tell in items[skip : skip + top]]
    body: dict[str, Any] = {"@odata.context": f"{request.call.base}/v1.0/$metadata#Collection(event)"}
    if query.text("$count") == "true":
        body["@odata.count"] = len(items)
    body["value"] = page
    if skip + top < len(items):
        body["@odata.nextLink"] = _next_link(request, skip + top, top)
    return request.answer(200, body)


def _next_link(request: Request, skip: int, top: int) -> str:
    kept = [pair for pair in parse_qsl(request.call.query) if pair[0].lower() not in ("$skip", "$top")]
    return f"{request.resource}?{urlencode([*kept, ('$top', top), ('$skip', skip)])}"


def _order(request: Request) -> tuple[str, bool]:
    """What a listing is ordered by, and whether downwards."""
    name, _, direction = (request.query.text("$orderby") or "createdDateTime").partition(" ")
    if name not in ORDERS or direction not in ("", "asc", "desc"):
        raise bad_query(f"The value of $orderby is not supported: {name} {direction}".strip())
    return name, direction == "desc"


def _ordered(kept: list[Stored], order: tuple[str, bool]) -> list[Stored]:
    def key(stored: Stored) -> tuple[float, int]:
        moments = {
            "start/dateTime": stored.event["start"].timestamp,
            "createdDateTime": lambda: stored.created,
            "lastModifiedDateTime": lambda: stored.modified,
        }
        return moments[order[0]](), stored.number

    return sorted(kept, key=key, reverse=order[1])
