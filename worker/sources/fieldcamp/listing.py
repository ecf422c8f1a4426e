"""FieldCamp's lists, page by page: ``nextCursor`` where there is one, page numbers otherwise [set]."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from worker.core.errors import Transient
from worker.core.records import CLIENT, INVOICE, ITEM, JOB, MEMBER, PAYMENT, TAX, VISIT
from worker.sources.fieldcamp.calls import UNVOUCHED, Answer, BadRequest, Calls, Missing

PAGE_SIZE = 100
MOST_PAGES = 10_000
Parameters = Mapping[str, str]

PLURALS: Mapping[str, str] = {
    VISIT: "visits",
    JOB: "jobs",
    CLIENT: "clients",
    MEMBER: "team",
    ITEM: "items",
    INVOICE: "invoices",
    PAYMENT: "payments",
    TAX: "taxes",
}
"""The path and list name of each kind; one record comes under the kind's own name."""

EXTRAS: Mapping[str, Parameters] = {CLIENT: {"includeDeleted": "true"}}
"""What a list is asked for besides, where FieldCamp takes it [set]."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page: its items as they came, whether it is the ``last``, how many there are in all where that was told."""

    items: Sequence[Any]
    last: bool
    total: int | None
    told_at: datetime


def pages(calls: Calls, plural: str, parameters: Parameters) -> Iterator[Listed]:
    """The list at ``/<plural>``, read as it is asked for; the last page is marked.

    Raises what ``Calls.get`` raises; Transient, too, where an answer has no list or the pages go round in circles.
    """
    place: Parameters = {}
    passed: set[str] = set()
    before: Sequence[Any] | None = None
    for number in range(1, MOST_PAGES + 1):
        answer = _asked(calls, plural, {"limit": str(PAGE_SIZE), **parameters, **place})
        items = _items(answer, plural)
        if place.get("cursor", "") in passed or ("page" in place and items == before):
            break
        passed |= set(place.values())
        before = items
        place = _next_place(answer.meta, number)
        yield Listed(items, not place, _whole(answer.meta, "total"), answer.told_at)
        if not place:
            return
    raise Transient(f"FieldCamp's list of {plural} goes round in circles.")


def first_accepted(calls: Calls, plural: str, attempts: Sequence[Parameters]) -> Iterator[Listed]:
    """The list with the first of these parameters that FieldCamp takes; raises BadRequest where it takes none."""
    *rather, lastly = attempts
    for parameters in rather:
        listed = pages(calls, plural, parameters)
        try:
            first = next(listed)
        except BadRequest:
            continue
        yield first
        yield from listed
        return
    yield from pages(calls, plural, lastly)


def path_of(kind: str, local_id: str) -> str:
    """The path of one record; nothing in an id is read as part of it."""
    return f"/{PLURALS[kind]}/{quote(local_id, safe='')}"


def single(kind: str, data: Any) -> Any:
    """The record in an answer about one; None where there is none."""
    return data.get(kind) if isinstance(data, Mapping) else None


def _asked(calls: Calls, plural: str, parameters: Parameters) -> Answer:
    try:
        return calls.get(f"/{plural}", parameters)
    except Missing as missing:
        if missing.vouched:
            raise
        raise Transient(UNVOUCHED) from missing


def _items(answer: Answer, plural: str) -> Sequence[Any]:
    items = answer.data.get(plural) if isinstance(answer.data, Mapping) else answer.data
    if not isinstance(items, list):
        raise Transient(f"FieldCamp's answer holds no list of {plural}.")
    return items


def _next_place(meta: Mapping[str, Any] | None, number: int) -> Parameters:
    """The parameters of the next page; empty after the last one, and without ``meta``, which is the whole list."""
    if meta is None or meta.get("hasMore") is False:
        return {}
    cursor = meta.get("nextCursor")
    if isinstance(cursor, str) and cursor:
        return {"cursor": cursor}
    more = meta.get("hasMore") is True or number < (_whole(meta, "totalPages") or 0)
    return {"page": str(number + 1)} if more else {}


def _whole(meta: Mapping[str, Any] | None, name: str) -> int | None:
    value = meta.get(name) if meta else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
