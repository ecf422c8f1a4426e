"""Real processes ask for reviews while answers are lost and a worker is killed: each completed visit exactly once."""

from collections.abc import Iterator

import pytest

from tests.system.system import LEASE, System
from worker.core.jobs import ACTIVE, Job, JobStatus
from worker.demo.reviews import CAMPAIGN, compare_reviews
from worker.simulators.faults import Fault
from worker.sync.connect import connect
from worker.wiring import now

REVIEWS = "review_rover"
MANY, LOST = 30, 4
SOON, TAKEN_OVER = 20.0, LEASE + 15.0


@pytest.fixture
def asking(system: System) -> Iterator[System]:
    """A system whose company takes part in a campaign for reviews."""
    token = system.town.review_rover.add_account(CAMPAIGN)
    connect(system.wiring.house, system.account_id, REVIEWS, {"token": token})
    system.settle()
    yield system
    system.town.review_rover.faults.clear()
    system.wiring.store.connections.disconnect(system.account_id, REVIEWS, now())


def test_a_worker_is_killed_in_the_middle_and_answers_are_lost_and_each_client_is_asked_once(asking: System) -> None:
    visit_ids = asking.add_visits(MANY)
    asking.settle()
    faults = asking.town.review_rover.faults
    faults.add(Fault(operation="visits.create", drop="after", times=LOST))
    faults.add(Fault(operation="visits.create", delay=0.2, times=None))
    for visit_id in visit_ids:
        asking.change(visit_id, visitStatus="completed")
    job = _caught_asking(asking)
    asking.worker_of(job).kill()
    asking.have(worker=1)
    asking.wait_until("another worker to take over", lambda: asking.job(job.id).attempts == 2, TAKEN_OVER)
    assert asking.ended(job, 60).status in (JobStatus.SUCCEEDED, JobStatus.PARTIAL)
    asking.wait_until("the lost ones to be found", lambda: not compare_reviews(asking.town).differences, SOON)
    asking.settle()
    assert compare_reviews(asking.town).differences == []
    asked = [one["external_id"] for one in asking.town.review_rover.review_requests(CAMPAIGN)]
    assert len(asked) == len(set(asked))
    assert len(asked) > MANY / 2


def _caught_asking(system: System) -> Job:
    """A sync that has asked some clients and not all."""

    def asked() -> int:
        return len(system.town.review_rover.review_requests(CAMPAIGN))

    system.wait_until("some clients to be asked", lambda: asked() > LOST + 2, SOON)
    [job] = [one for one in system.wiring.store.jobs.listed(system.account_id, REVIEWS) if one.status in ACTIVE]
    assert asked() < MANY
    return job
