"""What a field of a record may hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from worker.simulators.fieldcamp import instants

Check = Callable[[Any], Any]
"""Takes a JSON value, returns it as it is stored; ValueError, worded to follow the field's name, when it is wrong."""

CENT = Decimal("0.01")
LARGEST = 10**12


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    value.encode()  # half a surrogate pair is JSON, but no text
    return value


def filled_text(value: Any) -> str:
    if not text(value).strip():
        raise ValueError("must not be empty")
    return text(value)


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("must be a number")
    exact = Decimal(str(value))
    if abs(exact) > LARGEST:
        raise ValueError(f"must not be beyond {LARGEST}")
    return exact


def not_negative(value: Any) -> Decimal:
    if number(value) < 0:
        raise ValueError("must not be negative")
    return number(value)


def money(value: Any) -> Decimal:
    return cents(not_negative(value))


def positive_money(value: Any) -> Decimal:
    if cents(number(value)) <= 0:
        raise ValueError("must be more than 0")
    return cents(number(value))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def minutes(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError("must be a whole number of minutes above 0")
    return value


def instant(value: Any) -> str:
    return instants.instant(text(value))


def date(value: Any) -> str:
    return instants.calendar_date(text(value))


def instant_or_date(value: Any) -> str:
    return date(value) if instants.is_date(text(value)) else instant(value)


def time_zone(value: Any) -> str:
    try:
        ZoneInfo(text(value))
    except (OSError, ValueError, LookupError) as error:
        raise ValueError("must be an IANA time zone") from error
    return text(value)


def texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("must be an array of strings")
    if not all(isinstance(each, str) for each in value):
        raise ValueError("must hold strings alone")
    return list(dict.fromkeys(value))


def or_null(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def one_of(*choices: str) -> Check:
    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text(value)

    return check


def shape(**parts: Check) -> Check:
    """An object with some of these fields and no others."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("must be an object")
        return checked(value, parts)

    return check


def each(check: Check) -> Check:
    def check_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValueError("must be an array")
        return [check(item) for item in value]

    return check_all


def checked(body: Mapping[str, Any], checks: Mapping[str, Check]) -> dict[str, Any]:
    """The body as it is stored; ValueError that names the first field that is unknown or wrong."""
    for name in body:
        if name not in checks:
            raise ValueError(f"unknown field: {name}")
    return {name: _checked_field(name, value, checks[name]) for name, value in body.items()}


def _checked_field(name: str, value: Any, check: Check) -> Any:
    try:
        return check(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


ADDRESS = shape(
    street=or_null(text),
    houseNumber=or_null(text),
    city=or_null(text),
    state=or_null(text),
    postalCode=or_null(text),
    zipCode=or_null(text),
    country=or_null(text),
    latitude=or_null(number),
    longitude=or_null(number),
    plusCode=or_null(text),
)
PHONE_NUMBER = shape(countryCode=or_null(text), number=or_null(text), countryIdentifier=or_null(text))
ADJUSTMENT = shape(type=one_of("percentage", "fixed"), value=not_negative)
LINE_ITEM = shape(
    id=text,
    itemId=or_null(text),
    name=or_null(text),
    description=or_null(text),
    quantity=number,
    price=number,
    discount=or_null(ADJUSTMENT),
    markup=or_null(ADJUSTMENT),
    taxIds=texts,
)
