"""Lists: which records a query selects, cut into pages."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from worker.simulators.fieldcamp import filters
from worker.simulators.fieldcamp.filters import Query
from worker.simulators.fieldcamp.kinds import VISIT, Kind
from worker.simulators.fieldcamp.refusal import invalid
from worker.simulators.fieldcamp.settings import Settings
from worker.simulators.fieldcamp.table import Entry, Record, Table

PAGING = frozenset({"limit", "cursor", "page"})
MOST = 100
USUAL = 50
KEPT_SELECTIONS = 8


@dataclass(frozen=True)
class Listed:
    """One page; `meta` is None when FieldCamp answers without it."""

    records: list[Record]
    meta: dict[str, Any] | None


class Listing:
    """Answers list requests; remembers the latest selections, so that going through the pages filters once."""

    def __init__(self) -> None:
        self._selections: dict[tuple[Any, ...], list[Entry]] = {}

    def page(self, kind: Kind, table: Table, query: Query, settings: Settings) -> Listed:
        """The page that `query` asks for; Refused with 400 for an unknown parameter or a wrong value."""
        _check_names(kind, query, settings)
        limit = _whole(query, "limit", USUAL, MOST)
        entries = self._selected(kind, table, query)
        if settings.without_meta:
            return Listed([table[entry.record_id] for entry in entries], None)
        start = _start(query, entries, limit)
        chosen = entries[start : start + limit]
        return Listed([table[entry.record_id] for entry in chosen], _meta(entries, chosen, start, limit, query))

    def _selected(self, kind: Kind, table: Table, query: Query) -> list[Entry]:
        parts = tuple(sorted((name, tuple(values)) for name, values in query.items() if name not in PAGING))
        key = (id(table), table.version, parts)
        if key not in self._selections:
            while len(self._selections) >= KEPT_SELECTIONS:
                del self._selections[next(iter(self._selections))]
            self._selections[key] = _select(kind, table, query)
        return self._selections[key]


def _select(kind: Kind, table: Table, query: Query) -> list[Entry]:
    since = filters.since(query)
    entries = list(table.created) if since is None else table.changed_since(since)
    predicates = filters.predicates(kind, query)
    if not predicates:
        return entries
    return [entry for entry in entries if all(holds(table[entry.record_id]) for holds in predicates)]


def _check_names(kind: Kind, query: Query, settings: Settings) -> None:
    known = PAGING | kind.filters
    if not settings.since_offered or (settings.documented_only and kind is VISIT):
        known -= {"since"}
    for name in query:
        if name not in known:
            raise invalid(f"unknown query parameter: {name}")
    if "cursor" in query and "page" in query:
        raise invalid("cursor and page exclude each other")


def _whole(query: Query, name: str, usual: int, most: int | None = None) -> int:
    value = query[name][-1] if name in query else str(usual)
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
    if number < 1 or (most is not None and number > most):
        raise invalid(f"{name}: must be a whole number from 1" + (f" to {most}" if most else ""))
    return number


def _start(query: Query, entries: list[Entry], limit: int) -> int:
    if "cursor" not in query:
        return (_whole(query, "page", 1) - 1) * limit
    at, number = _read_cursor(query["cursor"][-1])
    if bool(at) != ("since" in query):
        raise invalid("cursor: belongs to another listing")
    return bisect_right(entries, (at, number), key=lambda entry: (entry.at, entry.number))


def _meta(entries: list[Entry], chosen: list[Entry], start: int, limit: int, query: Query) -> dict[str, Any]:
    has_more = start + limit < len(entries)
    return {
        "page": start // limit + 1,
        "limit": limit,
        "total": len(entries),
        "totalPages": -(-len(entries) // limit),
        "hasMore": has_more,
        "nextCursor": _cursor(chosen[-1]) if has_more else None,
    }


def _cursor(entry: Entry) -> str:
    return base64.urlsafe_b64encode(json.dumps([entry.at, entry.number]).encode()).decode()


def _read_cursor(text: str) -> tuple[str, int]:
    try:
        at, number = json.loads(base64.b64decode(text.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise invalid("cursor: is none of ours") from error
    if not isinstance(at, str) or not isinstance(number, int):
        raise invalid("cursor: is none of ours")
    return at, number
