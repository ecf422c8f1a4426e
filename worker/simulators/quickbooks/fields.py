"""Readers of single fields: from the JSON value and the field's place to what is kept, or a refusal.

An empty text and null both mean "nothing", and erase.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from worker.simulators.quickbooks.refusal import (
    Json,
    Refused,
    invalid,
    unknown_field,
    unreadable,
    wrong_choice,
    wrong_length,
)
from worker.simulators.quickbooks.switches import Switches

Reader = Callable[[Any, str, Switches], Any]
Fields = Mapping[str, Reader]


def text(longest: int = 4000) -> Reader:
    def read(value: Any, where: str, _: Switches) -> str:
        if not isinstance(value, str):
            raise _unfit(value, where)
        if len(value) > longest:
            raise wrong_length(where, longest, len(value))
        return value

    return read


def choice(*names: str) -> Reader:
    def read(value: Any, where: str, _: Switches) -> str:
        if not isinstance(value, str):
            raise _unfit(value, where)
        if value not in names:
            raise wrong_choice(where, value)
        return value

    return read


def number(value: Any, where: str, switches: Switches) -> Decimal:
    """A JSON number; as text only where that is switched on."""
    kinds: tuple[type, ...] = (int, float, Decimal, str) if switches.string_numbers else (int, float, Decimal)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise _unfit(value, where)
    try:
        exact = Decimal(str(value))
    except InvalidOperation as error:
        raise _unfit(value, where) from error
    if not exact.is_finite() or abs(exact) >= Decimal(10) ** 11:
        raise invalid(where, "the number is out of range")
    return exact


def money(value: Any, where: str, switches: Switches) -> Decimal:
    exact = number(value, where, switches)
    if exact != round(exact, 2):
        raise invalid(where, "an amount has two decimal places")
    return exact.quantize(Decimal("0.01"))


def flag(value: Any, where: str, _: Switches) -> bool:
    if not isinstance(value, bool):
        raise _unfit(value, where)
    return value


def day(value: Any, where: str, _: Switches) -> str:
    if not isinstance(value, str):
        raise _unfit(value, where)
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError as error:
        raise _unfit(value, where) from error


def as_sent(value: Any, _: str, __: Switches) -> Any:
    """Kept without a look: a field that the simulated books do nothing with."""
    return value


def shape(name: str, fields: Fields) -> Reader:
    """An object of Intuit's class `name` with these fields and no others; nothing is left of an empty one."""

    def read_shape(value: Any, where: str, switches: Switches) -> Json | None:
        return present(read(value, name, fields, switches, where)) or None

    return read_shape


def each(reader: Reader) -> Reader:
    def read_each(value: Any, where: str, switches: Switches) -> list[Any]:
        if not isinstance(value, list):
            raise _unfit(value, where)
        return [kept for one in value if (kept := reader(one, where, switches)) is not None]

    return read_each


def read(value: Any, name: str, fields: Fields, switches: Switches, where: str = "") -> Json:
    """The fields of one object, None for those that are to be erased; refused for an unknown name or a wrong type."""
    if not isinstance(value, Mapping):
        raise _unfit(value, where or name)
    for key in value:
        if key not in fields:
            raise unknown_field(str(key), name)
    return {key: _field(one, fields[key], f"{where}.{key}".lstrip("."), switches) for key, one in value.items()}


def present(fields: Mapping[str, Any]) -> Json:
    """What is left when nothing stands for nothing."""
    return {name: value for name, value in fields.items() if value is not None}


def _field(value: Any, reader: Reader, where: str, switches: Switches) -> Any:
    return None if value is None or value == "" else reader(value, where, switches)


def _unfit(value: Any, where: str) -> Refused:
    return unreadable(f"Can not deserialize {where} out of a {type(value).__name__}")
