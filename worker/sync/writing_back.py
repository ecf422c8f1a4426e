"""Takes what people did in a calendar back to the source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from worker.core.edits import Edit, Edited, Reschedule, Unschedule
from worker.core.errors import ConnectionRevoked, NotConnected, Rejected, SyncError
from worker.core.jobs import Job, JobRecord, Lease
from worker.core.links import Link
from worker.core.ports import EditOutcome, Failed, Stream
from worker.sync.choice import Choice
from worker.sync.house import House
from worker.sync.ledger import conflict_record, edit_record, failed_record, progress_of
from worker.sync.sourcing import Sourcing


@dataclass(frozen=True, slots=True)
class WritingBack:
    """Carries the edits of one chunk to the source, one per record; the records are to be decided anew after it."""

    house: House
    job: Job
    lease: Lease
    sourcing: Sourcing
    streams: Mapping[str, Stream]
    passing: list[SyncError] = field(default_factory=list)
    """Why the source gave no clear answer."""

    def carry_out(self, chosen: Mapping[str, Sequence[Choice]]) -> tuple[set[str], set[str]]:
        """Send the edits; which records were settled, and which have to wait because the source gave no clear
        answer.
        """
        edits = [edit for edit in (_first_edit(choices) for choices in chosen.values()) if edit is not None]
        if not edits:
            return set(), set()
        outcomes = self._apply([edit for _, edit in edits])
        settled: set[str] = set()
        waiting: set[str] = set()
        for (choice, _), outcome in zip(edits, outcomes, strict=True):
            done = self._settle(choice, outcome)
            (settled if done else waiting).add(choice.local_id)
        return settled, waiting

    def _apply(self, edits: Sequence[Edit]) -> Sequence[EditOutcome]:
        source = self.sourcing.source
        if source is None:
            return [Failed(NotConnected("FieldCamp is not connected, so the visit could not be moved.")) for _ in edits]
        try:
            return source.apply(edits)
        except ConnectionRevoked as error:
            self.sourcing.note(error)
            return [Failed(error) for _ in edits]
        except SyncError as error:
            return [Failed(error) for _ in edits]

    def _settle(self, choice: Choice, outcome: EditOutcome) -> bool:
        link, stream, at = _link(choice), self.streams[choice.stream], self.house.now()
        records: list[JobRecord] = []
        if choice.decision.conflict:
            records.append(conflict_record(stream, choice.local_id, choice.decision.conflict, at))
        if isinstance(outcome, Edited):
            assert choice.decision.edit is not None
            records.append(edit_record(stream, choice.decision.edit, at))
            self.house.store.records.receive(self.job.account_id, [outcome.record], self.lease)
            self._save(replace(link, removed=False), records)
            return True
        error = outcome.error
        if isinstance(error, Rejected):
            message = f"FieldCamp refused what was done in the calendar: {error.message}"
            records.append(conflict_record(stream, choice.local_id, (error.code, message), at))
            self._save(replace(link, overruled=True), records)
            return True
        self.passing.append(error)
        self._save(
            replace(link, retry=True), [failed_record(choice.local_id, stream.target, error.code, error.message, at)]
        )
        return False

    def _save(self, link: Link, records: list[JobRecord]) -> None:
        self.house.store.plans.settle(self.lease, [link], progress_of(records))


def _first_edit(choices: Sequence[Choice]) -> tuple[Choice, Reschedule | Unschedule] | None:
    """One edit a record and pass: a second one is judged against what the first made of the visit."""
    return next(((choice, choice.decision.edit) for choice in choices if choice.decision.edit is not None), None)


def _link(choice: Choice) -> Link:
    assert choice.decision.link is not None, "an edit comes from a link"
    return choice.decision.link
