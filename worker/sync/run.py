"""One sync, from claim to end: the file to read first.

::

    claim     take the job, with a fence                       nobody else has it, until the lease runs out
    pull      ask the source what it has told nobody yet       records are stored
    observe   read what changed at the provider                what was seen is stored, with the cursor
    plan      wanted × seen → operations                       nothing: it is thinking
    apply     back to the source, then to the provider         what is about to be sent; then each outcome
    end       the job's status, and when to look again         the job

Dying between any two of these loses nothing: the lease runs out, another worker claims the job with a higher fence, and
starts over from what is stored.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from worker.core.cadence import Facts, next_look
from worker.core.connections import Connection, StreamState
from worker.core.errors import ConnectionRevoked, LeaseLost, MassChangeHeld, NotConnected, Rejected, SyncError
from worker.core.jobs import Counts, Ending, Job, JobStatus, Lease, Mode, Progress, Trigger
from worker.core.ports import Provider, Stream
from worker.core.preferences import calendar_preferences
from worker.core.records import VISIT
from worker.sync.applying import MOST_LOOKS, Applying
from worker.sync.heartbeat import Cancelled, Heartbeat, Stopping
from worker.sync.house import House
from worker.sync.ledger import failed_record
from worker.sync.observing import Observing
from worker.sync.planning import Planning
from worker.sync.reckoning import Reckoning
from worker.sync.side_by_side import side_by_side
from worker.sync.sourcing import FIELDCAMP, Sourcing
from worker.sync.writing_back import WritingBack


def run_job(house: House, job_id: str, owner: str) -> JobStatus | None:
    """Carry out a queued job. ``owner`` names this worker for people; the answer is how it ended, None where the job
    was not there to take: a second delivery of the same message finds nothing.
    """
    claimed = house.store.jobs.claim(job_id, owner, house.lease.total_seconds(), house.now())
    if claimed is None:
        return None
    job, lease = claimed
    try:
        with Heartbeat(house, lease) as heart, _given_back(house, lease):
            ending = _ending(house, job, lease, heart)
        house.store.jobs.finish(lease, ending, house.now())
    except LeaseLost:
        return None
    except Stopping:
        house.store.jobs.release(lease)
        return None
    return ending.status


@contextmanager
def _given_back(house: House, lease: Lease) -> Iterator[None]:
    """A worker that is told to stop in the middle gives the job back at once, so that nobody waits for the lease."""
    try:
        yield
    except (SystemExit, KeyboardInterrupt):
        house.store.jobs.release(lease)
        raise


def _ending(house: House, job: Job, lease: Lease, heart: Heartbeat) -> Ending:
    connection = house.store.connections.get(job.connection_id)
    assert connection is not None, "connections are never deleted"
    sync = Sync(house, job, lease, heart, connection)
    try:
        sync.carry_out()
    except (LeaseLost, Stopping):
        raise
    except Cancelled:
        return Ending(JobStatus.CANCELLED, next_look_at=sync.next_look(unfinished=False))  # who cancels wants quiet
    except SyncError as error:
        return _failed(sync, error)
    except Exception as error:
        house.store.jobs.finish(lease, _failed(sync, SyncError(f"Internal error: {type(error).__name__}")), house.now())
        raise
    if sync.trouble is not None:
        return _failed(sync, sync.trouble)
    status = JobStatus.PARTIAL if sync.has_failures else JobStatus.SUCCEEDED
    wrong = next((_told(each) for each in (*sync.broken.values(), *sync.passing)), None)
    next_look_at = sync.next_look(unfinished=sync.unfinished)
    return Ending(status, wrong, next_look_at=next_look_at, unfinished=sync.unfinished)


def _failed(sync: "Sync", error: SyncError) -> Ending:
    """Held mass changes and revoked grants wait for a person; everything else is looked at again."""
    revoked = isinstance(error, ConnectionRevoked | NotConnected) and error is not sync.trouble
    waits = isinstance(error, MassChangeHeld)
    if (after := getattr(error, "retry_after", None)) is not None:
        sync.waits.append(after)
    return Ending(
        JobStatus.FAILED,
        error=_told(error),
        next_look_at=None if revoked else sync.next_look(unfinished=not waits),
        revoked=revoked,
    )


def _told(error: SyncError) -> dict[str, str]:
    return {"code": error.code, "message": error.message}


@dataclass
class Sync:
    """The steps of one job between its claim and its end."""

    house: House
    job: Job
    lease: Lease
    heart: Heartbeat
    connection: Connection
    unfinished: bool = False
    has_failures: bool = False
    trouble: SyncError | None = None
    waits: list[float] = field(default_factory=list)
    passing: list[SyncError] = field(default_factory=list)
    broken: dict[str, SyncError] = field(default_factory=dict)
    reckoning: Reckoning = field(default_factory=Reckoning)

    def __post_init__(self) -> None:
        if self.job.attempts > 1:
            self._take_up()

    def _take_up(self) -> None:
        """Another worker died over this job: what it told stands. A full sync looks at everything once more, and
        counts that anew.
        """
        self.has_failures = self.job.counts.failed > 0
        recorded = self.house.store.jobs.recorded(self.job.id, VISIT)
        if self.job.request.mode is Mode.FULL:
            self.house.store.jobs.recount(self.lease)
            self.reckoning = Reckoning(recorded=recorded)
        else:
            self.reckoning = Reckoning(self.job.done, counted=recorded, recorded=recorded)

    def carry_out(self) -> None:
        """Pull, then look and publish until nobody has written in between."""
        if self.connection.integration == FIELDCAMP:
            self._pull_alone()
            return
        with closing(self.house.open_provider(self.connection)) as provider, self._sourcing() as sourcing:
            self._bring_together(provider, sourcing)

    @contextmanager
    def _sourcing(self) -> Iterator[Sourcing]:
        source = self.house.open_source(self.job.account_id)
        try:
            yield Sourcing(self.house, self.job, self.lease, self.heart, source)
        finally:
            if source is not None:
                source.close()

    def _bring_together(self, provider: Provider, sourcing: Sourcing) -> None:
        sourcing.pull()
        streams, states = self._streams(provider)
        for look in range(MOST_LOOKS):
            self._observe(provider, streams, states, again=look > 0)
            planning = self._planning(sourcing, streams)
            if not self._publish(provider, planning, sourcing, look):
                break
            states = self.house.store.streams.all(self.connection.id)
        self.trouble = sourcing.trouble

    def _pull_alone(self) -> None:
        """A sync of the source: whatever it told is news to every other connection."""
        with self._sourcing() as sourcing:
            changed = sourcing.pull()
        self.house.store.jobs.progress(self.lease, Progress(counts=Counts(pulled=changed)))
        if changed:
            self.house.store.connections.poke(self.job.account_id, None, self.house.now(), Trigger.EVENT)
        if sourcing.trouble is not None:
            raise sourcing.trouble

    def next_look(self, *, unfinished: bool) -> datetime:
        """When the timer should look at this connection again."""
        failures = self.connection.failures + 1 if unfinished else 0
        facts = Facts(unfinished, failures, max(self.waits, default=0.0) or None)
        return next_look(self.house.now(), self.house.cadence, facts, self.house.chance())

    def _streams(self, provider: Provider) -> tuple[dict[str, Stream], dict[str, StreamState]]:
        """The connection's streams; those that its settings no longer name are kept to take away what is there."""
        live = {stream.name: stream for stream in provider.streams()}
        self.house.store.streams.ensure(self.connection.id, tuple(live))
        states = self.house.store.streams.all(self.connection.id)
        retired = {name: Stream(name, name, live=False) for name in states if name not in live}
        return {**live, **retired}, states

    def _observe(
        self, provider: Provider, streams: Mapping[str, Stream], states: Mapping[str, StreamState], *, again: bool
    ) -> None:
        observing = Observing(self.house, self.job, self.lease, self.heart, provider)

        def read(stream: Stream) -> int:
            try:
                return observing.read(stream, states[stream.name], again=again)
            except SyncError as error:
                return self._set_aside(stream, error)

        in_use = self.house.store.observations.is_in_use
        read_now = [stream for stream in streams.values() if stream.live or in_use(states[stream.name])]
        ranked = sorted(read_now, key=lambda stream: stream.rank)
        width = self.house.manifests[self.connection.integration].side_by_side
        for _, rank in groupby(ranked, key=lambda stream: stream.rank):
            pulled = sum(side_by_side(width, read, list(rank)))
            self.house.store.jobs.progress(self.lease, Progress(counts=Counts(pulled=pulled)))

    def _set_aside(self, stream: Stream, error: SyncError) -> int:
        """One stream that cannot be read does not stop the others; nothing is written to it without having looked."""
        ends_all = isinstance(error, LeaseLost | Cancelled | Stopping | MassChangeHeld)
        if not stream.live and isinstance(error, Rejected | NotConnected | ConnectionRevoked):
            return 0  # out of our reach for good; taking away what is there says so, for each record
        if ends_all or (isinstance(error, ConnectionRevoked) and stream.grant is None):
            raise error
        self.broken[stream.name] = error
        self.unfinished = self.has_failures = True
        self.waits.append(getattr(error, "retry_after", None) or 0.0)
        record = failed_record(stream.name, stream.target, error.code, error.message, self.house.now(), kind="stream")
        counts = Counts(failed=1)
        self.house.store.jobs.progress(self.lease, Progress(counts=counts, records=(record,)))
        return 0

    def _planning(self, sourcing: Sourcing, streams: Mapping[str, Stream]) -> Planning:
        preferences = calendar_preferences(self.connection.settings)
        return Planning(self.house.store, self.job, self.connection, preferences, streams, sourcing, self.house.pages)

    def _publish(self, provider: Provider, planning: Planning, sourcing: Sourcing, look: int) -> bool:
        """Decide and carry out, chunk by chunk; whether somebody wrote in between and it takes another look."""
        again = look > 0
        if not again:
            total = self.reckoning.before + planning.survey(self.reckoning.counted)
            self.house.store.jobs.progress(self.lease, Progress(total=total))
        manifest = self.house.manifests[self.connection.integration]
        writing_back = WritingBack(self.house, self.job, self.lease, sourcing, planning.streams)
        applying = Applying(
            self.house,
            self.job,
            self.lease,
            self.heart,
            provider,
            manifest,
            planning,
            writing_back,
            self.broken,
            look,
            self.reckoning,
        )
        applying.remove_strays()
        for chunk in planning.chunks(again=again):
            self.heart.look()
            applying.carry_out(chunk.local_ids)
            if chunk.upto is not None and not self.job.request.dry_run:
                self.house.store.plans.planned(self.lease, self.connection.id, chunk.upto)
        self.waits.extend(applying.waits)
        self.passing.extend((*applying.passing, *writing_back.passing))
        self.unfinished = self.unfinished or applying.unfinished or bool(planning.unsure)
        self.has_failures = self.has_failures or applying.failed
        return applying.look_again
