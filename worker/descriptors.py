"""Jobs and their records as the outside sees them (contract §4)."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from worker.core.jobs import Job, JobRecord


def rfc_3339(moment: datetime | None) -> str | None:
    """An instant in UTC with ``Z``, to the second."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def job_descriptor(job: Job) -> dict[str, Any]:
    """What answers a request for a sync (contract §4.1)."""
    return {
        "job_id": job.id,
        "integration": job.integration,
        "mode": job.request.mode.value,
        "status": job.status.value,
        "created_at": rfc_3339(job.created_at),
    }


def job_json(job: Job) -> dict[str, Any]:
    """A job with its progress, counts and tallies (contract §4.4)."""
    return {
        **job_descriptor(job),
        "scope": job.request.scope,
        "trigger": job.request.trigger.value,
        "dry_run": job.request.dry_run,
        "started_at": rfc_3339(job.started_at),
        "finished_at": rfc_3339(job.finished_at),
        "attempts": job.attempts,
        "progress": {"done": job.done, "total": job.total},
        "counts": asdict(job.counts),
        "records": {kind: dict(tally) for kind, tally in job.tallies.items()},
        "error": dict(job.error) if job.error else None,
    }


def record_json(record: JobRecord) -> dict[str, Any]:
    """What became of one record (contract §4.4)."""
    return {**asdict(record), "at": rfc_3339(record.at)}
