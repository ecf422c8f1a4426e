"""Reads all visits, until a listing has come to rest."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.core.errors import Transient
from worker.core.ports import Change, Page
from worker.providers.review_rover.line import VISITS, Line, rows_of
from worker.providers.review_rover.mapping import change_of

LIMIT = 100
"""Visits on a page, the most there is."""

MOST_ROUNDS = 4
"""How often a listing is read while others write, before it is left as incomplete."""

READ = "read"
"""The cursor: nothing tells what changed since, so all it says is that everything was read once."""


@dataclass
class Round:
    """One reading of all pages: the ids, in the order of the listing, and what each page said of their number."""

    ids: list[str] = field(default_factory=list)
    totals: set[int] = field(default_factory=set)
    pages: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether the pages fit together: none moved into another while it was read, as far as one can see."""
        return len(self.ids) == len(set(self.ids)) and self.totals == {len(self.ids)}


def everything(line: Line) -> Iterator[Page]:
    """All visits, each once for each state it was seen in; the last page says whether that is complete.

    Pages are by number, so that a visit that goes moves others into pages that were read: a listing of several pages is
    complete once two readings show the same visits. One that does not come to rest has no cursor, so that it is read
    again.
    """
    told: dict[str, str | None] = {}
    before: Round | None = None
    for _ in range(MOST_ROUNDS):
        now = Round()
        for changes in _pages(line, now):
            fresh = [change for change in changes if told.get(change.remote_id, "") != change.version]
            told.update((change.remote_id, change.version) for change in fresh)
            yield Page(fresh)
        if _is_at_rest(now, before):
            gone = [Change(remote_id) for remote_id in told.keys() - set(now.ids)]
            yield Page(gone, cursor=READ, complete=True)
            return
        before = now
    yield Page(())


def rows(line: Line) -> Iterator[Mapping[str, Any]]:
    """All visits as they are told, read once."""
    page, last = 0, 1
    while page < last:
        page += 1
        some, pagination = _asked(line, page)
        last = _number(pagination, "total_pages")
        yield from some


def _is_at_rest(now: Round, before: Round | None) -> bool:
    if not now.is_whole or now.pages <= 1:
        return now.is_whole
    return before is not None and set(before.ids) == set(now.ids)


def _pages(line: Line, now: Round) -> Iterator[list[Change]]:
    """The changes of each page; fills ``now`` in."""
    last = 1
    while now.pages < last:
        rows, pagination = _asked(line, now.pages + 1)
        now.pages += 1
        now.totals.add(_number(pagination, "total"))
        last = _number(pagination, "total_pages")
        changes = [change_of(row) for row in rows]
        now.ids.extend(change.remote_id for change in changes)
        yield changes


def _asked(line: Line, page: int) -> tuple[list[Mapping[str, Any]], Mapping[str, Any]]:
    answer = line.get(VISITS, {"limit": str(LIMIT), "page": str(page)})
    rows, pagination = rows_of(answer, "visits"), answer.get("pagination")
    readable = isinstance(rows, list) and all(isinstance(row, Mapping) and row.get("id") for row in rows)
    if not isinstance(rows, list) or not readable or not isinstance(pagination, Mapping):
        raise Transient("ReviewRover's list of visits cannot be read.")
    return rows, pagination


def _number(pagination: Mapping[str, Any], name: str) -> int:
    value = pagination.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Transient("ReviewRover's list of visits cannot be read.")
    return value
