"""What becomes of the pages that a source tells: they are stored, or merely compared with what is known."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from worker.core.connections import StreamState
from worker.core.jobs import Job, Lease
from worker.core.records import Origin, Record
from worker.core.revisions import revisions
from worker.store import Store
from worker.sync.telling import Telling

LOOK_UP_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Listing:
    """One reading of a list, named by its ``number``: the ``window`` that it covers (UTC instants; None: everything),
    and whose records (``mine``) it tells of.
    """

    stream: StreamState
    number: int
    window: tuple[datetime, datetime] | None
    mine: Origin


class Taking(Protocol):
    """Takes in one account's records, list by list; a list is a stream that is named after its kind of record."""

    def begin(self, stream: StreamState) -> int:
        """The number of the reading of this list that starts now."""

    def take(
        self, stream: StreamState, told: Sequence[Record], listing: int | None = None, total: int | None = None
    ) -> int:
        """Take in a page; how many records that changed. ``listing`` says in which reading it was told, ``total`` how
        many rows the list has, None where the source does not say."""

    def count_absent(self, listing: Listing) -> int:
        """How many live records the reading did not tell."""

    def absent(self, listing: Listing) -> Iterator[Sequence[str]]:
        """The local ids of those, some at a time."""

    def end(self, stream: StreamState, cursor: str) -> None:
        """The list was read up to here."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Stores what is told, and where the sync is the source's own, with what that says of it."""

    store: Store
    job: Job
    lease: Lease
    now: Callable[[], datetime]
    telling: Telling | None = None

    def begin(self, stream: StreamState) -> int:
        if self.telling is not None:
            self.telling.begin()
        return self.store.streams.begin_listing(self.lease, stream.id)

    def take(
        self, stream: StreamState, told: Sequence[Record], listing: int | None = None, total: int | None = None
    ) -> int:
        if self.telling is None:
            return len(self.store.records.receive(self.job.account_id, told, self.lease, listing))
        say = self.telling.of_page(told, total)
        return self.store.pulls.take(self.lease, self.job, stream, told, say, now=self.now(), listing=listing)

    def count_absent(self, listing: Listing) -> int:
        kind, window, mine = listing.stream.name, listing.window, listing.mine
        return self.store.records.count_absent(self.job.account_id, kind, listing.number, window, mine)

    def absent(self, listing: Listing) -> Iterator[Sequence[str]]:
        return absent_from(self.store, self.job.account_id, listing)

    def end(self, stream: StreamState, cursor: str) -> None:
        self.store.streams.save_cursor(self.lease, stream.id, cursor, self.now())


@dataclass(slots=True)
class Comparing:
    """A dry run: says what storing would change, and stores nothing but that."""

    store: Store
    job: Job
    lease: Lease
    telling: Telling
    _told: dict[str, Record] = field(default_factory=dict)
    """What this reading told, by local id, as the records would be after it."""

    def begin(self, stream: StreamState) -> int:
        """A number that no record carries: of what is known, nothing is marked as told."""
        self.telling.begin()
        self._told.clear()
        return stream.listing + 1

    def take(
        self, stream: StreamState, told: Sequence[Record], listing: int | None = None, total: int | None = None
    ) -> int:
        if not told:
            return 0
        ids = [record.local_id for record in told]
        known = self.store.records.get_many(self.job.account_id, stream.name, ids)
        known |= {local_id: self._told[local_id] for local_id in ids if local_id in self._told}
        found = revisions(known, told)
        self._told |= {**known, **{each.after.local_id: each.after for each in found}}
        self.store.jobs.progress(self.lease, self.telling.planned(told, found, total))
        return 0

    def count_absent(self, listing: Listing) -> int:
        return sum(len(some) for some in self.absent(listing))

    def absent(self, listing: Listing) -> Iterator[Sequence[str]]:
        for some in absent_from(self.store, self.job.account_id, listing):
            lacking = [local_id for local_id in some if local_id not in self._told]
            if lacking:
                yield lacking

    def end(self, stream: StreamState, cursor: str) -> None:
        """The next sync starts where this one did."""


def absent_from(store: Store, account_id: str, listing: Listing) -> Iterator[Sequence[str]]:
    """The local ids of live records that do not carry the number of the reading, some at a time."""
    kind, number, after = listing.stream.name, listing.number, ""
    while some := store.records.absent_from(
        account_id, kind, number, window=listing.window, after=after, limit=LOOK_UP_AT_ONCE, mine=listing.mine
    ):
        yield [record.local_id for record in some]
        after = some[-1].local_id
