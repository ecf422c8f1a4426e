"""One sync for each connection, in one worker's hands."""

from datetime import timedelta

import pytest

from tests.store.things import NOON, at_once, in_processes, later, published, start, visit
from worker.core import cadence
from worker.core.connections import Account, Connection, StreamState
from worker.core.errors import LeaseLost, SyncInProgress
from worker.core.jobs import (
    CREATED,
    FAILED,
    Counts,
    Ending,
    Job,
    JobRecord,
    JobRequest,
    JobStatus,
    Lease,
    Mode,
    Progress,
    Trigger,
)
from worker.core.observation import Observed
from worker.store import Store

RACE = """
import sys
from datetime import UTC, datetime
from worker.core.errors import SyncInProgress
from worker.core.jobs import JobRequest
from worker.store import open_store
url, key, connection_id = sys.argv[1:]
store = open_store(url, [key])
connection = store.connections.get(int(connection_id))
try:
    print("won", store.jobs.request(connection, JobRequest(), datetime.now(UTC)).id)
except SyncInProgress as error:
    print("lost", error.active_job_id)
"""


def test_of_sixteen_threads_one_gets_the_sync_and_the_others_name_it(store: Store, google: Connection) -> None:
    answers = at_once(16, lambda _: store.jobs.request(google, JobRequest(), NOON))
    won = [answer for answer in answers if isinstance(answer, Job)]
    lost = [answer.active_job_id for answer in answers if isinstance(answer, SyncInProgress)]
    assert len(won) == 1
    assert lost == [won[0].id] * 15


def test_of_four_processes_one_gets_the_sync_and_the_others_name_it(
    store: Store, google: Connection, database_url: str, keys: list[str]
) -> None:
    answers = [line.split() for line in in_processes(RACE, [[database_url, keys[0], str(google.id)]] * 4)]
    assert sorted(word for word, _ in answers) == ["lost", "lost", "lost", "won"]
    assert len({job_id for _, job_id in answers}) == 1


def test_whoever_asks_while_the_sync_ends_gets_the_next_or_names_it(store: Store, google: Connection) -> None:
    def act(place: int) -> object:
        for _ in range(10):
            try:
                queued = store.jobs.request(google, JobRequest(), NOON)
            except SyncInProgress:
                continue
            _, lease = store.jobs.claim(queued.id, str(place), 60, NOON)
            store.jobs.finish(lease, Ending(JobStatus.SUCCEEDED), NOON)
        return None

    assert at_once(4, act) == [None] * 4


def test_a_job_is_claimed_once_however_often_its_bell_rings(store: Store, google: Connection) -> None:
    queued = store.jobs.request(google, JobRequest(), NOON)
    claims = at_once(8, lambda place: store.jobs.claim(queued.id, str(place), 60, NOON))
    taken = [claim for claim in claims if claim is not None]
    assert len(taken) == 1
    claimed, lease = taken[0]
    assert (claimed.status, claimed.fence, claimed.attempts, claimed.started_at) == (JobStatus.RUNNING, 1, 1, NOON)
    assert lease == Lease(queued.id, 1)


def test_what_was_asked_for_comes_back_as_it_was(store: Store, google: Connection) -> None:
    request = JobRequest(Mode.FULL, "customers", Trigger.RETRY, True, True, ("vis_1", "vis_2"))
    queued = store.jobs.request(google, request, NOON)
    assert store.jobs.get(queued.id) == queued
    assert queued.request == request
    assert store.jobs.active(google.id) == queued


def test_a_lease_that_ran_out_puts_the_job_back_with_its_fence_raised(store: Store, google: Connection) -> None:
    job, lease = start(store, google, lease_seconds=-1)
    assert store.jobs.requeue_lost(NOON) == [job.id]
    assert store.jobs.requeue_lost(NOON) == []
    again, second = store.jobs.claim(job.id, "another", 60, later(1))
    assert second.fence > lease.fence
    assert (again.attempts, again.started_at) == (2, NOON)


def test_a_lease_that_is_kept_alive_is_not_taken(store: Store, google: Connection) -> None:
    _, lease = start(store, google, lease_seconds=-1)
    assert store.jobs.pulse(lease, 60).held
    assert store.jobs.requeue_lost(NOON) == []


def test_an_old_worker_that_wakes_late_writes_nothing(
    store: Store, google: Connection, primary: StreamState, running: tuple[Job, Lease]
) -> None:
    job, old = running
    assert store.jobs.release(old)
    store.jobs.claim(job.id, "another", 60, NOON)
    link = published()
    writes = [
        lambda: store.observations.save(
            old, job, primary, Observed(links=(link,)), target="me@x", now=NOON, cursor="c-2"
        ),
        lambda: store.plans.offer(old, [link]),
        lambda: store.plans.settle(old, [link], Progress(done=1)),
        lambda: store.plans.planned(old, google.id, 5),
        lambda: store.streams.begin_listing(old, primary.id),
        lambda: store.streams.forget_cursor(old, primary.id),
        lambda: store.streams.save_cursor(old, primary.id, "c-2", NOON),
        lambda: store.records.receive(job.account_id, [visit()], old),
        lambda: store.observations.forget_unlisted_strays(old, primary, 9),
        lambda: store.jobs.progress(old, Progress(done=1)),
        lambda: store.jobs.finish(old, Ending(JobStatus.FAILED), NOON),
    ]
    for write in writes:
        with pytest.raises(LeaseLost):
            write()
    assert not store.jobs.pulse(old, 60).held
    assert not store.jobs.release(old)
    assert store.plans.links_of(google.id, ["vis_1"]) == {}
    assert store.records.get_many(job.account_id, "visit", ["vis_1"]) == {}
    assert store.streams.all(google.id)["primary"] == primary
    assert store.plans.planned_upto(google.id) == {}
    assert store.jobs.get(job.id).status is JobStatus.RUNNING


def test_a_job_that_keeps_killing_its_workers_fails_and_its_connection_is_looked_at_later(
    store: Store, google: Connection
) -> None:
    job, _ = start(store, google, lease_seconds=-1)
    for _ in range(cadence.MOST_ATTEMPTS - 1):
        assert store.jobs.requeue_lost(NOON) == [job.id]
        store.jobs.claim(job.id, "another", -1, NOON)
    assert store.jobs.requeue_lost(NOON) == []
    failed = store.jobs.get(job.id)
    assert (failed.status, failed.error["code"]) == (JobStatus.FAILED, "WORKER_LOST")
    after = store.connections.get(google.id)
    assert after.next_look_at == NOON + cadence.LONGEST_RETRY
    assert (after.failures, after.error["code"]) == (1, "WORKER_LOST")


def test_only_one_sweep_requeues_a_lost_job(store: Store, google: Connection) -> None:
    job, _ = start(store, google, lease_seconds=-1)
    assert sorted(at_once(4, lambda _: store.jobs.requeue_lost(NOON))) == [[], [], [], [job.id]]


def test_a_queued_job_that_nobody_rang_for_is_rung_for_once(store: Store, google: Connection) -> None:
    queued = store.jobs.request(google, JobRequest(), NOON)
    assert store.jobs.to_ring(NOON, 5) == [], "whoever asked for the job rings for it"
    soon = NOON + timedelta(seconds=6)
    assert sorted(at_once(4, lambda _: store.jobs.to_ring(soon, 5))) == [[], [], [], [queued.id]]
    store.jobs.rang(queued.id, later(1))
    assert store.jobs.to_ring(later(1), 5) == []


def test_a_claim_clears_the_due_mark_and_what_comes_meanwhile_sets_it_again(
    store: Store, account: Account, google: Connection
) -> None:
    assert [one.id for one in store.connections.due(NOON, 10)] == [google.id]
    queued = store.jobs.request(google, JobRequest(), NOON)
    assert store.connections.due(NOON, 10) == []
    _, lease = store.jobs.claim(queued.id, "me", 60, NOON)
    assert store.connections.get(google.id).next_look_at is None
    assert store.connections.poke(account.id, None, later(1), Trigger.EVENT) == 1
    assert store.connections.poke(account.id, None, later(2), Trigger.PUSH) == 0
    store.jobs.finish(lease, Ending(JobStatus.SUCCEEDED, next_look_at=later(30)), NOON)
    after = store.connections.get(google.id)
    assert (after.next_look_at, after.look_trigger, after.last_synced_at) == (later(1), "event", NOON)


def test_an_error_keeps_its_first_moment_until_a_sync_succeeds(store: Store, google: Connection) -> None:
    ending = Ending(JobStatus.FAILED, {"code": "X", "message": "no"}, next_look_at=later(30))
    for minute in (1, 2):
        _, lease = start(store, google)
        store.jobs.finish(lease, ending, later(minute))
    after = store.connections.get(google.id)
    assert after.failures == 2
    assert after.error == {"code": "X", "message": "no", "since": later(1).isoformat()}
    assert (after.next_look_at, after.look_trigger) == (later(30), "schedule")
    _, lease = start(store, google)
    store.jobs.finish(lease, Ending(JobStatus.SUCCEEDED), later(3))
    after = store.connections.get(google.id)
    assert (after.failures, after.error, after.last_synced_at) == (0, None, later(3))


def test_a_revoked_grant_stops_the_connection_quietly(store: Store, google: Connection) -> None:
    _, lease = start(store, google)
    store.jobs.finish(lease, Ending(JobStatus.FAILED, {"code": "R", "message": "gone"}, revoked=True), NOON)
    after = store.connections.get(google.id)
    assert (after.connected, after.next_look_at, after.error["code"]) == (False, None, "R")


def test_a_dry_run_says_nothing_about_the_connection(store: Store, google: Connection) -> None:
    queued = store.jobs.request(google, JobRequest(dry_run=True), NOON)
    _, lease = store.jobs.claim(queued.id, "me", 60, NOON)
    store.jobs.finish(lease, Ending(JobStatus.SUCCEEDED, next_look_at=later(30)), NOON)
    after = store.connections.get(google.id)
    assert (after.last_synced_at, after.next_look_at) == (None, google.next_look_at)


def test_a_queued_job_is_cancelled_at_once_and_its_connection_waits(
    store: Store, account: Account, google: Connection
) -> None:
    queued = store.jobs.request(google, JobRequest(), NOON)
    assert store.jobs.cancel("acc_other", queued.id, NOON, later(30)) is None
    assert store.jobs.cancel(account.id, queued.id, NOON, later(30)).status is JobStatus.CANCELLED
    assert store.jobs.claim(queued.id, "me", 60, NOON) is None
    assert store.connections.due(later(29), 10) == []
    assert store.connections.due(later(30), 10) != []


def test_a_running_job_is_asked_to_stop(store: Store, account: Account, running: tuple[Job, Lease]) -> None:
    job, lease = running
    assert not store.jobs.pulse(lease, 60).cancel_requested
    assert store.jobs.cancel(account.id, job.id, NOON, later(30)).status is JobStatus.RUNNING
    assert store.jobs.pulse(lease, 60).cancel_requested


def test_progress_adds_up_and_records_are_kept_in_order(store: Store, running: tuple[Job, Lease]) -> None:
    job, lease = running
    first = JobRecord("visit", "vis_1", CREATED, "r-1", "me@x", at=NOON)
    second = JobRecord("visit", "vis_2", FAILED, reason="REJECTED", message="no \x00 thanks")
    store.jobs.progress(lease, Progress(1, 3, Counts(pushed=1), (first,)))
    store.plans.settle(
        lease, [], Progress(2, None, Counts(failed=1, pulled=4), (second, JobRecord("tax", "t", FAILED)))
    )
    after = store.jobs.get(job.id)
    assert (after.done, after.total, after.counts) == (3, 3, Counts(pulled=4, pushed=1, failed=1))
    assert after.tallies == {"visits": {"created": 1, "failed": 1}, "taxes": {"failed": 1}}
    assert store.jobs.records(job.id, limit=1) == [(1, first)]
    assert [(ordinal, record.local_id) for ordinal, record in store.jobs.records(job.id, FAILED, after=1)] == [
        (2, "vis_2"),
        (3, "t"),
    ]


def test_jobs_are_listed_newest_first_by_page(store: Store, account: Account, google: Connection) -> None:
    ids = []
    for minute in range(5):
        queued = store.jobs.request(google, JobRequest(), later(minute))
        _, lease = store.jobs.claim(queued.id, "me", 60, NOON)
        store.jobs.finish(lease, Ending(JobStatus.SUCCEEDED), NOON)
        ids.insert(0, queued.id)
    first = store.jobs.listed(account.id, "google_calendar", JobStatus.SUCCEEDED, limit=2)
    assert [job.id for job in first] == ids[:2]
    assert [job.id for job in store.jobs.listed(limit=9, before=ids[1])] == ids[2:]
    assert store.jobs.listed("acc_other") == []
    assert store.jobs.get(ids[0], "acc_other") is None


def test_reconnecting_sends_a_running_sync_back_to_the_queue(
    store: Store, account: Account, google: Connection, running: tuple[Job, Lease]
) -> None:
    job, lease = running
    store.plans.planned(lease, google.id, 7)
    store.connections.connect(account.id, "google_calendar", {}, {"": {"refresh_token": "new"}}, NOON)
    with pytest.raises(LeaseLost):
        store.plans.planned(lease, google.id, 9)
    assert store.jobs.to_ring(NOON, 5) == [job.id]
    assert store.plans.planned_upto(google.id) == {}


def test_disconnecting_forgets_the_tokens_cancels_the_sync_and_keeps_the_links(
    store: Store, account: Account, google: Connection, primary: StreamState, running: tuple[Job, Lease]
) -> None:
    job, lease = running
    store.plans.offer(lease, [published()])
    assert store.connections.disconnect(account.id, "google_calendar", NOON)
    assert not store.connections.disconnect(account.id, "google_calendar", NOON)
    with pytest.raises(LeaseLost):
        store.plans.offer(lease, [published(version="2")])
    assert store.jobs.get(job.id).status is JobStatus.CANCELLED
    assert store.grants.teams(google.id) == []
    assert store.connections.poke(account.id, None, NOON, Trigger.EVENT) == 0
    again = store.connections.connect(account.id, "google_calendar", {}, {"usr_1": {}, "usr_2": {}}, NOON)
    assert again.id == google.id
    assert store.plans.links_of(google.id, ["vis_1"]) == {"vis_1": [published()]}
    assert store.grants.teams(google.id) == ["usr_1", "usr_2"]


def test_a_connection_whose_grant_was_revoked_says_since_when_and_is_left_alone(
    store: Store, account: Account, google: Connection
) -> None:
    store.connections.revoke(google.id, "The grant was revoked.", NOON)
    store.connections.revoke(google.id, "The grant was revoked.", later(5))
    after = store.connections.get(google.id)
    assert (after.connected, after.error["since"]) == (False, NOON.isoformat())
    assert store.connections.due(later(60), 10) == []
