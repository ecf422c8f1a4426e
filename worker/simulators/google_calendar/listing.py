"""events.list: pages, sync tokens and what must not be combined with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from worker.simulators.google_calendar.calls import Answer, Query
from worker.simulators.google_calendar.cursors import mismatch, opened, sealed
from worker.simulators.google_calendar.refusal import Refusal
from worker.simulators.google_calendar.requests import Request
from worker.simulators.google_calendar.rules import Event, rendered
from worker.simulators.google_calendar.selection import Selection, Window, check_zone, incremental, selection
from worker.simulators.google_calendar.settings import Settings
from worker.simulators.google_calendar.state import Calendar, Stored, tombstone

DEFAULT_PAGE = 250
FORBIDDEN_WITH_SYNC_TOKEN = {
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
}
WITHOUT_SYNC_TOKEN = FORBIDDEN_WITH_SYNC_TOKEN - {"timeMin", "timeMax"}
FREE_TO_CHANGE = {"syncToken", "pageToken", "maxResults", *Query.COMMON}
Found = Iterator[tuple[list[Any], Stored]]


@dataclass(frozen=True)
class Place:
    """Where in a listing a page begins: after `cursor` (None: at the beginning), the log's length when it began."""

    cursor: list[Any] | None
    began: int
    page: int = 0


def list_events(request: Request) -> Answer:
    """One page; `nextSyncToken` on the last page of listings that can be continued."""
    calendar, query = request.calendar(), request.query
    zone_name = check_zone(query)
    since, window = _since(calendar, query)
    chosen = _selection(request, since, window)
    place = _place(calendar, query, since)
    limit = min(query.number("maxResults", DEFAULT_PAGE, lowest=1), request.world.settings.page_cap)
    found = _found(calendar, chosen, query.text("orderBy"), place, incremental=since is not None)
    items, cursor, more = _page(found, place, limit, request.world.settings)
    request.world.counters["list"] += 1
    body = _head(calendar, request.user) | {"items": [_told(stored, zone_name) for stored in items]}
    if more:
        body["nextPageToken"] = _page_token(calendar, query, Place(cursor, place.began, place.page + 1))
    elif not query.values.keys() & WITHOUT_SYNC_TOKEN:
        reached = place.began if since is None else len(calendar.log)
        body["nextSyncToken"] = _sync_token(calendar, query, reached, window or chosen.window)
    return Answer(200, body, {"etag": body["etag"]})


def _since(calendar: Calendar, query: Query) -> tuple[int | None, Window | None]:
    """Where the sync token stands in the log and the window it carries; None, None without a token."""
    token = query.text("syncToken")
    if token is None:
        return None, None
    forbidden = sorted(query.values.keys() & FORBIDDEN_WITH_SYNC_TOKEN)
    if forbidden:
        raise Refusal(400, "badRequest", f"Sync token cannot be used together with {forbidden[0]}.", forbidden[0])
    if query.text("showDeleted") == "false":
        raise Refusal(400, "badRequest", "Sync token requires deleted events to be shown.", "showDeleted")
    content = opened(token, "syncToken")
    if content["calendar"] != calendar.id or content["params"] != _params(query):
        raise mismatch("syncToken")
    if content["epoch"] != calendar.epoch:
        raise Refusal(410, "fullSyncRequired")
    return content["since"], tuple(content["window"])


def _selection(request: Request, since: int | None, window: Window | None) -> Selection:
    settings = request.world.settings
    if since is None or window is None:
        return selection(request.query, now=request.world.now(), updated_min_days=settings.updated_min_days)
    return incremental(request.query, window, left_window_told=settings.left_window == "told")


def _place(calendar: Calendar, query: Query, since: int | None) -> Place:
    token = query.text("pageToken")
    if token is None:
        return Place([since - 1] if since is not None else None, len(calendar.log))
    content = opened(token, "pageToken")
    if content["calendar"] != calendar.id or content["listing"] != _listing(query):
        raise mismatch("pageToken")
    return Place(content["cursor"], content["began"], content["page"])


def _found(calendar: Calendar, chosen: Selection, by: str | None, place: Place, *, incremental: bool) -> Found:
    if incremental:
        after = place.cursor[0] if place.cursor else -1
        candidates: Found = (([stored.change], stored) for stored in calendar.changed_since(after + 1))
    else:
        candidates = calendar.ordered(by, place.cursor)
    return ((cursor, stored) for cursor, stored in candidates if chosen.takes(stored))


def _page(found: Found, place: Place, limit: int, settings: Settings) -> tuple[list[Stored], list[Any] | None, bool]:
    """The events of a page, the cursor of the last, and whether there are more."""
    if settings.empty_pages and place.page % 2 == 0:
        return [], place.cursor, True
    items: list[Stored] = []
    cursor = place.cursor
    for reached, stored in found:
        if len(items) == limit:
            return items, cursor, True
        items.append(stored)
        cursor = reached
    return items, cursor, False


def _told(stored: Stored, zone_name: str | None) -> Event:
    if stored.deleted:
        return tombstone(stored.event)
    return rendered(stored.event, zone_name) if zone_name else stored.event


def _head(calendar: Calendar, user: str) -> dict[str, Any]:
    latest = calendar.events[calendar.log[-1]].event["updated"] if calendar.log else calendar.created
    return {
        "kind": "calendar#events",
        "etag": f'"p{len(calendar.log)}"',
        "summary": calendar.summary,
        "description": "",
        "updated": latest,
        "timeZone": calendar.time_zone,
        "accessRole": calendar.roles[user],
        "defaultReminders": [{"method": "popup", "minutes": 10}],
    }


def _sync_token(calendar: Calendar, query: Query, since: int, window: Window) -> str:
    return sealed(
        {
            "calendar": calendar.id,
            "epoch": calendar.epoch,
            "since": since,
            "params": _params(query),
            "window": list(window),
        }
    )


def _page_token(calendar: Calendar, query: Query, place: Place) -> str:
    return sealed(
        {
            "calendar": calendar.id,
            "listing": _listing(query),
            "cursor": place.cursor,
            "began": place.began,
            "page": place.page,
        }
    )


def _params(query: Query) -> list[list[Any]]:
    """The parameters that must stay the same from one sync to the next."""
    ignored = FREE_TO_CHANGE | FORBIDDEN_WITH_SYNC_TOKEN
    return sorted(
        [name, sorted(values)] for name, values in query.values.items() if name not in ignored and values != ["false"]
    )


def _listing(query: Query) -> list[list[Any]]:
    """The parameters that must stay the same from one page to the next."""
    ignored = FREE_TO_CHANGE - {"syncToken"}
    return sorted([name, sorted(values)] for name, values in query.values.items() if name not in ignored)
