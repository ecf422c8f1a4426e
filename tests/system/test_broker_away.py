"""Redis goes away, forgets, or falls silent: the database holds the work."""

import shutil
import time

import pytest

from tests.system.half_open import HalfOpenProxy
from tests.system.system import API_KEY, System
from worker.core.jobs import JobRequest

sqlite = pytest.mark.parametrize("system", ["sqlite"], indirect=True)
AT_ONCE = 1.0
SOON = 20.0


@sqlite
def test_events_are_taken_while_redis_is_away_and_nothing_is_lost_when_it_comes_back_empty(system: System) -> None:
    visit_ids = system.add_visits(10)
    system.settle()
    system.town.fieldcamp.pause_deliveries()
    for visit_id in visit_ids:
        system.change(visit_id, visitStatus="in_transit")
    envelopes = [system.envelope(visit_id) for visit_id in visit_ids]

    system.redis.kill()
    for envelope in envelopes:
        started = time.monotonic()
        answer = system.post(envelope)
        assert time.monotonic() - started < AT_ONCE
        assert answer.status_code == 202
        assert answer.json()["duplicate"] is False
    shutil.rmtree(system.redis.folder / "appendonlydir")
    system.redis.start()
    system.town.fieldcamp.resume_deliveries()

    system.wait_until("the calendars to follow", system.agrees, SOON)
    system.assert_agreement()


@sqlite
def test_a_worker_whose_broker_connections_went_dead_without_a_word_is_back_soon(system: System) -> None:
    system.have(worker=0)
    proxy = HalfOpenProxy(int(system.redis.url.rpartition(":")[2].partition("/")[0]))
    worker = system.start("worker", "--concurrency", "2", REDIS_URL=f"redis://127.0.0.1:{proxy.port}/0")
    try:
        [before] = system.add_visits(1)
        system.wait_until("the worker to work", lambda: len(system.shown(before)) == 1)

        assert proxy.freeze() > 0
        [after] = system.add_visits(1)

        system.wait_until("the worker to be back", lambda: len(system.shown(after)) == 1, 2 * SOON)
        system.assert_agreement()
    finally:
        worker.kill()
        proxy.close()


@sqlite
def test_a_ring_that_got_lost_is_repeated(system: System) -> None:
    """A job that nobody was called for is done all the same."""
    [visit_id] = system.add_visits(1, told=False)
    house = system.wiring.house
    silent = system.wiring.store.jobs.request(system.connection, JobRequest(), house.now())
    system.ended(silent, 10)
    assert len(system.shown(visit_id)) == 1


@sqlite
def test_messages_that_are_not_ours_do_no_harm(system: System) -> None:
    stranger = system.stranger()
    for name in ("no.such.task", "visit_sync.run"):
        stranger.send_task(name, ["syn_unknown"], queue="syncs")
    event = system.town.fieldcamp.events(API_KEY)[-1]
    for arguments in ([system.account_id, {"id": 7}], ["acc_nobody", event], [system.account_id]):
        stranger.send_task("visit.status_changed", arguments, queue="events")
    [visit_id] = system.add_visits(1)
    system.wait_until("the event to show", lambda: len(system.shown(visit_id)) == 1)
    system.assert_agreement()
