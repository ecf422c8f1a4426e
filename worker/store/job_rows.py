"""Jobs and their records as rows, and back."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from ulid import ULID

from worker.core.connections import Connection
from worker.core.jobs import Counts, Job, JobRecord, JobRequest, JobStatus, Mode, Trigger
from worker.store.engine import AnyRow


def queued_row(connection: Connection, request: JobRequest, now: datetime) -> dict[str, Any]:
    """The row of a new job."""
    return {
        "id": f"syn_{ULID.from_datetime(now)}",
        "account_id": connection.account_id,
        "connection_id": connection.id,
        "integration": connection.integration,
        **asdict(request),
        "status": JobStatus.QUEUED,
        "created_at": now,
        "rang_at": now,  # whoever asked rings; the sweep does it again where that got lost
        "counts": asdict(Counts()),
        "tallies": {},
    }


def job_of(row: AnyRow) -> Job:
    """The job of a row of ``jobs``."""
    return Job(
        id=row.id,
        account_id=row.account_id,
        connection_id=row.connection_id,
        integration=row.integration,
        request=JobRequest(
            mode=Mode(row.mode),
            scope=row.scope,
            trigger=Trigger(row.trigger),
            dry_run=row.dry_run,
            confirm_mass_change=row.confirm_mass_change,
            only=tuple(row.only),
        ),
        status=JobStatus(row.status),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        fence=row.fence,
        attempts=row.attempts,
        cancel_requested=row.cancel_requested,
        done=row.done,
        total=row.total,
        counts=Counts(**row.counts),
        tallies=row.tallies,
        error=row.error,
    )


def record_of(row: AnyRow) -> tuple[int, JobRecord]:
    """The record of a row of ``job_records``, with its ordinal."""
    values = {field.name: row._mapping[field.name] for field in fields(JobRecord)}
    return row.ordinal, JobRecord(**values)
