"""Workers die, fall asleep, and are told to stop, each in the middle of a sync."""

import os
import signal
import time
from typing import Any

import pytest

from tests.system.system import LEASE, System, exists
from worker.core.errors import SyncInProgress
from worker.core.jobs import JobStatus
from worker.store.tables import changes, connections, job_records, jobs, links, records, streams

MANY = 48
A_FEW_SECONDS = 4.0
GRACE = 10.0
"""Seconds: platforms give a process at least so long between SIGTERM and SIGKILL."""

postgresql = pytest.mark.parametrize("system", ["postgresql"], indirect=True)
WRITTEN_BY_SYNCS = (changes, connections, job_records, jobs, links, records, streams)


def test_a_worker_is_killed_in_the_middle_of_a_sync_and_another_goes_on_within_the_lease(system: System) -> None:
    """Lessons 4 and 12."""
    system.have(worker=2)
    job = system.caught_in_the_middle(MANY)
    with pytest.raises(SyncInProgress) as refused:
        system.request()
    assert refused.value.active_job_id == job.id

    system.worker_of(job).kill()
    killed = time.monotonic()
    system.hurry()
    visit_id = system.add_visits(1)[0]
    system.wait_until("another worker to take over", lambda: system.job(job.id).attempts == 2, LEASE + A_FEW_SECONDS)
    next_job = system.request_until_accepted(killed + LEASE + 2 * A_FEW_SECONDS - time.monotonic())

    assert system.job(job.id).status is JobStatus.SUCCEEDED
    assert system.ended(next_job).status is JobStatus.SUCCEEDED
    system.assert_agreement()
    assert len(system.shown(visit_id)) == 1


@postgresql
def test_a_child_of_the_pool_is_killed_in_the_middle_of_a_sync_and_the_job_goes_on(system: System) -> None:
    """Lesson 4."""
    job = system.caught_in_the_middle(MANY)
    child, parent = system.owner(job), system.worker_of(job)
    assert child != parent.pid

    os.kill(child, signal.SIGKILL)
    system.hurry()

    assert system.ended(job, LEASE + 2 * A_FEW_SECONDS).status is JobStatus.SUCCEEDED
    assert system.job(job.id).attempts == 2
    assert parent.is_alive
    assert not exists(child)
    system.assert_agreement()


@postgresql
def test_a_worker_that_wakes_after_its_lease_went_writes_nothing(system: System) -> None:
    """Lesson 13."""
    system.have(worker=0)
    sleeper = system.start("worker", "--concurrency", "1")
    job = system.caught_in_the_middle(MANY)
    system.freeze(sleeper)
    assert system.job(job.id).status is JobStatus.RUNNING
    system.hurry()
    other = system.start("worker", "--concurrency", "2")
    assert system.ended(job).status is JobStatus.SUCCEEDED
    assert system.job(job.id).attempts == 2
    system.assert_agreement()
    other.kill()
    before = _written(system)

    sleeper.resume()
    _wait_until_idle(system)

    assert sleeper.is_alive
    assert _written(system) == before
    system.assert_agreement()
    system.add_visits(1)
    system.assert_agreement()


def _wait_until_idle(system: System) -> None:
    """The worker does one thing at a time: when it answers, it is done with whatever it was at."""
    asked = system.stranger().send_task("integration.sync", [system.account_id, "nobody"], queue="events")
    with pytest.raises(Exception, match="expected one of"):
        asked.get(timeout=30)


def _written(system: System) -> list[list[dict[str, Any]]]:
    return [system.rows(table) for table in WRITTEN_BY_SYNCS]


def test_a_worker_that_is_told_to_stop_in_the_middle_of_a_sync_gives_it_back(system: System) -> None:
    job = system.caught_in_the_middle(MANY)
    system.delay("batch", 2.0)
    worker = system.worker_of(job)

    worker.terminate()

    assert worker.wait(GRACE) == 0
    assert system.job(job.id).status is JobStatus.QUEUED
    system.hurry()
    system.have(worker=1)
    assert system.ended(job).status is JobStatus.SUCCEEDED
    system.assert_agreement()
