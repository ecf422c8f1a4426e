"""FieldCamp's event envelope (contract §4.5): what an event says, once its signature was verified."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from worker.core.connections import InboxEvent
from worker.core.errors import Invalid
from worker.core.records import CLIENT, Record
from worker.core.visits import FINAL
from worker.sources.fieldcamp import mapping, values
from worker.sources.fieldcamp.fields import deleted_record, updated_at
from worker.sources.fieldcamp.money import MONEY, money_problems

STATUS_CHANGED = "visit.status_changed"
VISIT_TYPES = frozenset({"visit.created", "visit.updated", STATUS_CHANGED, "visit.deleted"})
FAMILIES = frozenset({CLIENT, *MONEY})
"""The kinds besides visits whose events become records, whatever the verb: ``invoice.paid`` shows the invoice, too."""

DELETED = "deleted"

LONGEST_TYPE = 100


def parse_event(body: Mapping[str, Any], account_id: str) -> InboxEvent:
    """The event in ``body``, the decoded JSON of a verified request.

    ``record`` is the visit, client, item, invoice, payment or tax that it tells of, None for every other type: those
    are kept and ignored. Its ``source_time`` is the object's ``updatedAt``, else the event's ``created_at``, which is
    also its ``told_at``. Raises Invalid whose ``details`` name each wrong field by its path, such as
    ``data.object.lineItems[0].quantity``.
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
    kind, _, verb = event_type.partition(".")
    if not _is_told(event_type):
        return {}
    snapshot = data.get("object")
    if not isinstance(snapshot, Mapping):
        return {"data.object": "expected an object"}
    problems = values.wrong({"id": snapshot.get("id")}, {"id": values.identity})
    if event_type in VISIT_TYPES:
        problems |= mapping.visit_problems(snapshot)
    if event_type == STATUS_CHANGED:
        problems |= mapping.missing_status(snapshot)
    if kind in MONEY and verb != DELETED:
        problems |= money_problems(kind, snapshot)
    return {f"data.object.{name}": problem for name, problem in problems.items()}


def _record(body: Mapping[str, Any], created_at: datetime) -> Record | None:
    kind, _, verb = body["type"].partition(".")
    if not _is_told(body["type"]):
        return None
    snapshot = body["data"]["object"]
    if verb == DELETED:
        latest = max(updated_at(snapshot) or created_at, created_at)
        return deleted_record(kind, snapshot["id"], latest, created_at)
    record = mapping.RECORDS[kind](snapshot, created_at)
    if body["type"] == STATUS_CHANGED and record.content["status"] in FINAL:
        return replace(record, content={**record.content, "final_since": created_at.isoformat()})
    return record


def _is_told(event_type: str) -> bool:
    """Whether events of this type become records."""
    kind, dot, _ = event_type.partition(".")
    return event_type in VISIT_TYPES or (bool(dot) and kind in FAMILIES)


def _type(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TYPE or not value.isprintable():
        raise ValueError("expected an event type such as visit.updated")
    return value
