"""The examples of the contract (§4), as the description shows them."""

from collections.abc import Mapping
from typing import Any

JOB_ID = "syn_01HZX2Q8YV3D1G0N3WJ2P7K9MA"
MATCH_ID = "mat_01HZX2Q8YV3D1G0N3WJ2P7K9MA"
CALENDAR, GOOGLE, BOOKS = "tech1@example.com", "google_calendar", "quickbooks"
COUNTS = {"pulled": 12, "pushed": 40, "skipped": 948, "failed": 0, "conflicts": 1}
DESCRIPTOR: dict[str, Any] = {
    "job_id": JOB_ID,
    "integration": GOOGLE,
    "mode": "incremental",
    "status": "queued",
    "created_at": "2026-05-29T14:21:08Z",
}
CHANGES: dict[str, Any] = {
    "integration": GOOGLE,
    "changes": [
        {
            "action": "updated",
            "visit_id": "vis_1",
            "event_id": "v7q0c5r1m2n3",
            "calendar": CALENDAR,
            "changed_at": "2026-05-29T14:03:00Z",
            "seen_at": "2026-05-29T14:05:11Z",
            "job_id": JOB_ID,
            "event": {
                "summary": "Byron, heating service",
                "start": "2026-05-29T15:00:00Z",
                "end": "2026-05-29T16:00:00Z",
                "status": "confirmed",
            },
        }
    ],
    "next_cursor": "gAAAAABoOG…",
    "has_more": False,
}
BOOKS_CHANGES: dict[str, Any] = {
    "integration": BOOKS,
    "changes": [
        {
            "action": "updated",
            "entity": "invoices",
            "local_id": "inv_1",
            "remote_id": "1042",
            "changed_at": "2026-05-29T14:03:00Z",
            "seen_at": "2026-05-29T14:05:11Z",
            "job_id": JOB_ID,
        }
    ],
    "next_cursor": "gAAAAABoOG…",
    "has_more": False,
}
MATCH: dict[str, Any] = {
    "match_id": MATCH_ID,
    "kind": "client",
    "local_id": "cli_1",
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "phone": None,
    "candidates": [
        {
            "remote_id": "58",
            "name": "Lovelace, Ada",
            "email": "ada@example.com",
            "phone": "555 0100",
            "active": True,
            "evidence": ["email"],
        },
        {
            "remote_id": "61",
            "name": "Ada Lovelace",
            "email": None,
            "phone": None,
            "active": False,
            "evidence": ["name"],
        },
    ],
    "created_at": "2026-05-29T14:05:11Z",
}
MATCHES: dict[str, Any] = {"matches": [MATCH], "next_cursor": None, "has_more": False}
MATCH_ANSWER: dict[str, Any] = {"match_id": MATCH_ID, "kind": "client", "local_id": "cli_1", "accepted": "58"}
STATUS: dict[str, Any] = {
    "integration": GOOGLE,
    "connected": True,
    "last_synced_at": "2026-05-29T14:05:11Z",
    "next_scheduled_sync_at": "2026-05-29T14:35:11Z",
    "active_job_id": None,
    "errors": [],
    "direction": "bidirectional",
    "last_job": {"job_id": JOB_ID, "status": "succeeded", "counts": COUNTS},
    "pending_events": 0,
    "conflicts": 0,
    "needs_attention": 0,
}
JOB: dict[str, Any] = {
    **DESCRIPTOR,
    "mode": "full",
    "scope": None,
    "trigger": "api",
    "dry_run": False,
    "status": "running",
    "started_at": "2026-05-29T14:21:09Z",
    "finished_at": None,
    "attempts": 1,
    "progress": {"done": 420, "total": 1000},
    "counts": COUNTS,
    "records": {"visits": {"created": 10, "updated": 25, "deleted": 5, "unchanged": 948, "failed": 0}},
    "error": None,
}
RECORD: dict[str, Any] = {
    "kind": "visit",
    "local_id": "vis_1",
    "remote_id": "v7q0c5r1m2n3",
    "target": CALENDAR,
    "outcome": "created",
    "reason": None,
    "message": None,
    "at": "2026-05-29T14:21:10Z",
}
EVENT: dict[str, Any] = {
    "id": "evt_01HZX9V0Q7K6F3JNYG6Q8E1P2A",
    "type": "visit.status_changed",
    "created_at": "2026-05-29T14:22:31.812Z",
    "api_version": "2024-10-01",
    "data": {
        "object": {
            "id": "vis_1",
            "jobId": "job_1",
            "visitStatus": "in_transit",
            "scheduledStart": "2026-05-29T15:00:00Z",
            "scheduledEnd": "2026-05-29T16:00:00Z",
            "teamId": ["usr_1"],
            "serviceDuration": 60,
            "unscheduled": False,
            "anyTime": False,
            "updatedAt": "2026-05-29T14:22:31Z",
        },
        "previous_attributes": {"visitStatus": "scheduled"},
    },
}
RECEIVED: dict[str, Any] = {"received": True, "event_id": EVENT["id"], "duplicate": False}
PROBLEM: dict[str, Any] = {
    "success": False,
    "error": "A sync of this integration is already queued or running.",
    "code": "SYNC_IN_PROGRESS",
    "details": {"active_job_id": JOB_ID},
}
SHOWN: Mapping[str, dict[str, Any]] = {
    "JobDescriptor": DESCRIPTOR,
    "CalendarChanges": CHANGES,
    "BooksChanges": BOOKS_CHANGES,
    "MatchPage": MATCHES,
    "MatchShape": MATCH,
    "MatchAnswer": MATCH_ANSWER,
    "Status": STATUS,
    "JobShape": JOB,
    "RecordShape": RECORD,
    "Received": RECEIVED,
    "Problem": PROBLEM,
}
"""By the name of the schema."""
