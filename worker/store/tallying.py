"""Tallying: adds what a part of a run did to its job."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, insert, select, update

from worker.core.jobs import UNCHANGED, Counts, JobRecord, Lease, Progress
from worker.core.records import plural
from worker.store.tables import job_records, jobs

Tallies = Mapping[str, Mapping[str, int]]


def add(connection: Connection, lease: Lease, progress: Progress) -> None:
    """Add to the counts, tallies and records of a job whose lease the transaction has checked."""
    its_row = jobs.c.id == lease.job_id
    columns = (jobs.c.done, jobs.c.total, jobs.c.counts, jobs.c.tallies, jobs.c.recorded)
    job = connection.execute(select(*columns).where(its_row)).one()
    values = {
        "done": job.done + progress.done,
        "total": job.total if progress.total is None else progress.total,
        "counts": asdict(Counts(**job.counts) + progress.counts),
        "tallies": tallied(job.tallies, progress),
        "recorded": job.recorded + len(progress.records),
    }
    connection.execute(update(jobs).where(its_row).values(values))
    rows = [_row(lease, ordinal, record) for ordinal, record in enumerate(progress.records, job.recorded + 1)]
    if rows:
        connection.execute(insert(job_records), rows)


def recount(connection: Connection, lease: Lease) -> None:
    """Set a job back to nothing done and nothing found right; what was written, failed or was recorded stays."""
    its_row = jobs.c.id == lease.job_id
    job = connection.execute(select(jobs.c.counts, jobs.c.tallies).where(its_row)).one()
    tallies = {
        kind: {word: n for word, n in outcomes.items() if word != UNCHANGED} for kind, outcomes in job.tallies.items()
    }
    connection.execute(update(jobs).where(its_row).values(done=0, counts={**job.counts, "skipped": 0}, tallies=tallies))


def tallied(before: Tallies, progress: Progress) -> Tallies:
    """The tallies with one more for the outcome of each record, under the plural of its kind."""
    after = {kind: dict(outcomes) for kind, outcomes in before.items()}
    told = Counter((record.kind, record.outcome) for record in progress.records)
    told.update({(kind, UNCHANGED): count for kind, count in progress.unchanged.items()})
    for (kind, outcome), count in told.items():
        outcomes = after.setdefault(plural(kind), {})
        outcomes[outcome] = outcomes.get(outcome, 0) + count
    return after


def _row(lease: Lease, ordinal: int, record: JobRecord) -> dict[str, Any]:
    return {"job_id": lease.job_id, "ordinal": ordinal, **asdict(record)}
