"""Syncs of a source alone: what they say of their reading, what a dry run leaves alone, what others changed there."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sources.sell import ACCOUNT, Sell, served_sell
from tests.sync.sell_house import SELL, SellHouse
from tests.sync.small_house import FIELDCAMP, GOOGLE, ONE, SmallHouse
from worker.core.connections import Connection, StreamState
from worker.core.jobs import Job, JobRequest, JobStatus, Mode, Trigger
from worker.core.ports import Source, SourcePage
from worker.core.records import CLIENT, VISIT, Record
from worker.store.feed import SeenChange
from worker.sync.request import request_sync
from worker.sync.run import run_job

FULL = Mode.FULL
AT = datetime(2026, 5, 28, 9, tzinfo=UTC)
SECOND = "second_calendar"


@pytest.fixture
def sell() -> Iterator[Sell]:
    with served_sell() as found:
        yield found


@pytest.fixture
def house(tmp_path: Path, sell: Sell) -> Iterator[SellHouse]:
    found = SellHouse(tmp_path / "sync.db", sell)
    yield found
    found.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallHouse]:
    found = SmallHouse(tmp_path / "small.db")
    yield found
    found.close()


class Watched:
    """A source; ``between`` is called whenever one of its pages was taken in."""

    def __init__(self, source: Source, between: Callable[[], None]) -> None:
        self._source, self._between = source, between

    def changes(self, kind: str, cursor: str | None) -> Iterator[SourcePage]:
        for page in self._source.changes(kind, cursor):
            yield page
            self._between()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


def watch(house: SmallHouse, between: Callable[[], None]) -> None:
    """From now on, until ``between`` is another."""
    opened = house.house.open_source

    def watched(account_id: str, name: str) -> Source | None:
        source = opened(account_id, name)
        return source and Watched(source, between)

    house.house = replace(house.house, open_source=watched)


def log(sell: Sell) -> int:
    """A rep logs a visit."""
    return sell.visit(visited_at=AT.isoformat(), resource_type="lead", resource_id=4711, creator_id=1)


def dry(house: SmallHouse, integration: str, mode: Mode = Mode.INCREMENTAL) -> Job:
    house.tick()
    asked = JobRequest(mode, trigger=Trigger.CLI, dry_run=True)
    job = request_sync(house.house, house.account_id, integration, asked)
    run_job(house.house, job.id, "test")
    return current(house, job.id)


def current(house: SmallHouse, job_id: str) -> Job:
    found = house.store.jobs.get(job_id)
    assert found is not None
    return found


def connection_to(house: SmallHouse, integration: str) -> Connection:
    found = house.store.connections.find(house.account_id, integration)
    assert found is not None
    return found


def visits_of(house: SmallHouse, integration: str) -> StreamState:
    return house.store.streams.all(connection_to(house, integration).id)[VISIT]


def outcomes(house: SmallHouse, job: Job) -> list[tuple[str, str | None, str]]:
    return [(each.local_id, each.remote_id, each.outcome) for _, each in house.store.jobs.records(job.id)]


def feed(house: SmallHouse, integration: str = SELL) -> list[SeenChange]:
    return house.store.feed.changes(connection_to(house, integration).id, limit=500)


def told(house: SmallHouse) -> list[tuple[str, str | None]]:
    return [(change.entry.action, change.entry.local_id) for change in feed(house)]


# Dry runs


def test_a_dry_run_says_what_it_would_store_and_stores_nothing(house: SellHouse, sell: Sell) -> None:
    house.sync()
    visit_id = log(sell)
    due = house.connection.next_look_at
    job = dry(house, SELL)
    assert (job.status, job.counts.pulled) == (JobStatus.SUCCEEDED, 0)
    assert job.tallies == {"visits": {"created": 1}}
    assert outcomes(house, job) == [(f"sell:{visit_id}", str(visit_id), "created")]
    assert (house.known(), visits_of(house, SELL).cursor, feed(house)) == (0, None, [])
    assert house.connection.next_look_at == due
    pulled, shown = house.show()
    assert (pulled.counts.pulled, shown.counts.pushed) == (1, 1)


def test_a_full_dry_run_finds_the_edited_and_the_deleted_and_leaves_them(house: SellHouse, sell: Sell) -> None:
    edited, gone, same = log(sell), log(sell), log(sell)
    house.show()
    before, cursor, changes = house.event(ONE, edited), visits_of(house, SELL).cursor, len(feed(house))
    sell.edit(edited, summary="Hot")
    sell.delete(gone)
    new = log(sell)
    job = dry(house, SELL, FULL)
    assert sorted(outcomes(house, job)) == sorted(
        [
            (f"sell:{edited}", str(edited), "updated"),
            (f"sell:{gone}", str(gone), "deleted"),
            (f"sell:{new}", str(new), "created"),
        ]
    )
    assert job.tallies == {"visits": {"created": 1, "updated": 1, "deleted": 1, "unchanged": 1}}
    assert (house.known(), visits_of(house, SELL).cursor, len(feed(house))) == (3, cursor, changes)
    assert house.sync().counts.pushed == 0
    assert [house.event(ONE, each) is None for each in (gone, same, new)] == [False, False, True]
    assert house.event(ONE, edited) == before
    assert house.pull(FULL).tallies == job.tallies


def test_a_dry_run_that_would_delete_too_much_is_held_like_any_other(house: SellHouse, sell: Sell) -> None:
    visits = [log(sell) for _ in range(12)]
    house.show()
    for visit_id in visits[:6]:
        sell.delete(visit_id)
    job = dry(house, SELL, FULL)
    assert job.error is not None
    assert job.error["code"] == "MASS_CHANGE_HELD"
    assert job.error["message"].startswith("Zendesk Sell's list lacks 6 of 12 visits")
    assert house.known() == 12


def test_a_dry_run_that_fails_makes_nothing_due(house: SellHouse, sell: Sell) -> None:
    house.show()
    log(sell)
    due = [connection_to(house, name).next_look_at for name in (SELL, GOOGLE)]
    sell.fault(status=500, times=20)
    assert dry(house, SELL).status is JobStatus.FAILED
    assert [connection_to(house, name).next_look_at for name in (SELL, GOOGLE)] == due


def test_a_dry_run_of_fieldcamp_stores_nothing_and_makes_nothing_due(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.arrive("vis_2")
    small.sync(FULL)
    due, cursor = small.connection.next_look_at, visits_of(small, FIELDCAMP).cursor
    small.visit("vis_1", notes="Ring twice")
    small.source.tell(None, "vis_2")
    small.visit("vis_3")
    job = dry(small, FIELDCAMP, FULL)
    assert sorted(outcomes(small, job)) == [
        ("vis_1", None, "updated"),
        ("vis_2", None, "deleted"),
        ("vis_3", None, "created"),
    ]
    known = small.store.records.get_many(small.account_id, VISIT, ["vis_1", "vis_2", "vis_3"])
    assert sorted(known) == ["vis_1", "vis_2"]
    assert not any(record.deleted for record in known.values())
    assert (small.connection.next_look_at, visits_of(small, FIELDCAMP).cursor) == (due, cursor)
    small.sync_of(FIELDCAMP)
    assert small.connection.next_look_at == small.clock


def test_a_dry_run_of_a_calendar_makes_no_other_connection_due(small: SmallHouse) -> None:
    manifests = small.house.manifests
    second = replace(manifests[GOOGLE], name=SECOND, slug="second-calendar")
    small.house = replace(small.house, manifests={**manifests, SECOND: second})
    small.store.connections.connect(small.account_id, SECOND, {}, {"": {"refresh_token": "y"}}, small.clock)
    for name in (GOOGLE, SECOND):
        small.sync_of(name)
    small.visit("vis_1")
    due = [connection_to(small, name).next_look_at for name in (GOOGLE, SECOND, FIELDCAMP)]
    job = dry(small, GOOGLE, FULL)
    assert outcomes(small, job) == [("vis_1", None, "created")]
    assert [connection_to(small, name).next_look_at for name in (GOOGLE, SECOND, FIELDCAMP)] == due
    assert small.calendars.writes == 0


# Progress


def test_progress_is_told_page_by_page(house: SellHouse, sell: Sell) -> None:
    sell.simulator.load(ACCOUNT, 250, creators=[1])
    seen: list[tuple[int, int, int]] = []

    def note() -> None:
        job = house.store.jobs.active(connection_to(house, SELL).id)
        assert job is not None
        seen.append((job.done, job.total, job.counts.pulled))

    watch(house, note)
    job = house.pull()
    assert len({done for done, _, _ in seen}) >= 3
    assert seen == sorted(seen)
    assert all(done <= total and done == pulled for done, total, pulled in seen)
    assert (job.done, job.total) == (250, 250)
    assert job.tallies == {"visits": {"created": 250}}


class Book:
    """A source with lists that say how long they are."""

    def changes(self, kind: str, cursor: str | None) -> Iterator[SourcePage]:
        if kind != CLIENT:
            yield SourcePage((), cursor="1")
            return
        yield SourcePage([Record(CLIENT, "cli_1", {"name": "Ada"}, AT)], total=3)
        yield SourcePage([Record(CLIENT, "cli_2", {"name": "Bob"}, AT)], cursor="1", total=3)

    def close(self) -> None: ...


def test_the_total_is_what_the_source_says_and_in_the_end_what_was_read(small: SmallHouse) -> None:
    seen: list[tuple[int, int]] = []
    book: Any = Book()
    small.house = replace(small.house, open_source=lambda *_: book)

    def note() -> None:
        job = small.store.jobs.active(connection_to(small, FIELDCAMP).id)
        assert job is not None
        seen.append((job.done, job.total))

    watch(small, note)
    job = small.sync_of(FIELDCAMP)
    assert (1, 3) in seen
    assert (job.done, job.total) == (2, 2)
    assert job.tallies == {"clients": {"created": 2}}
    again = small.sync_of(FIELDCAMP)
    assert (again.tallies, again.counts.skipped) == ({"clients": {"unchanged": 2}}, 2)
    assert outcomes(small, again) == []


def test_another_worker_counts_each_record_once_and_the_news_is_told(house: SellHouse, sell: Sell) -> None:
    sell.simulator.load(ACCOUNT, 250, creators=[1])
    house.sync()
    pages: list[None] = []

    def die_late() -> None:
        pages.append(None)
        if house.known() == 250 and len(pages) < 9:
            pages.extend([None] * 9)
            raise SystemExit

    watch(house, die_late)
    with pytest.raises(SystemExit):
        house.pull()
    queued = house.store.jobs.active(connection_to(house, SELL).id)
    assert queued is not None
    assert house.connection.next_look_at != house.clock
    assert run_job(house.house, queued.id, "another worker") is JobStatus.SUCCEEDED
    job = current(house, queued.id)
    assert (job.done, job.total, job.counts.pulled) == (250, 250, 250)
    assert job.tallies["visits"]["created"] == 250
    assert not job.tallies["visits"].get("unchanged")
    assert len({change.entry.local_id for change in feed(house)}) == len(feed(house)) == 250
    assert house.connection.next_look_at == house.clock


def test_a_worker_that_lost_its_lease_stores_and_tells_nothing_more(house: SellHouse, sell: Sell) -> None:
    sell.simulator.load(ACCOUNT, 250, creators=[1])

    def lose() -> None:
        house.expire_leases()
        house.store.jobs.requeue_lost(house.clock)

    watch(house, lose)
    job = house.pull()
    assert job.status is JobStatus.QUEUED
    assert 0 < house.known() < 250
    assert len(feed(house)) == job.done == job.counts.pulled == house.known()
    assert visits_of(house, SELL).cursor is None


# What others changed


def test_what_reps_do_in_sell_is_in_its_feed_in_order_and_once(house: SellHouse, sell: Sell) -> None:
    first = log(sell)
    house.pull()
    second = log(sell)
    house.pull()
    sell.edit(first, summary="Hot")
    house.pull()
    sell.edit(first, summary="Warm")
    house.pull()
    sell.edit(first, summary="Hot")
    house.pull()
    sell.delete(second)
    job = house.pull(FULL)
    house.pull(FULL)
    assert told(house) == [
        ("created", f"sell:{first}"),
        ("created", f"sell:{second}"),
        *[("updated", f"sell:{first}")] * 3,
        ("deleted", f"sell:{second}"),
    ]
    found = feed(house)
    assert [change.number for change in found] == sorted({change.number for change in found})
    assert (found[-1].job_id, found[-1].entry.remote_id) == (job.id, str(second))


def test_other_settings_are_nobodys_change(house: SellHouse, sell: Sell) -> None:
    visit_id = log(sell)
    house.pull()
    house.connect_sell({"1": "usr_2"})
    sell.clock += timedelta(minutes=1)
    assert house.pull().tallies == {"visits": {"updated": 1}}
    assert told(house) == [("created", f"sell:{visit_id}")]


def test_fieldcamp_has_no_feed(small: SmallHouse) -> None:
    small.visit("vis_1")
    assert small.sync_of(FIELDCAMP).tallies == {"visits": {"created": 1}}
    assert feed(small, FIELDCAMP) == []
