"""Frozen dataclasses to JSON-shaped dicts and back."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def encode(value: object) -> dict[str, Any]:
    """A dataclass as a dict of JSON values: instants and dates in ISO 8601, decimals as their digits, tuples
    as lists."""
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}  # type: ignore[arg-type]


def decode(kind: type[T], data: Mapping[str, Any]) -> T:
    """The dataclass that ``encode`` made ``data`` from; missing fields take their defaults, unknown ones are left
    out.
    """
    hints = _hints(kind)  # type: ignore[arg-type]
    return kind(**{name: _typed(hints[name], value) for name, value in data.items() if name in hints})


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return encode(value)
    return value


def _typed(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(hint) in (Union, UnionType):
        hint = next(option for option in get_args(hint) if option is not type(None))
    if get_origin(hint) is tuple:
        return tuple(_typed(get_args(hint)[0], item) for item in value)
    if hint in (datetime, date):
        return hint.fromisoformat(value)
    if isinstance(hint, type) and issubclass(hint, Enum | Decimal):
        return hint(value)
    if hasattr(hint, "__dataclass_fields__"):
        return decode(hint, value)
    return value
