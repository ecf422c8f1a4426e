"""Jobs, their records, matches and moments as the outside sees them (contract §4)."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from worker.core.documents import Document
from worker.core.jobs import CREATED, DELETED, FAILED, UNCHANGED, UPDATED, Job, JobRecord
from worker.core.matches import Choice, Question
from worker.core.ports import Manifest
from worker.core.records import plural

RFC_3339 = r"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$"
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
EXPECTED_MOMENT = "expected a moment in RFC 3339, such as 2026-05-29T14:21:08Z"

NONE_OF_EACH = dict.fromkeys((CREATED, UPDATED, DELETED, UNCHANGED, FAILED), 0)


def rfc_3339(moment: datetime | None) -> str | None:
    """An instant in UTC with ``Z``, to the second."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """The instant that an RFC 3339 text names, in UTC. Raises ValueError that says what was expected."""
    if not re.fullmatch(RFC_3339, text, re.ASCII):
        raise ValueError(EXPECTED_MOMENT)
    try:
        named = datetime.fromisoformat(text.upper().replace(":60", ":59"))  # a leap second, which Python does not know
    except ValueError:
        raise ValueError(EXPECTED_MOMENT) from None
    try:
        return named.astimezone(UTC)
    except OverflowError:  # a day off the edge of the calendar
        return FIRST if named.year == 1 else LAST


def job_descriptor(job: Job) -> dict[str, Any]:
    """What answers a request for a sync (contract §4.1)."""
    return {
        "job_id": job.id,
        "integration": job.integration,
        "mode": job.request.mode.value,
        "status": job.status.value,
        "created_at": rfc_3339(job.created_at),
    }


def job_json(job: Job, manifests: Mapping[str, Manifest]) -> dict[str, Any]:
    """A job with its progress, counts and tallies (contract §4.4). What its integration publishes is told of, though
    nothing of it was there to do."""
    tallies = {**{plural(kind): {} for kind in manifests[job.integration].kinds}, **job.tallies}
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
        "records": {name: {**NONE_OF_EACH, **tally} for name, tally in tallies.items()},
        "error": dict(job.error) if job.error else None,
    }


def record_json(record: JobRecord) -> dict[str, Any]:
    """What became of one record (contract §4.4)."""
    return {**asdict(record), "at": rfc_3339(record.at)}


def match_json(question: Question) -> dict[str, Any]:
    """What a person is asked about a record (contract §4.4)."""
    return {
        "match_id": question.id,
        "kind": question.kind,
        "local_id": question.local_id,
        **_known_by(question.wanted),
        "candidates": [_candidate(choice) for choice in question.choices],
        "created_at": rfc_3339(question.created_at),
    }


def answer_json(question: Question) -> dict[str, Any]:
    """What a person said: the id in the books, or null for none of them."""
    said = {"match_id": question.id, "kind": question.kind, "local_id": question.local_id}
    return {**said, "accepted": question.chosen or None}


def _candidate(choice: Choice) -> dict[str, Any]:
    active = bool(getattr(choice.document, "active", True))
    what = {"remote_id": choice.remote_id, **_known_by(choice.document)}
    return {**what, "active": active, "evidence": list(choice.evidence)}


def _known_by(document: Document) -> dict[str, str | None]:
    """The name, and what people are reached by, where they are."""
    name, email, phone = (getattr(document, field, "") for field in ("name", "email", "phone"))
    return {"name": name, "email": email or None, "phone": phone or None}
