"""Sell's list of visits, cut into pages that overlap, so that nothing is skipped while others write."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from worker.core.errors import Transient
from worker.sources.zendesk_sell.mapping import Row, id_of, visited

MOST = 100
"""The highest ``page`` and the highest ``per_page``, and so a window of 10,000 rows:
https://developer.zendesk.com/api-reference/sales-crm/resources/visits/"""

MOST_REQUESTS = 400
"""About three times what a whole window takes: a list that moves faster than that is left for later."""

Filters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows ``start`` to before ``end`` of a listing, as a page of so many rows."""

    page: int
    per_page: int

    @property
    def start(self) -> int:
        return (self.page - 1) * self.per_page

    @property
    def end(self) -> int:
        return self.page * self.per_page


FIRST, LAST = Cut(1, MOST), Cut(MOST, MOST)


def cut_from(row: int) -> Cut:
    """Of the cuts that begin with ``row`` (the first is 0; within the window) or before it, the one that reaches
    furthest.
    """
    later = (Cut(page, min(MOST, row // (page - 1))) for page in range(2, min(row + 1, MOST) + 1))
    return max([FIRST, *later], key=lambda cut: (cut.end, cut.per_page))


def _cuts() -> list[Cut]:
    """The window from its beginning, each cut sharing at least one row with the one before it.

    They end where the last page of the window begins: no page has rows from both sides of that.
    """
    cuts = [FIRST]
    while (read := cuts[-1].end) < LAST.start:
        cuts.append(cut_from(read - 1))
    return cuts


CUTS: Sequence[Cut] = tuple(_cuts())


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in an order: lower ``rank`` comes first; rows of one rank come in no known order."""

    rank: float
    visit_id: int


@dataclass(frozen=True, slots=True)
class Order:
    """``sort_by`` in Sell's words, and the rank of a row in it; None for a row that cannot be read."""

    sort_by: str
    rank: Callable[[Row], float | None]

    def place(self, row: Row) -> Place | None:
        rank, visit_id = self.rank(row), id_of(row)
        return None if rank is None or visit_id is None else Place(rank, visit_id)


def _backwards(row: Row) -> float | None:
    visit_id = id_of(row)
    return None if visit_id is None else -visit_id


def _latest(row: Row) -> float | None:
    moment = visited(row)
    return None if moment is None else -moment.timestamp()


OLDEST_FIRST = Order("id", id_of)
NEWEST_FIRST = Order("id:desc", _backwards)
LATEST_FIRST = Order("visited_at:desc", _latest)


@dataclass(frozen=True, slots=True)
class Listed:
    """One page: its rows as they came, whether nothing comes after them, and what Sell says of how many there are."""

    rows: Sequence[Row]
    last: bool = False
    count: int | None = None


Ask = Callable[[Order, Filters, Cut], Listed]
"""Fetches one cut of a listing."""


@dataclass(slots=True)
class Walk:
    """Goes through a listing from its beginning as far as overlapping pages reach: 9,900 rows.

    ``reached`` is the last row that was told: all before it were, none after it. ``ended`` says that there are no more.
    Raises what ``ask`` raises, and Transient where the list moves faster than it can be read.
    """

    ask: Ask
    order: Order
    filters: Filters = field(default_factory=dict)
    reached: Place | None = None
    ended: bool = False

    def pages(self) -> Iterator[Listed]:
        step = 0
        for _ in range(MOST_REQUESTS):
            listed = self.ask(self.order, self.filters, CUTS[step])
            if not self._joins(step, listed.rows):
                step -= 1
                continue
            self._note(listed)
            yield listed
            step += 1
            if self.ended or step == len(CUTS):
                return
        raise Transient("Zendesk Sell's list of visits changes faster than it can be read.")

    def _joins(self, step: int, rows: Sequence[Row]) -> bool:
        """Whether nothing can lie between what was read and these rows: they begin before its last one, or show it."""
        if step == 0 or self.reached is None:
            return True
        places = self._places(rows)
        return any(place.visit_id == self.reached.visit_id for place in places) or (
            bool(places) and places[0].rank < self.reached.rank
        )

    def _note(self, listed: Listed) -> None:
        self.ended = listed.last
        places = self._places(listed.rows)
        self.reached = places[-1] if places else self.reached

    def _places(self, rows: Sequence[Row]) -> list[Place]:
        return [place for row in rows if (place := self.order.place(row)) is not None]
