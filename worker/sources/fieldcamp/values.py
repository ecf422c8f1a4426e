"""Values of FieldCamp's JSON, read tolerantly; ValueError says what was expected where one cannot be read."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from worker.core.books import cents

Reader = Callable[[Any], Any]
"""Takes a JSON value and returns the JSON value that a record's content holds."""

LONGEST_ID = 255
MOST_MINUTES = 366 * 24 * 60
YEARS = range(1900, 3000)
"""Beyond these a time is a slip, and sums with it would leave the calendar."""

LARGEST = 10**12
FINEST = -20
"""The exponent of the last digit that a number may have: quantities and rates are told by machines that divide."""

_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d([.,]\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Inside(ValueError):
    """What is wrong within a value: what was expected by where it is, such as ``[0].quantity`` or ``.value``."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(next(iter(problems.values())))
        self.problems = problems


def identity(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_ID or not value.isprintable():
        raise ValueError(f"expected an id of 1 to {LONGEST_ID} printable characters")
    return value


def reference(value: Any) -> str | None:
    """The id of another record; null and an empty text are none."""
    return None if value in (None, "") else identity(value)


def text(value: Any) -> str:
    """Null is empty, a whole number its digits; what no database stores (NUL, halves of characters) is left out."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    if value is not None and not isinstance(value, str):
        raise ValueError("expected a string")
    return (value or "").replace("\x00", "").encode("utf-8", "ignore").decode()


def flag(value: Any) -> bool:
    if value is not None and not isinstance(value, bool):
        raise ValueError("expected true or false")
    return bool(value)


def minutes(value: Any) -> int | None:
    """A whole number of minutes, also written as 60.0 or "60"; null where there is none."""
    if value is None:
        return None
    digits = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,6}(\.0+)?", digits, re.ASCII):
        raise ValueError("expected a whole number of minutes")
    number = int(float(digits))
    if number > MOST_MINUTES:
        raise ValueError(f"expected at most {MOST_MINUTES} minutes")
    return number


def decimal(value: Any) -> str:
    """The digits of a number, also of one written as a string, as ``core.codec.encode`` writes decimals; trailing zeros
    are left out, so that 19.9 is 19.90.
    """
    return format(number(value).normalize() + 0, "f")


def amount(value: Any) -> str:
    """Money to the cent, half up: ``19.90``."""
    return format(cents(number(value)) + 0, "f")


def number(value: Any) -> Decimal:
    """The exact number. A float is what its shortest digits say: 19.99 in JSON is 19.99 again."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueError("expected a number")
    if isinstance(value, int) and abs(value) >= LARGEST:
        raise ValueError(f"expected a number below {LARGEST}")
    digits = str(value).strip()
    if not _NUMBER.fullmatch(digits):
        raise ValueError("expected a number")
    exact = Decimal(digits)
    if abs(exact) >= LARGEST or int(exact.as_tuple().exponent) < FINEST:
        raise ValueError(f"expected a number below {LARGEST} with at most {-FINEST} decimals")
    return exact


def calendar_date(value: Any) -> str | None:
    """A date; of an instant the date that it is written with. Null and an empty text are none."""
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise ValueError("expected an ISO 8601 date")
    try:
        day = date.fromisoformat(value.strip()) if is_date(value) else datetime.fromisoformat(value.strip()).date()
    except ValueError as error:
        raise ValueError("expected an ISO 8601 date") from error
    if day.year not in YEARS:
        raise ValueError(f"expected a year from {YEARS.start} to {YEARS.stop - 1}")
    return day.isoformat()


def identities(value: Any) -> list[str]:
    """Ids, each once, in the order given; null is none."""
    if value is not None and not isinstance(value, list):
        raise ValueError("expected an array of strings")
    try:
        return list(dict.fromkeys(identity(item) for item in value or ()))
    except ValueError as error:
        raise ValueError("expected an array of strings, each an id") from error


def only_identity(value: Any) -> list[str]:
    """One id as a list of one; null is none."""
    return [] if value in (None, "") else [identity(value)]


def is_date(value: Any) -> bool:
    return isinstance(value, str) and _DATE.fullmatch(value.strip()) is not None


def moment(value: Any) -> datetime:
    """The instant in UTC of an ISO 8601 text; a bare date is its midnight, and what names no offset is UTC."""
    if not isinstance(value, str):
        raise ValueError("expected an ISO 8601 instant or date")
    try:
        parsed = datetime.fromisoformat(value.strip().upper())
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        instant = aware.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("expected an ISO 8601 instant or date") from error
    if instant.year not in YEARS:
        raise ValueError(f"expected a year from {YEARS.start} to {YEARS.stop - 1}")
    return instant


def instant(value: Any) -> str | None:
    """As ``core.codec.encode`` writes instants; null where there is none."""
    return None if value is None else moment(value).isoformat()


def rfc_3339(value: Any) -> datetime:
    """The instant in UTC of a text with date, time and offset."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError("expected an RFC 3339 instant")
    return moment(value)


def wrong(json: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, str]:
    """What was expected of each field that is there and cannot be read, by the field's name; what is wrong deeper
    within one by its path, such as ``lineItems[0].quantity``.
    """
    found = {}
    for name in (name for name in readers if name in json):
        try:
            readers[name](json[name])
        except Inside as inside:
            found.update({f"{name}{path}": problem for path, problem in inside.problems.items()})
        except ValueError as error:
            found[name] = str(error)
    return found


def readable(json: Mapping[str, Any], name: str, reader: Reader) -> bool:
    """Whether the field is there and can be read."""
    return name in json and not wrong(json, {name: reader})
