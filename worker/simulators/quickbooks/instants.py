"""Times as Intuit writes them: Pacific time with its offset, to the second."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")


def told(instant: datetime, *, milliseconds: bool = False) -> str:
    """`2026-11-20T10:00:00-08:00`; what is below the second is cut off, not rounded."""
    return instant.astimezone(PACIFIC).isoformat(timespec="milliseconds" if milliseconds else "seconds")


def understood(text: str) -> datetime:
    """An instant or a date of a request; one without an offset is Pacific time. ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=PACIFIC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text} is beyond the calendar") from error


def today(instant: datetime) -> date:
    return instant.astimezone(PACIFIC).date()
