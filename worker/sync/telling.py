"""What a sync of a source says of its reading: how far it is, what became of each record, and what others changed."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from worker.core.connections import FeedEntry
from worker.core.jobs import UNCHANGED, Counts, JobRecord, Progress
from worker.core.ports import Manifest
from worker.core.records import Record
from worker.core.revisions import Revision, Said, feed_entry
from worker.store.pulls import Say


@dataclass
class Telling:
    """Counts what one job reads of the source of ``manifest``.

    ``recorded`` names, by kind, the records of which an earlier worker of this job has told what became of them: they
    are not found unchanged on top. ``done`` are the rows that were read, ``expected`` what there is to read as far as
    the source says so.
    """

    manifest: Manifest
    now: Callable[[], datetime]
    recorded: Mapping[str, Collection[str]] = field(default_factory=dict)
    done: int = 0
    expected: int = 0
    _begun: int = 0

    def begin(self) -> None:
        """Another list is read from now on."""
        self._begun = self.expected = self.done

    def of_page(self, told: Sequence[Record], total: int | None = None) -> Say:
        """What is to be said of a page; ``total`` is how many rows its list has, None where the source does not say.
        Every revision gets a record of the job, and where the source is only ever read an entry in the feed."""
        self.done += len(told)
        self.expected = max(self.expected, self.done, self._begun + (total or 0))

        def say(revisions: Sequence[Revision]) -> Said:
            progress = self._progress(told, revisions)
            counts = replace(progress.counts, pulled=len(revisions))
            return Said(replace(progress, counts=counts), self._feed(revisions))

        return say

    def planned(self, told: Sequence[Record], revisions: Sequence[Revision], total: int | None) -> Progress:
        """What a dry run says of a page: nothing is taken in, and another worker of the same job repeats nothing."""
        self.of_page(told, total)
        return self._progress(told, [each for each in revisions if not self._is_recorded(each.after)])

    def _progress(self, told: Sequence[Record], revisions: Sequence[Revision]) -> Progress:
        at = self.now()
        records = tuple(self._record(each, at) for each in revisions if each.outcome != UNCHANGED)
        changed = {(record.kind, record.local_id) for record in records}
        same = {(each.kind, each.local_id) for each in told if not self._is_recorded(each)} - changed
        unchanged = Counter(kind for kind, _ in same)
        return Progress(len(told), self.expected, Counts(skipped=len(same)), records, unchanged)

    def _record(self, revision: Revision, at: datetime) -> JobRecord:
        after, prefix = revision.after, self.manifest.prefix
        remote_id = after.local_id.removeprefix(prefix) if prefix else None
        return JobRecord(after.kind, after.local_id, revision.outcome, remote_id, at=at)

    def _feed(self, revisions: Sequence[Revision]) -> tuple[FeedEntry, ...]:
        if not self.manifest.pulled:
            return ()
        entries = (feed_entry(revision, self.manifest.prefix) for revision in revisions)
        return tuple(entry for entry in entries if entry is not None)

    def _is_recorded(self, record: Record) -> bool:
        return record.local_id in self.recorded.get(record.kind, ())
