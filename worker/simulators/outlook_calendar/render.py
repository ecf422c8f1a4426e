"""Events as Graph tells them: https://learn.microsoft.com/graph/api/resources/event."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from worker.simulators.outlook_calendar import properties
from worker.simulators.outlook_calendar.bodies import preview, text_of
from worker.simulators.outlook_calendar.preferences import Preferences
from worker.simulators.outlook_calendar.recurrence import Occurrence
from worker.simulators.outlook_calendar.rules import DEFAULTS
from worker.simulators.outlook_calendar.settings import Settings
from worker.simulators.outlook_calendar.state import Calendar, Mailbox, Stored
from worker.simulators.outlook_calendar.times import Moment, stamp
from worker.simulators.outlook_calendar.zones import FROM_IANA

Json = dict[str, Any]

NEVER = "0001-01-01T00:00:00Z"
PLAIN = DEFAULTS.keys() - {"properties", "body", "attendees", "transactionId"}


def change_key(stored: Stored) -> str:
    return base64.b64encode(f"DwAAABYAAAC{stored.version:012d}".encode()).decode()


def etag(stored: Stored) -> str:
    return f'W/"{change_key(stored)}"'


class Renderer:
    """Tells events of one mailbox to one caller."""

    def __init__(
        self,
        mailbox: Mailbox,
        preferred: Preferences,
        settings: Settings,
        expanded: frozenset[str] | None = frozenset(),
    ) -> None:
        """`expanded` are the extended properties to tell; None: all."""
        self._mailbox = mailbox
        self._preferred = preferred
        self._settings = settings
        self._expanded = expanded

    def id_of(self, calendar: Calendar, stored: Stored, day: str = "") -> str:
        return self._mailbox.id_of(calendar, stored, immutable=self._preferred.immutable, day=day)

    def event(self, calendar: Calendar, stored: Stored) -> Json:
        """A whole event or series."""
        event = stored.event
        kind = "seriesMaster" if event["recurrence"] else "singleInstance"
        told = {
            **self._head(calendar, stored),
            **self._content(stored),
            **self._times(event, event["start"], event["end"]),
        }
        told |= {"type": kind, "seriesMasterId": None}
        if event["transactionId"]:
            told["transactionId"] = event["transactionId"]
        kept = self._properties(event["properties"])
        return {**told, "singleValueExtendedProperties": kept} if kept else told

    def occurrence(self, calendar: Calendar, stored: Stored, one: Occurrence) -> Json:
        """A whole occurrence of a series, as calendarView tells it."""
        whole = self.event(calendar, stored) | self._times(stored.event, one.start, one.end)
        whole.pop("singleValueExtendedProperties", None)
        whole.pop("transactionId", None)
        return whole | self._of_series(calendar, stored, one) | {"recurrence": None}

    def thin(self, calendar: Calendar, stored: Stored, one: Occurrence) -> Json:
        """An occurrence as delta tells it: without what its series has."""
        times = self._times(stored.event, one.start, one.end)
        told = {"@odata.type": "#microsoft.graph.event", "@odata.etag": etag(stored)}
        return {**told, **self._of_series(calendar, stored, one), "start": times["start"], "end": times["end"]}

    def removed(self, calendar: Calendar, stored: Stored, reason: str, day: str = "") -> Json:
        told = {"@odata.type": "#microsoft.graph.event", "id": self.id_of(calendar, stored, day)}
        return {**told, "@removed": {"reason": reason}}

    def _of_series(self, calendar: Calendar, stored: Stored, one: Occurrence) -> Json:
        day = one.day.isoformat()
        series = self.id_of(calendar, stored)
        return {"id": self.id_of(calendar, stored, day), "seriesMasterId": series, "type": "occurrence"}

    def _head(self, calendar: Calendar, stored: Stored) -> Json:
        told = self.id_of(calendar, stored)
        return {
            "@odata.etag": etag(stored),
            "id": told,
            "createdDateTime": stamp(stored.created),
            "lastModifiedDateTime": stamp(stored.modified),
            "changeKey": change_key(stored),
            "iCalUId": f"040000008200E00074C5B7101A82E008{UUID(self._mailbox.id).hex.upper()}{stored.number:08X}",
            "hasAttachments": False,
            "isCancelled": False,
            "isOrganizer": True,
            "isDraft": False,
            "onlineMeetingUrl": None,
            "onlineMeeting": None,
            "webLink": f"https://outlook.office365.com/owa/?itemid={told}&exvsurl=1&path=/calendar/item",
            "organizer": {"emailAddress": {"name": self._mailbox.name, "address": self._mailbox.address}},
        }

    def _content(self, stored: Stored) -> Json:
        event = stored.event
        content = event["body"]["content"]
        body = {"contentType": "text", "content": text_of(content)} if self._preferred.text_bodies else event["body"]
        response = "organizer" if event["attendees"] else "none"
        return {
            **{name: event[name] for name in PLAIN},
            "attendees": event["attendees"],
            "body": body,
            "bodyPreview": preview(content),
            "responseStatus": {"response": response, "time": NEVER},
        }

    def _times(self, event: Json, start: Moment, end: Moment) -> Json:
        """All-day events run from midnight to midnight in whatever zone they are told."""
        zone = self._preferred.zone
        sides = {
            name: side.as_it_stands(zone) if event["isAllDay"] else side.in_zone(zone)
            for name, side in (("start", start), ("end", end))
        }
        return {
            "originalStartTimeZone": self._named(event["start"].zone),
            "originalEndTimeZone": self._named(event["end"].zone),
            **sides,
        }

    def _named(self, zone: str) -> str:
        return FROM_IANA.get(zone, zone) if self._settings.zones_come_back == "windows" else zone

    def _properties(self, kept: Mapping[str, str]) -> list[dict[str, str]]:
        return properties.told(kept, frozenset(kept) if self._expanded is None else self._expanded)
