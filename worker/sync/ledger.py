"""Words and numbers for what became of each record."""

from collections.abc import Sequence
from datetime import datetime

from worker.core.edits import Reschedule, Unschedule
from worker.core.holds import Hold
from worker.core.jobs import CONFLICT, CREATED, DELETED, FAILED, HELD, UNCHANGED, UPDATED, Counts, JobRecord, Progress
from worker.core.ports import Create, Delete, Done, Operation, Outcome, Stream
from worker.core.reconcile import Decision
from worker.core.records import VISIT
from worker.sync.choice import Choice

MATCHED = ("MATCHED", "It was there already, and is taken as it is.")


def outcome_word(operation: Operation) -> str:
    """What a record is called whose operation was carried out."""
    if isinstance(operation, Create):
        return CREATED
    return DELETED if isinstance(operation, Delete) else UPDATED


def operation_record(stream: Stream, operation: Operation, outcome: Outcome, at: datetime) -> JobRecord:
    """The record of one operation and its outcome."""
    local_id = operation.key.local_id
    known = None if isinstance(operation, Create) else operation.remote_id
    if isinstance(outcome, Done):
        remote_id, (reason, message) = outcome.remote_id or known, outcome.note or (None, None)
        word = outcome_word(operation)
        return JobRecord(stream.kind, local_id, word, remote_id, stream.target, reason, message, at)
    error = outcome.error
    return JobRecord(stream.kind, local_id, FAILED, known, stream.target, error.code, error.message, at)


def planned_record(stream: Stream, operation: Operation, at: datetime) -> JobRecord:
    """The record of an operation that a dry run would send."""
    known = None if isinstance(operation, Create) else operation.remote_id
    return JobRecord(stream.kind, operation.key.local_id, outcome_word(operation), known, stream.target, at=at)


def conflict_record(stream: Stream, local_id: str, conflict: tuple[str, str], at: datetime) -> JobRecord:
    """The record of a conflict and how it was settled."""
    return JobRecord(stream.kind, local_id, CONFLICT, None, stream.target, conflict[0], conflict[1], at)


def held_record(stream: Stream, local_id: str, hold: Hold, at: datetime) -> JobRecord:
    """The record of something that cannot be published yet: somebody has to set something, or it has to wait."""
    outcome = FAILED if hold.failed else HELD
    return JobRecord(stream.kind, local_id, outcome, None, stream.target, hold.code, hold.message, at)


def edit_record(stream: Stream, edit: Reschedule | Unschedule, at: datetime) -> JobRecord:
    """The record of what a person did in a calendar and the visit followed, or would follow."""
    what, message = (
        ("RESCHEDULED", "A person moved the event, and the visit follows.")
        if isinstance(edit, Reschedule)
        else ("UNSCHEDULED", "A person deleted the event, and the visit is taken off the plan.")
    )
    return JobRecord(VISIT, edit.local_id, UPDATED, None, stream.target, what, message, at)


def unchanged_record(kind: str, choices: Sequence[Choice], at: datetime, local_id: str) -> JobRecord:
    """The record of something that was looked at and already right, or found to be there already."""
    matched = next((choice.decision.link for choice in choices if choice.is_match), None)
    if matched is None:
        return JobRecord(kind, local_id, UNCHANGED, at=at)
    return JobRecord(kind, local_id, UNCHANGED, matched.remote_id, matched.stream, *MATCHED, at)


def failed_record(
    local_id: str, target: str | None, code: str, message: str, at: datetime, *, kind: str = VISIT
) -> JobRecord:
    """The record of something that could not be done."""
    return JobRecord(kind, local_id, FAILED, None, target, code, message, at)


def needs_nothing(decisions: list[Decision]) -> bool:
    """Whether a record was looked at and already right."""
    return not any(each.operation or each.edit or each.conflict or each.hold for each in decisions)


def progress_of(
    records: list[JobRecord], *, done: int = 0, pushed: int = 0, unchanged: int = 0, kind: str = VISIT
) -> Progress:
    """What these records, and ``unchanged`` more of a ``kind`` that get no row, add to their job; ``pushed`` are the
    writes that the provider accepted.
    """
    words = [record.outcome for record in records]
    counts = Counts(
        pushed=pushed,
        skipped=words.count(UNCHANGED) + unchanged,
        failed=words.count(FAILED),
        conflicts=words.count(CONFLICT),
    )
    quiet = {kind: unchanged} if unchanged else {}
    return Progress(done=done, counts=counts, records=tuple(records), unchanged=quiet)
