"""The engine over a SQLite file, with calendars and a FieldCamp in memory and a clock that a test moves."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.fernet import Fernet

from tests.sync.memory import START, MemoryCalendars, MemoryProvider, MemorySource
from worker.core.connections import Connection, InboxEvent
from worker.core.documents import CalendarEvent
from worker.core.jobs import Job, JobRequest, JobStatus, Mode, Trigger
from worker.core.ports import Manifest
from worker.core.preferences import calendar_preferences
from worker.core.projections import VisitView, wanted_documents
from worker.core.records import Record, Visit
from worker.store import Store, open_store
from worker.sync.house import House
from worker.sync.receive import receive_events
from worker.sync.request import request_sync
from worker.sync.run import run_job

KEY = Fernet.generate_key().decode()
GOOGLE, FIELDCAMP = "google_calendar", "fieldcamp"
ONE, TWO = "one@example.com", "two@example.com"


@cache
def empty_database() -> bytes:
    """Our schema with nothing in it: migrating once is enough for all."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        store = open_store(f"sqlite:///{path}", [KEY])
        store.upgrade()
        store.dispose()
        return path.read_bytes()


class SmallHouse:
    """Two technicians, ``usr_1`` and ``usr_2``, each with a calendar."""

    def __init__(self, path: Path, *, batch_size: int = 3, **settings: Any) -> None:
        self.path = path
        self.clock = datetime(2026, 5, 29, 6, tzinfo=UTC)
        self.calendars = MemoryCalendars((ONE, TWO))
        self.source = MemorySource()
        self.routes: dict[str, frozenset[str] | None] = {ONE: frozenset({"usr_1"}), TWO: frozenset({"usr_2"})}
        path.write_bytes(empty_database())
        self.store: Store = open_store(f"sqlite:///{path}", [KEY])
        account, _, _ = self.store.accounts.create("Small & Sons", self.clock)
        self.account_id = account.id
        manifests = {
            GOOGLE: Manifest(
                GOOGLE,
                "google-calendar",
                "bidirectional",
                "Google Calendar",
                batch_size=batch_size,
                side_by_side=1,
                calendar=True,
                preferences=calendar_preferences,
            ),
            FIELDCAMP: Manifest(FIELDCAMP, "fieldcamp", "bidirectional", "FieldCamp", source=True),
        }
        self.house = House(
            store=self.store,
            manifests=manifests,
            open_provider=lambda _: MemoryProvider(self.calendars, self.routes),
            open_source=lambda *_: self.source,
            ring=lambda _: None,
            now=lambda: self.clock,
            chance=lambda: 0.5,
            cadence=timedelta(minutes=30),
            debounce=timedelta(seconds=2),
            lease=timedelta(seconds=60),
        )
        self.settings = settings
        self.store.connections.connect(account.id, FIELDCAMP, {}, {"": {"api_key": "fc_live_x"}}, self.clock)
        self.sync_of(FIELDCAMP)
        self.store.connections.connect(account.id, GOOGLE, settings, {"": {"refresh_token": "x"}}, self.clock)

    def close(self) -> None:
        self.store.dispose()

    @property
    def connection(self) -> Connection:
        found = self.store.connections.find(self.account_id, GOOGLE)
        assert found is not None
        return found

    def reconnect(self) -> None:
        """As after a change of the settings: everything is planned again."""
        self.store.connections.connect(self.account_id, GOOGLE, self.settings, {"": {"refresh_token": "x"}}, self.clock)

    def tick(self, seconds: float = 1) -> None:
        self.clock += timedelta(seconds=seconds)

    def deliver(self, *records: Record) -> list[bool]:
        """Hand records over as events; the same record twice is the same event twice."""
        self.tick()
        return receive_events(self.house, [self._event(record) for record in records])

    def _event(self, record: Record) -> InboxEvent:
        assert record.told_at is not None
        event_id = f"evt_{record.local_id}_{record.told_at.timestamp()}"
        return InboxEvent(self.account_id, event_id, "visit.updated", {}, record.told_at, record)

    def visit(self, local_id: str, **fields: Any) -> Record:
        """Make or change a visit at FieldCamp, without delivering the event."""
        known = self.source.visits.get(local_id)
        fresh = Visit(local_id, team=("usr_1",), start=START, end=START + timedelta(hours=1))
        return self.source.tell(replace(known or fresh, **fields), local_id)

    def arrive(self, local_id: str, **fields: Any) -> None:
        self.deliver(self.visit(local_id, **fields))

    def sync_of(self, integration: str) -> Job:
        """One sync of any integration, asked for by a person."""
        job = request_sync(self.house, self.account_id, integration, JobRequest(trigger=Trigger.CLI))
        run_job(self.house, job.id, "test")
        ended = self.store.jobs.get(job.id)
        assert ended is not None
        return ended

    def queue(self, mode: Mode = Mode.INCREMENTAL, **request: Any) -> Job:
        self.tick()
        return request_sync(self.house, self.account_id, GOOGLE, JobRequest(mode, trigger=Trigger.EVENT, **request))

    def sync(self, mode: Mode = Mode.INCREMENTAL, **request: Any) -> Job:
        """One sync, from request to end."""
        job = self.queue(mode, **request)
        run_job(self.house, job.id, "test")
        ended = self.store.jobs.get(job.id)
        assert ended is not None
        return ended

    def expire_leases(self) -> None:
        """As if every worker had been silent for too long: the store takes leases by its own clock."""
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("UPDATE jobs SET lease_until = 0")

    def recover(self) -> None:
        """Every lease runs out and what was running starts again, until it ends."""
        for _ in range(9):
            self.expire_leases()
            self.store.jobs.requeue_lost(self.clock)
            active = self.store.jobs.active(self.connection.id)
            if active is None:
                return
            if active.status is JobStatus.QUEUED:
                run_job(self.house, active.id, "another worker")
        raise AssertionError("the job does not come to an end")

    def wanted(self, calendar: str) -> dict[str, CalendarEvent]:
        """What FieldCamp's visits should show on a calendar, by local id."""
        preferences = calendar_preferences(self.settings)
        found = {}
        for local_id, visit in self.source.visits.items():
            documents = wanted_documents(VisitView(visit), self.routes, preferences.time_zone)
            if calendar in documents:
                found[local_id] = documents[calendar]
        return found

    def assert_agreement(self) -> None:
        for name in (ONE, TWO):
            ours = {local_id: event.fingerprint() for local_id, event in self.calendars.ours(name).items()}
            wanted = {local_id: event.fingerprint() for local_id, event in self.wanted(name).items()}
            assert ours == wanted, name
