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

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from worker.core.cadence import Facts, next_look
from worker.core.connections import Connection, StreamState
from worker.core.errors import ConnectionRevoked, LeaseLost, MassChangeHeld, NotConnected, Rejected, SyncError
from worker.core.jobs import Counts, Ending, Job, JobStatus, Lease, Mode, Progress
from worker.core.ports import Manifest, Provider, Stream
from worker.core.reconcile import enough_published, hold_mass_change
from worker.core.records import PAYMENT
from worker.sync.applying import MOST_LOOKS, Applying
from worker.sync.arriving import Arriving
from worker.sync.choice import Drafting
from worker.sync.drafting import drafting_for, with_retired
from worker.sync.heartbeat import Cancelled, Heartbeat, Stopping
from worker.sync.house import House
from worker.sync.ledger import failed_record
from worker.sync.observing import Observing
from worker.sync.planning import Planning
from worker.sync.pulling import pull_alone
from worker.sync.reckoning import Reckoning
from worker.sync.side_by_side import side_by_side
from worker.sync.sourcing import Sourcing, sourced
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
    reckonings: dict[str, Reckoning] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.job.attempts > 1:
            self._take_up()

    def _take_up(self) -> None:
        """Another worker died over this job: what it told stands. A full sync looks at everything once more, and
        counts that anew.
        """
        self.has_failures = self.job.counts.failed > 0
        anew = self.job.request.mode is Mode.FULL
        if anew:
            self.house.store.jobs.recount(self.lease)
        for kind in self._manifest.kinds:
            recorded = self.house.store.jobs.recorded(self.job.id, kind)
            self.reckonings[kind] = Reckoning(counted=frozenset() if anew else recorded, recorded=recorded)

    @property
    def _manifest(self) -> Manifest:
        return self.house.manifests[self.connection.integration]

    @property
    def _kinds(self) -> Sequence[str]:
        """The kinds of records that this sync publishes, in the order in which they depend on one another."""
        return self._manifest.scopes.get(self.job.request.scope or "", self._manifest.kinds)

    def carry_out(self) -> None:
        """Pull, then look and publish until nobody has written in between."""
        if self._manifest.source:
            self.passing.extend(pull_alone(self.house, self.job, self.lease, self.heart))
            self.has_failures = bool(self.passing)
            return
        fieldcamp = sourced(self.house, self.job, self.lease, self.heart)
        with closing(self.house.open_provider(self.connection)) as provider, fieldcamp as sourcing:
            self._bring_together(provider, sourcing)

    def _bring_together(self, provider: Provider, sourcing: Sourcing) -> None:
        sourcing.pull()
        streams, states = self._streams(provider)
        for look in range(MOST_LOOKS):
            self._observe(provider, streams, states, again=look > 0)
            self._take_in(sourcing, streams)
            if not self._publish(provider, streams, sourcing, look):
                break
            states = self.house.store.streams.all(self.connection.id)
        self.trouble = sourcing.trouble

    def next_look(self, *, unfinished: bool) -> datetime:
        """When the timer should look at this connection again."""
        failures = self.connection.failures + 1 if unfinished else 0
        facts = Facts(unfinished, failures, max(self.waits, default=0.0) or None)
        return next_look(self.house.now(), self.house.cadence, facts, self.house.chance())

    def _streams(self, provider: Provider) -> tuple[dict[str, Stream], dict[str, StreamState]]:
        """The connection's streams; those that its settings no longer name are kept to take away what is there."""
        live = {stream.name: stream for stream in provider.streams()}
        kinds = {name: stream.kind for name, stream in live.items()}
        self.house.store.streams.ensure(self.connection.id, tuple(live), kinds)
        states = self.house.store.streams.all(self.connection.id)
        known = with_retired(live, states)
        return {name: stream for name, stream in known.items() if stream.kind in self._kinds}, states

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
        width = self._manifest.side_by_side
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

    def _take_in(self, sourcing: Sourcing, streams: Mapping[str, Stream]) -> None:
        """Have the source record what was paid in the books."""
        payments = next((stream for stream in streams.values() if stream.kind == PAYMENT), None)
        if payments is None:
            return
        arriving = Arriving(self.house, self.job, self.lease, self.heart, sourcing, self.connection, payments)
        arriving.carry_out()
        self.passing.extend(arriving.passing)
        self.has_failures = self.has_failures or arriving.failed
        self.unfinished = self.unfinished or bool(arriving.passing)

    def _drafting(self, sourcing: Sourcing) -> Drafting:
        return drafting_for(self.house, self.job, self.lease, self.connection, sourcing)

    def _plannings(self, drafting: Drafting, streams: Mapping[str, Stream]) -> list[Planning]:
        store, job, connection = self.house.store, self.job, self.connection
        return [
            Planning(
                store,
                job,
                connection,
                kind,
                {name: stream for name, stream in streams.items() if stream.kind == kind},
                drafting,
            )
            for kind in self._kinds
        ]

    def _survey(self, plannings: Sequence[Planning]) -> None:
        """How much there is to do. Raises MassChangeHeld where too much of what is published would go."""
        total = going = 0
        for planning in reversed(plannings):  # what the later kinds mention, and is fetched for them, counts too
            to_look_at, to_go = planning.survey(self._reckoning(planning.kind).counted)
            total, going = total + to_look_at, going + to_go
        if going and not self.job.request.confirm_mass_change:
            published = self.house.store.observations.count_published(self.connection.id, enough_published(going))
            hold_mass_change(going, published)
        before = self.job.done if self.reckonings and self.job.request.mode is not Mode.FULL else 0
        self.house.store.jobs.progress(self.lease, Progress(total=before + total))

    def _reckoning(self, kind: str) -> Reckoning:
        return self.reckonings.setdefault(kind, Reckoning())

    def _publish(self, provider: Provider, streams: Mapping[str, Stream], sourcing: Sourcing, look: int) -> bool:
        """Decide and carry out, kind by kind; whether somebody wrote in between and it takes another look."""
        drafting = self._drafting(sourcing)
        plannings = self._plannings(drafting, streams)
        if look == 0:
            self._survey(plannings)
            if len(plannings) > 1:  # one kind's outcome is what the next one's decisions are made of
                plannings = self._plannings(drafting, streams)
        drafting.learned = False
        again = False
        for planning in plannings:
            again = self._publish_kind(provider, planning, sourcing, look) or again
        self.unfinished = self.unfinished or bool(drafting.unsure)
        return again or drafting.learned

    def _publish_kind(self, provider: Provider, planning: Planning, sourcing: Sourcing, look: int) -> bool:
        """Chunk by chunk; whether it takes another look."""
        writing_back = WritingBack(self.house, self.job, self.lease, sourcing, planning.streams)
        applying = Applying(
            self.house,
            self.job,
            self.lease,
            self.heart,
            provider,
            self._manifest,
            planning,
            writing_back,
            self.broken,
            look,
            self._reckoning(planning.kind),
        )
        applying.remove_strays()
        for chunk in planning.chunks(again=look > 0):
            self.heart.look()
            applying.carry_out(chunk.local_ids)
            if chunk.upto is not None and not self.job.request.dry_run:
                self.house.store.plans.planned(self.lease, self.connection.id, chunk.upto, planning.kind)
        self.waits.extend(applying.waits)
        self.passing.extend((*applying.passing, *writing_back.passing))
        self.unfinished = self.unfinished or applying.unfinished
        self.has_failures = self.has_failures or applying.failed
        return applying.look_again
