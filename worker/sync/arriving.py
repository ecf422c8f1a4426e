"""Has the source record what was paid in the books, once: the payments that bookkeepers and online checkouts make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from worker.core.arrivals import Arrival, Step, entry_after, offered, steps
from worker.core.connections import Connection
from worker.core.edits import AmendPayment, Edited, RecordPayment
from worker.core.errors import ConnectionRevoked, NotConnected, Rejected, SyncError
from worker.core.jobs import CREATED, DELETED, FAILED, UPDATED, Job, JobRecord, Lease, Mode, Progress, Trigger
from worker.core.ports import EditOutcome, Failed, Stream
from worker.core.records import INVOICE, PAYMENT
from worker.sync.heartbeat import Heartbeat
from worker.sync.house import House
from worker.sync.ledger import progress_of
from worker.sync.sourcing import Sourcing

RECORDED = "RECORDED_AT_SOURCE"
SENTENCE = "Recorded in the books, and so in FieldCamp."


@dataclass
class Arriving:
    """Takes a connection's pending arrivals to the source. ``passing`` is why some have to wait, ``failed`` whether one
    did."""

    house: House
    job: Job
    lease: Lease
    heart: Heartbeat
    sourcing: Sourcing
    connection: Connection
    stream: Stream
    passing: list[SyncError] = field(default_factory=list)
    failed: bool = False

    def carry_out(self) -> None:
        """Dying in the middle is safe: the source is asked whether it has a payment before it gets one. What it refused
        is offered again by a full sync, and by a person's retry."""
        if self.job.request.mode is Mode.FULL or self.job.request.trigger is Trigger.RETRY:
            self.house.store.arrivals.reopen_refused(self.lease, self.connection.id)
        after = ""
        while arrivals := self.house.store.arrivals.pending(self.connection.id, after):
            paid = [part.invoice for each in arrivals if each.document for part in each.document.parts]
            invoices = self.house.store.plans.owners(self.connection.id, INVOICE, paid)
            for arrival in arrivals:
                self.heart.look()
                self._take_in(arrival, invoices)
            after = arrivals[-1].remote_id

    def _take_in(self, arrival: Arrival, invoices: Mapping[str, str]) -> None:
        todo = steps(arrival, invoices)
        if self.job.request.dry_run:
            self._tell([_planned(self.stream, arrival, step) for step in todo])
            return
        before, arrival = arrival, offered(arrival, todo)
        if arrival != before:
            self.house.store.arrivals.settle(self.lease, arrival, Progress(), done=False)
        outcomes = self._apply(todo)
        records, done, edited = [], True, set()
        refused: tuple[str, str, datetime] | None = None
        for step, outcome in zip(todo, outcomes, strict=True):
            records.append(self._record(arrival, step, outcome))
            if isinstance(outcome, Edited):
                arrival = self._taken(arrival, step, outcome)
                edited.add(step.invoice)
            else:
                done = done and isinstance(outcome.error, Rejected)
                refused = (outcome.error.code, outcome.error.message, self.house.now())
                self._note(outcome.error)
        again = any(step.invoice in edited for step in steps(arrival, invoices))
        settled = done and not again
        self.house.store.arrivals.settle(self.lease, arrival, progress_of(records), done=settled, refused=refused)
        if again:
            self._take_in(arrival, invoices)

    def _apply(self, todo: Sequence[Step]) -> Sequence[EditOutcome]:
        source = self.sourcing.source
        if not todo:
            return []
        if source is None:
            error = NotConnected("FieldCamp is not connected, so the payment could not be recorded there.")
            return [Failed(error) for _ in todo]
        try:
            return source.apply([step.edit for step in todo])
        except ConnectionRevoked as error:
            self.sourcing.note(error)
            return [Failed(error) for _ in todo]
        except SyncError as error:
            return [Failed(error) for _ in todo]

    def _taken(self, arrival: Arrival, step: Step, outcome: Edited) -> Arrival:
        self.house.store.records.receive(self.job.account_id, [outcome.record], self.lease)
        rest = tuple(entry for entry in arrival.entries if entry.invoice != step.invoice)
        entry = entry_after(step, outcome.record)
        return replace(arrival, entries=rest if entry is None else (*rest, entry))

    def _note(self, error: SyncError) -> None:
        self.failed = True
        if not isinstance(error, Rejected):
            self.passing.append(error)

    def _record(self, arrival: Arrival, step: Step, outcome: EditOutcome) -> JobRecord:
        planned = replace(_planned(self.stream, arrival, step), at=self.house.now())
        if isinstance(outcome, Edited):
            return replace(planned, local_id=outcome.record.local_id)
        return replace(planned, outcome=FAILED, reason=outcome.error.code, message=outcome.error.message)

    def _tell(self, records: list[JobRecord]) -> None:
        self.house.store.jobs.progress(self.lease, progress_of(records))


def _planned(stream: Stream, arrival: Arrival, step: Step) -> JobRecord:
    edit = step.edit
    if isinstance(edit, RecordPayment):
        word, local_id = CREATED, edit.external_id
    else:
        word = UPDATED if isinstance(edit, AmendPayment) else DELETED
        local_id = edit.local_id or getattr(edit, "external_id", "")
    return JobRecord(PAYMENT, local_id, word, arrival.remote_id, stream.target, RECORDED, SENTENCE)
