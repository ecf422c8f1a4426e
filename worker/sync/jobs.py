"""Someone stops a job, or has what failed in it tried again."""

from collections.abc import Iterator

from worker.core.cadence import Facts, next_look
from worker.core.errors import Invalid, NotFound, SyncInProgress
from worker.core.jobs import ACTIVE, FAILED, Job, JobRecord, JobRequest, Trigger, named
from worker.sync.house import House
from worker.sync.request import request_sync

PAGE = 1000


def job_of(house: House, account_id: str, job_id: str) -> Job:
    """The account's job; raises NotFound, also for another account's."""
    job = house.store.jobs.get(job_id, account_id)
    if job is None:
        raise NotFound("There is no such job.")
    return job


def cancel(house: House, account_id: str, job_id: str) -> Job:
    """The job as it is then: a queued one has ended, a running one ends between two batches, an ended one stays as it
    is. Raises NotFound."""
    now = house.now()
    job = house.store.jobs.cancel(account_id, job_id, now, next_look(now, house.cadence, Facts(), house.chance()))
    if job is None:
        raise NotFound("There is no such job.")
    return job


def retry(house: House, account_id: str, job_id: str) -> Job:
    """A new job for what failed in this one, and for nothing else; what was refused is offered again. The retry of a
    dry run is one as well.

    Streams are all read again. Where one that could not be read is all that failed, whatever is due is looked at.
    Raises NotFound, Invalid where nothing failed, NotConnected, SyncInProgress.
    """
    job = job_of(house, account_id, job_id)
    if job.status in ACTIVE:
        raise SyncInProgress(job.id)
    failed = list(_failed(house, job.id))
    if not failed:
        expected = "a job with failed records; for everything else start a sync"
        raise Invalid(f"job_id: expected {expected}", {"job_id": f"expected {expected}"})
    kinds = house.manifests[job.integration].kinds
    only = tuple(dict.fromkeys(named(record.kind, record.local_id) for record in failed if record.kind in kinds))
    wanted = JobRequest(scope=job.request.scope, trigger=Trigger.RETRY, dry_run=job.request.dry_run, only=only)
    return request_sync(house, account_id, job.integration, wanted)


def _failed(house: House, job_id: str) -> Iterator[JobRecord]:
    after = 0
    while page := house.store.jobs.records(job_id, FAILED, after, PAGE):
        yield from (record for _, record in page)
        after = page[-1][0]
