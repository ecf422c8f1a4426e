"""Finds what may be out of date, and decides for each record on each stream what is to be done."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from worker.core.connections import Connection
from worker.core.documents import Document
from worker.core.jobs import Job, Mode, Trigger
from worker.core.links import Link
from worker.core.ports import Delete, Stream
from worker.core.preferences import CalendarPreferences
from worker.core.projections import VisitView, wanted_documents
from worker.core.reconcile import Decision, decide, enough_published, hold_mass_change, removals
from worker.core.records import VISIT
from worker.store import Store
from worker.sync.sourcing import Sourcing

CHUNK = 2000
"""Records planned and published at a time: memory is bounded by it, and batches fill up within it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One record on one stream: the link as it was found, and the decision about it."""

    stream: str
    local_id: str
    before: Link | None
    decision: Decision


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records to look at. ``upto`` is the number up to which everything is planned once this chunk is through."""

    local_ids: Sequence[str]
    upto: int | None = None


@dataclass
class Planning:
    """Plans one connection in one pass of a job.

    ``pages`` is where people see visits, for links. ``streams`` are all that the connection ever published
    to.
    """

    store: Store
    job: Job
    connection: Connection
    preferences: CalendarPreferences
    streams: Mapping[str, Stream]
    sourcing: Sourcing
    pages: str = ""
    unsure: set[str] = field(default_factory=set)
    """Records whose needs could not be fetched: published as far as they are known, and looked at again."""
    _last: tuple[Sequence[str], dict[str, list[Choice]]] | None = None

    def chunks(self, *, again: bool = False) -> Iterator[Chunk]:
        """What to look at, in chunks: first what was left over, then what moved since the last sync. A second look
        (``again``) is at what was left over alone, and at what this sync learned meanwhile."""
        request = self.job.request
        if request.only:
            yield Chunk(request.only)
            return
        left_over: set[str] = set()
        for chunk in self._left_over():
            left_over.update(chunk.local_ids)
            yield chunk
        since = after = 0 if request.mode is Mode.FULL and not again else self._planned()
        while after < self._goal:
            local_ids, upto = self.store.plans.todo(self.connection, VISIT, after, CHUNK, since=since)
            yield Chunk([local_id for local_id in local_ids if local_id not in left_over], upto)
            after = upto

    @cached_property
    def _goal(self) -> int:
        """How far this pass goes: under a steady stream of events a sync that took in each would never end."""
        return self.store.plans.latest(self.job.account_id)

    def _planned(self) -> int:
        connection = self.store.connections.get(self.connection.id)
        assert connection is not None, "connections are never deleted"
        return connection.planned

    def _left_over(self) -> Iterator[Chunk]:
        after = ""
        while local_ids := self.store.plans.pending(self.connection.id, after, CHUNK):
            yield Chunk(local_ids)
            after = local_ids[-1]

    def choose(self, local_ids: Sequence[str]) -> dict[str, list[Choice]]:
        """The decisions about these records, by local id; only for streams that show the record or should."""
        if self._last is not None and self._last[0] == local_ids:
            (_, choices), self._last = self._last, None
            return choices
        return self.choose_anew(local_ids)

    def choose_anew(self, local_ids: Sequence[str]) -> dict[str, list[Choice]]:
        """The decisions as of now, after what was just written."""
        if not self.sourcing.fetch_needs(local_ids):
            self.unsure.update(local_ids)
        views = self.store.records.views(self.job.account_id, local_ids)
        links = self.store.plans.links_of(self.connection.id, local_ids)
        return {
            local_id: self._choose(local_id, views.get(local_id), links.get(local_id, ())) for local_id in local_ids
        }

    def _choose(self, local_id: str, view: VisitView | None, links: Sequence[Link]) -> list[Choice]:
        live = {name: stream.team for name, stream in self.streams.items() if stream.live}
        wanted = wanted_documents(view, live, self.preferences.time_zone, self.pages)
        known = {link.stream: self._as_asked(link) for link in links if link.stream in self.streams}
        return [self._choice(name, local_id, known.get(name), wanted.get(name)) for name in sorted({*wanted, *known})]

    def _as_asked(self, link: Link) -> Link:
        """Who asks for another try means also what was refused, except by this very job."""
        again = self.job.request.trigger is Trigger.RETRY and link.refused is not None
        return replace(link, refused=None) if again and not self._is_news(link) else link

    def _is_news(self, link: Link) -> bool:
        return link.since is not None and link.since > self.job.created_at

    def _choice(self, stream: str, local_id: str, link: Link | None, wanted: Document | None) -> Choice:
        decision = decide(stream, local_id, link, wanted, self.preferences)
        if not self.streams[stream].live and isinstance(decision.operation, Delete):
            # Whatever a person made of it: the calendar may be out of our reach for reading, and no edit of it counts.
            decision = replace(decision, operation=replace(decision.operation, version=None))
        return Choice(stream, local_id, link, decision)

    def survey(self, counted: Collection[str] = frozenset()) -> int:
        """How many records there are to look at, besides those ``counted`` already.

        Raises MassChangeHeld where too much of what is published would go.
        """
        going, total = 0, 0
        for chunk in self.chunks():
            total += sum(local_id not in counted for local_id in chunk.local_ids)
            chosen = self.choose_anew(chunk.local_ids)
            self._last = (chunk.local_ids, chosen)
            for choices in chosen.values():
                going += removals([choice.decision for choice in choices])
        if going and not self.job.request.confirm_mass_change:
            hold_mass_change(
                going, self.store.observations.count_published(self.connection.id, enough_published(going))
            )
        return total
