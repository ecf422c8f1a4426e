"""All of Sell's visits through a window of 10,000 rows: in parts that fit it."""

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from worker.sources.zendesk_sell.calls import BadRequest
from worker.sources.zendesk_sell.listing import FIRST, LAST, NEWEST_FIRST, OLDEST_FIRST, Ask, Filters, Listed, Walk
from worker.sources.zendesk_sell.mapping import LOCATIONS, Row, id_of, number

CLOSED: Mapping[str, Sequence[str]] = {
    "resource_type": ("lead", "contact"),
    "rep_location_verification_status": tuple(LOCATIONS),
}
"""Filters all values of which are known; visits do not go from one to another while they are read."""

OPEN = ("creator_id", "outcome_id")
"""Filters whose values are learned from what was read: who is seen nowhere else is missed."""

DIMENSIONS = (*CLOSED, *OPEN)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Parts:
    """One full reading. ``creators`` are those that are known beforehand. ``highest`` is the id up to which all visits
    were there to be read when it began.
    """

    ask: Ask
    account_id: str
    creators: Sequence[str] = ()
    highest: int = 0
    _ids: set[int] = field(default_factory=set)
    _values: dict[str, set[str]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _refused: set[str] = field(default_factory=set)
    _count: int | None = None
    _short: bool = False

    def pages(self) -> Iterator[Listed]:
        """Every page, rows on several of them told several times. Raises what ``ask`` raises."""
        self._values = {name: set() for name in DIMENSIONS}
        self._values["creator_id"].update(self.creators)
        first = self.ask(NEWEST_FIRST, {}, FIRST)
        self.highest = max(_ids(first.rows), default=0)
        self._count = first.count if first.count is not None and first.count > len(first.rows) else None
        for listed in self._part({}, DIMENSIONS, first):
            self._learn(listed.rows)
            yield listed

    @property
    def ids(self) -> frozenset[int]:
        """Of all visits that were read."""
        return frozenset(self._ids)

    def is_whole(self) -> bool:
        """Whether every visit was read, once the pages have been: no part was cut short and no visit lies outside of
        the values that a part was made by; or as many were read as Sell says there were.
        """
        outside = any(name in CLOSED and not self._is_closed(name) for name in self._used)
        counted = self._count is not None and sum(visit_id <= self.highest for visit_id in self._ids) == self._count
        whole = counted or not (self._short or outside)
        if not whole:
            _log.warning(
                "account %s: Zendesk Sell shows 10,000 visits at once, and no filter brings all of them into view: %d"
                " were read, deleted ones cannot be told",
                self.account_id,
                len(self._ids),
            )
        return whole

    def _learn(self, rows: Sequence[Row]) -> None:
        self._ids.update(_ids(rows))
        for name in DIMENSIONS:
            self._values[name].update(_word(row, name) for row in rows)

    def _part(self, filters: Filters, dimensions: Sequence[str], first: Listed) -> Iterator[Listed]:
        """Every visit that the filters let through, as far as that can be had; ``first`` are the newest."""
        yield first
        if first.last or ((yield from self._may_fit(filters)) and (yield from self._both_ends(filters))):
            return
        yield from self._split(filters, dimensions)

    def _may_fit(self, filters: Filters) -> Generator[Listed, None, bool]:
        """Whether the windows on both ends meet before their last pages, by a look at those."""
        newest = self.ask(NEWEST_FIRST, filters, LAST)
        yield newest
        if newest.last:
            return True
        oldest = self.ask(OLDEST_FIRST, filters, LAST)
        yield oldest
        return oldest.last or min(_ids(oldest.rows), default=0) > max(_ids(newest.rows), default=0)

    def _both_ends(self, filters: Filters) -> Generator[Listed, None, bool]:
        """Reads both windows, the second until they meet; whether they do."""
        newest = Walk(self.ask, NEWEST_FIRST, filters)
        yield from newest.pages()
        if newest.ended:
            return True
        oldest = Walk(self.ask, OLDEST_FIRST, filters)
        lowest = -newest.reached.rank if newest.reached else 0
        for listed in oldest.pages():
            yield listed
            if oldest.ended or (oldest.reached and oldest.reached.rank >= lowest):
                return True
        return False

    def _split(self, filters: Filters, dimensions: Sequence[str]) -> Iterator[Listed]:
        """Reads the visits of each value of the next filter that is good for it; where there is none, both ends."""
        usable = [name for name in dimensions if name not in self._refused and (name in OPEN or self._is_closed(name))]
        if not usable or usable[0] in OPEN:
            self._short = True
            yield from self._both_ends(filters)
        if usable:
            yield from self._by_values(filters, usable[0], usable[1:])

    def _by_values(self, filters: Filters, name: str, rest: Sequence[str]) -> Iterator[Listed]:
        self._used.add(name)
        done: set[str] = set()
        while fresh := sorted(set(CLOSED.get(name, self._values[name])) - {"", *done}):
            for value in fresh:
                try:
                    first = self.ask(NEWEST_FIRST, {**filters, name: value}, FIRST)
                except BadRequest:
                    self._refused.add(name)
                    yield from self._split(filters, rest)
                    return
                yield from self._part({**filters, name: value}, rest, first)
            done.update(fresh)

    def _is_closed(self, name: str) -> bool:
        return self._values[name] <= set(CLOSED.get(name, ()))


def _ids(rows: Sequence[Row]) -> list[int]:
    return [visit_id for row in rows if (visit_id := id_of(row)) is not None]


def _word(row: Row, name: str) -> str:
    """A value as a filter writes it; empty where no filter finds it."""
    value = row.get(name)
    return value if isinstance(value, str) else number(row, name)
