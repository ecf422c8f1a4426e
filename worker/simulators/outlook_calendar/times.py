"""Dates, times and zones as Graph reads and writes them: https://learn.microsoft.com/graph/api/resources/datetimetimezone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker.simulators.outlook_calendar.refusal import Refusal, failed, unreadable
from worker.simulators.outlook_calendar.zones import WINDOWS

LOCAL = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(\.\d{1,7})?")
OFFSET = re.compile(r"(.*?)(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True)
class Moment:
    """A wall clock and the name of its zone, as they were sent."""

    local: datetime
    zone: str

    def timestamp(self) -> float:
        """Seconds since the epoch."""
        return self.local.replace(tzinfo=zone(self.zone)).timestamp()

    def in_zone(self, name: str) -> dict[str, str]:
        """`{dateTime, timeZone}` of the same instant in another zone."""
        local = self.local
        if name != self.zone:
            local = local.replace(tzinfo=zone(self.zone)).astimezone(zone(name)).replace(tzinfo=None)
        return {"dateTime": rendered(local), "timeZone": name}

    def as_it_stands(self, name: str) -> dict[str, str]:
        """`{dateTime, timeZone}` with the same wall clock in another zone: what becomes of all-day events."""
        return {"dateTime": rendered(self.local), "timeZone": name}

    @property
    def is_midnight(self) -> bool:
        return self.local.time() == time()


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of a Windows or IANA name; 400 for any other name."""
    try:
        if name in WINDOWS or "/" in name or name == "UTC":
            return ZoneInfo(WINDOWS.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise Refusal(
        400,
        "TimeZoneNotSupportedException",
        f"A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'.",
    )


def moment(value: object, what: str) -> Moment:
    """A `dateTimeTimeZone`: both parts, the time without an offset; else 400."""
    if not isinstance(value, Mapping) or not value.keys() <= {"dateTime", "timeZone", "@odata.type"}:
        raise unreadable(f"Cannot read {what}: an object of dateTime and timeZone is expected.")
    text, name = value.get("dateTime"), value.get("timeZone")
    if not isinstance(text, str) or not isinstance(name, str):
        raise failed(f"The Event.{what.title()} property needs a dateTime and a timeZone.")
    zone(name)
    return Moment(_local(text, what), name)


def instant(text: str, what: str) -> float:
    """An ISO 8601 date and time of a query, in seconds since the epoch; UTC where it has no offset."""
    found = OFFSET.fullmatch(text)
    local, offset = found.groups() if found else (text, None)
    local = local if "T" in local else f"{local}T00:00"
    try:
        return datetime.fromisoformat(f"{_local(local, what).isoformat()}{offset or '+00:00'}").timestamp()
    except ValueError as error:
        raise Refusal(400, "ErrorInvalidParameter", f"The value '{text}' of {what} is not valid.") from error


def expiry(value: Any, what: str) -> float:
    """An `Edm.DateTimeOffset`, in seconds since the epoch; 400 without an offset."""
    if not isinstance(value, str) or not re.search(r"(Z|[+-]\d\d:\d\d)$", value):
        raise unreadable(f"Cannot convert the literal '{value}' of {what} to the expected type 'Edm.DateTimeOffset'.")
    return instant(value, what)


def rendered(local: datetime) -> str:
    """Seven digits after the seconds, and no zone."""
    return f"{local.isoformat(timespec='microseconds')}0"


def stamp(seconds: float) -> str:
    """`createdDateTime` and the like: UTC with seven digits."""
    return f"{rendered(datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None))}Z"


def _local(text: str, what: str) -> datetime:
    found = LOCAL.fullmatch(text)
    if found is None:
        raise failed(f"The value '{text}' of {what} is no date and time without an offset.")
    minute, second, fraction = found.groups()
    try:
        return datetime.fromisoformat(f"{minute}{second or ':00'}{(fraction or '.0')[:7]:0<7}")
    except ValueError as error:
        raise failed(f"The value '{text}' of {what} is no date and time.") from error
