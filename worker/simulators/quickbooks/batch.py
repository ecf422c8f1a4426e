"""Batches: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from worker.simulators.quickbooks.refusal import Json, Refused, invalid, missing, unreadable, unsupported

Item = Mapping[str, Any]
Run = Callable[[Item], Json]
NOT_ENTITIES = {"bId", "operation", "optionsData", "Query"}
OPERATIONS = ("create", "update", "delete")


def carried_out(items: Sequence[Item], run: Run, most: int, chance: Random) -> list[Json]:
    """The answers of all items, in an order of chance, in which they are also carried out.

    `run` answers one item, or refuses it; a refusal is that item's own and stops no other.
    """
    if not items:
        raise missing("BatchItemRequest")
    if not all(isinstance(item, Mapping) for item in items):
        raise unreadable("Can not deserialize BatchItemRequest out of its items")
    if len(items) > most:
        raise invalid("BatchItemRequest", f"a batch has at most {most} items")
    return [_answered(item, run) for item in chance.sample(list(items), len(items))]


def operation_of(item: Item) -> tuple[str, str, Mapping[str, Any]]:
    """What an item asks for: create, update, delete or void, the entity's name, and the body."""
    entities = [name for name in item if name not in NOT_ENTITIES]
    operation = item.get("operation")
    if len(entities) != 1 or operation not in OPERATIONS:
        raise unsupported(str(operation))
    if operation == "update" and item.get("optionsData") == "void":
        operation = "void"
    return operation, entities[0], item[entities[0]]


def _answered(item: Item, run: Run) -> Json:
    named = {"bId": item["bId"]} if "bId" in item else {}
    try:
        return {**run(item), **named}
    except Refused as refused:
        return {"Fault": refused.fault(), **named}
