"""What people do in Outlook itself, in words that a test or a story uses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from worker.simulators.outlook_calendar.rules import Event
from worker.simulators.outlook_calendar.times import rendered, zone

DAY = len("2026-11-20")


def as_body(fields: Event, zone_name: str) -> Event:
    """The fields of an event as a body: `start` and `end` may be texts, a day or an instant with an offset.

    Outlook writes times in the zone of the mailbox, whatever zone they were in before.
    """
    body = {name: _side(value, zone_name) if name in ("start", "end") else value for name, value in fields.items()}
    texts = [fields[name] for name in ("start", "end") if isinstance(fields.get(name), str)]
    return {"isAllDay": len(texts[0]) == DAY, **body} if texts else body


def _side(value: Any, zone_name: str) -> Any:
    if not isinstance(value, str):
        return value
    if len(value) == DAY:
        return {"dateTime": f"{value}T00:00:00", "timeZone": zone_name}
    instant = datetime.fromisoformat(value)
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return {"dateTime": rendered(instant.astimezone(zone(zone_name)).replace(tzinfo=None)), "timeZone": zone_name}
