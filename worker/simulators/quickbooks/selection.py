"""What a query finds in the books."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from worker.simulators.quickbooks.books import Books
from worker.simulators.quickbooks.instants import understood
from worker.simulators.quickbooks.kinds import KINDS, Kind
from worker.simulators.quickbooks.queries import Condition, Query
from worker.simulators.quickbooks.refusal import Json, invalid_query

Comparable = Any
COMPARE: dict[str, Callable[[Comparable, Comparable], bool]] = {
    "=": lambda one, other: one == other,
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
}
SPELLINGS = {"metadata.createtime": "MetaData.CreateTime", "metadata.lastupdatedtime": "MetaData.LastUpdatedTime"}


def selected(books: Books, query: Query) -> Json:
    """The inside of `QueryResponse`: empty when nothing is found. Refused (4001) for what cannot be asked for."""
    kind = KINDS.get(query.entity.lower())
    if kind is None:
        raise invalid_query(f"Metadata not found for Entity: {query.entity}")
    _check(books, kind, query)
    found = [one for one in books.all(kind.name) if _matches(books, kind, query, one)]
    if query.count:
        return {"totalCount": len(found)}
    page = _ordered(books, kind, query, found)[query.start - 1 :][: min(query.most, books.switches.query_most)]
    if not page:
        return {}
    return {
        kind.name: [_shown(kind, query, one) for one in page],
        "startPosition": query.start,
        "maxResults": len(page),
    }


def _check(books: Books, kind: Kind, query: Query) -> None:
    for field in (*(condition.field for condition in query.conditions), *(field for field, _ in query.order)):
        if _property(kind, field) == "PaymentRefNum" and not books.switches.payment_ref_queryable:
            raise invalid_query(f"property '{field}' is not queryable")
    known = kind.fields.keys() | kind.computed | kind.queryable | {"*"}
    for field in query.fields:
        if kind.writable and field.partition(".")[0] not in known:
            raise invalid_query(f"Property {field} not found for Entity {kind.name}")


def _matches(books: Books, kind: Kind, query: Query, one: Json) -> bool:
    asks_active = any(condition.field.lower() == "active" for condition in query.conditions)
    if not asks_active and not one.get("Active", True):
        return False
    return all(_holds(books, kind, condition, one) for condition in query.conditions)


def _holds(books: Books, kind: Kind, condition: Condition, one: Json) -> bool:
    held = _value(books, kind, condition.field, one)
    if held is None:
        return False
    if condition.sign == "LIKE":
        pattern = ".*".join(re.escape(part) for part in condition.values[0].split("%"))
        return re.fullmatch(pattern, str(held), re.IGNORECASE | re.DOTALL) is not None
    wanted = [_understood(condition.field, value, held) for value in condition.values]
    if condition.sign == "IN":
        return held in wanted
    return COMPARE[condition.sign](held, wanted[0])


def _value(books: Books, kind: Kind, field: str, one: Json) -> Comparable:
    """A field as it is compared: references by their id, texts without their case."""
    name = _property(kind, field)
    if name.startswith("MetaData."):
        return understood(one["MetaData"][name.removeprefix("MetaData.")])
    held = one.get(name)
    if isinstance(held, dict):
        held = held.get("value", held.get("Address"))
    if name == "Id" and str(held).isdigit() and not books.switches.ids_as_text:
        return int(str(held))
    return held.casefold() if isinstance(held, str) else held


def _property(kind: Kind, field: str) -> str:
    name = SPELLINGS.get(field.lower(), field)
    if name in kind.queryable:
        return name
    known = kind.fields.keys() | kind.computed
    if name.partition(".")[0] in known:
        raise invalid_query(f"property '{field}' is not queryable")
    raise invalid_query(f"Property {field} not found for Entity {kind.name}")


def _understood(field: str, value: str, held: Comparable) -> Comparable:
    """The written value in the type of what it is compared with."""
    try:
        if isinstance(held, datetime):
            return understood(value)
        if isinstance(held, bool):
            return {"true": True, "false": False}[value.lower()]
        if isinstance(held, int | Decimal):
            return Decimal(value)
    except (ValueError, KeyError, InvalidOperation) as error:
        raise invalid_query(f"value '{value}' is not valid for property '{field}'") from error
    return value.casefold()


def _ordered(books: Books, kind: Kind, query: Query, found: list[Json]) -> list[Json]:
    """As asked; else lists by their names, and transactions the last one first."""
    if not query.order:
        return found[::-1] if kind.is_transaction else sorted(found, key=lambda one: str(one[kind.label]).casefold())
    for field, falling in reversed(query.order):
        found = sorted(found, key=lambda one: _place(_value(books, kind, field, one)), reverse=falling)
    return found


def _place(value: Comparable) -> tuple[bool, Comparable]:
    return (value is not None, value if value is not None else 0)


def _shown(kind: Kind, query: Query, one: Json) -> Json:
    """`*` leaves the `Sku` of an item out unless it is named beside it."""
    if "*" in query.fields:
        hidden = {"Sku"} if kind.name == "Item" and "Sku" not in query.fields else set()
        return {name: value for name, value in one.items() if name not in hidden}
    wanted = {field.partition(".")[0] for field in query.fields}
    return {name: one[name] for name in one if name in wanted | {"domain"}} | {"sparse": True}
