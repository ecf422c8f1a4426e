"""What the source's word makes of a record: how it was, and how it is now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from worker.core.codec import decode
from worker.core.connections import FeedEntry
from worker.core.documents import Times
from worker.core.jobs import CREATED, DELETED, UNCHANGED, UPDATED, Progress
from worker.core.projections import times_of
from worker.core.records import Record, Visit, merged, same_meaning

OF_OUR_MAKING = frozenset({"team", "final_since"})
"""Fields of a visit that change with our settings and notes, though nobody changed anything at the source."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A record before (None: it was not known) and after the source's word; ``after`` is numbered once it is stored."""

    before: Record | None
    after: Record

    @property
    def outcome(self) -> str:
        """What became of the record: created, updated or deleted; unchanged where it was not there and is not."""
        was_there = self.before is not None and not self.before.deleted
        if self.after.deleted:
            return DELETED if was_there else UNCHANGED
        return UPDATED if was_there else CREATED


@dataclass(frozen=True, slots=True)
class Said:
    """What a sync says of some records that it read: to its job, and in the change feed."""

    progress: Progress
    feed: tuple[FeedEntry, ...] = ()


def revisions(known: Mapping[str, Record], told: Iterable[Record]) -> list[Revision]:
    """What ``told`` would make of records of one kind that are ``known`` by local id. A stale or illegal word, and one
    that says nothing new, makes nothing of them."""
    now = dict(known)
    changed: dict[str, Record] = {}
    for record in told:
        before = now.get(record.local_id)
        after = merged(before, record)
        if after is None:
            continue
        now[record.local_id] = after
        if not same_meaning(before, after):
            changed[record.local_id] = after
    return [Revision(known.get(local_id), after) for local_id, after in changed.items()]


def feed_entry(revision: Revision, prefix: str) -> FeedEntry | None:
    """A stored visit's revision as the change feed shows it, an event; its remote id is the local one without
    ``prefix``. None where nobody changed anything at the source."""
    after, outcome = revision.after, revision.outcome
    if outcome == UNCHANGED or (outcome == UPDATED and not _changed_there(revision)):
        return None
    shown = {} if after.deleted else _shown(after)
    remote_id = after.local_id.removeprefix(prefix)
    return FeedEntry(outcome, remote_id, f"{outcome}:{after.number}", after.local_id, after.source_time, shown)


def _changed_there(revision: Revision) -> bool:
    """Whether the source says that it changed, or shows more than what our settings made of it."""
    before, after = revision.before, revision.after
    if before is None or before.source_time != after.source_time:
        return True
    return _theirs(before) != _theirs(after)


def _theirs(record: Record) -> dict[str, Any]:
    return {name: value for name, value in record.content.items() if name not in OF_OUR_MAKING}


def _shown(record: Record) -> dict[str, Any]:
    visit = decode(Visit, {**record.content, "id": record.local_id})
    times = times_of(visit, "UTC") or Times()
    return {"summary": visit.subject, "start": _z(times.start), "end": _z(times.end), "status": "confirmed"}


def _z(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
