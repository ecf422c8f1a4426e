"""RFC 3339 instants as Google reads and writes them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker.simulators.google_calendar.refusal import invalid

# The first and the last year are left out: in another zone they would be no years at all.
YEAR = r"(?!0000|0001|9999)\d{4}"
RFC3339 = re.compile(rf"({YEAR}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)?")
DATE = re.compile(rf"{YEAR}-\d\d-\d\d")


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of this name; 400 for any other name."""
    try:
        if "/" in name or name == "UTC":
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise invalid(f"Invalid time zone definition: {name}.", "timeZone")


def parse_instant(text: object, what: str, default_zone: ZoneInfo | None = None) -> datetime:
    """The instant of an RFC 3339 text, to the second; without an offset it is local to `default_zone`, else 400."""
    try:
        instant = _read(text) if isinstance(text, str) else None
    except ValueError:
        instant = None
    if instant is None:
        raise invalid(f"Invalid value for {what}: {text!r}.", what)
    if instant.tzinfo is not None:
        return instant
    if default_zone is None:
        raise invalid(f"Missing time zone offset in {what}: {text!r}.", what)
    return instant.replace(tzinfo=default_zone)


@lru_cache(maxsize=4096)
def _read(text: str) -> datetime | None:
    found = RFC3339.fullmatch(text)
    if found is None:
        return None
    day, clock, _, offset = found.groups()
    return datetime.fromisoformat(f"{day}T{clock}{offset or ''}".upper())


def parse_date(text: object, what: str) -> date:
    try:
        if isinstance(text, str) and DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise invalid(f"Invalid value for {what}: {text!r}.", what)


def render(instant: datetime, in_zone: ZoneInfo) -> str:
    """The instant with the offset of a zone: `2026-03-01T09:00:00-05:00`, `Z` for UTC."""
    text = instant.astimezone(in_zone).isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def midnight(day: date, in_zone: ZoneInfo) -> float:
    """Start of a day in a zone, in seconds since the epoch."""
    return datetime(day.year, day.month, day.day, tzinfo=in_zone).timestamp()


def stamp(seconds: float) -> str:
    """`updated` and `created`: UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
