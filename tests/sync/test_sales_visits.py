"""Sales visits of Zendesk Sell on the calendars of the reps: they appear, change and go, and nothing goes back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sources.sell import ACCOUNT, TOKEN, Sell, served_sell
from tests.sync.sell_house import SELL, SellHouse
from tests.sync.small_house import ONE, TWO
from worker.core.documents import Times
from worker.core.errors import Invalid, NotConnected
from worker.core.jobs import FAILED, JobStatus, Mode, Trigger
from worker.sync.connect import connect

AT = datetime(2026, 5, 28, 9, tzinfo=UTC)
FULL = Mode.FULL


@pytest.fixture
def sell() -> Iterator[Sell]:
    with served_sell() as found:
        yield found
        assert {entry.method for entry in found.simulator.journal.entries()} <= {"GET"}, "Sell is read only"


@pytest.fixture
def house(tmp_path: Path, sell: Sell) -> Iterator[SellHouse]:
    found = SellHouse(tmp_path / "sync.db", sell)
    yield found
    found.close()


def log(sell: Sell, creator: int = 1, **fields: object) -> int:
    """Rep ``creator`` logs a visit."""
    told = {"visited_at": AT.isoformat(), "resource_type": "lead", "resource_id": 4711, "resource_address": "1 Main St"}
    return sell.visit(**{**told, "creator_id": creator, "outcome_id": 7, "summary": "Warm", **fields})


def test_a_sales_visit_appears_on_the_calendar_of_its_rep(house: SellHouse, sell: Sell) -> None:
    visit_id = log(sell)
    pulled, shown = house.show()
    assert (pulled.status, pulled.counts.pulled) == (JobStatus.SUCCEEDED, 1)
    assert shown.tallies["visits"] == {"created": 1}
    event = house.event(ONE, visit_id)
    assert event is not None
    assert (event.title, event.location, event.busy) == ("Lead 4711", "1 Main St", False)
    assert event.times == Times.span(AT, AT + timedelta(minutes=30))
    assert event.description == "Outcome 7\n\nWarm\n\nLocation verified"
    assert house.calendars.live(TWO) == {}


def test_a_sync_of_sell_makes_the_calendars_due_and_one_without_news_does_not(house: SellHouse, sell: Sell) -> None:
    house.sync()
    log(sell)
    house.pull()
    assert (house.connection.next_look_at, house.connection.look_trigger) == (house.clock, Trigger.EVENT)
    house.sync()
    house.pull()
    later = house.connection.next_look_at
    assert later is not None
    assert later > house.clock


def test_a_rep_who_is_no_member_shows_on_no_calendar(house: SellHouse, sell: Sell) -> None:
    log(sell, creator=3)
    _, shown = house.show()
    assert house.known() == 1
    assert house.calendars.writes == 0
    assert shown.status is JobStatus.SUCCEEDED


def test_a_rep_who_becomes_a_member_gets_the_old_visits_too(house: SellHouse, sell: Sell) -> None:
    old = log(sell, creator=3, visited_at="2025-01-07T09:00:00Z")
    house.show()
    house.connect_sell({"1": "usr_1", "3": "usr_2"})
    house.show()
    assert house.event(TWO, old) is not None


def test_where_calendars_are_nobodys_the_sales_visits_of_reps_show_on_the_primary_one(
    house: SellHouse, sell: Sell
) -> None:
    house.routes.clear()
    house.routes[ONE] = None
    ours, strangers = log(sell, creator=1), log(sell, creator=3)
    house.show()
    assert house.event(ONE, ours)
    assert house.event(ONE, strangers) is None


def test_an_edit_within_the_window_shows_with_the_next_sync(house: SellHouse, sell: Sell) -> None:
    visit_id = log(sell)
    house.show()
    sell.edit(visit_id, summary="Hot", rep_location_verification_status="resource_location_too_far")
    house.show()
    event = house.event(ONE, visit_id)
    assert event is not None
    assert event.description == "Outcome 7\n\nHot\n\nToo far from the address"


def test_an_edit_outside_the_window_shows_with_the_next_full_sync(house: SellHouse, sell: Sell) -> None:
    visit_id = log(sell, visited_at=(AT - timedelta(days=60)).isoformat())
    for _ in range(120):  # a page and more of visits that are young
        log(sell, creator=9, visited_at=(AT - timedelta(days=20)).isoformat())
    house.show()
    sell.edit(visit_id, summary="Hot")
    house.show()
    event = house.event(ONE, visit_id)
    assert event is not None
    assert "Warm" in event.description
    house.show(FULL)
    event = house.event(ONE, visit_id)
    assert event is not None
    assert "Hot" in event.description


def test_another_creator_moves_the_visit_to_their_calendar(house: SellHouse, sell: Sell) -> None:
    visit_id = log(sell)
    house.show()
    sell.edit(visit_id, creator_id=2)
    house.show()
    assert house.event(ONE, visit_id) is None
    assert house.event(TWO, visit_id) is not None


def test_a_deletion_is_found_by_a_full_sync_alone(house: SellHouse, sell: Sell) -> None:
    gone, kept = log(sell), log(sell)
    house.show()
    sell.delete(gone)
    house.show()
    assert house.event(ONE, gone) is not None
    pulled, shown = house.show(FULL)
    assert pulled.counts.pulled == 1
    assert shown.tallies["visits"] == {"deleted": 1}
    assert house.event(ONE, gone) is None
    assert house.event(ONE, kept) is not None


def test_a_full_sync_that_only_finds_deletions_makes_the_calendars_due(house: SellHouse, sell: Sell) -> None:
    gone = log(sell)
    house.show()
    sell.delete(gone)
    house.pull(FULL)
    assert house.connection.next_look_at == house.clock


def test_a_visit_that_is_listed_again_is_back(house: SellHouse, sell: Sell) -> None:
    """That it was missing was our conclusion; Sell's word, however old, overrules it."""
    visit_id = log(sell)
    house.show()
    account = sell.simulator.world.accounts[ACCOUNT]
    row = account.visits[visit_id]
    sell.delete(visit_id)
    sell.clock += timedelta(hours=1)
    house.show(FULL)
    account.put([row])
    house.show()
    assert house.event(ONE, visit_id) is not None


def test_what_a_person_makes_of_the_event_is_put_back(house: SellHouse, sell: Sell) -> None:
    visit_id = log(sell)
    house.show()
    before = house.event(ONE, visit_id)
    house.calendars.person_moves(ONE, house.remote_id(ONE, visit_id), Times.span(AT, AT + timedelta(hours=9)))
    moved = house.sync()
    assert house.event(ONE, visit_id) == before
    assert moved.counts.conflicts == 0
    house.calendars.person_retitles(ONE, house.remote_id(ONE, visit_id), "Lunch")
    house.sync()
    assert house.event(ONE, visit_id) == before
    house.calendars.person_deletes(ONE, house.remote_id(ONE, visit_id))
    house.sync()
    assert house.event(ONE, visit_id) == before
    assert house.source.edits == 0


def test_it_is_put_back_whatever_the_calendars_are_set_to(tmp_path: Path, sell: Sell) -> None:
    house = SellHouse(tmp_path / "set.db", sell, on_remote_delete="unschedule", on_both_changed="calendar")
    visit_id = log(sell)
    house.show()
    house.calendars.person_moves(ONE, house.remote_id(ONE, visit_id), Times.span(AT, AT + timedelta(hours=9)))
    sell.edit(visit_id, visited_at=(AT - timedelta(hours=1)).isoformat())
    house.show()
    event = house.event(ONE, visit_id)
    assert event is not None
    assert event.times.start == AT - timedelta(hours=1)
    house.calendars.person_deletes(ONE, house.remote_id(ONE, visit_id))
    house.sync()
    assert house.event(ONE, visit_id) == event
    assert house.source.edits == 0
    house.close()


def test_an_account_with_sell_and_calendars_and_no_fieldcamp_works(tmp_path: Path, sell: Sell) -> None:
    house = SellHouse(tmp_path / "alone.db", sell, fieldcamp=False)
    visit_id = log(sell)
    pulled, shown = house.show()
    assert (pulled.status, shown.status) == (JobStatus.SUCCEEDED, JobStatus.SUCCEEDED)
    assert house.event(ONE, visit_id) is not None
    house.calendars.person_deletes(ONE, house.remote_id(ONE, visit_id))
    house.sync(FULL)
    assert house.event(ONE, visit_id) is not None
    assert house.source.told == []
    house.close()


def test_a_full_listing_of_fieldcamp_deletes_no_sales_visit_and_the_other_way_round(
    house: SellHouse, sell: Sell
) -> None:
    """Not even one of them counts as missing: a dozen would be a mass change."""
    sold = {f"sell:{log(sell)}" for _ in range(12)}
    planned = {f"vis_{number}" for number in range(12)}
    for visit_id in planned:
        house.arrive(visit_id)
    house.show()
    jobs = [house.sync(FULL), *house.show(FULL), house.sync_of("fieldcamp")]
    assert [(job.status, job.error) for job in jobs] == [(JobStatus.SUCCEEDED, None)] * 4
    assert set(house.calendars.ours(ONE)) == sold | planned
    house.source.tell(None, "vis_1")
    house.sync(FULL)
    assert set(house.calendars.ours(ONE)) == sold | planned - {"vis_1"}
    gone = min(sold)
    sell.delete(int(gone.removeprefix("sell:")))
    house.show(FULL)
    assert set(house.calendars.ours(ONE)) == sold - {gone} | planned - {"vis_1"}


def test_a_sync_of_fieldcamp_or_the_calendars_asks_sell_for_nothing(house: SellHouse, sell: Sell) -> None:
    house.arrive("vis_1")
    house.sync(FULL)
    house.sync_of("fieldcamp")
    assert sell.simulator.journal.entries() == []


def test_an_empty_answer_deletes_nothing_until_somebody_confirms_it(house: SellHouse, sell: Sell) -> None:
    """Lesson 5: the provider answers 200 with nothing after a fault."""
    for _ in range(12):
        log(sell)
    house.show()
    sell.fault(status=200, body={"items": [], "meta": {"type": "collection", "count": 0, "links": {}}})
    held = house.pull(FULL)
    assert held.status is JobStatus.FAILED
    assert held.error is not None
    assert held.error["code"] == "MASS_CHANGE_HELD"
    assert held.error["message"].startswith("Zendesk Sell's list lacks 12 of 12 visits")
    house.sync(FULL)
    assert len(house.calendars.ours(ONE)) == 12
    for visit in sell.simulator.visits(ACCOUNT):
        sell.delete(visit["id"])
    assert house.pull(FULL, confirm_mass_change=True).status is JobStatus.SUCCEEDED
    assert house.sync(confirm_mass_change=True).tallies["visits"] == {"deleted": 12}


def test_a_list_that_cannot_be_read_whole_deletes_nothing(house: SellHouse, sell: Sell) -> None:
    gone, odd = log(sell), log(sell)
    house.show()
    sell.delete(gone)
    rows = [{"data": {**sell.simulator.visits(ACCOUNT)[0], "visited_at": None}}]
    sell.fault(status=200, body={"items": rows, "meta": {}})
    told = house.pull(FULL)
    assert (told.status, told.counts.failed) == (JobStatus.PARTIAL, 1)
    [record] = [each for _, each in house.store.jobs.records(told.id) if each.outcome == FAILED]
    assert (record.kind, record.local_id, record.reason) == ("stream", "visit", "LISTING_SHORT")
    assert code_of_error(house) == "LISTING_SHORT"
    house.sync()
    assert {house.event(ONE, visit_id) is not None for visit_id in (gone, odd)} == {True}
    assert house.pull(FULL).status is JobStatus.SUCCEEDED
    assert code_of_error(house) is None


def code_of_error(house: SellHouse) -> str | None:
    found = house.store.connections.find(house.account_id, SELL)
    assert found is not None
    return found.error["code"] if found.error else None


def test_a_reading_that_breaks_off_starts_again_from_where_it_was(house: SellHouse, sell: Sell) -> None:
    sell.simulator.load(ACCOUNT, 450, creators=[1])
    sell.fault(status=500, skip=4, times=4)
    broken = house.pull()
    assert broken.status is JobStatus.FAILED
    assert 0 < house.known() < 450
    assert house.pull().status is JobStatus.SUCCEEDED
    assert house.known() == 450


def test_a_revoked_token_stops_quietly_and_takes_nothing_away(house: SellHouse, sell: Sell) -> None:
    visit_id = log(sell)
    house.show()
    sell.simulator.revoke_token(TOKEN)
    assert house.pull().status is JobStatus.FAILED
    connection = house.store.connections.find(house.account_id, SELL)
    assert connection is not None
    assert (connection.connected, connection.next_look_at) == (False, None)
    house.sync(FULL)
    assert house.event(ONE, visit_id) is not None
    with pytest.raises(NotConnected):
        house.pull()


def test_25_000_sales_visits_come_through_the_window_and_a_deletion_is_found(house: SellHouse, sell: Sell) -> None:
    loaded = sell.simulator.load(ACCOUNT, 25_000)
    assert house.pull().counts.pulled == 25_000
    assert house.known() == 25_000
    new, gone = log(sell), loaded[12_500]
    sell.simulator.journal.clear()
    sell.delete(gone)
    assert house.pull().counts.pulled == 1
    assert len(sell.asked()) <= 2
    assert house.pull(FULL).counts.pulled == 1
    assert house.known() == 25_000
    found = house.store.records.get_many(house.account_id, "visit", [f"sell:{gone}", f"sell:{new}"])
    assert [found[name].deleted for name in sorted(found)] == [True, False]


@pytest.mark.parametrize(
    ("credentials", "settings", "named"),
    [
        ({"api_key": "x"}, {}, "token"),
        ({"token": ""}, {}, "token"),
        ({"token": "x"}, {"reps": {"anna": "usr_1"}}, "reps.anna"),
        ({"token": "x"}, {"time_zone": "UTC"}, "time_zone"),
    ],
)
def test_connecting_names_what_is_wrong(
    house: SellHouse, credentials: dict[str, str], settings: dict[str, object], named: str
) -> None:
    with pytest.raises(Invalid, match=named):
        connect(house.house, house.account_id, SELL, credentials, settings)


def test_a_sync_of_sell_opens_no_provider(house: SellHouse) -> None:
    house.house = replace(house.house, open_provider=lambda _: pytest.fail("a source has no provider"))
    assert house.pull().status is JobStatus.SUCCEEDED
