"""Values of fields, from the text of a form or from JSON, in the form in which ReviewRover keeps and tells them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Read = Callable[[Any], Any]
"""Takes a value that is not blank; ValueError with the sentence for the person who sent it."""

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
NUMBER = re.compile(r"-?\d{1,20}(\.\d+)?", re.ASCII)
LONGEST = 255
CENT = Decimal("0.01")
MOST = Decimal(10**10)


def stamp(point: datetime) -> str:
    """As `2026-05-29T14:00:00.000Z`."""
    return point.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    if len(value) > LONGEST:
        raise ValueError(f"is too long (maximum is {LONGEST} characters)")
    return value


def email(value: Any) -> str:
    if not EMAIL.fullmatch(text(value)):
        raise ValueError("is not an email address")
    return text(value)


def instant(value: Any) -> str:
    """RFC 3339 with an offset, told in UTC."""
    try:
        point = datetime.fromisoformat(text(value))
    except ValueError as error:
        raise ValueError("is not a time") from error
    if point.tzinfo is None:
        raise ValueError("must have an offset from UTC")
    return stamp(point)


def instant_or_date(value: Any) -> str:
    """A date is its midnight in UTC."""
    return instant(f"{value}T00:00:00Z" if DATE.fullmatch(text(value)) else value)


def amount(value: Any) -> str:
    """Money to the cent, told as text with two decimals."""
    if isinstance(value, bool) or not NUMBER.fullmatch(str(value)):
        raise ValueError("is not a number")
    money = Decimal(str(value))
    if not 0 <= money < MOST:
        raise ValueError("must be from 0 to less than ten billion")
    cents = money.quantize(CENT, ROUND_HALF_UP)
    if money != cents:
        raise ValueError("must have two decimals at most")
    return str(cents)


def is_blank(value: Any) -> bool:
    """`time_completed=` in a form takes the value away, as null does in JSON."""
    return value is None or (isinstance(value, str) and not value.strip())
