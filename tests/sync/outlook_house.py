"""The small house with two Outlook mailboxes behind it: the real provider, its simulator over HTTP, and what people do
there.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.providers.outlook import TENANT, Outlook
from tests.sync.memory import Died
from tests.sync.small_house import ONE, TWO, SmallHouse
from worker.core.connections import Connection
from worker.core.documents import CalendarEvent, Times
from worker.core.jobs import Job, JobRequest, Mode, Trigger
from worker.core.ports import Key, Operation, Outcome, Page, Provider, Stream
from worker.core.preferences import calendar_preferences
from worker.http.limits import Limits
from worker.http.mint import Mint
from worker.http.slots import Slots
from worker.providers.outlook_calendar import MANIFEST, OutlookCalendar
from worker.sync.request import request_sync

OUTLOOK, ZONE = MANIFEST.name, "America/New_York"
CALENDARS = (ONE, TWO)
ROUTES = {ONE: "usr_1", TWO: "usr_2"}
COLOURS = {"in_transit": "In transit", "arrived": "Arrived", "in_progress": "In progress", "paused": "Paused"}
Event = dict[str, Any]
Hook = Callable[[], None]


@contextmanager
def no_waiting() -> Iterator[None]:
    """Nobody sits out the seconds that Graph asks for."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("account", "line"):
            target = f"worker.providers.outlook_calendar.{module}"
            patch.setattr(f"{target}.time", SimpleNamespace(sleep=lambda _: None))
        patch.setattr("worker.providers.outlook_calendar.line.PAUSE", 0.01)
        yield


@dataclass
class Fate:
    """What happens to the worker: hooks that run once each, in turn, around an apply; or its death at a request.

    ``left`` counts the requests of Graph until then, None: it lives; ``answered``: it still gets that answer.
    """

    before_apply: list[Hook] = field(default_factory=list)
    after_apply: list[Hook] = field(default_factory=list)
    left: int | None = None
    answered: bool = False

    def clear(self) -> None:
        self.before_apply, self.after_apply, self.left = [], [], None

    def asked(self, _: httpx.Request) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0 and not self.answered:
                self._die()

    def told(self, _: httpx.Response) -> None:
        if self.left is not None and self.left < 0:
            self._die()

    def _die(self) -> None:
        self.left = None
        raise Died


@dataclass
class Mortal:
    """The provider of a worker that has a fate."""

    provider: OutlookCalendar
    fate: Fate

    def __post_init__(self) -> None:
        self.provider._client.event_hooks = {"request": [self.fate.asked], "response": [self.fate.told]}

    def streams(self) -> Sequence[Stream]:
        return self.provider.streams()

    def changes(self, stream: Stream, cursor: str | None) -> Iterator[Page]:
        return self.provider.changes(stream, cursor)

    def apply(self, stream: Stream, operations: Sequence[Operation]) -> Sequence[Outcome]:
        _run(self.fate.before_apply)
        outcomes = self.provider.apply(stream, operations)
        _run(self.fate.after_apply)
        return outcomes

    def close(self) -> None:
        self.provider.close()


class OutlookHouse(SmallHouse):
    """Two technicians with a mailbox each, reached by one grant: a tenant's, or that of a colleague of both.

    ``private`` are the events that are none of our business, each id with the version that its owner left; ``touched``
    the local ids of those of our events that somebody changed.
    """

    def __init__(self, path: Path, outlook: Outlook, *, delegated: bool = False, **settings: Any) -> None:
        super().__init__(path, time_zone=ZONE, **settings)
        self.outlook, self.simulator, self.fate = outlook, outlook.simulator, Fate()
        self.settings_there = replace(outlook.settings, mailbox_per_minute=1e9)
        self.slots, self.limits, self.mint = Slots(), Limits(), Mint()
        self.private: dict[str, str] = {}
        self.touched: set[str] = set()
        self.credentials = self._hired(delegated)
        manifests = {**self.house.manifests, OUTLOOK: replace(MANIFEST, side_by_side=1)}
        self.house = replace(self.house, manifests=manifests, open_provider=self._opened)
        self.store.connections.disconnect(self.account_id, "google_calendar", self.clock)
        self.reconnect()

    def _hired(self, delegated: bool) -> dict[str, str]:
        self.simulator.reset()
        self.outlook.recorder.sent.clear()
        self.simulator.set(latency=0.001)
        self.simulator.add_tenant(TENANT)
        for name in CALENDARS:
            self.simulator.add_user(name, tenant=TENANT)
            self.simulator.add_calendar(name, "Put away")
        if not delegated:
            return {"tenant_id": TENANT}
        self.simulator.share(TWO, ONE, "write")
        return {"refresh_token": self.simulator.add_user(ONE)}

    def _opened(self, connection: Connection) -> Provider:
        provider = OutlookCalendar(
            self.settings_there,
            calendar_preferences(connection.settings),
            {team: self.store.grants.grant(connection.id, team) for team in self.store.grants.teams(connection.id)},
            self.limits,
            connection.account_id,
            slots=self.slots,
            mint=self.mint,
            now=lambda: self.clock,
        )
        return Mortal(provider, self.fate)

    @property
    def connection(self) -> Connection:
        found = self.store.connections.find(self.account_id, OUTLOOK)
        assert found is not None
        return found

    def reconnect(self) -> None:
        rows = [{"team_id": ROUTES[name], "calendar": name} for name in self.routes]
        settings = {**self.settings, "calendars": rows}
        self.store.connections.connect(self.account_id, OUTLOOK, settings, {"": self.credentials}, self.clock)

    def queue(self, mode: Mode = Mode.INCREMENTAL, **request: Any) -> Job:
        self.tick()
        return request_sync(self.house, self.account_id, OUTLOOK, JobRequest(mode, trigger=Trigger.EVENT, **request))

    # What people see and do in Outlook

    @property
    def writes(self) -> int:
        return int(self.simulator.counters()["writes"])

    def events_of(self, calendar: str) -> list[tuple[Key, Event]]:
        """Our events there, in an order that does not depend on who was faster."""
        found = [(key, event) for event in self.simulator.events(calendar) if (key := key_of(event)) is not None]
        return sorted(found, key=lambda pair: (str(pair[0]), pair[1]["id"]))

    def ours(self, calendar: str) -> dict[str, Event]:
        """Our events by local id; fails where a record shows twice."""
        found: dict[str, Event] = {}
        for key, event in self.events_of(calendar):
            assert key.local_id not in found, f"{key.local_id} is on {calendar} twice"
            found[key.local_id] = event
        return found

    def edit(self, calendar: str, place: int, **fields: Any) -> None:
        """Somebody changes one of our events, where there is any."""
        if event := self._touched(calendar, place):
            self.simulator.person_edits(calendar, event["id"], **fields)

    def delete(self, calendar: str, place: int) -> None:
        if event := self._touched(calendar, place):
            self.simulator.person_deletes(calendar, event["id"])

    def put_away(self, calendar: str, place: int) -> None:
        """Somebody drags one of our events to another calendar of theirs."""
        if event := self._touched(calendar, place):
            [_, other] = self.simulator._mailbox(calendar).calendars
            self.simulator.person_refiles(calendar, event["id"], other)

    def copy(self, calendar: str, place: int) -> None:
        if event := self._touched(calendar, place):
            self._keep(self.simulator.person_copies(calendar, event["id"]))

    def add(self, calendar: str, times: Times, title: str = "Dentist") -> None:
        self._keep(self.simulator.person_creates(calendar, subject=title, **sides(times)))

    def _keep(self, event: Event) -> None:
        self.private[event["id"]] = event["@odata.etag"]

    def _touched(self, calendar: str, place: int) -> Event | None:
        ours = self.events_of(calendar)
        if not ours:
            return None
        key, event = ours[place % len(ours)]
        self.touched.add(key.local_id)
        return event

    # What must hold

    def assert_agreement(self) -> None:
        for name in CALENDARS:
            wanted, ours = self.wanted(name), self.ours(name)
            assert ours.keys() == wanted.keys(), name
            for local_id, event in ours.items():
                assert meaning(event) == meant(wanted[local_id]), local_id

    def assert_manners(self) -> None:
        """No mail, nobody named who could get one, at most four calls at a mailbox, and what is private as it was."""
        told = self.simulator.counters()
        assert told["mails"] == 0
        assert [one for one in self.outlook.recorder.calls() if "attendees" in (one.body or {})] == []
        assert max(told["highest"].values(), default=0) <= 4
        assert told["concurrency"] == 0
        there = [event for name in CALENDARS for event in self.simulator.events(name) if key_of(event) is None]
        assert {event["id"]: event["@odata.etag"] for event in there} == self.private


def key_of(event: Event) -> Key | None:
    """The key on an event of ours; a copy that somebody made has our properties and no transaction."""
    if not str(event.get("transactionId") or "").startswith("visit-sync."):
        return None
    properties = {one["id"]: one["value"] for one in event["singleValueExtendedProperties"]}
    return next(Key.parse(value) for name, value in properties.items() if name.endswith("VisitSyncKey"))


def sides(times: Times) -> dict[str, str]:
    """The ends of an event as a person's calendar takes them."""
    assert times.start is not None
    assert times.end is not None
    return {"start": times.start.isoformat(), "end": times.end.isoformat()}


def meaning(event: Event) -> dict[str, object]:
    """What an event in UTC says to whoever reads it."""
    start, end = (str(event[side]["dateTime"]) for side in ("start", "end"))
    days = event["isAllDay"]
    return {
        "title": event["subject"],
        "start": date.fromisoformat(start[:10]) if days else datetime.fromisoformat(start).replace(tzinfo=UTC),
        "end": date.fromisoformat(end[:10]) if days else datetime.fromisoformat(end).replace(tzinfo=UTC),
        "location": event["location"].get("displayName", ""),
        "text": unescape(re.sub("<[^>]*>", " ", event["body"]["content"])).split(),
        "busy": event["showAs"],
        "categories": event["categories"],
    }


def meant(document: CalendarEvent) -> dict[str, object]:
    """What a document wants an event to say."""
    times = document.times
    return {
        "title": document.title,
        "start": times.first_day or times.start,
        "end": times.day_after or times.end,
        "location": document.location,
        "text": document.description.split(),
        "busy": "busy" if document.busy else "free",
        "categories": [COLOURS[document.colour]] if document.colour else [],
    }


def _run(hooks: list[Hook]) -> None:
    if hooks:
        hooks.pop(0)()
