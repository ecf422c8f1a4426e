"""The last 14 days of Sell, read again a page at a time: what that costs, and when an edit is found."""

import json
import logging
from datetime import timedelta

import pytest

from tests.sources.place import ids, read
from tests.sources.sell import ACCOUNT, NOW, Sell, stamp
from worker.core.records import VISIT
from worker.sources.zendesk_sell.listing import FIRST, Cut, cut_from
from worker.sources.zendesk_sell.mapping import local_id

HALF_AN_HOUR = timedelta(minutes=30)


def load(sell: Sell, count: int, *, minutes_apart: int = 60, days_ago: float = 13) -> list[int]:
    """The numbers of so many visits, the latest first."""
    first = stamp(NOW - timedelta(days=days_ago))
    return sell.simulator.load(ACCOUNT, count, first_visited_at=first, minutes_apart=minutes_apart)[::-1]


class Reader:
    """Reads Sell every half an hour, from where it was; ``told`` are the ids of the last reading."""

    def __init__(self, sell: Sell) -> None:
        self.sell = sell
        self.told: set[str] = set()
        self.requests = 0
        self.cursor = read(sell.open(), VISIT)[1].cursor

    def read(self, after: timedelta = HALF_AN_HOUR) -> None:
        self.sell.clock += after
        before = len(self.sell.asked())
        records, last = read(self.sell.open(), VISIT, self.cursor)
        self.told, self.cursor, self.requests = set(ids(records)), last.cursor, len(self.sell.asked()) - before
        assert not last.everything

    def syncs_until(self, visit_id: int, most: int, new: int = 0) -> int:
        """How many readings it takes until the visit is told, ``new`` ones being logged before each."""
        for number in range(1, most + 1):
            for _ in range(new):
                self.sell.visit(days_ago=0)
            self.read()
            if local_id(visit_id) in self.told:
                return number
        raise AssertionError(f"{visit_id} was not told in {most} readings")


def test_50_new_visits_among_thousands_of_the_last_days_take_two_requests_and_none_take_two(sell: Sell) -> None:
    load(sell, 25_000, minutes_apart=1, days_ago=17.5)
    reader = Reader(sell)
    for new in (50, 0, 50, 0):
        logged = {local_id(sell.visit(days_ago=0)) for _ in range(new)}
        reader.read()
        assert logged <= reader.told
        assert reader.requests == 2


def test_250_new_visits_take_a_request_for_each_hundred_and_one_for_the_window(sell: Sell) -> None:
    load(sell, 1_000, minutes_apart=5)
    reader = Reader(sell)
    logged = {local_id(sell.visit(days_ago=0)) for _ in range(250)}
    reader.read()
    assert logged <= reader.told
    assert reader.requests == 4


@pytest.mark.parametrize("turn", [0, 1, 2])
@pytest.mark.parametrize("row", [0, 99, 100, 199, 200, 289])
def test_an_edit_on_each_of_three_pages_is_found_within_three_syncs_whosever_turn_it_is(
    sell: Sell, row: int, turn: int
) -> None:
    visits = load(sell, 290)
    load(sell, 150, days_ago=60)  # the newest ids, so that nothing is found by them
    reader = Reader(sell)
    for _ in range(turn):
        reader.read()
    sell.edit(visits[row], summary="Hot")
    assert reader.syncs_until(visits[row], 3) == (row // 100 - turn) % 3 + 1


def test_each_page_has_its_turn_and_the_first_comes_after_the_last(sell: Sell) -> None:
    visits = load(sell, 290)
    load(sell, 150, days_ago=60)
    reader = Reader(sell)
    pages = [{local_id(visit) for visit in visits[start : start + 100]} for start in (0, 100, 200)]
    newest = {local_id(visit["id"]) for visit in sell.simulator.visits(ACCOUNT)[-100:]}
    for turn in range(7):
        reader.read()
        assert pages[turn % 3] <= reader.told
        assert not (pages[(turn + 1) % 3] & reader.told) - newest


@pytest.mark.parametrize("row", [120, 289])
def test_new_visits_move_the_pages_down_and_the_reading_goes_with_them(sell: Sell, row: int) -> None:
    """Were pages merely counted, 100 new visits a sync would have it read the same rows for ever."""
    visits = load(sell, 290)
    reader = Reader(sell)
    reader.read()
    sell.edit(visits[row], summary="Hot")
    assert reader.syncs_until(visits[row], 4, new=100) <= 4


def test_new_visits_of_long_ago_move_nothing(sell: Sell) -> None:
    visits = load(sell, 290)
    reader = Reader(sell)
    reader.read()
    for _ in range(90):
        sell.visit(days_ago=100)
    sell.edit(visits[105], summary="Hot")
    assert reader.syncs_until(visits[105], 1) == 1


def test_an_edit_that_a_deletion_moved_past_the_reading_is_found_a_round_later(sell: Sell) -> None:
    visits = load(sell, 290)
    sell.visit(days_ago=30)
    reader = Reader(sell)
    reader.read()
    sell.delete(visits[3])
    sell.edit(visits[100], summary="Hot")
    assert reader.syncs_until(visits[100], 4) == 3


def test_what_leaves_the_window_before_its_turn_is_still_read(sell: Sell) -> None:
    """It was edited in the last minutes of its 14 days, and two more syncs pass before its page is read."""
    visits = load(sell, 220, minutes_apart=1, days_ago=14 - 5 / 1440)
    sell.visit(days_ago=30)
    reader = Reader(sell)
    sell.edit(visits[-1], summary="Hot")
    assert reader.syncs_until(visits[-1], 3) == 3


def test_what_is_edited_right_after_its_turn_and_leaves_the_window_is_read_in_the_next_round(sell: Sell) -> None:
    """A round reaches back to 14 days before the one before it began."""
    visits = load(sell, 220, minutes_apart=0, days_ago=14 - 65 / 1440)
    sell.visit(days_ago=30)
    reader = Reader(sell)
    for _ in range(2):
        reader.read()
    sell.edit(visits[150], summary="Hot")
    assert reader.syncs_until(visits[150], 3) == 3


def test_after_more_than_a_day_the_window_is_read_to_its_end_at_once(sell: Sell) -> None:
    visits = load(sell, 290)
    load(sell, 300, days_ago=60)
    reader = Reader(sell)
    reader.read()
    reader.read(timedelta(days=1))
    assert reader.requests == 2
    reader.read(timedelta(days=1, seconds=1))
    assert {local_id(visit) for visit in visits} <= reader.told
    assert reader.requests > 3
    reader.read()
    assert reader.requests == 2
    assert {local_id(visit) for visit in visits[:100]} <= reader.told


def test_a_cursor_of_before_there_were_turns_begins_with_the_first_page(sell: Sell) -> None:
    visits = load(sell, 290)
    reader = Reader(sell)
    reader.read()
    assert reader.cursor is not None
    old = json.loads(reader.cursor)
    del old["round"]
    reader.cursor = json.dumps(old)
    reader.read()
    assert {local_id(visit) for visit in visits[:100]} <= reader.told
    assert reader.requests == 2


def test_what_is_beyond_the_view_ends_the_round(sell: Sell, caplog: pytest.LogCaptureFixture) -> None:
    load(sell, 10_300, minutes_apart=1, days_ago=8)
    reader = Reader(sell)
    assert reader.cursor is not None
    for rows in (9_900, 9_950, 10_000):
        round_ = {"edge": stamp(NOW - timedelta(days=14)), "began": stamp(NOW), "rows": rows, "down_to": None}
        reader.cursor = json.dumps({**json.loads(reader.cursor), "round": round_})
        with caplog.at_level(logging.INFO):
            reader.read()
        assert "more visits than Zendesk Sell shows at once" in caplog.text
        caplog.clear()
    reader.read()
    assert json.loads(reader.cursor)["round"]["rows"] == 200


@pytest.mark.parametrize(
    ("row", "cut"),
    [(0, FIRST), (1, FIRST), (50, FIRST), (100, Cut(2, 100)), (150, Cut(3, 75)), (9_950, Cut(100, 100))],
)
def test_a_cut_begins_at_the_row_or_before_it_and_reaches_furthest(row: int, cut: Cut) -> None:
    assert cut_from(row) == cut


@pytest.mark.parametrize("row", range(0, 10_000, 37))
def test_every_cut_shows_its_row_and_lies_in_view(row: int) -> None:
    cut = cut_from(row)
    assert cut.start <= row < cut.end <= 10_000
    assert 1 <= cut.per_page <= 100
