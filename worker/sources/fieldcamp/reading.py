"""What FieldCamp's lists tell since a cursor, or in all."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from worker.core.ports import SourcePage, Window
from worker.core.records import INVOICE, MEMBER, VISIT, Record
from worker.sources.fieldcamp.calls import BadRequest, Calls
from worker.sources.fieldcamp.cursor import Cursor, next_since, rfc_3339
from worker.sources.fieldcamp.fields import updated_at
from worker.sources.fieldcamp.listing import EXTRAS, PLURALS, Listed, Parameters, first_accepted
from worker.sources.fieldcamp.lookups import LookUps
from worker.sources.fieldcamp.money import MONEY
from worker.sources.fieldcamp.readable import Read

MARGIN = timedelta(days=1)
"""Asked for around a window, so that a visit with a date alone is in it whatever zone the date is meant in."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads an account's lists; ``window`` is the stretch of time that a full reading of visits covers."""

    calls: Calls
    read: Read
    look_ups: LookUps
    account_id: str
    window: Window

    def changes(self, kind: str, cursor: str | None) -> Iterator[SourcePage]:
        """As ``FieldCamp.changes`` says."""
        point = Cursor.parse(cursor)
        if kind == MEMBER or point is None:
            return self._all(kind, Cursor())
        if point.offered and point.since is not None:
            return self._since(kind, point)
        return self._without_since(kind, point)

    def _all(self, kind: str, point: Cursor) -> Iterator[SourcePage]:
        window = self.window if kind == VISIT else None
        asked = _around(window) if window else EXTRAS.get(kind, {})
        listed = first_accepted(self.calls, PLURALS[kind], [asked, {}] if asked else [{}])
        return self._told(kind, listed, _Claim(point, window, everything=window is None))

    def _since(self, kind: str, point: Cursor) -> Iterator[SourcePage]:
        since = {"since": point.since or ""}
        extras = EXTRAS.get(kind)
        listed = first_accepted(self.calls, PLURALS[kind], [{**since, **extras}, since] if extras else [since])
        told = self._told(kind, listed, _Claim(point))
        try:
            first = next(told)
        except BadRequest:
            _log.info("FieldCamp offers no since on %s to account %s", PLURALS[kind], self.account_id)
            yield from self._without_since(kind, Cursor(offered=False))
            return
        yield first
        yield from told

    def _without_since(self, kind: str, point: Cursor) -> Iterator[SourcePage]:
        """Nothing tells what changed. A visit may be made for any day, and money must not be missed: all of it is the
        only safe answer there.
        """
        if kind == VISIT or kind in MONEY:
            return self._all(kind, point)
        return iter([SourcePage((), cursor=str(point))])

    def _told(self, kind: str, listed: Iterator[Listed], claim: "_Claim") -> Iterator[SourcePage]:
        told = _Told()
        for page in listed:
            told.begun = told.begun or page.told_at
            found = [self._record(kind, item, told.begun) for item in page.items]
            told.note(page.items, found)
            records = [record for record in found if record is not None]
            if page.last:
                yield claim.last_page(kind, records, page, told)
            else:
                yield SourcePage(records, total=page.total)

    def _record(self, kind: str, item: Any, told_at: datetime) -> Record | None:
        """The record; an invoice that a list shows without its lines is asked for: those that we know may be old."""
        record = self.read(kind, item, told_at)
        if record is None or kind != INVOICE or record.deleted or "lines" in record.content:
            return record
        return self.look_ups.one_or_deleted(kind, record.local_id)


@dataclass(slots=True)
class _Told:
    """What a reading met so far: when it began, its oldest and newest change, and whether each record could be read."""

    begun: datetime | None = None
    oldest: datetime | None = None
    newest: datetime | None = None
    any: bool = False
    whole: bool = True

    def note(self, items: Sequence[Any], records: Sequence[Record | None]) -> None:
        """``records`` are what was read of ``items``, None where one could not be."""
        self.whole = self.whole and None not in records
        readable = [item for item, record in zip(items, records, strict=True) if record is not None]
        self.any = self.any or bool(readable)
        dated = [moment for item in readable if (moment := updated_at(item))]
        if dated:
            self.oldest = min(self.oldest or dated[0], *dated)
            self.newest = max(self.newest or dated[0], *dated)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the last page of a reading that started from ``before`` may say, when every record of it was read."""

    before: Cursor
    window: Window | None = None
    everything: bool = False

    def last_page(self, kind: str, records: Sequence[Record], page: Listed, told: _Told) -> SourcePage:
        window = (self.window.start, self.window.end) if self.window and told.whole else None
        everything = self.everything and told.whole
        return SourcePage(records, str(self._cursor(kind, page, told)), window, everything, page.total)

    def _cursor(self, kind: str, page: Listed, told: _Told) -> Cursor:
        undated = kind == VISIT and told.any and told.newest is None
        if kind == MEMBER or undated or not self.before.offered or self.before.was_ignored(told.oldest):
            return Cursor(offered=False)
        return Cursor(next_since(self.before.since, told.newest, told.begun or page.told_at))


def _around(window: Window) -> Parameters:
    return {"from": rfc_3339(window.start - MARGIN), "to": rfc_3339(window.end + MARGIN)}
