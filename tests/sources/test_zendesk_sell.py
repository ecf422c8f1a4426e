"""Zendesk Sell as a source: what its readings tell, and that nothing ever goes back."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from tests.sources.place import ids, read
from tests.sources.sell import ACCOUNT, NOW, REPS, Sell, stamp
from worker.core.documents import Times
from worker.core.edits import Reschedule
from worker.core.errors import Rejected
from worker.core.ports import Failed
from worker.core.records import JOB, VISIT
from worker.simulators.zendesk_sell.visits import STATUSES
from worker.sources.zendesk_sell.mapping import local_id


def test_a_small_account_is_read_whole_in_one_request(sell: Sell) -> None:
    known = [sell.visit() for _ in range(99)]
    records, last = read(sell.open(), VISIT)
    assert sorted(ids(records)) == sorted(map(local_id, known))
    assert last.everything
    assert last.window is None
    assert len(sell.asked()) == 1


def test_an_account_without_visits_is_read_whole(sell: Sell) -> None:
    records, last = read(sell.open(), VISIT)
    assert records == []
    assert last.everything


def test_25_000_visits_are_read_completely_through_a_window_of_10_000(sell: Sell) -> None:
    known = sell.simulator.load(ACCOUNT, 25_000, seed=3)
    records, last = read(sell.open(), VISIT)
    assert sorted(ids(records)) == sorted(map(local_id, known))
    assert last.everything
    assert len(sell.asked()) < 400


@pytest.mark.parametrize("count", [100, 101, 9_999, 10_000, 10_001, 20_000, 20_001])
def test_no_size_is_missed_by_one(sell: Sell, count: int) -> None:
    known = sell.simulator.load(ACCOUNT, count)
    records, last = read(sell.open(), VISIT)
    assert len(records) == count == len(set(ids(records)) & set(map(local_id, known)))
    assert last.everything


def test_where_a_type_may_not_come_alone_the_status_splits(sell: Sell) -> None:
    sell.simulator.configure(resource_type_alone=False)
    sell.simulator.load(ACCOUNT, 25_000)
    records, last = read(sell.open(), VISIT)
    assert len(set(ids(records))) == 25_000
    assert last.everything
    assert sum("resource_type" in query for query in sell.asked()) == 1


def alike(sell: Sell, *groups: tuple[int, int]) -> list[int]:
    """Visits of one type and status, so many of each creator in turn; their numbers."""
    loaded = [
        visit_id
        for count, creator in groups
        for visit_id in sell.simulator.load(ACCOUNT, count, creators=[creator], outcomes=[None], statuses=["verified"])
    ]
    account = sell.simulator.world.accounts[ACCOUNT]
    account.put([{**account.visits[visit_id], "resource_type": "lead"} for visit_id in loaded])
    return loaded


def test_a_deletion_among_more_alike_visits_than_fit_is_found_creator_by_creator(sell: Sell) -> None:
    """Rep 2 is met nowhere: those of the middle are read for being in the settings."""
    loaded = alike(sell, (10_100, 1), (5_000, 2), (10_100, 3))
    gone, kept = loaded[12_000], loaded[12_001]
    sell.delete(gone)
    source = sell.open()
    records, last = read(source, VISIT)
    assert set(ids(records)) == {local_id(visit_id) for visit_id in loaded if visit_id != gone}
    assert last.everything
    assert [record.local_id for record in source.look_up(VISIT, [local_id(gone), local_id(kept)])] == [local_id(gone)]


def test_who_is_in_no_team_and_met_nowhere_is_left_out_of_everything(sell: Sell) -> None:
    """Visits of creator 7 lie in the middle alone. They show nowhere, and so do those that nobody made."""
    loaded = alike(sell, (10_100, 1), (5_000, 7), (10_100, 2))
    account = sell.simulator.world.accounts[ACCOUNT]
    account.put([{**account.visits[visit_id], "creator_id": None} for visit_id in loaded[11_000:12_000]])
    records, last = read(sell.open(), VISIT)
    assert {tuple(record.content["team"]) for record in records} == {("usr_1",), ("usr_2",)}
    assert len(set(ids(records))) == 20_200
    assert last.everything
    both_ends = [query for query in sell.asked() if "verified" in query and "creator_id" not in query]
    assert len(both_ends) == 3, "one look at each end, and the first page"


def test_more_visits_of_one_creator_than_fit_are_not_called_everything(
    sell: Sell, caplog: pytest.LogCaptureFixture
) -> None:
    alike(sell, (20_500, 1), (100, 2))
    source = sell.open()
    with caplog.at_level(logging.WARNING):
        records, last = read(source, VISIT)
    assert len(set(ids(records))) == 20_100
    assert not last.everything
    assert last.cursor is not None
    assert "no filter brings all of them into view" in caplog.text
    assert source.look_up(VISIT, ["sell:999999"]) == []


def test_a_creator_in_the_settings_whom_sell_refuses_takes_the_claim_back_and_nothing_else(
    sell: Sell, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = alike(sell, (10_100, 1), (5_000, 2), (10_100, 3))
    with caplog.at_level(logging.WARNING):
        records, last = read(sell.open(reps={**REPS, "9" * 19: "usr_9"}), VISIT)
    assert set(ids(records)) == set(map(local_id, loaded))
    assert not last.everything
    assert f"refuses the creator reps.{'9' * 19}" in caplog.text


def test_where_sell_counts_all_visits_reading_as_many_is_everything(sell: Sell) -> None:
    sell.simulator.configure(count="total")
    sell.simulator.load(ACCOUNT, 25_000, creators=[1, 2, 3], statuses=["verified"])
    account = sell.simulator.world.accounts[ACCOUNT]
    account.put([{**visit, "resource_type": "lead"} for visit in account.visits.values()])
    records, last = read(sell.open(), VISIT)
    assert len(set(ids(records))) == 25_000
    assert last.everything


def test_visits_of_no_documented_value_are_not_split_by_it(sell: Sell) -> None:
    """A visit without a status would be in none of the parts."""
    sell.simulator.load(ACCOUNT, 21_000, statuses=[*STATUSES])
    account = sell.simulator.world.accounts[ACCOUNT]
    odd = [visit_id for visit_id in account.visits if visit_id % 10 == 0]
    account.put([{**account.visits[visit_id], "resource_type": "deal"} for visit_id in odd])
    records, last = read(sell.open(), VISIT)
    assert len(set(ids(records))) == 21_000
    assert last.everything
    assert not any("resource_type" in query for query in sell.asked())


def test_while_a_listing_moves_under_a_full_reading_nothing_is_skipped(sell: Sell) -> None:
    known = sell.simulator.load(ACCOUNT, 3_000)
    told: set[str] = set()
    for number, page in enumerate(sell.open().changes(VISIT, None)):
        told.update(ids(page.records))
        for visit_id in known[-40 * number - 40 : -40 * number - 20]:  # right where it is reading
            if visit_id in sell.simulator.world.accounts[ACCOUNT].visits:
                sell.delete(visit_id)
        sell.visit()
    assert page.everything
    left = {local_id(visit["id"]) for visit in sell.simulator.visits(ACCOUNT) if visit["id"] in set(known)}
    assert left <= told


def test_an_edit_within_14_days_is_told_and_an_older_one_by_a_full_reading_alone(sell: Sell) -> None:
    old, young = sell.visit(days_ago=20), sell.visit(days_ago=13)
    for days in (17, 5, 60):
        sell.simulator.load(ACCOUNT, 150, first_visited_at=stamp(NOW - timedelta(days=days)))
    _, last = read(sell.open(), VISIT)
    sell.edit(old, summary="Late")
    sell.edit(young, summary="Soon")
    summaries: dict[str, str] = {}
    for _ in range(5):
        records, last = read(sell.open(), VISIT, last.cursor)
        summaries |= {record.local_id: record.content["notes"] for record in records}
    assert summaries[local_id(young)].startswith("Soon")
    assert local_id(old) not in summaries
    full = {record.local_id: record.content["notes"] for record in read(sell.open(), VISIT)[0]}
    assert full[local_id(old)].startswith("Late")


def test_after_a_long_absence_the_window_reaches_back_to_the_last_reading(sell: Sell) -> None:
    visit_id = sell.visit(days_ago=10)
    for _ in range(120):
        sell.visit(days_ago=5)
    _, last = read(sell.open(), VISIT)
    sell.clock += timedelta(days=40)
    for _ in range(120):
        sell.visit(days_ago=1)
    sell.edit(visit_id, summary="Meanwhile")
    records, _ = read(sell.open(), VISIT, last.cursor)
    assert local_id(visit_id) in ids(records)


def test_more_new_visits_than_the_window_shows_end_in_a_full_reading(sell: Sell) -> None:
    sell.visit()
    _, last = read(sell.open(), VISIT)
    sell.simulator.load(ACCOUNT, 10_500)
    *_, end = sell.open().changes(VISIT, last.cursor)
    assert end.everything


def test_a_visit_logged_while_one_reads_is_for_the_next_reading(sell: Sell) -> None:
    sell.simulator.load(ACCOUNT, 250)
    pages = sell.open().changes(VISIT, None)
    next(pages)
    late = [sell.visit(days_ago=100) for _ in range(3)]
    *_, last = pages
    assert last.cursor is not None
    assert json.loads(last.cursor)["highest"] == late[0] - 1
    records, _ = read(sell.open(), VISIT, last.cursor)
    assert set(map(local_id, late)) <= set(ids(records))


def test_other_reps_than_before_need_everything_anew(sell: Sell) -> None:
    old = sell.visit(days_ago=90, creator_id=3)
    _, last = read(sell.open(), VISIT)
    source = sell.open(reps={**REPS, "3": "usr_3"})
    records, end = read(source, VISIT, last.cursor)
    assert [record.content["team"] for record in records] == [["usr_3"]]
    assert ids(records) == [local_id(old)]
    assert end.everything


@pytest.mark.parametrize("cursor", ["", "1", "[]", "null", '{"highest": "x"}', '{"highest": 4, "when": "now"}'])
def test_a_cursor_that_cannot_be_read_means_everything(sell: Sell, cursor: str) -> None:
    sell.visit()
    assert read(sell.open(), VISIT, cursor)[1].everything


def test_what_a_full_reading_lacked_is_deleted_and_nothing_else_is(sell: Sell) -> None:
    kept, gone = sell.visit(), sell.visit()
    sell.delete(gone)
    source = sell.open()
    asked_for = [local_id(kept), local_id(gone), "vis_1", "sell:x"]
    assert source.look_up(VISIT, asked_for) == []
    read(source, VISIT)
    requests = len(sell.asked())
    [record] = source.look_up(VISIT, asked_for)
    assert (record.local_id, record.deleted, record.source_time) == (local_id(gone), True, None)
    assert source.look_up(JOB, asked_for) == []
    assert len(sell.asked()) == requests


def test_a_row_that_cannot_be_read_is_left_out_and_takes_the_claim_back(
    sell: Sell, caplog: pytest.LogCaptureFixture
) -> None:
    kept = {"id": 7, "visited_at": "2026-05-01T08:00:00Z"}
    rows: list[object] = [{"data": row} for row in (kept, {**kept, "id": "seven"}, {"id": 9, "visited_at": None}, None)]
    sell.fault(status=200, body={"items": [*rows, 5], "meta": {}})
    source = sell.open()
    records, last = read(source, VISIT)
    assert ids(records) == ["sell:7"]
    assert not last.everything
    assert "Sell's visit 9 has no visited_at that can be read" in caplog.text
    assert "Sell's visit has no id that can be read" in caplog.text
    assert source.look_up(VISIT, ["sell:999"]) == []


def test_sell_is_asked_for_visits_alone(sell: Sell) -> None:
    with pytest.raises(Rejected):
        sell.open().changes(JOB, None)
    assert sell.asked() == []


def test_nothing_is_ever_written(sell: Sell) -> None:
    visit_id = sell.visit()
    start = datetime(2026, 5, 30, tzinfo=UTC)
    edit = Reschedule(local_id(visit_id), Times.span(start, start + timedelta(hours=1)), "token")
    outcomes = sell.open().apply([edit, edit])
    assert [type(outcome) for outcome in outcomes] == [Failed, Failed]
    assert all(isinstance(outcome.error, Rejected) for outcome in outcomes if isinstance(outcome, Failed))
    assert sell.simulator.journal.entries() == []
