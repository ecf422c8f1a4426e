"""Records as FieldCamp shows them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from worker.simulators.fieldcamp.kinds import DOCUMENTED_VISIT, VISIT, Kind
from worker.simulators.fieldcamp.settings import Settings
from worker.simulators.fieldcamp.table import Record


def shown(kind: Kind, record: Record, settings: Settings) -> Record:
    """The record in an answer."""
    names = DOCUMENTED_VISIT if kind is VISIT and settings.documented_only else tuple(record)
    view = {name: record[name] for name in names if name in record and name not in kind.hidden}
    return _with_technician(view) if kind is VISIT and settings.technician_id else view


def snapshot(kind: Kind, record: Record, settings: Settings) -> Record:
    """The record in an event: as in answers; `updatedAt` of a visit is always there."""
    view = shown(kind, record, settings)
    return {**view, "updatedAt": record["updatedAt"]} if kind is VISIT else view


def previous(kind: Kind, before: Record, after: Record, settings: Settings) -> Record:
    """What the fields that changed held before, `updatedAt` aside."""
    old, new = shown(kind, before, settings), shown(kind, after, settings)
    return {name: value for name, value in old.items() if new.get(name) != value and name != "updatedAt"}


def as_json(content: Any) -> bytes:
    """JSON bytes; decimals become numbers."""
    return json.dumps(content, default=_number, separators=(",", ":"), ensure_ascii=False).encode()


def plain(content: Any) -> Any:
    """A deep copy of what the JSON would say, so that nobody outside can change the records."""
    return json.loads(as_json(content))


def _number(value: Any) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return int(value) if value == value.to_integral_value() else float(value)


def _with_technician(view: Record) -> Record:
    team = view.get("teamId") or [None]
    return {("technicianId" if name == "teamId" else name): value for name, value in view.items()} | {
        "technicianId": team[0]
    }
