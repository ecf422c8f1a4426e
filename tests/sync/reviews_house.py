"""A house that asks for reviews: FieldCamp and ReviewRover simulated, with the real source and provider between."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.sync.memory import Died
from tests.sync.small_house import KEY, empty_database
from worker.core.connections import Connection
from worker.core.jobs import Job, JobRecord, JobRequest, JobStatus, Mode, Trigger
from worker.core.ports import Operation, Outcome, Page, Provider, Source, Stream, Window
from worker.http.limits import Limits
from worker.providers.review_rover import MANIFEST, ReviewRover
from worker.simulators.fieldcamp import FieldCampSimulator
from worker.simulators.review_rover import ReviewRoverSimulator
from worker.simulators.server import serve
from worker.sources.fieldcamp import MANIFEST as SOURCE
from worker.sources.fieldcamp.account import FieldCamp
from worker.sources.fieldcamp.calls import Rate
from worker.sources.fieldcamp.events import parse_event
from worker.store import open_store
from worker.sync.connect import connect
from worker.sync.house import House
from worker.sync.receive import receive_events
from worker.sync.request import request_sync
from worker.sync.run import run_job

REVIEWS, TENANT, FC_KEY = MANIFEST.name, "acme", "fc_live_reviews"
ADA = "ada@example.com"
Hook = Callable[[], None]


@dataclass
class Street:
    """Both simulators on the loopback; start over for each test."""

    fieldcamp: FieldCampSimulator
    rover: ReviewRoverSimulator
    fieldcamp_url: str
    rover_url: str


@contextmanager
def street() -> Iterator[Street]:
    fieldcamp, rover = FieldCampSimulator(), ReviewRoverSimulator()
    with serve(fieldcamp.app) as one, serve(rover.app) as other:
        yield Street(fieldcamp, rover, one.url, other.url)
    fieldcamp.close()


@dataclass
class Fate:
    """What happens to the worker: hooks that run once each, in turn, before or after an apply."""

    before_apply: list[Hook] = field(default_factory=list)
    after_apply: list[Hook] = field(default_factory=list)

    def dies(self) -> None:
        raise Died


@dataclass
class Mortal:
    """The provider of a worker that has a fate."""

    provider: ReviewRover
    fate: Fate

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


def _run(hooks: list[Hook]) -> None:
    if hooks:
        hooks.pop(0)()


@dataclass
class ReviewsHouse:
    """One account with FieldCamp and ReviewRover; money comes and goes as text, such as "10.10"."""

    street: Street
    path: Path
    settings: dict[str, Any] = field(default_factory=dict)
    ahead: timedelta = timedelta()
    fate: Fate = field(default_factory=Fate)
    known: int = 0

    def __post_init__(self) -> None:
        self.fieldcamp, self.rover = self.street.fieldcamp, self.street.rover
        self.fieldcamp.reset()
        self.fieldcamp.add_account(FC_KEY)
        self.fieldcamp.configure(rate_limit_per_minute=None, rate_limit_per_day=None)
        self.rover.reset()
        self.token = self.rover.add_account(TENANT)
        self.limits = Limits(patience=0.1)
        self.path.write_bytes(empty_database())
        self.store = open_store(f"sqlite:///{self.path}", [KEY])
        self.account_id = self.store.accounts.create("Reviews & Co", self.now())[0].id
        self.house = House(
            store=self.store,
            manifests={SOURCE.name: SOURCE, REVIEWS: MANIFEST},
            open_provider=self.open_provider,
            open_source=self.open_source,
            ring=lambda _: None,
            now=self.now,
            chance=lambda: 0.5,
            cadence=timedelta(minutes=30),
            debounce=timedelta(seconds=2),
            lease=timedelta(seconds=60),
        )
        connect(self.house, self.account_id, SOURCE.name, {"api_key": FC_KEY})
        self.connect()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def close(self) -> None:
        self.store.dispose()

    def connect(self) -> None:
        connect(self.house, self.account_id, REVIEWS, {"token": self.token}, self.settings)

    @property
    def connection(self) -> Connection:
        found = self.store.connections.find(self.account_id, REVIEWS)
        assert found is not None
        return found

    def open_provider(self, connection: Connection) -> Provider:
        grant = self.store.grants.grant(connection.id)
        url, fast = self.street.rover_url, {"per_minute": 1e7}
        return Mortal(ReviewRover(url, grant, self.limits, now=self.now, sleep=lambda _: None, **fast), self.fate)

    def open_source(self, account_id: str, _: str = SOURCE.name) -> Source:
        connection = self.store.connections.find(account_id, SOURCE.name)
        assert connection is not None
        grant = self.store.grants.grant(connection.id)
        window = Window(self.now() - timedelta(days=30), self.now() + timedelta(days=365))
        url, rate = self.street.fieldcamp_url, Rate(1e9, 1e9)
        return FieldCamp(url, grant, self.limits, account_id, self.now, window, rate=rate, backoff=0.01)

    # FieldCamp

    def client(self, email: str | None = ADA, **fields: Any) -> str:
        told = {"firstName": "Ada", "lastName": "Lovelace", "name": "Ada Lovelace", **fields}
        return str(self.fieldcamp.add_client(FC_KEY, **told, **({"email": email} if email else {}))["id"])

    def visit(self, client: str | None = None, state: str = "completed", hour: int = 0) -> str:
        start = self.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=48 - hour)
        times = {"scheduledStart": _stamp(start), "scheduledEnd": _stamp(start + timedelta(hours=1))}
        when = {"unscheduled": True} if state == "unscheduled" else times
        told = {"clientId": client or self.client(), "visitStatus": state, **when}
        return str(self.fieldcamp.add_visit(FC_KEY, **told)["id"])

    def becomes(self, visit: str, state: str) -> None:
        """A dispatcher moves the visit on FieldCamp's own pages, and the event arrives."""
        self.fieldcamp.change_visit(FC_KEY, visit, visitStatus=state)
        self.deliver()

    def paid(self, visit: str, *amounts: float) -> str:
        """An invoice for the visit with what was paid of it; the id of the invoice."""
        lines = [{"name": "Work", "quantity": 1, "price": 500}]
        invoice = str(self.fieldcamp.add_invoice(FC_KEY, visitId=visit, lineItems=lines)["id"])
        for amount in amounts:
            self.fieldcamp.add_payment(FC_KEY, invoiceId=invoice, amount=amount)
        return invoice

    def told_of(self, visit: str) -> dict[str, Any]:
        """The visit as FieldCamp has it."""
        return next(one for one in self.fieldcamp.visits(FC_KEY) if one["id"] == visit)

    def deliver(self) -> None:
        """Hand over FieldCamp's events that were not handed over before."""
        events = self.fieldcamp.events(FC_KEY)
        receive_events(self.house, [parse_event(event, self.account_id) for event in events[self.known :]])
        self.known = len(events)

    # ReviewRover

    @property
    def there(self) -> dict[str, dict[str, Any]]:
        """The visits there that are ours, by local id; fails where one shows twice."""
        ours = [one for one in self.rover.visits(TENANT) if one["external_id"]]
        found = {one["external_id"]: one for one in ours}
        assert len(found) == len(ours), "a visit is there twice"
        return found

    @property
    def asked(self) -> list[str]:
        """The visit of each review request that went out, sorted."""
        return sorted(sent["external_id"] for sent in self.rover.review_requests(TENANT))

    def requests(self, *operations: str) -> int:
        entries = self.rover.journal.entries()
        return len([one for one in entries if not operations or one.operation in operations])

    @property
    def writes(self) -> int:
        return len([one for one in self.rover.journal.entries() if one.method != "GET"])

    # Syncs

    def queue(self, mode: Mode = Mode.INCREMENTAL, trigger: Trigger = Trigger.CLI, **request: Any) -> Job:
        return request_sync(self.house, self.account_id, REVIEWS, JobRequest(mode, trigger=trigger, **request))

    def sync(self, mode: Mode = Mode.INCREMENTAL, trigger: Trigger = Trigger.CLI, **request: Any) -> Job:
        job = self.queue(mode, trigger, **request)
        run_job(self.house, job.id, "test")
        ended = self.store.jobs.get(job.id)
        assert ended is not None
        return ended

    def full(self, **request: Any) -> Job:
        return self.sync(Mode.FULL, **request)

    def records(self, job: Job) -> list[JobRecord]:
        return [record for _, record in self.store.jobs.records(job.id, limit=10_000)]

    def recover(self) -> None:
        """Every lease runs out and what was running starts again, until it ends."""
        for _ in range(9):
            with closing(sqlite3.connect(self.path)) as database, database:
                database.execute("UPDATE jobs SET lease_until = 0")
            self.store.jobs.requeue_lost(self.now())
            active = self.store.jobs.active(self.connection.id)
            if active is None:
                return
            if active.status is JobStatus.QUEUED:
                run_job(self.house, active.id, "another worker")
        raise AssertionError("the job does not come to an end")


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_the_second(stamp: str) -> str:
    """A moment as both sides write it."""
    return stamp.partition(".")[0].rstrip("Z")
