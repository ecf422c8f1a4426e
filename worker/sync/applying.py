"""Carries a chunk of decisions out: back to the source first, then to the provider in its largest batches."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from worker.core.errors import ConnectionRevoked, Gone, LeaseLost, RateLimited, Rejected, SyncError, VersionConflict
from worker.core.holds import Hold
from worker.core.jobs import UNCHANGED, Job, JobRecord, Lease, Mode
from worker.core.links import Link, Stray
from worker.core.ports import Delete, Done, Failed, Manifest, Operation, Outcome, Provider, Stream
from worker.core.reconcile import after
from worker.sync.choice import Choice
from worker.sync.heartbeat import Cancelled, Heartbeat, Stopping
from worker.sync.house import House
from worker.sync.ledger import (
    conflict_record,
    edit_record,
    failed_record,
    held_record,
    needs_nothing,
    operation_record,
    planned_record,
    progress_of,
    unchanged_record,
)
from worker.sync.planning import Planning
from worker.sync.reckoning import Reckoning
from worker.sync.side_by_side import side_by_side
from worker.sync.writing_back import WritingBack

MOST_LOOKS = 3
"""How often one sync looks again because somebody wrote in between; what is left after that waits for the next."""

LONGEST_TURN = 120.0
"""Seconds that a batch waits for its turn under a limit; what would take longer is left for the next sync."""


@dataclass(frozen=True, slots=True)
class Sending:
    """An operation on its way: the link is as it is saved before the request; a stray has none."""

    operation: Operation
    link: Link | None


@dataclass
class Applying:
    """Carries out one job's decisions in its ``look``, from 0. ``broken`` are streams that could not be read: nothing
    is written there blindly.

    ``look_again`` says that an outcome calls for another look within this sync; ``waits`` are the seconds that the
    other side asked us to wait, ``passing`` what it said of failures that need not last. ``unfinished``: something is
    to be tried again soon; ``failed``: something was not done.
    """

    house: House
    job: Job
    lease: Lease
    heart: Heartbeat
    provider: Provider
    manifest: Manifest
    planning: Planning
    writing_back: WritingBack
    broken: Mapping[str, SyncError]
    look: int = 0
    reckoning: Reckoning = field(default_factory=Reckoning)
    look_again: bool = False
    waits: list[float] = field(default_factory=list)
    passing: list[SyncError] = field(default_factory=list)
    unfinished: bool = False
    failed: bool = False

    def carry_out(self, local_ids: Sequence[str]) -> None:
        """Decide on these records and do it; ends with every outcome recorded."""
        chosen = self.planning.choose(local_ids)
        if self.job.request.dry_run:
            self._tell(chosen)
            return
        self.planning.drafting.keep(self.planning.kind, chosen)
        settled, waiting = self.writing_back.carry_out(chosen)
        if settled:
            chosen.update(self.planning.choose_anew(sorted(settled)))
        if waiting:
            self.unfinished = self.failed = True
        ready = {local_id: choices for local_id, choices in chosen.items() if local_id not in waiting}
        sendings = {name: self._sendings(name, ready) for name in self.planning.streams}
        under_way = [sending.operation.key.local_id for some in sendings.values() for sending in some]
        done = self.reckoning.begin(chosen, under_way) if self.look == 0 else 0
        self._note(ready, settled | set(self.reckoning.recorded), done)
        self._send(sendings)

    def remove_strays(self) -> None:
        """Delete second objects of ours: each record keeps the one that its link owns."""
        found: dict[str, list[Sending]] = {}
        for stray in self.house.store.plans.strays(self.planning.connection.id):
            found.setdefault(stray.stream, []).append(Sending(Delete(stray.key, stray.remote_id, stray.version), None))
        if not self.job.request.dry_run:
            self._send({name: sendings for name, sendings in found.items() if name in self.planning.streams})

    def _tell(self, chosen: Mapping[str, Sequence[Choice]]) -> None:
        at, records = self.house.now(), []
        for local_id, choices in chosen.items():
            for choice in choices:
                stream, decision = self.planning.streams[choice.stream], choice.decision
                if decision.operation is not None:
                    records.append(planned_record(stream, decision.operation, at))
                if decision.edit is not None:
                    records.append(edit_record(stream, decision.edit, at))
                if decision.conflict is not None:
                    records.append(conflict_record(stream, local_id, decision.conflict, at))
                if decision.hold is not None:
                    records.append(held_record(stream, local_id, decision.hold, at))
            if needs_nothing([choice.decision for choice in choices]):
                records.append(unchanged_record(self.planning.kind, choices, at, local_id))
        self._record([], records, done=len(chosen))

    def _note(self, chosen: Mapping[str, Sequence[Choice]], told: Collection[str], done: int) -> None:
        """What needs no request: records that are right, links that only learned something, conflicts, broken
        streams. Of those in ``told`` it is known already what became of them.
        """
        at, links, records = self.house.now(), [], []
        for local_id, choices in chosen.items():
            for choice in choices:
                decision = choice.decision
                if decision.conflict is not None and decision.edit is None:
                    records.append(
                        conflict_record(self.planning.streams[choice.stream], local_id, decision.conflict, at)
                    )
                if decision.hold is not None:
                    records.append(self._hold(choice, decision.hold, at))
                if self._is_held_back(choice):
                    links.append(self._held_back(choice))
                    records.extend(self._failures(choice, at))
                elif decision.operation is None and decision.link is not None:
                    links.append(self._with_doubt(decision.link).told(at))
            if local_id not in told and needs_nothing([choice.decision for choice in choices]):
                records.append(unchanged_record(self.planning.kind, choices, at, local_id))
        self._record(links, records, done=done)

    def _hold(self, choice: Choice, hold: Hold, at: datetime) -> JobRecord:
        self.failed = self.failed or hold.failed
        return held_record(self.planning.streams[choice.stream], choice.local_id, hold, at)

    def _is_held_back(self, choice: Choice) -> bool:
        return choice.stream in self.broken and choice.decision.operation is not None

    def _held_back(self, choice: Choice) -> Link:
        """A link whose stream cannot be reached: nothing was sent, so nothing is on its way; it is looked at again."""
        known = choice.before or Link(choice.stream, choice.local_id)
        return replace(known, retry=True)

    def _failures(self, choice: Choice, at: datetime) -> list[JobRecord]:
        """What could not be done because its stream could not be read is told once, with the reason for that."""
        if self.look > 0:
            return []
        error, stream = self.broken[choice.stream], self.planning.streams[choice.stream]
        return [failed_record(choice.local_id, stream.target, error.code, error.message, at, kind=stream.kind)]

    def _with_doubt(self, link: Link) -> Link:
        return replace(link, retry=True) if link.local_id in self.planning.drafting.unsure else link

    def _sendings(self, stream: str, chosen: Mapping[str, Sequence[Choice]]) -> list[Sending]:
        if stream in self.broken:
            return []
        return [
            Sending(choice.decision.operation, choice.decision.link)
            for choices in chosen.values()
            for choice in choices
            if choice.stream == stream and choice.decision.operation is not None
        ]

    def _send(self, by_stream: Mapping[str, Sequence[Sending]]) -> None:
        """Each stream's batches one after the other, the streams side by side."""
        busy = [(self.planning.streams[name], sendings) for name, sendings in by_stream.items() if sendings]
        side_by_side(self.manifest.side_by_side, self._send_stream, busy)

    def _send_stream(self, work: tuple[Stream, Sequence[Sending]]) -> None:
        stream, sendings = work
        size = self.manifest.batch_size
        for start in range(0, len(sendings), size):
            self.heart.look()
            self._send_batch(stream, sendings[start : start + size])

    def _send_batch(self, stream: Stream, batch: Sequence[Sending]) -> None:
        plans = self.house.store.plans
        plans.offer(self.lease, [sending.link for sending in batch if sending.link is not None])
        outcomes = self._apply(stream, [sending.operation for sending in batch])
        at = self.house.now()
        links = [
            self._with_doubt(after(sending.link, sending.operation, outcome)).told(at)
            for sending, outcome in zip(batch, outcomes, strict=True)
            if sending.link is not None
        ]
        records = [
            operation_record(stream, sending.operation, outcome, at)
            for sending, outcome in zip(batch, outcomes, strict=True)
            if not self._calls_for_another_look(outcome)
        ]
        gone = [_stray(stream, each) for each, outcome in zip(batch, outcomes, strict=True) if _went(each, outcome)]
        pushed = sum(isinstance(outcome, Done) for outcome in outcomes)
        plans.settle(self.lease, links, progress_of(records, done=self._came_back(batch), pushed=pushed), gone)

    def _came_back(self, batch: Sequence[Sending]) -> int:
        """How many records are done with this batch; another look counts none anew, and strays are no records."""
        ours = [sending.operation.key.local_id for sending in batch if sending.link is not None]
        return self.reckoning.came_back(ours) if self.look == 0 else 0

    def _apply(self, stream: Stream, operations: Sequence[Operation]) -> Sequence[Outcome]:
        try:
            outcomes = self._apply_in_turn(stream, operations)
        except (LeaseLost, Cancelled, Stopping):
            raise
        except SyncError as error:
            if isinstance(error, ConnectionRevoked) and stream.grant is None:
                raise
            outcomes = [Failed(error) for _ in operations]
        for outcome in outcomes:
            self._learn(outcome)
        return outcomes

    def _apply_in_turn(self, stream: Stream, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """A call that a limit held back was not carried out: it takes its turn rather than fail, for a while."""
        waited = 0.0
        while True:
            try:
                return self.provider.apply(stream, operations)
            except RateLimited as error:
                wait = error.retry_after or 1.0
                if waited + wait > LONGEST_TURN:
                    raise
                self.heart.rest(wait)
                waited += wait

    def _learn(self, outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            self.look_again = self.look_again or outcome.found
            return
        if self._calls_for_another_look(outcome):
            self.look_again = True
            return
        self.failed = True
        if not isinstance(outcome.error, Rejected):
            self.unfinished = True
            self.passing.append(outcome.error)
        self.waits.append(getattr(outcome.error, "retry_after", None) or 0.0)

    def _calls_for_another_look(self, outcome: Outcome) -> bool:
        """Somebody wrote in between: no failure unless the last look meets the same again; the link stays pending."""
        meddled = isinstance(outcome, Failed) and isinstance(outcome.error, VersionConflict | Gone)
        return meddled and self.look < MOST_LOOKS - 1

    def _record(self, links: Sequence[Link], records: list[JobRecord], *, done: int = 0) -> None:
        """A full sync compares everything that exists: what is right there is counted, without a row for each."""
        kept, counted = records, 0
        if self.job.request.mode is Mode.FULL:
            kept = [record for record in records if record.outcome != UNCHANGED]
            counted = len(records) - len(kept)
        progress = progress_of(kept, done=done, unchanged=counted, kind=self.planning.kind)
        self.house.store.plans.settle(self.lease, links, progress)


def _went(sending: Sending, outcome: Outcome) -> bool:
    return sending.link is None and isinstance(outcome, Done)


def _stray(stream: Stream, sending: Sending) -> Stray:
    operation = sending.operation
    assert isinstance(operation, Delete), "strays are only ever deleted"
    return Stray(stream.name, operation.remote_id, operation.version, operation.key)
