"""Asks the source what it has told nobody yet: the reading half of a sync that is about visits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import structlog

from worker.core.connections import StreamState
from worker.core.errors import ConnectionRevoked, ListingShort, Rejected, SyncError, Transient
from worker.core.jobs import Job, Lease, Mode, Trigger
from worker.core.ports import Source
from worker.core.reconcile import hold_mass_change
from worker.core.records import CLIENT, INVOICE, JOB, MEMBER, PAYMENT, VISIT, Origin, Record, plural
from worker.sync.heartbeat import Heartbeat
from worker.sync.house import House
from worker.sync.taking import Keeping, Listing, Taking

FIELDCAMP = "fieldcamp"
UNLISTED = "{title}'s list lacks {removals} of {published} {kind} that it told of before"
FOUND_ABSENT = frozenset({VISIT, INVOICE, PAYMENT})
"""Kinds whose records count as deleted once a whole listing lacks them and FieldCamp says so when asked by name."""

log = structlog.get_logger(__name__)
ASKED = frozenset({Trigger.API, Trigger.CLI})
"""Triggers of people who want to see what is new. Events come with their news, and the timer has FieldCamp's own turn.
"""


class Sourcing:
    """Brings an account's records up to date under the lease of the job that needs them."""

    def __init__(
        self,
        house: House,
        job: Job,
        lease: Lease,
        heart: Heartbeat,
        source: Source | None,
        *,
        name: str = FIELDCAMP,
        taking: Taking | None = None,
    ) -> None:
        self._house = house
        self._name = name
        self._job = job
        self._lease = lease
        self._heart = heart
        self._source = source
        self._taking = taking or Keeping(house.store, job, lease, house.now)
        self._asked: set[tuple[str, str]] = set()
        self.trouble: SyncError | None = None
        self.shortfalls: dict[str, ListingShort] = {}

    @property
    def source(self) -> Source | None:
        return self._source

    def pull(self) -> int:
        """Read what the source offers, as far as this job calls for it; how many records that changed. Trouble is kept
        for the job's end, not raised: what events told us can be published whether or not the source can be read.
        """
        connection = self._house.store.connections.find(self._job.account_id, self._name)
        if self._source is None or connection is None:
            return 0
        published, read = self._kinds()
        states = self._house.store.streams.ensure(connection.id, read)
        changed = 0
        try:
            for kind in read:
                if kind not in published:
                    changed += self._read_beside(self._source, kind, states[kind])
                elif self._calls_for(kind, states[kind]):
                    changed += self._read(self._source, kind, states[kind])
        except (Transient, ConnectionRevoked, Rejected) as error:
            self.note(error)
        return changed

    def _kinds(self) -> tuple[frozenset[str], Sequence[str]]:
        """The kinds of records that this job is about, and all that are to be read for it, in order; for a sync of
        FieldCamp itself, those of everything that the account has connected.
        """
        manifests, names = self._house.manifests, [self._job.integration]
        if self._job.integration == FIELDCAMP:
            connected = self._house.store.connections.of(self._job.account_id)
            others = [each.integration for each in connected if each.connected and each.integration in manifests]
            names = [name for name in others if not manifests[name].source] or names
        published = frozenset(kind for name in names for kind in manifests[name].kinds)
        wanted = [kind for name in names for kind in manifests[name].reads]
        return published, tuple(dict.fromkeys(wanted))

    def _read_beside(self, source: Source, kind: str, state: StreamState) -> int:
        """A list that visits are merely shown with: they are published without what cannot be read of it. It is asked
        for again when its turn comes, and what a visit needs by name is asked for by name."""
        if not self._calls_for(kind, state):
            return 0
        try:
            return self._read(source, kind, state)
        except (Transient, Rejected) as error:
            log.warning("source.list_left_out", kind=kind, code=error.code, problem=error.message)
            self._taking.end(state, state.cursor or "")
            return 0

    def fetch_needs(self, visit_ids: Sequence[str]) -> bool:
        """Make sure that the jobs and clients of these visits are known; False where the source could not be asked.

        Without a source there is nobody to ask: what events told is all there is.
        """
        if self._source is None:
            return True
        for kind in (JOB, CLIENT):
            missing = self._house.store.records.missing_needs(self._job.account_id, visit_ids).get(kind, set())
            unasked = sorted(local_id for local_id in missing if (kind, local_id) not in self._asked)
            if unasked and self.trouble is not None:
                return False
            try:
                self._look_up(kind, unasked)
            except Rejected as error:
                log.warning("source.needs_left_out", kind=kind, code=error.code, problem=error.message)
            except (Transient, ConnectionRevoked) as error:
                self.note(error)
                return False
        return True

    def fetch(self, kind: str, local_ids: Sequence[str]) -> bool:
        """Ask for these records by name, each once in a job; whether there was anything to be had. What cannot be asked
        now is asked with the next sync."""
        unasked = [local_id for local_id in local_ids if (kind, local_id) not in self._asked]
        if self._source is None or not unasked or self.trouble is not None:
            return False
        try:
            self._look_up(kind, unasked)
        except Rejected as error:
            log.warning("source.needs_left_out", kind=kind, code=error.code, problem=error.message)
            return False
        except (Transient, ConnectionRevoked) as error:
            self.note(error)
            return False
        return bool(self._house.store.records.get_many(self._job.account_id, kind, unasked))

    def add(self, kind: str, records: Sequence[Record]) -> bool:
        """Have these records of our own be known; whether one was not."""
        ids = [record.local_id for record in records]
        if len(self._house.store.records.get_many(self._job.account_id, kind, ids)) == len(ids):
            return False
        self._house.store.records.receive(self._job.account_id, records, self._lease)
        return True

    def _calls_for(self, kind: str, state: StreamState) -> bool:
        if state.read_at is None:
            return True
        if self._job.request.mode is Mode.FULL:
            return True
        if kind == MEMBER:
            return state.read_at < self._house.now() - timedelta(days=1)
        if self._job.integration == self._name or self._job.request.trigger in ASKED:
            return True
        return state.read_at < self._house.now() - self._house.cadence

    def _read(self, source: Source, kind: str, state: StreamState) -> int:
        full = self._job.request.mode is Mode.FULL or state.cursor is None
        cursor = None if full else state.cursor
        listing = self._taking.begin(state)
        changed = 0
        for page in source.changes(kind, cursor):
            self._heart.check()
            changed += self._taking.take(state, page.records, listing, page.total)
            if page.short:
                self.shortfalls[kind] = ListingShort(page.short)
            if page.cursor is not None:
                if kind in FOUND_ABSENT and (page.window or page.everything):
                    changed += self._find_absent(source, kind, Listing(state, listing, page.window, self._mine()))
                self._taking.end(state, page.cursor)
        return changed

    def _find_absent(self, source: Source, kind: str, listing: Listing) -> int:
        """What a whole window did not list is asked for by name before it counts as deleted; how many records that
        changed."""
        gone = self._taking.count_absent(listing)
        if gone and not self._job.request.confirm_mass_change:
            title = self._house.manifests[self._name].title
            unlisted = UNLISTED.replace("{title}", title).replace("{kind}", plural(kind))
            live = self._house.store.records.count_live(self._job.account_id, kind, listing.window, listing.mine)
            hold_mass_change(gone, live, unlisted)
        changed = 0
        for some in self._taking.absent(listing):
            self._heart.check()
            changed += self._taking.take(listing.stream, source.look_up(kind, some))
        return changed

    def _mine(self) -> Origin:
        """Which records are this source's, by how their ids begin."""
        manifests = self._house.manifests.values()
        others = tuple(each.prefix for each in manifests if each.prefix and each.name != self._name)
        return Origin(self._house.manifests[self._name].prefix, others)

    def _look_up(self, kind: str, local_ids: Sequence[str]) -> None:
        if self._source is not None and local_ids:
            self._asked.update((kind, local_id) for local_id in local_ids)
            told = self._source.look_up(kind, local_ids)
            self._house.store.records.receive(self._job.account_id, told, self._lease)

    def note(self, error: SyncError) -> None:
        """Keep the trouble for the job's end; a revoked key means that FieldCamp is not connected from now on."""
        self.trouble = error
        if isinstance(error, ConnectionRevoked):
            connection = self._house.store.connections.find(self._job.account_id, self._name)
            if connection is not None:
                self._house.store.connections.revoke(connection.id, error.message, self._house.now())


@contextmanager
def sourced(
    house: House, job: Job, lease: Lease, heart: Heartbeat, *, name: str = FIELDCAMP, taking: Taking | None = None
) -> Iterator[Sourcing]:
    """The account's source ``name``, open until the end of the block; ``taking`` is what becomes of what it tells,
    by default stored without a word."""
    source = house.open_source(job.account_id, name)
    try:
        yield Sourcing(house, job, lease, heart, source, name=name, taking=taking)
    finally:
        if source is not None:
            source.close()
