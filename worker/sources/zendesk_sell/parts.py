"""All of Sell's visits through a window of 10,000 rows: in parts that fit it."""

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from worker.sources.zendesk_sell.calls import BadRequest
from worker.sources.zendesk_sell.listing import FIRST, LAST, NEWEST_FIRST, OLDEST_FIRST, Ask, Filters, Listed, Walk
from worker.sources.zendesk_sell.mapping import LOCATIONS, Row, id_of, number

CLOSED: Mapping[str, Sequence[str]] = {
    "resource_type": ("lead", "contact"),
    "rep_location_verification_status": tuple(LOCATIONS),
}
"""Filters all values of which are known; visits do not go from one to another while they are read."""

CREATOR, OUTCOME = "creator_id", "outcome_id"
"""Filters whose values nobody lists: those are used that are known beforehand or met on the way."""

DIMENSIONS = (*CLOSED, CREATOR, OUTCOME)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Split:
    """What the filters let through, to be read by each value of one more; ``rest`` are left for what is still too much,
    ``done`` are the values that were asked for.
    """

    filters: Filters
    name: str
    rest: Sequence[str]
    done: set[str] = field(default_factory=set)

    def only(self, value: str) -> Filters:
        """The filters of one of the parts."""
        return {**self.filters, self.name: value}


@dataclass(slots=True)
class Parts:
    """One full reading. ``creators`` are those whose visits are shown: every one of them is read, and of others those
    that are met on the way. ``highest`` is the id up to which all visits were there to be read when it began.
    """

    ask: Ask
    account_id: str
    creators: Sequence[str] = ()
    highest: int = 0
    _ids: set[int] = field(default_factory=set)
    _values: dict[str, set[str]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _refused: set[str] = field(default_factory=set)
    _splits: list[Split] = field(default_factory=list)
    _count: int | None = None
    _short: bool = False

    def pages(self) -> Iterator[Listed]:
        """Every page, rows on several of them told several times. Raises what ``ask`` raises."""
        self._values = {name: set() for name in DIMENSIONS}
        first = self.ask(NEWEST_FIRST, {}, FIRST)
        self.highest = max(_ids(first.rows), default=0)
        self._count = first.count if first.count is not None and first.count > len(first.rows) else None
        for listed in chain(self._part({}, DIMENSIONS, first), self._late()):
            self._learn(listed.rows)
            yield listed

    @property
    def ids(self) -> frozenset[int]:
        """Of all visits that were read."""
        return frozenset(self._ids)

    def is_whole(self) -> bool:
        """Whether every visit that is shown was read, once the pages have been: no part was cut short and no visit lies
        outside of the values that a part was made by; or as many were read as Sell says there were.

        Visits of creators who are neither known nor met, and of none at all, may lack where creators split: they are in
        no team and shown nowhere. Each visit keeps its type, its status and its creator while it is read.
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
        """Reads the visits of each value of the next filter that is good for it; where that is the outcome, or there is
        none, both ends.
        """
        usable = [name for name in dimensions if self._is_good(name)]
        if not usable or usable[0] == OUTCOME:
            self._short = True
            yield from self._both_ends(filters)
        if usable:
            self._used.add(usable[0])
            self._splits.append(Split(filters, usable[0], usable[1:]))
            yield from self._values_of(self._splits[-1])

    def _values_of(self, split: Split) -> Iterator[Listed]:
        """Reads the part of each value, of those too that its own visits tell of."""
        while fresh := self._fresh(split):
            for value in fresh:
                split.done.add(value)
                first = self._first(split, value)
                if first is not None:
                    yield from self._part(split.only(value), split.rest, first)
                elif split.name in self._refused:
                    yield from self._split(split.filters, split.rest)
                    return

    def _first(self, split: Split, value: str) -> Listed | None:
        """The newest of one part; None where Sell refuses that value, or to filter by that name at all."""
        try:
            return self.ask(NEWEST_FIRST, split.only(value), FIRST)
        except BadRequest:
            if split.name == CREATOR and value not in self._values[CREATOR]:  # in the settings, and on no visit
                self._short = True
                _log.warning("account %s: Zendesk Sell refuses the creator reps.%s", self.account_id, value)
            else:
                self._refused.add(split.name)
            return None

    def _fresh(self, split: Split) -> list[str]:
        """The values that were not asked for yet."""
        known = self.creators if split.name == CREATOR else CLOSED.get(split.name, ())
        met = () if split.name in CLOSED else self._values[split.name]
        return sorted({*known, *met} - {"", *split.done})

    def _late(self) -> Iterator[Listed]:
        """The parts of creators and outcomes that were met after their split had been read."""
        while late := [split for split in self._splits if self._fresh(split) and not self._is_refused(split)]:
            for split in late:
                yield from self._values_of(split)

    def _is_refused(self, split: Split) -> bool:
        """Whether its visits have been read in another way."""
        return not self._refused.isdisjoint({*split.filters, split.name})

    def _is_good(self, name: str) -> bool:
        return name not in self._refused and (name not in CLOSED or self._is_closed(name))

    def _is_closed(self, name: str) -> bool:
        return self._values[name] <= set(CLOSED.get(name, ()))


def _ids(rows: Sequence[Row]) -> list[int]:
    return [visit_id for row in rows if (visit_id := id_of(row)) is not None]


def _word(row: Row, name: str) -> str:
    """A value as a filter writes it; empty where no filter finds it."""
    value = row.get(name)
    return value if isinstance(value, str) else number(row, name)
