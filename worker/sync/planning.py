"""Finds what may be out of date, and has each record decided on."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from worker.core.connections import Connection
from worker.core.jobs import Job, Mode, only_of
from worker.core.ports import Stream
from worker.core.reconcile import removals
from worker.store import Store
from worker.sync.choice import Choices, Drafting

CHUNK = 2000
"""Records planned and published at a time: memory is bounded by it, and batches fill up within it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records to look at. ``upto`` is the number up to which everything is planned once this chunk is through."""

    local_ids: Sequence[str]
    upto: int | None = None


@dataclass
class Planning:
    """Plans the records of one ``kind`` in one pass of a job; ``streams`` are all that the connection ever published
    them to.
    """

    store: Store
    job: Job
    connection: Connection
    kind: str
    streams: Mapping[str, Stream]
    drafting: Drafting
    _last: tuple[Sequence[str], Choices] | None = None

    def chunks(self, *, again: bool = False) -> Iterator[Chunk]:
        """What to look at, in chunks: first what was left over, then what moved since the last sync. A second look
        (``again``) is at what was left over alone, and at what this sync learned meanwhile."""
        request = self.job.request
        if request.only:
            if only := only_of(request, self.kind):
                yield Chunk(only)
            return
        left_over: set[str] = set()
        for chunk in self._left_over():
            left_over.update(chunk.local_ids)
            yield chunk
        since = after = 0 if request.mode is Mode.FULL and not again else self._planned()
        while after < self._goal:
            local_ids, upto = self.store.plans.todo(self.connection, self.kind, after, CHUNK, since=since)
            yield Chunk([local_id for local_id in local_ids if local_id not in left_over], upto)
            after = upto

    @cached_property
    def _goal(self) -> int:
        """How far this pass goes: under a steady stream of events a sync that took in each would never end."""
        return self.store.plans.latest(self.job.account_id)

    def _planned(self) -> int:
        return self.store.plans.planned_upto(self.connection.id).get(self.kind, 0)

    def _left_over(self) -> Iterator[Chunk]:
        after = ""
        while local_ids := self.store.plans.pending(self.connection.id, after, CHUNK, self.kind):
            yield Chunk(local_ids)
            after = local_ids[-1]

    def choose(self, local_ids: Sequence[str]) -> Choices:
        """The decisions about these records, which the survey may have taken a moment ago."""
        if self._last is not None and self._last[0] == local_ids:
            (_, choices), self._last = self._last, None
            return choices
        return self.choose_anew(local_ids)

    def choose_anew(self, local_ids: Sequence[str]) -> Choices:
        """The decisions as of now, after what was just written."""
        return self.drafting.choose(self.kind, local_ids, self.streams)

    def survey(self, counted: Collection[str] = frozenset()) -> tuple[int, int]:
        """How many records there are to look at, besides those ``counted`` already; and how many would go."""
        going, total = 0, 0
        for chunk in self.chunks():
            total += sum(local_id not in counted for local_id in chunk.local_ids)
            chosen = self.choose_anew(chunk.local_ids)
            self._last = (chunk.local_ids, chosen)
            for choices in chosen.values():
                going += removals([choice.decision for choice in choices])
        return total, going
