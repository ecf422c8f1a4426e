"""Fencing: the proof, inside a transaction, that a worker still holds its job."""

from sqlalchemy import Connection, select

from worker.core.errors import LeaseLost
from worker.core.jobs import JobStatus, Lease
from worker.store.engine import AnyRow
from worker.store.tables import jobs


def held(connection: Connection, lease: Lease) -> AnyRow:
    """The job's ``account_id`` and ``connection_id``; a take-over waits until this transaction ends. Raises
    LeaseLost."""
    statement = select(jobs.c.account_id, jobs.c.connection_id).where(
        jobs.c.id == lease.job_id, jobs.c.fence == lease.fence, jobs.c.status == JobStatus.RUNNING
    )
    # The lock that a writer takes from the start: two streams of one job that shared it first would then wait for
    # each other.
    row = connection.execute(statement.with_for_update(key_share=True)).first()
    if row is None:
        raise LeaseLost(f"job {lease.job_id} is no longer held with fence {lease.fence}")
    return row
