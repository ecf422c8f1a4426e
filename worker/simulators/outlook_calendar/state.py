"""Mailboxes, their calendars and events, with a log of changes for each calendar from which delta is read."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from worker.simulators.outlook_calendar.ids import default_id, immutable_id
from worker.simulators.outlook_calendar.rules import Event
from worker.simulators.outlook_calendar.settings import Settings

Kind = Literal["created", "updated", "deleted"]
Watcher = Callable[["Mailbox", "Calendar", "Stored", Kind], None]


@dataclass(frozen=True)
class Stored:
    """One event in one calendar; never changed in place.

    `number` is its own in the mailbox; `born` and `change` are the places of its first and last change in the log of
    the calendar; `moves` counts the calendars it left; `missing` are the days taken out of a series.
    """

    number: int
    event: Event
    version: int
    created: float
    modified: float
    born: int = 0
    change: int = 0
    moves: int = 0
    gone: bool = False
    missing: frozenset[date] = frozenset()


@dataclass
class Calendar:
    """`epoch` rises when delta links are made to expire; `log` holds the event and the time of each change."""

    id: str
    name: str
    events: dict[int, Stored] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    log: list[tuple[int, float]] = field(default_factory=list)
    epoch: int = 0

    def put(self, stored: Stored) -> Stored:
        before = self.events.get(stored.number)
        if before is None:
            self.order.append(stored.number)
        place = len(self.log)
        kept = replace(stored, born=before.born if before else place, change=place)
        self.events[stored.number] = kept
        self.log.append((stored.number, stored.modified))
        return kept

    def visible(self, now: float, lag: float) -> int:
        """How much of the log delta knows of."""
        place = len(self.log)
        while lag and place and self.log[place - 1][1] > now - lag:
            place -= 1
        return place

    def changed_between(self, start: int, end: int) -> Iterator[Stored]:
        """Events by their last change before `end`; costs what there is to tell."""
        last = {self.log[place][0]: place for place in range(start, end)}
        for number, place in sorted(last.items(), key=lambda pair: pair[1]):
            yield replace(self.events[number], change=place)


@dataclass
class Mailbox:
    """A user and what is theirs; `id` is the object id, `delegates` maps users to `read` or `write`."""

    id: str
    address: str
    name: str
    tenant: str
    zone: str
    enabled: bool = True
    calendars: dict[str, Calendar] = field(default_factory=dict)
    delegates: dict[str, str] = field(default_factory=dict)
    transactions: dict[str, tuple[int, float]] = field(default_factory=dict)
    ids: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Each id that was ever told and still holds, with the event and the day of the occurrence, if any."""
    next_number: int = 0

    @property
    def calendar(self) -> Calendar:
        """The default calendar."""
        return next(iter(self.calendars.values()))

    def find(self, number: int) -> tuple[Calendar, Stored] | None:
        """The calendar that holds the event now, and the event; None when it is deleted."""
        for calendar in self.calendars.values():
            stored = calendar.events.get(number)
            if stored is not None and not stored.gone:
                return calendar, stored
        return None

    def id_of(self, calendar: Calendar, stored: Stored, *, immutable: bool, day: str = "") -> str:
        """The id of an event, or of one day of a series."""
        if immutable:
            told = immutable_id(self.id, stored.number, day)
        else:
            told = default_id(self.id, calendar.id, stored.number, stored.moves, day)
        self.ids[told] = (stored.number, day)
        return told


@dataclass
class World:
    """Everything the simulator knows, guarded by one lock; `now` is in seconds since the epoch."""

    now: Callable[[], float]
    settings: Settings = field(default_factory=Settings)
    lock: threading.RLock = field(default_factory=threading.RLock)
    mailboxes: dict[str, Mailbox] = field(default_factory=dict)
    counters: Counter[str] = field(default_factory=Counter)
    watchers: list[Watcher] = field(default_factory=list)
    versions: int = 1_000

    def mailbox(self, name: str) -> Mailbox | None:
        """The mailbox with this object id or this address, whatever its case."""
        sought = name.lower()
        return self.mailboxes.get(sought) or next(
            (one for one in self.mailboxes.values() if one.address.lower() == sought), None
        )

    def create(self, mailbox: Mailbox, calendar: Calendar, event: Event) -> Stored:
        now, number = self.now(), mailbox.next_number
        mailbox.next_number += 1
        if event["transactionId"]:
            mailbox.transactions[event["transactionId"]] = (number, now)
        return self._put(mailbox, calendar, Stored(number, event, self._version(), now, now), "created")

    def update(self, mailbox: Mailbox, calendar: Calendar, stored: Stored, **changes: Any) -> Stored:
        changed = replace(stored, version=self._version(), modified=self.now(), **changes)
        return self._put(mailbox, calendar, changed, "updated")

    def delete(self, mailbox: Mailbox, calendar: Calendar, stored: Stored) -> None:
        gone = replace(stored, gone=True, version=self._version(), modified=self.now())
        self._put(mailbox, calendar, gone, "deleted")

    def refile(self, mailbox: Mailbox, source: Calendar, stored: Stored, target: Calendar) -> Stored:
        """Moves an event to another calendar of the mailbox: its default id is another one there."""
        self.delete(mailbox, source, stored)
        there = replace(stored, moves=stored.moves + 1, version=self._version(), modified=self.now())
        for told in [told for told, (number, _) in mailbox.ids.items() if number == stored.number]:
            del mailbox.ids[told]
        return self._put(mailbox, target, there, "created")

    def _put(self, mailbox: Mailbox, calendar: Calendar, stored: Stored, kind: Kind) -> Stored:
        kept = calendar.put(stored)
        for immutable in (True, False):
            mailbox.id_of(calendar, kept, immutable=immutable)
        for watcher in self.watchers:
            watcher(mailbox, calendar, kept, kind)
        return kept

    def _version(self) -> int:
        self.versions += 1
        return self.versions
