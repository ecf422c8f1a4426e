"""What stands in an answer of QuickBooks, taken out of its wrappings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from worker.core.errors import SyncError
from worker.providers.quickbooks.errors import failure, fault_in, refusal


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked for, and the server's time (aware) when it answered."""

    body: Any
    at: datetime


def query_response(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The inside of ``QueryResponse``: empty where nothing was found. Raises what a fault means, Transient."""
    return _sound(body.get("QueryResponse"))


def cdc_response(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The groups of changed objects, one dict for each entity, in their order. Raises what a fault means, Transient."""
    return [
        _sound(group)
        for one in _listed(body.get("CDCResponse"), reading=True)
        for group in _listed(_sound(one).get("QueryResponse"), reading=True)
    ]


def batch_items(body: Mapping[str, Any], *, reading: bool) -> dict[str, Mapping[str, Any]]:
    """The items by ``bId``; one that the answer leaves out is not there. Raises Uncertain (Transient for readings)."""
    items = _listed(body.get("BatchItemResponse"), reading=reading)
    return {str(item["bId"]): item for item in items if isinstance(item, Mapping) and item.get("bId") is not None}


def the_object(body: Mapping[str, Any], entity: str, *, reading: bool) -> Mapping[str, Any]:
    """The object of an answer: under its entity's name, or, from a service such as ``TaxService/Taxcode``, bare.

    Raises Uncertain (Transient for readings) where there is none.
    """
    found = body if "/" in entity else next((one for name, one in body.items() if name.lower() == entity.lower()), None)
    if not isinstance(found, Mapping):
        raise _unreadable(reading=reading)
    return found


def server_time(body: Mapping[str, Any], date: str | None, *, reading: bool) -> datetime:
    """When the server answered, by the answer's ``time`` or its ``Date`` header; our own clock is never asked.

    Raises Uncertain (Transient for readings) where neither says.
    """
    told = body.get("time")
    moment = (_iso(told) if isinstance(told, str) else None) or _http_date(date)
    if moment is None:
        raise _unreadable(reading=reading)
    return moment


def _sound(part: object) -> Mapping[str, Any]:
    fault = fault_in(part)
    if fault is not None:
        raise refusal(fault, 200, reading=True)
    if not isinstance(part, Mapping):
        raise _unreadable(reading=True)
    return part


def _listed(part: object, *, reading: bool) -> Sequence[Any]:
    if not isinstance(part, list):
        raise _unreadable(reading=reading)
    return part


def _unreadable(*, reading: bool) -> SyncError:
    return failure("QuickBooks' answer lacks what was asked for.", reading=reading)


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _http_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
