"""FieldCamp's event envelope (contract §4.5): what an event says, once its signature was verified."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from worker.core.connections import InboxEvent
from worker.core.errors import Invalid
from worker.core.records import CLIENT, Record
from worker.sources.fieldcamp import mapping, values

VISIT_TYPES = frozenset({"visit.created", "visit.updated", "visit.status_changed", "visit.deleted"})
FAMILIES = ("client.", "item.", "invoice.", "payment.", "tax.")
"""Types besides the visits' whose object must be there; of these, clients alone become records for now."""

LONGEST_TYPE = 100


def parse_event(body: Mapping[str, Any], account_id: str) -> InboxEvent:
    """The event in ``body``, the decoded JSON of a verified request.

    ``record`` is the visit or client that it tells of, None for every other type: those are kept and ignored. Its
    ``source_time`` is the object's ``updatedAt``, else the event's ``created_at``, which is also its ``told_at``.
    Raises Invalid whose ``details`` name each wrong field by its path, such as ``data.object.teamId``.
    """
    problems = _problems(body)
    if problems:
        name, problem = next(iter(problems.items()))
        raise Invalid(f"{name}: {problem}" if name else problem, problems)
    created_at = values.rfc_3339(body["created_at"])
    return InboxEvent(account_id, body["id"], body["type"], body, created_at, _record(body, created_at))


def _problems(body: Any) -> dict[str, str]:
    if not isinstance(body, Mapping):
        return {"": "expected an object"}
    problems = values.wrong(
        {name: body.get(name) for name in ("id", "type", "created_at")},
        {"id": values.identity, "type": _type, "created_at": values.rfc_3339},
    )
    if not isinstance(body.get("data"), Mapping):
        return {**problems, "data": "expected an object"}
    return problems if "type" in problems else {**problems, **_object_problems(body["type"], body["data"])}


def _object_problems(event_type: str, data: Mapping[str, Any]) -> dict[str, str]:
    if event_type not in VISIT_TYPES and not event_type.startswith(FAMILIES):
        return {}
    snapshot = data.get("object")
    if not isinstance(snapshot, Mapping):
        return {"data.object": "expected an object"}
    problems = values.wrong({"id": snapshot.get("id")}, {"id": values.identity})
    if event_type in VISIT_TYPES:
        problems |= mapping.visit_problems(snapshot)
    if event_type == "visit.status_changed":
        problems |= mapping.missing_status(snapshot)
    return {f"data.object.{name}": problem for name, problem in problems.items()}


def _record(body: Mapping[str, Any], created_at: datetime) -> Record | None:
    kind, _, verb = body["type"].partition(".")
    if body["type"] not in VISIT_TYPES and kind != CLIENT:
        return None
    snapshot = body["data"]["object"]
    if verb == "deleted":
        latest = max(mapping.updated_at(snapshot) or created_at, created_at)
        return mapping.deleted_record(kind, snapshot["id"], latest, created_at)
    return mapping.RECORDS[kind](snapshot, created_at)


def _type(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TYPE or not value.isprintable():
        raise ValueError("expected an event type such as visit.updated")
    return value
