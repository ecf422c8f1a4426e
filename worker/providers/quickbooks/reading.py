"""Reads the books: an entity as a whole by query, or what changed of all of them by change data capture."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.core.books import NO_TAX
from worker.core.errors import CursorExpired
from worker.core.ports import Change, Page
from worker.providers.quickbooks.cursors import cursor_text, since_of, written
from worker.providers.quickbooks.entities import ENTITIES, INVOICE_, Entity
from worker.providers.quickbooks.line import Line
from worker.providers.quickbooks.listing import Listing
from worker.providers.quickbooks.mapping import change
from worker.providers.quickbooks.queries import PAGE, rows_of

MOST = 1000
"""Objects in one answer of CDC; what is beyond is left out without a word, so an answer as large is not trusted.
https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture"""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """What an answer of CDC had of one entity: all that changed from ``since`` until ``at``. ``rows`` are None where
    there was too much in it, so that each entity has to be asked for alone."""

    since: datetime
    at: datetime
    rows: Sequence[Row] | None


class Reading:
    """Readings of one company. ``regime`` tells how it reckons tax. Safe to share between threads."""

    def __init__(self, line: Line, now: Callable[[], datetime], regime: Callable[[], str]) -> None:
        self._line = line
        self._now = now
        self._regime = regime
        self._kept: dict[str, Part] = {}
        self._lock = threading.Lock()

    def everything(self, entity: Entity) -> Iterator[Page]:
        """All objects there are, the inactive and the voided among them. Raises what ``Provider.changes`` raises."""
        listing, cursor = Listing(entity), None
        while True:
            answer = self._line.query(listing.query())
            cursor = cursor or cursor_text(answer.at)
            rows = rows_of(entity.name, answer.body)
            changes = self._changes(entity, listing.took(rows))
            if len(rows) < PAGE:
                yield Page(changes, cursor, complete=True)
                return
            yield Page(changes)

    def since(self, entity: Entity, cursor: str) -> Iterator[Page]:
        """What changed since ``cursor``. One answer has the changes of all entities, so it serves them all, each once.

        Raises what ``Provider.changes`` raises.
        """
        since = since_of(cursor, self._now())
        part = self._taken(entity, since) or self._together(entity, since)
        since_of(cursor, part.at)  # by QuickBooks' own clock as well, for ours may be wrong
        if part.rows is None:
            part = self._alone(entity, since)
        assert part.rows is not None
        yield Page(self._changes(entity, part.rows), cursor_text(part.at))

    def forget(self, entity: Entity) -> None:
        """What was kept of an entity is older than what was just written to it."""
        with self._lock:
            self._kept.pop(entity.name, None)

    def _taken(self, entity: Entity, since: datetime) -> Part | None:
        """What an earlier answer had of an entity, if it reaches back far enough."""
        with self._lock:
            part = self._kept.pop(entity.name, None)
        return part if part is not None and part.since <= since else None

    def _together(self, entity: Entity, since: datetime) -> Part:
        names = [each.name for each in ENTITIES]
        answer = self._line.cdc(names, written(since))
        found = {name: _group(name, answer.body) for name in names}
        crowded = sum(len(rows) for rows in found.values()) >= MOST
        parts = {name: Part(since, answer.at, None if crowded else rows) for name, rows in found.items()}
        with self._lock:
            self._kept = {name: part for name, part in parts.items() if name != entity.name}
        return parts[entity.name]

    def _alone(self, entity: Entity, since: datetime) -> Part:
        answer = self._line.cdc([entity.name], written(since))
        rows = _group(entity.name, answer.body)
        if len(rows) >= MOST:
            raise CursorExpired("More changed than QuickBooks tells at once.")
        return Part(since, answer.at, rows)

    def _changes(self, entity: Entity, rows: Sequence[Row]) -> list[Change]:
        regime = self._regime() if entity is INVOICE_ and rows else NO_TAX
        return [change(entity, row, regime) for row in rows]


def _group(name: str, groups: Sequence[Row]) -> Sequence[Row]:
    """The rows of one entity: what did not change has no group, or an empty one."""
    return [row for group in groups for row in rows_of(name, group)]
