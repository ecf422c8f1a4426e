"""Reads what changed at the provider, and stores what was seen together with how far it was read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

from worker.core.connections import StreamState
from worker.core.errors import CursorExpired, Transient
from worker.core.jobs import Job, Lease, Mode
from worker.core.observation import Observed, absent, observe
from worker.core.ports import Change, Confirms, Page, Provider, Stream
from worker.core.reconcile import hold_mass_change
from worker.store import Store
from worker.sync.heartbeat import Heartbeat
from worker.sync.house import House

ABSENT_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Observing:
    """Brings what we know of one connection's streams up to date; its methods may run for several streams at once."""

    house: House
    job: Job
    lease: Lease
    heart: Heartbeat
    provider: Provider

    @property
    def _store(self) -> Store:
        return self.house.store

    @property
    def _in_books(self) -> bool:
        return self.house.manifests[self.job.integration].books

    @property
    def _keeps_copies(self) -> bool:
        """In the books and among reviews a second object with our key is somebody's own; it is never deleted."""
        return self._in_books or self.house.manifests[self.job.integration].reviews

    def read(self, stream: Stream, state: StreamState, *, again: bool = False) -> int:
        """Read a stream from its cursor to its end; how many changes were taken in.

        A full sync reads everything, but on a second look (``again``) of the same sync. An expired cursor heals itself:
        everything is read, and what is absent from that is found out. Raises what ``Provider.changes`` raises, and
        MassChangeHeld where a listing lacks too much of what we published.
        """
        full = self.job.request.mode is Mode.FULL and not again
        cursor = None if full else state.cursor
        try:
            return self._read(stream, state, cursor)
        except CursorExpired as error:
            if cursor is None:
                raise Transient(error.message) from error
            self._store.streams.forget_cursor(self.lease, state.id)
            return self._read(stream, state, None)

    def _read(self, stream: Stream, state: StreamState, cursor: str | None) -> int:
        listing = self._store.streams.begin_listing(self.lease, state.id) if cursor is None else None
        pulled = 0
        for page in self.provider.changes(stream, cursor):
            self.heart.check()
            pulled += self._take(stream, state, page, listing)
        return pulled

    def _take(self, stream: Stream, state: StreamState, page: Page, listing: int | None) -> int:
        """One page in one transaction. The last page's cursor comes with it, unless absent objects are to be found
        first: dying before that is done must read everything again.
        """
        remote_ids = [change.remote_id for change in page.changes]
        local_ids = [change.key.local_id for change in page.changes if change.key]
        links, strangers = self._store.observations.context(state, remote_ids, local_ids)
        observed = observe(stream.name, links, strangers, page.changes, keeps_copies=self._keeps_copies)
        finds_absent = listing is not None and page.complete
        cursor = None if finds_absent else page.cursor
        kept = page.changes if self._in_books else ()
        self._save(stream, state, observed, listed=remote_ids, listing=listing, cursor=cursor, kept=kept)
        pulled = len(observed.feed)
        if finds_absent and listing is not None:
            pulled += self._find_absent(stream, state, listing)
            self._save(stream, state, Observed(), cursor=page.cursor)
        return pulled

    def _find_absent(self, stream: Stream, state: StreamState, listing: int) -> int:
        """Whatever a complete listing did not show is no more; returns how many that were."""
        observations = self._store.observations
        if not self.job.request.confirm_mass_change:
            gone = observations.count_unlisted(state, listing)
            hold_mass_change(gone, observations.count_shown(state))
        observations.forget_unlisted_strays(self.lease, state, listing)
        pulled = 0
        for observed in chain(self._absent_links(state, listing), self._absent_strangers(state, listing)):
            self.heart.check()
            self._confirm(stream, observed)
            self._save(stream, state, observed, kept=self._gone(observed))
            pulled += len(observed.feed)
        return pulled

    def _absent_links(self, state: StreamState, listing: int) -> Iterator[Observed]:
        after = ""
        while links := self._store.observations.unlisted(state, listing, after, ABSENT_AT_ONCE):
            found = [absent(link) for link in links]
            feed = tuple(entry for _, entry in found if entry is not None)
            yield Observed(links=tuple(link for link, _ in found), feed=feed)
            after = links[-1].local_id

    def _absent_strangers(self, state: StreamState, listing: int) -> Iterator[Observed]:
        after = ""
        while strangers := self._store.observations.unlisted_strangers(state, listing, after, ABSENT_AT_ONCE):
            yield observe(state.name, (), strangers, [Change(remote_id) for remote_id in strangers])
            after = max(strangers)

    def _confirm(self, stream: Stream, observed: Observed) -> None:
        """In the books nothing counts as gone on the word of a listing alone: posted again, it would be money twice.

        Raises Transient where the listing was wrong; nothing of it counts then, and everything is read again.
        """
        if not self._in_books:
            return
        for entry in observed.feed:
            self.heart.check()
            if not cast(Confirms, self.provider).is_gone(stream, entry.remote_id):
                raise Transient("The listing lacked objects that are still there; it is read again.")

    def _gone(self, observed: Observed) -> Sequence[Change]:
        """What the books no longer hold, to be forgotten with it."""
        if not self._in_books:
            return ()
        owned = [entry.remote_id for entry in observed.feed if entry.local_id is not None]
        return [*observed.foreign, *(Change(remote_id) for remote_id in owned)]

    def _save(
        self,
        stream: Stream,
        state: StreamState,
        observed: Observed,
        *,
        listed: Sequence[str] = (),
        listing: int | None = None,
        cursor: str | None = None,
        kept: Sequence[Change] = (),
    ) -> None:
        self._store.observations.save(
            self.lease,
            self.job,
            state,
            observed,
            target=stream.target,
            now=self.house.now(),
            listed=listed,
            listing=listing,
            cursor=cursor,
            kept=kept,
        )
