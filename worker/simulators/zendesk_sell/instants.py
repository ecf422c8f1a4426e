"""Times as Zendesk Sell writes them: UTC in whole seconds with `Z`, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(point: datetime) -> str:
    return point.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """The point in time of RFC 3339 `text`; ValueError when it is none, or has no offset."""
    point = datetime.fromisoformat(text)
    if point.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return point
