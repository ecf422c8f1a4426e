"""An account with as many visits as a bench asks for, all of them published long ago."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Lock
from typing import TypeVar

from worker.core.codec import encode
from worker.core.connections import Connection, InboxEvent
from worker.core.edits import Edit
from worker.core.errors import Rejected
from worker.core.jobs import Ending, Job, JobRequest, JobStatus, Mode, Trigger
from worker.core.links import Link
from worker.core.observation import Observed
from worker.core.ports import Create, Done, EditOutcome, Failed, Manifest, Operation, Outcome, Page, SourcePage, Stream
from worker.core.projections import VisitView, wanted_documents
from worker.core.records import CLIENT, JOB, VISIT, Client, Record, Visit
from worker.core.records import Job as Work
from worker.store import Store, open_store
from worker.sync.house import House
from worker.sync.receive import receive_events
from worker.sync.request import request_sync
from worker.sync.run import run_job

GOOGLE, FIELDCAMP, ZONE = "google_calendar", "fieldcamp", "America/New_York"
CALENDARS = 12
LOADED_AT_ONCE = 5000
BEGINNING = datetime(2026, 5, 29, 6, tzinfo=UTC)
SLOT = timedelta(minutes=90)
SETTINGS = {"time_zone": ZONE}
T = TypeVar("T")


def visit(number: int, **fields: object) -> Visit:
    """A visit of one of the twelve technicians, who have four a day; three visits make a job."""
    day, slot = divmod(number // CALENDARS, 4)
    start = BEGINNING + timedelta(days=day % 300, hours=2 * slot)
    known = {"job_id": f"job_{number // 3}", "team": (f"usr_{number % CALENDARS + 1}",), "start": start}
    return Visit(f"vis_{number}", **{**known, "end": start + SLOT, **fields})  # type: ignore[arg-type]


def work(number: int) -> Work:
    return Work(
        f"job_{number}", str(1000 + number), "Boiler service", f"cli_{number // 3}", "1 Main Street, Springfield"
    )


def client(number: int) -> Client:
    return Client(f"cli_{number}", f"Client {number}", f"office{number}@example.com")


def record(kind: str, content: Visit | Work | Client, at: datetime) -> Record:
    return Record(kind, content.id, encode(content), at, at)


def told(visits: int, at: datetime = BEGINNING) -> Iterator[Record]:
    """Everything that FieldCamp tells of so many visits: clients and jobs first."""
    jobs = -(-visits // 3)
    yield from (record(CLIENT, client(number), at) for number in range(-(-jobs // 3)))
    yield from (record(JOB, work(number), at) for number in range(jobs))
    yield from (record(VISIT, visit(number), at) for number in range(visits))


def in_parts(found: Iterator[T]) -> Iterator[list[T]]:
    """Runs of what is found, as long as one transaction should be."""
    while part := list(islice(found, LOADED_AT_ONCE)):
        yield part


@dataclass
class Calendars:
    """Twelve calendars that remember nothing but how often they were asked: so their own cost does not grow."""

    reads: int = 0
    batches: int = 0
    writes: int = 0
    lock: Lock = field(default_factory=Lock)

    def streams(self) -> Sequence[Stream]:
        return [Stream(f"cal_{n}", f"tech{n}@example.com", frozenset({f"usr_{n}"})) for n in range(1, CALENDARS + 1)]

    def changes(self, stream: Stream, cursor: str | None) -> Iterator[Page]:
        with self.lock:
            self.reads += 1
        yield Page((), cursor=str(self.reads))

    def apply(self, stream: Stream, operations: Sequence[Operation]) -> Sequence[Outcome]:
        with self.lock:
            self.batches += 1
            self.writes += len(operations)
        return [Done(_remote_id(one), f"v{self.writes}") for one in operations]

    def close(self) -> None:
        pass


def _remote_id(operation: Operation) -> str:
    return str(operation.key) if isinstance(operation, Create) else operation.remote_id


class Silence:
    """A FieldCamp that was asked a moment ago and has nothing to add."""

    def changes(self, kind: str, cursor: str | None) -> Iterator[SourcePage]:
        yield SourcePage((), cursor="1")

    def look_up(self, kind: str, local_ids: Sequence[str]) -> Sequence[Record]:
        raise AssertionError("everything is known already")

    def apply(self, edits: Sequence[Edit]) -> Sequence[EditOutcome]:
        return [Failed(Rejected("nobody moves anything here")) for _ in edits]

    def close(self) -> None:
        pass


@dataclass
class ManyVisits:
    """The engine over a store with ``visits`` visits, each published on its technician's calendar."""

    url: str
    keys: Sequence[str]
    visits: int
    calendars: Calendars = field(default_factory=Calendars)
    clock: datetime = BEGINNING

    def __post_init__(self) -> None:
        self.store: Store = open_store(self.url, self.keys)
        known = self.store.accounts.all()
        self.account_id = (known or self.store.accounts.create("Many & More", self.clock))[0].id
        self.house = House(
            store=self.store,
            manifests={
                GOOGLE: Manifest(GOOGLE, "google-calendar", "bidirectional", "Google Calendar", calendar=True),
                FIELDCAMP: Manifest(FIELDCAMP, FIELDCAMP, "bidirectional", "FieldCamp", source=True),
            },
            open_provider=lambda _: self.calendars,
            open_source=lambda *_: Silence(),
            ring=lambda _: None,
            now=lambda: self.clock,
            chance=lambda: 0.5,
            cadence=timedelta(minutes=30),
            debounce=timedelta(seconds=2),
            lease=timedelta(seconds=60),
        )
        self._changed = 0

    def load(self) -> None:
        """Connect, store all records, and the links of a publication that nobody has to look at again."""
        for integration in (FIELDCAMP, GOOGLE):
            self.store.connections.connect(self.account_id, integration, SETTINGS, {"": {}}, self.clock)
        self._run(FIELDCAMP, JobRequest())
        for some in in_parts(told(self.visits)):
            self.store.records.receive(self.account_id, some)
        job = request_sync(self.house, self.account_id, GOOGLE, JobRequest())
        claimed = self.store.jobs.claim(job.id, "loader", 600, self.clock)
        assert claimed is not None
        job, lease = claimed
        streams = self.calendars.streams()
        states = self.store.streams.ensure(self.connection.id, [stream.name for stream in streams])
        for place, stream in enumerate(streams):
            state = states[stream.name]
            for links in in_parts(self._link(number, stream) for number in range(place, self.visits, CALENDARS)):
                observed = Observed(links=tuple(links))
                self.store.observations.save(lease, job, state, observed, target=stream.target, now=self.clock)
            self.store.streams.save_cursor(lease, state.id, "0", self.clock)
        _, upto = self.store.plans.todo(self.connection, VISIT, 0, 10 * self.visits)
        self.store.plans.planned(lease, self.connection.id, upto)
        self.store.jobs.finish(lease, Ending(JobStatus.SUCCEEDED), self.clock)

    @property
    def connection(self) -> Connection:
        found = self.store.connections.find(self.account_id, GOOGLE)
        assert found is not None
        return found

    def _link(self, number: int, stream: Stream) -> Link:
        view = VisitView(visit(number), work(number // 3), client(number // 9))
        document = wanted_documents(view, {stream.name: stream.team}, ZONE)[stream.name]
        local_id = f"vis_{number}"
        return Link(stream.name, local_id, 0, True, f"{local_id}.0", "v0", document)

    def change(self, how_many: int) -> None:
        """So many visits on as many calendars get another note at FieldCamp, and their events arrive."""
        self.clock += timedelta(seconds=10)
        self._changed += 1
        days = self.visits // CALENDARS
        chosen = [(self._changed + place * days // how_many) % days for place in range(how_many)]
        numbers = [day * CALENDARS + place for place, day in enumerate(chosen)]
        receive_events(self.house, [self._event(number) for number in numbers])

    def _event(self, number: int) -> InboxEvent:
        changed = record(VISIT, visit(number, notes=f"Change {self._changed}"), self.clock)
        event_id = f"evt_{number}_{self._changed}"
        return InboxEvent(self.account_id, event_id, "visit.updated", {}, self.clock, changed)

    def sync(self, mode: Mode = Mode.INCREMENTAL) -> Job:
        """One sync, as an event starts it."""
        self.clock += timedelta(seconds=10)
        return self._run(GOOGLE, JobRequest(mode, trigger=Trigger.EVENT))

    def _run(self, integration: str, wanted: JobRequest) -> Job:
        job = request_sync(self.house, self.account_id, integration, wanted)
        assert run_job(self.house, job.id, "bench") is JobStatus.SUCCEEDED
        ended = self.store.jobs.get(job.id)
        assert ended is not None
        return ended

    def close(self) -> None:
        self.store.dispose()
