"""Jobs, their records, matches, moments and explanations as the outside sees them (contract §3, §4)."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from worker.core.codec import encode
from worker.core.documents import Document, to_json
from worker.core.explanation import Explanation, Happening, News, Place, Presence
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


def explanation_json(found: Explanation) -> dict[str, Any]:
    """Where a visit stands in every system, and why (contract §3)."""
    return {
        "visit": {**encode(found.visit), "status": None if found.deleted else found.visit.status.value},
        "deleted": found.deleted,
        "source": found.source,
        "changed_at": rfc_3339(found.changed_at),
        "told_at": rfc_3339(found.told_at),
        "client": None if found.client is None else {"id": found.client.id, "name": found.client.name},
        "integrations": [_presence(each) for each in found.presences],
        "pending_events": [_event(each) for each in found.events],
        "history": [_happening(each) for each in found.history],
    }


def _presence(there: Presence) -> dict[str, Any]:
    return {
        "integration": there.integration,
        "connected": there.connected,
        "remark": _reason(there.remark),
        "error": _reason(there.error),
        "last_synced_at": rfc_3339(there.last_synced_at),
        "next_scheduled_sync_at": rfc_3339(there.next_sync_at),
        "active_job_id": there.active_job_id,
        "pending_events": there.news,
        "places": [_place(each) for each in there.places],
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "kind": place.kind,
        "local_id": place.local_id,
        "target": place.target,
        "remote_id": place.remote_id,
        "state": place.fate.state.value,
        "agrees": place.fate.agrees,
        "reason": place.fate.code,
        "message": place.fate.message,
        "shown": None if place.shown is None else to_json(place.shown),
        "wanted": None if place.wanted is None else to_json(place.wanted),
        "written_at": rfc_3339(place.written_at),
        "conflict": _reason(place.conflict),
    }


def _reason(told: tuple[str, str] | None) -> dict[str, str] | None:
    return None if told is None else {"code": told[0], "message": told[1]}


def _event(event: News) -> dict[str, Any]:
    moments = {"created_at": rfc_3339(event.created_at), "received_at": rfc_3339(event.received_at)}
    return {"event_id": event.event_id, "type": event.type, **moments}


def _happening(each: Happening) -> dict[str, Any]:
    where = {"job_id": each.job_id, "integration": each.integration, "dry_run": each.dry_run}
    return {**where, **record_json(each.record)}


def _candidate(choice: Choice) -> dict[str, Any]:
    active = bool(getattr(choice.document, "active", True))
    what = {"remote_id": choice.remote_id, **_known_by(choice.document)}
    return {**what, "active": active, "evidence": list(choice.evidence)}


def _known_by(document: Document) -> dict[str, str | None]:
    """The name, and what people are reached by, where they are."""
    name, email, phone = (getattr(document, field, "") for field in ("name", "email", "phone"))
    return {"name": name, "email": email or None, "phone": phone or None}
