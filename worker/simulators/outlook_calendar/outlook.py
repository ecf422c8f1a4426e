"""What people see and do in Outlook itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from worker.simulators.outlook_calendar.people import as_body
from worker.simulators.outlook_calendar.preferences import Preferences
from worker.simulators.outlook_calendar.render import Renderer
from worker.simulators.outlook_calendar.rules import Event, changed, created
from worker.simulators.outlook_calendar.state import Calendar, Mailbox, Stored, World


class Outlook:
    """The mailboxes of a world in the hands of their owners; events are found by either kind of id."""

    def __init__(self, world: World) -> None:
        self.world = world

    def person_creates(self, mailbox: str, calendar: str | None = None, **fields: Any) -> Event:
        """Someone makes an event of their own; the fields are those of an event, `start` and `end` may be texts."""
        with self.world.lock:
            owner = self._mailbox(mailbox)
            target = self._calendar(owner, calendar)
            return self._seen(owner, target, self.world.create(owner, target, created(as_body(fields, owner.zone))))

    def person_moves(self, mailbox: str, event_id: str, start: Any, end: Any) -> Event:
        """Someone drags an event; `start` and `end` as in an event, or a date or an instant as text."""
        return self.person_edits(mailbox, event_id, start=start, end=end)

    def person_edits(self, mailbox: str, event_id: str, **fields: Any) -> Event:
        """Someone changes fields of an event."""
        with self.world.lock:
            owner = self._mailbox(mailbox)
            calendar, stored, _ = self._event(owner, event_id)
            event = changed(stored.event, as_body(fields, owner.zone))
            return self._seen(owner, calendar, self.world.update(owner, calendar, stored, event=event))

    def person_deletes(self, mailbox: str, event_id: str) -> None:
        """Someone deletes an event, a series, or one occurrence of it."""
        with self.world.lock:
            owner = self._mailbox(mailbox)
            calendar, stored, day = self._event(owner, event_id)
            if day:
                missing = stored.missing | {date.fromisoformat(day)}
                self.world.update(owner, calendar, stored, missing=missing)
            else:
                self.world.delete(owner, calendar, stored)

    def person_copies(self, mailbox: str, event_id: str, calendar: str | None = None, **fields: Any) -> Event:
        """Someone copies an event: extended properties come along, the `transactionId` does not."""
        with self.world.lock:
            owner = self._mailbox(mailbox)
            _, stored, _ = self._event(owner, event_id)
            copy = changed({**stored.event, "transactionId": None}, as_body(fields, owner.zone))
            target = self._calendar(owner, calendar)
            return self._seen(owner, target, self.world.create(owner, target, copy))

    def person_refiles(self, mailbox: str, event_id: str, calendar: str) -> Event:
        """Someone drags an event to another calendar of the mailbox: its default id is another one from now on."""
        with self.world.lock:
            owner = self._mailbox(mailbox)
            source, stored, _ = self._event(owner, event_id)
            target = self._calendar(owner, calendar)
            return self._seen(owner, target, self.world.refile(owner, source, stored, target))

    def events(self, mailbox: str, calendar: str | None = None) -> list[Event]:
        """The events in the order of their creation, in UTC, with immutable ids and all extended properties."""
        with self.world.lock:
            owner = self._mailbox(mailbox)
            known = self._calendar(owner, calendar)
            return [self._seen(owner, known, one) for one in known.events.values() if not one.gone]

    def load(self, mailbox: str, events: Iterable[Event]) -> int:
        """Fills a calendar with many events at once, each with `start` and `end`; returns how many."""
        with self.world.lock:
            owner, count = self._mailbox(mailbox), 0
            for event in events:
                self.world.create(owner, owner.calendar, created(as_body(event, owner.zone)))
                count += 1
            return count

    def _seen(self, owner: Mailbox, calendar: Calendar, stored: Stored) -> Event:
        preferred = replace(Preferences(), immutable=True)
        return Renderer(owner, preferred, self.world.settings, None).event(calendar, stored)

    def _mailbox(self, name: str) -> Mailbox:
        mailbox = self.world.mailbox(name)
        if mailbox is None:
            raise LookupError(f"no mailbox {name}")
        return mailbox

    def _calendar(self, owner: Mailbox, calendar: str | None) -> Calendar:
        return owner.calendar if calendar is None else owner.calendars[calendar]

    def _event(self, owner: Mailbox, event_id: str) -> tuple[Calendar, Stored, str]:
        number, day = owner.ids[event_id]
        found = owner.find(number)
        if found is None:
            raise LookupError(f"event {event_id} is deleted")
        return *found, day
