"""Jobs: the one sync of a connection, who holds it, and how it ended."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, tuple_, update
from sqlalchemy import Connection as Transaction

from worker.core import cadence
from worker.core.connections import Connection
from worker.core.errors import LeaseLost, SyncInProgress
from worker.core.explanation import Happening
from worker.core.jobs import (
    ACTIVE,
    OUTCOMES,
    UNCHANGED,
    Ending,
    Job,
    JobRecord,
    JobRequest,
    JobStatus,
    Lease,
    Once,
    Progress,
    Pulse,
    Reply,
)
from worker.store import endings, job_rows, replies, tallying
from worker.store.engine import AnyRow, Database
from worker.store.fencing import held
from worker.store.job_rows import job_of, record_of
from worker.store.tables import connections, is_active, job_records, jobs

WORKER_LOST = {
    "code": "WORKER_LOST",
    "message": f"{cadence.MOST_ATTEMPTS} workers in a row died or fell silent over this sync.",
}
LOOKED_THROUGH = 500
"""Jobs that are looked through for what they did about a record: no index finds that."""
IN_NOBODYS_HANDS = {"owner": None, "lease_until": None}


class Jobs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def request(self, connection: Connection, request: JobRequest, now: datetime) -> Job:
        """A queued job; the insert is the lock. Raises SyncInProgress, naming the job that holds it."""
        holder = self.active(connection.id)
        if holder is not None:  # who comes in vain does not queue up with those who write
            raise SyncInProgress(holder.id)
        with self._database.writing() as transaction:
            return self._queued(transaction, connection, request, now)

    def request_once(self, connection: Connection, request: JobRequest, once: Once, now: datetime) -> Job | Reply:
        """A queued job whose answer is kept with it, or the answer that the key got first: of several callers at once
        one gets the job. Raises SyncInProgress, and then the key is not used up."""
        with self._database.writing() as transaction:
            reply = replies.reserve(self._database, transaction, connection, once, now)
            if reply is not None:
                return reply
            job = self._queued(transaction, connection, request, now)
            replies.fill(transaction, connection, once.key, once.answer(job))
        return job

    def _queued(self, transaction: Transaction, connection: Connection, request: JobRequest, now: datetime) -> Job:
        row = job_rows.queued_row(connection, request, now)
        insert = self._database.insert(jobs).values(row).on_conflict_do_nothing()
        while True:  # until the job that held the lock has not ended before we could name it
            new = transaction.execute(insert.returning(*jobs.c)).first()
            if new is not None:
                return job_of(new)
            holder = transaction.execute(_active(connection.id)).first()
            if holder is not None:
                raise SyncInProgress(holder.id)

    def claim(self, job_id: str, owner: str, lease_seconds: float, now: datetime) -> tuple[Job, Lease] | None:
        """Take a queued job: None where there is nothing to take. The connection's due mark is cleared with it, so that
        what arrives during the run marks it anew; a dry run, or one limited to some records, does not do what is due.
        ``now`` becomes ``started_at`` at the first claim."""
        taken = {
            "status": JobStatus.RUNNING,
            "fence": jobs.c.fence + 1,
            "attempts": jobs.c.attempts + 1,
            "owner": owner,
            "lease_until": self._database.clock(timedelta(seconds=lease_seconds)),
        }
        waiting = update(jobs).where(jobs.c.id == job_id, jobs.c.status == JobStatus.QUEUED)
        unstarted = update(jobs).where(jobs.c.id == job_id, jobs.c.started_at.is_(None)).values(started_at=now)
        with self._database.writing() as transaction:
            if transaction.execute(waiting.values(taken)).rowcount == 0:
                return None
            transaction.execute(unstarted)
            job = job_of(transaction.execute(select(jobs).where(jobs.c.id == job_id)).one())
            if not (job.request.dry_run or job.request.only):
                unmarked = update(connections).where(connections.c.id == job.connection_id)
                transaction.execute(unmarked.values(next_look_at=None, look_trigger=None))
        return job, Lease(job.id, job.fence)

    def pulse(self, lease: Lease, lease_seconds: float) -> Pulse:
        """Keep the lease for another ``lease_seconds``."""
        until = self._database.clock(timedelta(seconds=lease_seconds))
        statement = update(jobs).where(_held_with(lease)).values(lease_until=until)
        with self._database.writing() as transaction:
            row = transaction.execute(statement.returning(jobs.c.cancel_requested)).first()
        return Pulse(held=row is not None, cancel_requested=row is not None and row.cancel_requested)

    def progress(self, lease: Lease, progress: Progress) -> None:
        """Add to the job's counts, tallies and records. Raises LeaseLost."""
        with self._database.writing() as transaction:
            held(transaction, lease)
            tallying.add(transaction, lease, progress)

    def finish(self, lease: Lease, ending: Ending, now: datetime) -> None:
        """End the job, and with it say what follows for its connection; raises LeaseLost.

        Succeeded: ``last_synced_at``, no failures, no error. Partial or failed: one failure more and ``ending.error``,
        whose ``since`` stays while the code stays. Cancelled and dry runs: neither. The next look is the earlier of
        ``ending.next_look_at`` and what was marked during the run; a dry run makes nothing due.
        """
        ended = {"status": ending.status, "finished_at": now, "error": ending.error, **IN_NOBODYS_HANDS}
        statement = update(jobs).where(_held_with(lease)).values(ended).returning(jobs.c.connection_id, jobs.c.dry_run)
        with self._database.writing() as transaction:
            row = transaction.execute(statement).first()
            if row is None:
                raise LeaseLost(f"job {lease.job_id} is no longer held with fence {lease.fence}")
            endings.conclude(transaction, row.connection_id, ending, now, dry_run=row.dry_run)

    def release(self, lease: Lease) -> bool:
        """Put a running job back into the queue, for a worker that stops; False where the lease was lost."""
        back = update(jobs).where(_held_with(lease)).values(status=JobStatus.QUEUED, rang_at=None, **IN_NOBODYS_HANDS)
        with self._database.writing() as transaction:
            return transaction.execute(back).rowcount > 0

    def requeue_lost(self, now: datetime) -> list[str]:
        """Put running jobs whose lease ran out back into the queue, their fence raised; returns their ids.

        After ``cadence.MOST_ATTEMPTS`` claims a job fails instead (WORKER_LOST) and its connection is looked at again
        in 15 minutes; one that was to be cancelled is cancelled."""
        silent = and_(is_active(), jobs.c.status == JobStatus.RUNNING, jobs.c.lease_until < self._database.clock())
        with self._database.reading() as reader:
            if reader.execute(select(jobs.c.id).where(silent).limit(1)).first() is None:
                return []
        with self._database.writing() as transaction:
            lost = transaction.execute(
                select(jobs).where(silent).with_for_update(skip_locked=True, key_share=True)
            ).all()
            return [row.id for row in lost if _put_back(transaction, row, now)]

    def to_ring(self, now: datetime, older_than_seconds: float, limit: int = 100) -> list[str]:
        """Queued jobs not rung for since that long, marked as rung for now: each is given to one caller."""
        unheard = or_(jobs.c.rang_at.is_(None), jobs.c.rang_at < now - timedelta(seconds=older_than_seconds))
        waiting = select(jobs.c.id).where(is_active(), jobs.c.status == JobStatus.QUEUED, unheard).limit(limit)
        with self._database.reading() as reader:
            if reader.execute(waiting.limit(1)).first() is None:
                return []
        with self._database.writing() as transaction:
            ids = list(transaction.execute(waiting.with_for_update(skip_locked=True, key_share=True)).scalars())
            transaction.execute(update(jobs).where(jobs.c.id.in_(ids)).values(rang_at=now))
        return ids

    def rang(self, job_id: str, now: datetime) -> None:
        """Note that the doorbell was rung for a queued job."""
        with self._database.writing() as transaction:
            transaction.execute(update(jobs).where(jobs.c.id == job_id).values(rang_at=now))

    def cancel(self, account_id: str, job_id: str, now: datetime, next_look_at: datetime) -> Job | None:
        """A queued job ends at once, and its connection, if due by now, waits until ``next_look_at``; a running one is
        asked to stop; an ended one stays. Returns the job as it is then, None where the account has no such job."""
        its_row = and_(jobs.c.id == job_id, jobs.c.account_id == account_id)
        with self._database.writing() as transaction:
            row = transaction.execute(select(jobs).where(its_row).with_for_update(key_share=True)).first()
            if row is None:
                return None
            if row.status == JobStatus.QUEUED:
                ended = {"status": JobStatus.CANCELLED, "finished_at": now}
                transaction.execute(update(jobs).where(its_row).values(ended))
                endings.postpone(transaction, row.connection_id, now, next_look_at)
            elif row.status == JobStatus.RUNNING:
                transaction.execute(update(jobs).where(its_row).values(cancel_requested=True))
            return job_of(transaction.execute(select(jobs).where(its_row)).one())

    def get(self, job_id: str, account_id: str | None = None) -> Job | None:
        """The job; None where there is none, or it is another account's."""
        statement = select(jobs).where(jobs.c.id == job_id)
        if account_id is not None:
            statement = statement.where(jobs.c.account_id == account_id)
        with self._database.reading() as reader:
            row = reader.execute(statement).first()
        return None if row is None else job_of(row)

    def listed(
        self,
        account_id: str | None = None,
        integration: str | None = None,
        status: JobStatus | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Job]:
        """Newest first; ``before`` is the id of the last job of the page before."""
        statement = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        for column, value in (
            (jobs.c.account_id, account_id),
            (jobs.c.integration, integration),
            (jobs.c.status, status),
        ):
            if value is not None:
                statement = statement.where(column == value)
        if before is not None:
            statement = statement.where(jobs.c.id < before)
        with self._database.reading() as reader:
            return [job_of(row) for row in reader.execute(statement)]

    def records(
        self, job_id: str, outcome: str | None = None, after: int = 0, limit: int = 100
    ) -> list[tuple[int, JobRecord]]:
        """What became of each record, oldest first, with its ordinal from 1; ``after`` is the last ordinal seen."""
        statement = select(job_records).where(job_records.c.job_id == job_id, job_records.c.ordinal > after)
        if outcome is not None:
            statement = statement.where(job_records.c.outcome == outcome)
        with self._database.reading() as reader:
            rows = reader.execute(statement.order_by(job_records.c.ordinal).limit(limit))
            return [record_of(row) for row in rows]

    def recorded(self, job_id: str, kind: str) -> frozenset[str]:
        """The records of this kind of which the job has told what became of them."""
        its = (job_records.c.job_id == job_id, job_records.c.kind == kind)
        with self._database.reading() as reader:
            return frozenset(reader.execute(select(job_records.c.local_id).where(*its).distinct()).scalars())

    def told_of(self, account_id: str, named: Collection[tuple[str, str]], limit: int = 50) -> list[Happening]:
        """What the account's newest ``LOOKED_THROUGH`` jobs did about these records, by kind and local id; the latest
        first. Finding them right is not among it."""
        recent = select(jobs.c.id).where(jobs.c.account_id == account_id, jobs.c.recorded > 0)
        newest = recent.order_by(jobs.c.id.desc()).limit(LOOKED_THROUGH)
        its = tuple_(job_records.c.kind, job_records.c.local_id).in_(list(named))
        deeds = job_records.c.outcome.in_([outcome for outcome in OUTCOMES if outcome != UNCHANGED])
        found = select(job_records, jobs.c.integration, jobs.c.dry_run).join(jobs, jobs.c.id == job_records.c.job_id)
        latest = found.order_by(job_records.c.job_id.desc(), job_records.c.ordinal.desc()).limit(limit)
        with self._database.reading() as reader:
            ids = list(reader.execute(newest).scalars())
            rows = reader.execute(latest.where(job_records.c.job_id.in_(ids), deeds, its))
            return [Happening(row.job_id, row.integration, row.dry_run, record_of(row)[1]) for row in rows]

    def recount(self, lease: Lease) -> None:
        """Forget how many records were looked at, for a job that looks at all of them once more. Raises LeaseLost."""
        with self._database.writing() as transaction:
            held(transaction, lease)
            tallying.recount(transaction, lease)

    def last(self, connection: Connection) -> Job | None:
        """The newest job that has ended."""
        its = (jobs.c.account_id == connection.account_id, jobs.c.connection_id == connection.id)
        newest = select(jobs).where(*its, jobs.c.status.not_in(ACTIVE)).order_by(jobs.c.id.desc()).limit(1)
        with self._database.reading() as reader:
            row = reader.execute(newest).first()
        return None if row is None else job_of(row)

    def active(self, connection_id: int) -> Job | None:
        """The queued or running job, None when the connection is idle."""
        with self._database.reading() as reader:
            row = reader.execute(_active(connection_id)).first()
        return None if row is None else job_of(row)


def _active(connection_id: int) -> Any:
    return select(jobs).where(jobs.c.connection_id == connection_id, is_active())


def _held_with(lease: Lease) -> ColumnElement[bool]:
    return and_(jobs.c.id == lease.job_id, jobs.c.fence == lease.fence, jobs.c.status == JobStatus.RUNNING)


def _put_back(transaction: Transaction, row: AnyRow, now: datetime) -> bool:
    """Requeue a lost job, or end it; whether it is in the queue again."""
    status, error = _fate(row)
    ended = {"finished_at": now, "error": error} if status is not JobStatus.QUEUED else {"rang_at": None}
    values = {"status": status, "fence": row.fence + 1, **ended, **IN_NOBODYS_HANDS}
    transaction.execute(update(jobs).where(jobs.c.id == row.id).values(values))
    if status is not JobStatus.QUEUED:
        ending = Ending(status, error, next_look_at=now + cadence.LONGEST_RETRY)
        endings.conclude(transaction, row.connection_id, ending, now, dry_run=row.dry_run)
    return status is JobStatus.QUEUED


def _fate(row: AnyRow) -> tuple[JobStatus, Mapping[str, str] | None]:
    if row.cancel_requested:
        return JobStatus.CANCELLED, None
    return (JobStatus.FAILED, WORKER_LOST) if row.attempts >= cadence.MOST_ATTEMPTS else (JobStatus.QUEUED, None)
