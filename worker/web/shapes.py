"""What the sync API answers with, as JSON (contract §4)."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from worker.core.jobs import Job
from worker.core.ports import Manifest
from worker.descriptors import rfc_3339
from worker.store.feed import SeenChange
from worker.sync.standing import Standing, Trouble

EVENT = ("summary", "start", "end", "status")


def change_json(change: SeenChange, manifest: Manifest) -> dict[str, Any]:
    """A change that others made: on a calendar an event, a visit that is only read as one, in the books an entity."""
    entry = change.entry
    what = _of_calendar(change) if manifest.calendar or manifest.pulled else _of_books(change)
    seen = {"changed_at": rfc_3339(entry.changed_at), "seen_at": rfc_3339(change.seen_at), "job_id": change.job_id}
    return {"action": entry.action, **what, **seen}


def _of_calendar(change: SeenChange) -> dict[str, Any]:
    entry = change.entry
    return {
        "visit_id": entry.local_id,
        "event_id": entry.remote_id,
        "calendar": change.target or None,
        "event": _event(entry.action, entry.shown),
    }


def _event(action: str, shown: Mapping[str, Any]) -> dict[str, Any]:
    """A deleted event has lost its title and times."""
    status = "cancelled" if action == "deleted" else "confirmed"
    return {**{name: shown.get(name) for name in EVENT}, "status": shown.get("status") or status}


def _of_books(change: SeenChange) -> dict[str, Any]:
    return {"entity": change.target, "local_id": change.entry.local_id, "remote_id": change.entry.remote_id}


def status_json(standing: Standing) -> dict[str, Any]:
    """Where an integration stands (contract §4.3)."""
    connection = standing.connection
    return {
        "integration": standing.manifest.name,
        "connected": connection is not None and connection.connected,
        "last_synced_at": rfc_3339(connection.last_synced_at) if connection else None,
        "next_scheduled_sync_at": rfc_3339(connection.next_look_at) if connection else None,
        "active_job_id": standing.active.id if standing.active else None,
        "errors": [_error(trouble) for trouble in standing.troubles],
        "direction": standing.manifest.direction,
        "last_job": _last_job(standing.last) if standing.last else None,
        "pending_events": standing.pending,
        "conflicts": standing.conflicts,
        "needs_attention": standing.attention,
    }


def _last_job(job: Job) -> dict[str, Any]:
    return {"job_id": job.id, "status": job.status.value, "counts": asdict(job.counts)}


def _error(trouble: Trouble) -> dict[str, Any]:
    told = {"code": trouble.code, "message": trouble.message or "", "since": rfc_3339(trouble.since)}
    return told if trouble.record is None else {**told, "record": trouble.record}
