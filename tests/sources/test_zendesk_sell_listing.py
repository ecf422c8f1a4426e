"""Sell's listing through its window, while others write: in memory, so that it can move under every single request."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from worker.core.errors import Transient
from worker.sources.zendesk_sell.calls import BadRequest
from worker.sources.zendesk_sell.listing import (
    CUTS,
    LATEST_FIRST,
    NEWEST_FIRST,
    OLDEST_FIRST,
    Cut,
    Filters,
    Listed,
    Order,
    Walk,
)
from worker.sources.zendesk_sell.parts import Parts
from worker.sources.zendesk_sell.reading import Reading

START = datetime(2026, 1, 1, tzinfo=UTC)


class MovingList:
    """Visits by id; ``meanwhile`` runs before each request."""

    def __init__(self, count: int, meanwhile: Callable[["MovingList"], None] = lambda _: None) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.meanwhile = meanwhile
        self.requests = 0
        self.first = 1
        for _ in range(count):
            self.add()

    def add(self, **fields: Any) -> int:
        number = self.first = self.first + 1
        self.rows[number] = {
            "id": number,
            "creator_id": 1,
            "resource_type": "lead",
            "rep_location_verification_status": "verified",
            "visited_at": (START + timedelta(minutes=number // 3)).isoformat(),
            **fields,
        }
        return number

    def ask(self, order: Order, filters: Filters, cut: Cut) -> Listed:
        self.requests += 1
        self.meanwhile(self)
        found = [row for row in self.rows.values() if all(str(row[name]) == value for name, value in filters.items())]
        found.sort(key=lambda row: (order.rank(row), row["id"]))
        page = found[cut.start : cut.end]
        return Listed(page, len(page) < cut.per_page)


@pytest.mark.parametrize(("before", "after"), list(pairwise(CUTS)))
def test_each_cut_shares_a_row_with_the_one_before_it_and_brings_new_ones(before: Cut, after: Cut) -> None:
    assert before.start < after.start < before.end < after.end <= 10_000
    assert after.page <= 100
    assert after.per_page <= 100


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("order", [NEWEST_FIRST, OLDEST_FIRST, LATEST_FIRST], ids=lambda order: order.sort_by)
def test_whatever_is_deleted_logged_and_moved_meanwhile_nothing_is_skipped(order: Order, seed: int) -> None:
    chance = Random(seed)

    def meanwhile(listing: MovingList) -> None:
        for visit_id in chance.sample(sorted(listing.rows), chance.choice([0, 0, 0, 1, 2, 40])):
            if visit_id % 5 == 0:
                del listing.rows[visit_id]
        for _ in range(chance.choice([0, 0, 1, 3, 120])):
            listing.add()
        if order is LATEST_FIRST:
            moved = 5 * chance.randint(1, 150) + 1
            listing.rows[moved]["visited_at"] = (START + timedelta(minutes=chance.randint(0, 400))).isoformat()

    listing = MovingList(800, meanwhile)
    still = {visit_id for visit_id in listing.rows if visit_id % 5 not in {0, 1}}
    walk = Walk(listing.ask, order)
    told = {row["id"] for listed in walk.pages() for row in listed.rows}
    assert walk.ended
    assert still <= told


@pytest.mark.parametrize("seed", range(8))
def test_reading_after_reading_no_visit_is_ever_passed_over(seed: int) -> None:
    """However many are logged and deleted under each request: what is there at the end was told at some time."""
    chance = Random(seed)

    def meanwhile(listing: MovingList) -> None:
        for visit_id in chance.sample(sorted(listing.rows), chance.choice([0, 0, 3, 40])):
            del listing.rows[visit_id]
        for _ in range(chance.choice([0, 0, 0, 1, 120])):
            listing.add()

    listing = MovingList(500, meanwhile)
    reading = Reading(listing.ask, {}, "acc_1", lambda: START + timedelta(days=400))
    told: set[str] = set()
    cursor = None
    for turn in range(5):
        listing.meanwhile = meanwhile if turn < 4 else lambda _: None
        for page in reading.changes(cursor):
            told.update(record.local_id for record in page.records)
        cursor = page.cursor
        assert page.everything is (turn == 0)
    assert {f"sell:{visit_id}" for visit_id in listing.rows} <= told


def test_without_the_overlap_a_deletion_would_skip_a_row() -> None:
    """What the cuts are for: plain pages lose row 101 when row 1 goes."""
    listing = MovingList(300)
    first = listing.ask(OLDEST_FIRST, {}, Cut(1, 100)).rows
    del listing.rows[first[0]["id"]]
    second = listing.ask(OLDEST_FIRST, {}, Cut(2, 100)).rows
    assert second[0]["id"] - first[-1]["id"] == 2


def test_a_list_that_never_stands_still_is_left_for_later() -> None:
    def shrink(listing: MovingList) -> None:
        for visit_id in sorted(listing.rows)[:200]:
            del listing.rows[visit_id]
        for _ in range(200):
            listing.add()

    listing = MovingList(1_000, shrink)
    with pytest.raises(Transient):
        list(Walk(listing.ask, OLDEST_FIRST).pages())
    assert listing.requests == 400


def test_an_empty_page_in_the_middle_is_no_end() -> None:
    listing = MovingList(1_000)
    answers = iter([False, False, True])

    def ask(order: Order, filters: Filters, cut: Cut) -> Listed:
        return Listed([], last=True) if next(answers, False) else listing.ask(order, filters, cut)

    told = {row["id"] for listed in Walk(ask, NEWEST_FIRST).pages() for row in listed.rows}
    assert told == set(listing.rows)


def whole(parts: Parts) -> tuple[set[int], bool]:
    told = {row["id"] for listed in parts.pages() for row in listed.rows}
    assert parts.ids == told
    return told, parts.is_whole()


class StillList(MovingList):
    """Sorted once for each listing, for it stands still."""

    def __init__(self) -> None:
        super().__init__(0)
        self._sorted: dict[Any, list[Any]] = {}

    def ask(self, order: Order, filters: Filters, cut: Cut) -> Listed:
        key = (order.sort_by, tuple(filters.items()))
        if key not in self._sorted:
            its = filters.items()
            found = [row for row in self.rows.values() if all(str(row[name]) == value for name, value in its)]
            self._sorted[key] = sorted(found, key=lambda row: (order.rank(row), row["id"]))
        page = self._sorted[key][cut.start : cut.end]
        return Listed(page, len(page) < cut.per_page)


def still(*groups: tuple[int, dict[str, Any]]) -> Iterator[StillList]:
    listing = StillList()
    for count, fields in groups:
        for _ in range(count):
            listing.add(**{"outcome_id": None, **fields})
    yield listing


LEAD, CONTACT = {"resource_type": "lead"}, {"resource_type": "contact"}
FAR = {"rep_location_verification_status": "resource_location_too_far"}


def test_type_and_status_together_bring_60_000_visits_into_view() -> None:
    [listing] = still((15_000, LEAD), (15_000, CONTACT), (15_000, {**LEAD, **FAR}), (15_000, {**CONTACT, **FAR}))
    told, everything = whole(Parts(listing.ask, "acc_1"))
    assert told == set(listing.rows)
    assert everything


def test_a_value_that_shows_after_a_split_by_it_takes_the_claim_back(caplog: pytest.LogCaptureFixture) -> None:
    """Contacts are split by status, then a lead without one is met: there may be such contacts, too."""
    nowhere = {"rep_location_verification_status": None}
    half = [(8_000, CONTACT), (8_000, {**CONTACT, **FAR})]
    [listing] = still((50, LEAD), (50, {**LEAD, **nowhere}), (9_000, LEAD), (9_000, {**LEAD, **FAR}), *half, *half)
    _, everything = whole(Parts(listing.ask, "acc_1"))
    assert "no filter brings all of them into view" in caplog.text
    assert not everything


def test_what_no_filter_splits_is_read_from_both_ends() -> None:
    [listing] = still((30_000, LEAD))
    told, everything = whole(Parts(listing.ask, "acc_1"))
    numbers = sorted(listing.rows)
    assert told == {*numbers[:10_000], *numbers[-10_000:]}
    assert not everything


def test_creators_who_are_met_on_the_way_are_read_as_well() -> None:
    """One of creator 3 is seen among those of creator 1, by another status; all of theirs, in the middle, are read."""
    theirs = {"creator_id": 3}
    [listing] = still(
        (11_000, LEAD), (8_000, theirs), (11_000, {"creator_id": 2}), (11_000, FAR), (1, {**theirs, **FAR})
    )
    told, everything = whole(Parts(listing.ask, "acc_1"))
    assert told == set(listing.rows)
    assert everything


def test_creators_who_are_met_after_the_split_by_them_are_read_all_the_same() -> None:
    """Types are split in the order of their names: when creator 3 is met among leads, contacts have been read."""
    theirs = {"creator_id": 3}
    first, last = (11_000, {**CONTACT}), (11_000, {**CONTACT, "creator_id": 2})
    [listing] = still(
        first, (8_000, {**CONTACT, **theirs}), last, (5_000, LEAD), (1, {**LEAD, **theirs}), (5_000, LEAD)
    )
    told, everything = whole(Parts(listing.ask, "acc_1"))
    assert told == set(listing.rows)
    assert everything


@pytest.mark.parametrize("creators", [(), ("1",), ("4",)])
def test_where_sell_does_not_filter_by_creator_the_outcome_splits_and_nothing_is_claimed(
    creators: tuple[str, ...],
) -> None:
    [listing] = still((9_950, LEAD), (4_000, {**LEAD, "outcome_id": 5}), (9_950, {**LEAD, "outcome_id": 6}))

    def ask(order: Order, filters: Filters, cut: Cut) -> Listed:
        if "creator_id" in filters:
            raise BadRequest("No such filter.")
        return listing.ask(order, filters, cut)

    told, everything = whole(Parts(ask, "acc_1", creators))
    assert told == set(listing.rows)
    assert not everything
