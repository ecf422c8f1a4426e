"""How long the other side asks us to wait."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 3600.0
"""Seconds; a header that asks for more is taken as this, so that nobody's slip stops a connection for a week."""


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait from ``now`` (aware) by a ``Retry-After`` header: seconds or an HTTP date (RFC 9110, 10.2.3).

    None where there is no header or it cannot be read; never negative, never above ``LONGEST``.
    """
    seconds = _seconds(value.strip(), now) if value else None
    return None if seconds is None else min(max(seconds, 0.0), LONGEST)


def _seconds(value: str, now: datetime) -> float | None:
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - now).total_seconds()
