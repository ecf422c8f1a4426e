"""What Sell's list of visits tells since a cursor, or in all."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from worker.core.errors import Invalid
from worker.core.ports import SourcePage
from worker.core.records import Record
from worker.sources.zendesk_sell.cursor import Cursor, Round
from worker.sources.zendesk_sell.listing import NEWEST_FIRST, Ask, Walk
from worker.sources.zendesk_sell.mapping import Row, deleted_record, id_of, sell_id, visit_record
from worker.sources.zendesk_sell.parts import Parts
from worker.sources.zendesk_sell.window import Window

SHORT = "Zendesk Sell did not show all of its visits, or some cannot be read, so deleted ones cannot be told."

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reading:
    """Reads an account's visits; ``reps`` maps creators to team members, ``now`` gives aware instants."""

    ask: Ask
    reps: Mapping[str, str]
    account_id: str
    now: Callable[[], datetime]
    _listed: frozenset[int] | None = None

    def changes(self, cursor: str | None) -> Iterator[SourcePage]:
        """As ``ZendeskSell.changes`` says."""
        since, begun = Cursor.parse(cursor), self.now()
        if since is None or since.reps != self._mark():
            return self._all(begun)
        return self._since(since, begun)

    def absent(self, local_ids: Sequence[str]) -> list[Record]:
        """Those that the last full reading was complete without, as deleted ones."""
        if self._listed is None:
            return []
        numbers = [number for local_id in local_ids if (number := sell_id(local_id)) is not None]
        return [deleted_record(number, self.now()) for number in numbers if number not in self._listed]

    def _all(self, begun: datetime) -> Iterator[SourcePage]:
        self._listed = None
        told = self._told(begun)
        parts = Parts(self.ask, self.account_id, tuple(self.reps))
        for listed in parts.pages():
            yield SourcePage(told.fresh(listed.rows))
        whole = parts.is_whole() and told.whole
        self._listed = parts.ids if whole else None
        cursor = self._cursor(parts.highest, begun)
        yield SourcePage((), cursor=cursor, everything=whole, short="" if whole else SHORT)

    def _since(self, since: Cursor, begun: datetime) -> Iterator[SourcePage]:
        """The new visits, and one page of those of the last days (``window``)."""
        told = self._told(begun)
        walk, new = Walk(self.ask, NEWEST_FIRST), dict[int, Row]()
        for listed in walk.pages():
            new |= {visit_id: row for row in listed.rows if (visit_id := id_of(row) or 0) > since.highest}
            yield SourcePage(told.fresh(listed.rows))
            if walk.reached is not None and walk.reached.rank >= -since.highest:
                break
        else:
            if not walk.ended:
                _log.info("account %s: more new visits than Zendesk Sell shows at once: all are read", self.account_id)
                yield from self._all(begun)
                return
        window = Window(self.ask, self.account_id)
        for listed in window.pages(since, begun, list(new.values())):
            yield SourcePage(told.fresh(listed.rows))
        yield SourcePage((), cursor=self._cursor(max(new, default=since.highest), begun, window.reached))

    def _told(self, begun: datetime) -> "_Told":
        return _Told(self.reps, self.account_id, begun)

    def _cursor(self, highest: int, begun: datetime, reached: Round | None = None) -> str:
        return str(Cursor(highest, begun, self._mark(), reached))

    def _mark(self) -> str:
        return hashlib.sha256(json.dumps(dict(self.reps), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(slots=True)
class _Told:
    """What a reading told so far; ``whole`` is False once a row could not be read."""

    reps: Mapping[str, str]
    account_id: str
    begun: datetime
    whole: bool = True
    _rows: dict[int, int] = field(default_factory=dict)

    def fresh(self, rows: Sequence[Row]) -> list[Record]:
        """The records of rows that were not told like that before."""
        return [record for row in rows if self._is_news(row) and (record := self._record(row)) is not None]

    def _is_news(self, row: Row) -> bool:
        visit_id, now = id_of(row), hash(json.dumps(row, sort_keys=True))
        if visit_id is None:
            return True
        before, self._rows[visit_id] = self._rows.get(visit_id), now
        return before != now

    def _record(self, row: Row) -> Record | None:
        try:
            return visit_record(row, self.reps, self.begun)
        except Invalid as invalid:
            self.whole = False
            _log.warning("account %s: left out: %s", self.account_id, invalid.message)
            return None
