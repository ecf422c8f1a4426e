"""Several writes in one request: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/batch"""

from collections.abc import Mapping, Sequence
from typing import Any

from worker.core.errors import SyncError, Uncertain
from worker.providers.quickbooks.entities import Entity
from worker.providers.quickbooks.errors import refusal
from worker.providers.quickbooks.line import MOST, Line

Json = Mapping[str, Any]
Result = Json | SyncError
"""The object as it is after a write, or why there is none."""


def creation(entity: Entity, body: Json) -> dict[str, Any]:
    """A part that creates."""
    return {"operation": "create", entity.name: body}


def update(entity: Entity, body: Json) -> dict[str, Any]:
    """A part that updates."""
    return {"operation": "update", entity.name: body}


def void(entity: Entity, body: Json) -> dict[str, Any]:
    """A part that voids an invoice."""
    return {"operation": "update", "optionsData": "void", entity.name: body}


def sent(line: Line, entity: Entity, parts: Sequence[Json]) -> list[Result]:
    """What became of each part, in their order, in as few requests as they fit; what one fails of fails all in it."""
    results: list[Result] = []
    for start in range(0, len(parts), MOST):
        results += _one(line, entity, parts[start : start + MOST])
    return results


def _one(line: Line, entity: Entity, parts: Sequence[Json]) -> list[Result]:
    numbered = {str(place): part for place, part in enumerate(parts, 1)}
    try:
        answers = line.batch([{"bId": number, **part} for number, part in numbered.items()]).body
    except SyncError as error:
        return [error] * len(parts)
    return [_result(entity, answers.get(number)) for number in numbered]


def _result(entity: Entity, answer: Json | None) -> Result:
    fault = (answer or {}).get("Fault") or (answer or {}).get("fault")
    if fault:
        return refusal(fault)
    found = (answer or {}).get(entity.name)
    return found if isinstance(found, Mapping) else Uncertain("QuickBooks did not say what became of this.")
