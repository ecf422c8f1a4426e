"""calendarView/delta: https://learn.microsoft.com/graph/api/event-delta, https://learn.microsoft.com/graph/delta-query-overview.

A round is a chain of pages. The first round tells all that touches the window; each later one what changed since the
one before. The window never changes. A place in a round is the place of an event and of an item within it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from worker.simulators.outlook_calendar.calls import Answer
from worker.simulators.outlook_calendar.cursors import opened, sealed
from worker.simulators.outlook_calendar.listing import touches, window_of
from worker.simulators.outlook_calendar.recurrence import Window, occurrences
from worker.simulators.outlook_calendar.refusal import Refusal, bad_query
from worker.simulators.outlook_calendar.render import Renderer
from worker.simulators.outlook_calendar.requests import Request
from worker.simulators.outlook_calendar.state import Calendar, Stored
from worker.simulators.outlook_calendar.times import stamp

Item = dict[str, Any]

DEFAULT_PAGE = 10
FORBIDDEN = ("$select", "$filter", "$expand", "$orderby", "$search", "$top", "$skip", "$count")
PARAMETERS = frozenset({*FORBIDDEN, "startDateTime", "endDateTime", "$deltatoken", "$skiptoken"})


@dataclass(frozen=True)
class Round:
    """A round from change `since` (None: the first one) to change `until`, and where its next page begins."""

    calendar: str
    window: Window
    epoch: int
    since: int | None
    until: int
    place: int = 0
    item: int = 0
    page: int = 0


def delta(request: Request) -> Answer:
    """One page; a next link, or on the last page a delta link."""
    query, calendar = request.query, request.calendar()
    if any(name.lower() in query.values for name in FORBIDDEN):
        raise bad_query(
            "The following parameters are not supported with change tracking over the 'CalendarView' resource: "
            "'$orderby, $filter, $select, $expand, $search, $top'."
        )
    current = _round(request, calendar)
    request.world.counters["delta"] += 1
    size = min(request.preferred.page_size or DEFAULT_PAGE, request.world.settings.page_cap)
    items, following = _page(request, calendar, current, size)
    body = {"@odata.context": f"{request.call.base}/v1.0/$metadata#Collection(event)", "value": items}
    if following is not None:
        body["@odata.nextLink"] = _link(request, "$skiptoken", following)
    else:
        body["@odata.deltaLink"] = _link(request, "$deltatoken", current)
    applied = ", ".join(("odata.track-changes", *request.preferred.applied))
    return Answer(200, body, {"preference-applied": applied})


def _round(request: Request, calendar: Calendar) -> Round:
    """The round that the request begins or goes on with; 410 and its kin for a link that expired."""
    query, settings = request.query, request.world.settings
    until = calendar.visible(request.world.now(), settings.delta_lag)
    if query.text("$skiptoken"):
        return _checked(request, calendar, str(query.text("$skiptoken")))
    if query.text("$deltatoken"):
        before = _checked(request, calendar, str(query.text("$deltatoken")))
        since = max(0, before.until - settings.replays)
        return replace(before, since=since, until=max(until, before.until), place=since, item=0, page=0)
    return Round(calendar.id, window_of(request), calendar.epoch, None, until)


def _checked(request: Request, calendar: Calendar, token: str) -> Round:
    content = opened(token)
    known = Round(**{**content, "window": tuple(content["window"])})
    if known.calendar != calendar.id:
        raise Refusal(400, "BadRequest", "Badly formed token.")
    if known.epoch != calendar.epoch:
        raise _expired(request, known)
    return known


def _expired(request: Request, known: Round) -> Refusal:
    settings = request.world.settings
    start, end = (stamp(second) for second in known.window)
    fresh = {"startDateTime": start, "endDateTime": end, "$deltatoken": ""}
    headers = {"location": f"{request.resource}?{urlencode(fresh)}"} if settings.expired_location else {}
    return Refusal(settings.expired_status, settings.expired_code, headers=headers)


def _page(request: Request, calendar: Calendar, current: Round, size: int) -> tuple[list[Item], Round | None]:
    settings = request.world.settings
    if settings.empty_pages and current.page % 2 == 0:
        return [], replace(current, page=current.page + 1)
    found = list(islice(_items(request, calendar, current), size + 1))
    items = [item for _, _, item in found[:size]]
    if settings.repeat_items and current.page and request.query.text("$skiptoken"):
        items = _repeated(request, calendar, current) + items
    if len(found) <= size:
        return items, None
    place, item, _ = found[size]
    return items, replace(current, place=place, item=item, page=current.page + 1)


def _items(request: Request, calendar: Calendar, current: Round) -> Iterator[tuple[int, int, Item]]:
    """What is left of the round, each item with its place."""
    for place, stored in _candidates(calendar, current):
        for number, item in enumerate(_told(request, calendar, stored, current)):
            if (place, number) >= (current.place, current.item):
                yield place, number, item


def _candidates(calendar: Calendar, current: Round) -> Iterator[tuple[int, Stored]]:
    if current.since is not None:
        return ((one.change, one) for one in calendar.changed_between(current.place, current.until))
    numbers = enumerate(islice(calendar.order, current.place, None), current.place)
    known = ((place, calendar.events[number]) for place, number in numbers)
    return ((place, stored) for place, stored in known if stored.born < current.until and not stored.gone)


def _told(request: Request, calendar: Calendar, stored: Stored, current: Round) -> list[Item]:
    renderer = Renderer(request.mailbox, request.preferred, request.world.settings)
    if stored.event["recurrence"]:
        return _series(request, renderer, calendar, stored, current)
    if stored.gone:
        return [renderer.removed(calendar, stored, "deleted")]
    if touches(stored, current.window):
        return [_without_secrets(request, renderer.event(calendar, stored))]
    return _outside(request, renderer, calendar, stored, current)


def _series(request: Request, renderer: Renderer, calendar: Calendar, stored: Stored, current: Round) -> list[Item]:
    days = list(occurrences(stored.event, current.window, stored.missing))
    if stored.gone:
        gone = [renderer.removed(calendar, stored, "deleted", one.day.isoformat()) for one in days]
        return [renderer.removed(calendar, stored, "deleted"), *gone]
    if not days:
        return _outside(request, renderer, calendar, stored, current)
    told = [renderer.thin(calendar, stored, one) for one in days]
    if current.since is not None and request.world.settings.deleted_occurrences_told:
        missing = (day.isoformat() for day in sorted(stored.missing))
        told += [renderer.removed(calendar, stored, "deleted", day) for day in missing]
    return [_without_secrets(request, renderer.event(calendar, stored)), *told]


def _outside(request: Request, renderer: Renderer, calendar: Calendar, stored: Stored, current: Round) -> list[Item]:
    settings = request.world.settings
    if current.since is None or not settings.tell_outside:
        return []
    return [renderer.removed(calendar, stored, settings.outside_reason)]


def _without_secrets(request: Request, told: Item) -> Item:
    if not request.world.settings.transaction_in_delta:
        told.pop("transactionId", None)
    return {"@odata.type": "#microsoft.graph.event", **told}


def _repeated(request: Request, calendar: Calendar, current: Round) -> list[Item]:
    """The item before this page, once more."""
    start = replace(current, place=current.since or 0, item=0)
    before = [item for place, number, item in _items(request, calendar, start) if (place, number) < _here(current)]
    return before[-1:]


def _here(current: Round) -> tuple[int, int]:
    return current.place, current.item


def _link(request: Request, parameter: str, current: Round) -> str:
    return f"{request.resource}?{parameter}={sealed(asdict(current))}"
