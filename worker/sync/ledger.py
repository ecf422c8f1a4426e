"""Words and numbers for what became of each record."""

from datetime import datetime

from worker.core.jobs import CONFLICT, CREATED, DELETED, FAILED, UNCHANGED, UPDATED, Counts, JobRecord, Progress
from worker.core.ports import Create, Delete, Done, Edit, Operation, Outcome, Reschedule, Stream
from worker.core.reconcile import Decision
from worker.core.records import VISIT


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
        return JobRecord(VISIT, local_id, outcome_word(operation), outcome.remote_id or known, stream.target, at=at)
    error = outcome.error
    return JobRecord(VISIT, local_id, FAILED, known, stream.target, error.code, error.message, at)


def planned_record(stream: Stream, operation: Operation, at: datetime) -> JobRecord:
    """The record of an operation that a dry run would send."""
    known = None if isinstance(operation, Create) else operation.remote_id
    return JobRecord(VISIT, operation.key.local_id, outcome_word(operation), known, stream.target, at=at)


def conflict_record(stream: Stream, local_id: str, conflict: tuple[str, str], at: datetime) -> JobRecord:
    """The record of a conflict and how it was settled."""
    return JobRecord(VISIT, local_id, CONFLICT, None, stream.target, conflict[0], conflict[1], at)


def edit_record(stream: Stream, edit: Edit, at: datetime) -> JobRecord:
    """The record of what a person did in a calendar and the visit followed, or would follow."""
    what, message = (
        ("RESCHEDULED", "A person moved the event, and the visit follows.")
        if isinstance(edit, Reschedule)
        else ("UNSCHEDULED", "A person deleted the event, and the visit is taken off the plan.")
    )
    return JobRecord(VISIT, edit.local_id, UPDATED, None, stream.target, what, message, at)


def unchanged_record(local_id: str, at: datetime) -> JobRecord:
    """The record of something that was looked at and already right."""
    return JobRecord(VISIT, local_id, UNCHANGED, at=at)


def failed_record(
    local_id: str, target: str | None, code: str, message: str, at: datetime, *, kind: str = VISIT
) -> JobRecord:
    """The record of something that could not be done."""
    return JobRecord(kind, local_id, FAILED, None, target, code, message, at)


def needs_nothing(decisions: list[Decision]) -> bool:
    """Whether a record was looked at and already right."""
    return all(each.operation is None and each.edit is None and each.conflict is None for each in decisions)


def progress_of(records: list[JobRecord], *, done: int = 0, pushed: int = 0, unchanged: int = 0) -> Progress:
    """What these records, and ``unchanged`` more that get no row, add to their job; ``pushed`` are the writes that the
    provider accepted.
    """
    words = [record.outcome for record in records]
    counts = Counts(
        pushed=pushed,
        skipped=words.count(UNCHANGED) + unchanged,
        failed=words.count(FAILED),
        conflicts=words.count(CONFLICT),
    )
    quiet = {VISIT: unchanged} if unchanged else {}
    return Progress(done=done, counts=counts, records=tuple(records), unchanged=quiet)
