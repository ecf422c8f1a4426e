"""Times as FieldCamp writes them: UTC with milliseconds and `Z`, so that text order is time order."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def instant(text: str) -> str:
    """The instant of RFC 3339 `text` in FieldCamp's form; ValueError when it is none, or has no offset."""
    if not RFC_3339.fullmatch(text):
        raise ValueError(f"{text!r} is not an RFC 3339 instant with an offset")
    try:
        return stamp(moment(text))
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error


def calendar_date(text: str) -> str:
    """`text` itself when it is a date as `2026-05-29`, else ValueError."""
    if not is_date(text):
        raise ValueError(f"{text!r} is not a date")
    return date.fromisoformat(text).isoformat()


def is_date(text: str) -> bool:
    return DATE.fullmatch(text) is not None


def moment(text: str) -> datetime:
    """The point in time of an instant, or midnight UTC of a date."""
    parsed = datetime.fromisoformat(text.upper())
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def stamp(point: datetime) -> str:
    return point.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
