"""What a sales visit consists of: https://developer.zendesk.com/api-reference/sales-crm/resources/visits/."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from worker.simulators.zendesk_sell.instants import instant, stamp

Visit = dict[str, Any]

RESOURCE_TYPES = ("lead", "contact")
STATUSES = ("verified", "resource_location_too_far", "location_unknown", "location_services_disabled")
BLANK: Mapping[str, Any] = MappingProxyType(
    {
        "id": 0,
        "creator_id": 1,
        "outcome_id": None,
        "resource_type": "lead",
        "resource_id": 1,
        "visited_at": "",
        "resource_address": None,
        "rep_location_verification_status": "verified",
        "summary": None,
        "created_at": "",
        "updated_at": "",
    }
)


def checked(fields: Mapping[str, Any]) -> Visit:
    """The fields in Sell's form; ValueError that names the one that is wrong."""
    for name in fields:
        if name not in READERS:
            raise ValueError(f"{name}: is no field that a person sets")
    return {name: READERS[name](name, value) for name, value in fields.items()}


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}: must be a whole number from 1")
    return value


def _time(name: str, value: Any) -> str:
    try:
        return stamp(instant(str(value)))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name}: must be text")
    return value


def _one_of(choices: tuple[str, ...]) -> Callable[[str, Any], str]:
    def read(name: str, value: Any) -> str:
        if value not in choices:
            raise ValueError(f"{name}: must be one of {', '.join(choices)}")
        return str(value)

    return read


def _or_nothing(read: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda name, value: None if value is None else read(name, value)


READERS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "creator_id": _whole,
        "outcome_id": _or_nothing(_whole),
        "resource_type": _one_of(RESOURCE_TYPES),
        "resource_id": _whole,
        "visited_at": _time,
        "resource_address": _or_nothing(_text),
        "rep_location_verification_status": _or_nothing(_one_of(STATUSES)),
        "summary": _or_nothing(_text),
        "created_at": _time,
        "updated_at": _time,
    }
)
