"""Calendars and their events, with a log of changes from which incremental listings are read."""

from __future__ import annotations

import itertools
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from worker.simulators.google_calendar.instants import stamp
from worker.simulators.google_calendar.rules import Event, span
from worker.simulators.google_calendar.settings import Settings

ROLES = ("reader", "writer", "owner")
METADATA = {"kind", "etag", "htmlLink", "created", "updated", "creator", "organizer", "sequence"}
_changes = itertools.count(1_700_000_000_000_000)


@dataclass(frozen=True)
class Stored:
    """An event as `get` answers it; never changed in place.

    `ordinal` is its place in the order of creation, `change` the place of its last change in the calendar's log, both
    from 0; `spans` are its times, the newest first, in seconds since the epoch.
    """

    event: Event
    ordinal: int
    change: int
    spans: tuple[tuple[float, float], ...]

    @property
    def deleted(self) -> bool:
        return bool(self.event["status"] == "cancelled")


@dataclass
class Calendar:
    """`roles` maps users to reader, writer or owner; `epoch` rises when sync tokens are made to expire."""

    id: str
    owner: str
    time_zone: str
    on_change: Callable[[str], None]
    summary: str = ""
    created: str = ""
    roles: dict[str, str] = field(default_factory=dict)
    events: dict[str, Stored] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    epoch: int = 0
    _order: list[str] = field(default_factory=list)
    _sorted: dict[str, tuple[int, list[tuple[Any, str]]]] = field(default_factory=dict)

    def write(self, content: Event, *, actor: str, now: float) -> Event:
        """Creates or replaces the event `content["id"]`, whose content has passed the rules."""
        before = self.events.get(content["id"])
        times = span(content, self.time_zone)
        event = {**self._metadata(content, before, actor, now), **content}
        event.setdefault("status", "confirmed")
        if before is None:
            self._order.append(content["id"])
        ordinal = before.ordinal if before else len(self._order) - 1
        spans = before.spans if before else ()
        self._log(Stored(event, ordinal, len(self.log), spans if times in spans[:1] else (times, *spans)))
        return event

    def delete(self, event_id: str, *, now: float) -> None:
        before = self.events[event_id]
        event = {**before.event, "status": "cancelled", "etag": _etag(), "updated": stamp(now)}
        self._log(Stored(event, before.ordinal, len(self.log), before.spans))

    def changed_since(self, change: int) -> Iterator[Stored]:
        """Events changed at or after a place in the log, by their last change; costs what there is to tell."""
        for place in range(change, len(self.log)):
            stored = self.events[self.log[place]]
            if stored.change == place:
                yield stored

    def ordered(self, by: str | None, after: list[Any] | None) -> Iterator[tuple[list[Any], Stored]]:
        """All events, deleted ones too, in the order of creation, `startTime` or `updated`, each with its cursor."""
        if by is None:
            for ordinal in range(after[0] + 1 if after else 0, len(self._order)):
                yield [ordinal], self.events[self._order[ordinal]]
            return
        keys = self._keys(by)
        for key, event_id in keys[bisect_right(keys, (after[0], after[1])) if after else 0 :]:
            yield [key, event_id], self.events[event_id]

    def _keys(self, by: str) -> list[tuple[Any, str]]:
        version, keys = self._sorted.get(by, (-1, []))
        if version != len(self.log):
            keys = sorted(
                (stored.spans[0][0] if by == "startTime" else stored.event["updated"], event_id)
                for event_id, stored in self.events.items()
            )
            self._sorted[by] = (len(self.log), keys)
        return keys

    def _metadata(self, content: Event, before: Stored | None, actor: str, now: float) -> Event:
        told = before.event if before else {}
        moved = before is not None and any(told.get(side) != content[side] for side in ("start", "end"))
        quiet = before is not None and _without_reminders(told) == _without_reminders(content)
        return {
            "kind": "calendar#event",
            "etag": _etag(),
            "htmlLink": f"https://www.google.com/calendar/event?eid={content['id']}",
            "created": told.get("created", stamp(now)),
            "updated": told["updated"] if quiet else stamp(now),
            "creator": told.get("creator", {"email": actor}),
            "organizer": told.get("organizer", {"email": self.id, "self": True}),
            "iCalUID": told.get("iCalUID", f"{content['id']}@google.com"),
            "sequence": int(told.get("sequence", 0)) + moved,
            "eventType": "default",
        }

    def _log(self, stored: Stored) -> None:
        self.events[stored.event["id"]] = stored
        self.log.append(stored.event["id"])
        self.on_change(self.id)


@dataclass
class World:
    """Everything the simulator knows, guarded by one lock; `now` is in seconds since the epoch."""

    now: Callable[[], float]
    settings: Settings = field(default_factory=Settings)
    lock: threading.RLock = field(default_factory=threading.RLock)
    users: list[str] = field(default_factory=list)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    counters: Counter[str] = field(default_factory=Counter)
    watchers: list[Callable[[str], None]] = field(default_factory=list)

    def add_calendar(self, calendar_id: str, owner: str, time_zone: str, summary: str | None = None) -> Calendar:
        calendar = Calendar(calendar_id, owner, time_zone, self._tell, summary or calendar_id)
        calendar.created, calendar.roles = stamp(self.now()), {owner: "owner"}
        self.calendars[calendar_id] = calendar
        return calendar

    def _tell(self, calendar_id: str) -> None:
        for watcher in self.watchers:
            watcher(calendar_id)


def tombstone(event: Event) -> Event:
    """What a listing tells of a deleted event."""
    return {name: event[name] for name in ("kind", "etag", "id", "status")}


def _etag() -> str:
    return f'"{next(_changes)}"'


def _without_reminders(event: Event) -> Event:
    silent = METADATA | {"reminders", "iCalUID", "eventType"}
    kept = {name: value for name, value in event.items() if name not in silent}
    return {"status": "confirmed", **kept}
