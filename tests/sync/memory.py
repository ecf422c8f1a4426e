"""A calendar and a FieldCamp in memory, as strict as the real ones and as unreliable as a test asks for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.core.codec import encode
from worker.core.documents import CalendarEvent, Times
from worker.core.edits import Edit, Edited, Reschedule
from worker.core.errors import (
    ConnectionRevoked,
    CursorExpired,
    Gone,
    Rejected,
    SyncError,
    Transient,
    Uncertain,
    VersionConflict,
)
from worker.core.ports import (
    Change,
    Create,
    Delete,
    Done,
    EditOutcome,
    Failed,
    Key,
    Operation,
    Outcome,
    Page,
    SourcePage,
    Stream,
    Update,
)
from worker.core.records import VISIT, Record, Visit
from worker.core.visits import VisitStatus


class Died(BaseException):
    """The process was killed here: nothing after it runs, and nothing catches it."""


@dataclass
class Entry:
    """An object on a calendar; ``event`` is None once it is deleted, for ids are never used twice."""

    remote_id: str
    version: int
    event: CalendarEvent | None
    key: Key | None = None
    changed: int = 0


@dataclass
class MemoryCalendars:
    """Calendars by name. ``hooks`` run once each, in turn, around an apply: they may raise or start another worker."""

    names: tuple[str, ...]
    entries: dict[str, dict[str, Entry]] = field(default_factory=dict)
    clock: int = 0
    oldest_cursor: int = 0
    before_apply: list[Callable[[], None]] = field(default_factory=list)
    after_apply: list[Callable[[], None]] = field(default_factory=list)
    lose_answers: int = 0
    refuse_titles: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    revoked: bool = False
    writes: int = 0
    reads: int = 0
    touched: set[str] = field(default_factory=set)
    """The local ids of events of ours that a person changed or deleted."""

    def __post_init__(self) -> None:
        for name in self.names:
            self.entries.setdefault(name, {})

    def live(self, name: str) -> dict[str, Entry]:
        return {entry.remote_id: entry for entry in self.entries[name].values() if entry.event is not None}

    def ours(self, name: str) -> dict[str, CalendarEvent]:
        """The live events that are ours, by local id; fails where a record shows twice."""
        found: dict[str, CalendarEvent] = {}
        for entry in self.live(name).values():
            if entry.key is not None and entry.event is not None:
                assert entry.key.local_id not in found, f"{entry.key.local_id} is on {name} twice"
                found[entry.key.local_id] = entry.event
        return found

    def put(self, name: str, entry: Entry) -> None:
        self.clock += 1
        self.entries[name][entry.remote_id] = replace(entry, version=self.clock, changed=self.clock)

    def person_moves(self, name: str, remote_id: str, times: Times) -> None:
        entry = self._touch(name, remote_id)
        assert entry.event is not None
        self.put(name, replace(entry, event=entry.event.moved_to(times)))

    def person_retitles(self, name: str, remote_id: str, title: str) -> None:
        entry = self.entries[name][remote_id]
        assert entry.event is not None
        self.put(name, replace(entry, event=replace(entry.event, title=title)))

    def person_deletes(self, name: str, remote_id: str) -> None:
        self.put(name, replace(self._touch(name, remote_id), event=None))

    def _touch(self, name: str, remote_id: str) -> Entry:
        entry = self.entries[name][remote_id]
        if entry.key is not None:
            self.touched.add(entry.key.local_id)
        return entry

    def person_adds(self, name: str, event: CalendarEvent) -> None:
        self.put(name, Entry(f"private{self.clock}", 0, event))

    def expire_cursors(self) -> None:
        """Every cursor is too old from now on, and what was deleted leaves no trace in a full listing."""
        self.clock += 1
        self.oldest_cursor = self.clock


@dataclass
class MemoryProvider:
    """The provider port over ``MemoryCalendars``."""

    calendars: MemoryCalendars
    routes: dict[str, frozenset[str] | None]
    page_size: int = 3

    def streams(self) -> Sequence[Stream]:
        return [Stream(name, name, team) for name, team in self.routes.items()]

    def changes(self, stream: Stream, cursor: str | None) -> Iterator[Page]:
        self.calendars.reads += 1
        if self.calendars.revoked:
            raise ConnectionRevoked("the grant is gone")
        if stream.name in self.calendars.unreadable:
            raise Rejected("the calendar is not shared with us", code="notFound")
        since = int(cursor) if cursor else None
        if since is not None and since < self.calendars.oldest_cursor:
            raise CursorExpired("too old")
        upto = self.calendars.clock
        entries = sorted(self.calendars.entries[stream.name].values(), key=lambda entry: entry.changed)
        if since is None:
            entries = [entry for entry in entries if entry.event is not None]
        else:
            entries = [entry for entry in entries if entry.changed > since]
        for start in range(0, len(entries), self.page_size):
            yield Page([_change(entry) for entry in entries[start : start + self.page_size]])
        yield Page((), cursor=str(upto), complete=since is None)

    def apply(self, stream: Stream, operations: Sequence[Operation]) -> Sequence[Outcome]:
        _run(self.calendars.before_apply)
        outcomes = [self._one(stream.name, operation) for operation in operations]
        if self.calendars.lose_answers:
            self.calendars.lose_answers -= 1
            outcomes = [Failed(Uncertain("the answer was lost")) for _ in operations]
        _run(self.calendars.after_apply)
        return outcomes

    def close(self) -> None: ...

    def _one(self, name: str, operation: Operation) -> Outcome:
        self.calendars.writes += 1
        try:
            return self._carry_out(name, operation)
        except SyncError as error:
            return Failed(error)

    def _carry_out(self, name: str, operation: Operation) -> Outcome:
        if not isinstance(operation, Delete) and operation.document.title in self.calendars.refuse_titles:
            raise Rejected("this title is refused", code="invalid")
        if isinstance(operation, Create):
            return self._create(name, operation)
        entry = self.calendars.entries[name][operation.remote_id]
        if entry.event is None:
            if isinstance(operation, Delete):
                return Done(entry.remote_id)
            raise Gone("deleted")
        if operation.version is not None and operation.version != str(entry.version):
            raise VersionConflict("changed meanwhile")
        document = operation.document if isinstance(operation, Update) else None
        self.calendars.put(name, replace(entry, event=document))
        return Done(entry.remote_id, str(self.calendars.entries[name][entry.remote_id].version))

    def _create(self, name: str, operation: Create) -> Outcome:
        remote_id = f"{operation.key}@{name}"
        known = self.calendars.entries[name].get(remote_id)
        if known is not None and known.event is None:
            raise Gone("this id is used up")
        if known is None or known.event != operation.document:
            self.calendars.put(name, Entry(remote_id, 0, operation.document, operation.key))
        return Done(remote_id, str(self.calendars.entries[name][remote_id].version))


def _change(entry: Entry) -> Change:
    if entry.event is None:
        return Change(entry.remote_id)
    shown: dict[str, Any] = {"summary": entry.event.title}
    return Change(entry.remote_id, str(entry.version), entry.key, entry.event, None, shown)


def _run(hooks: list[Callable[[], None]]) -> None:
    if hooks:
        hooks.pop(0)()


START = datetime(2026, 5, 29, 8, tzinfo=UTC)


@dataclass
class MemorySource:
    """FieldCamp's visits; each change is an event that a test delivers when it likes, twice, or never."""

    visits: dict[str, Visit] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)
    told: list[Record] = field(default_factory=list)
    clock: datetime = START
    refuse_moves: set[str] = field(default_factory=set)
    away: bool = False
    refused_lists: set[str] = field(default_factory=set)
    others: dict[tuple[str, str], Record] = field(default_factory=dict)
    """Jobs and clients, by kind and local id."""
    edits: int = 0
    edited: set[str] = field(default_factory=set)

    def tell(self, visit: Visit | None, local_id: str) -> Record:
        """Change a visit (None: delete it), and the record of that as an event carries it."""
        self.clock += timedelta(seconds=1)
        if visit is None:
            self.visits.pop(local_id, None)
            record = Record(VISIT, local_id, {}, self.clock, self.clock, deleted=True)
        else:
            self.visits[local_id] = visit
            record = self._record(local_id)
        self.times[local_id] = self.clock
        self.told.append(record)
        return record

    def _record(self, local_id: str) -> Record:
        when = self.times.get(local_id, self.clock) if local_id not in self.visits else self.clock
        return Record(VISIT, local_id, encode(self.visits[local_id]), when, when)

    def current(self, local_id: str) -> Record:
        when = self.times[local_id]
        if local_id not in self.visits:
            return Record(VISIT, local_id, {}, when, when, deleted=True)
        return Record(VISIT, local_id, encode(self.visits[local_id]), when, when)

    def changes(self, kind: str, cursor: str | None) -> Iterator[SourcePage]:
        if self.away:
            raise Transient("FieldCamp is away")
        if kind in self.refused_lists:
            raise Rejected("there is no such list", code="SOURCE_REFUSED")
        records = [self.current(local_id) for local_id in self.visits] if kind == VISIT else []
        window = (START - timedelta(days=999), START + timedelta(days=999)) if kind == VISIT else None
        yield SourcePage(records, cursor="1", window=window)

    def look_up(self, kind: str, local_ids: Sequence[str]) -> Sequence[Record]:
        if self.away:
            raise Transient("FieldCamp is away")
        if kind != VISIT:
            return [self.others[kind, local_id] for local_id in local_ids if (kind, local_id) in self.others]
        return [self.current(local_id) for local_id in local_ids if local_id in self.times]

    def apply(self, edits: Sequence[Edit]) -> Sequence[EditOutcome]:
        if self.away:
            raise Transient("FieldCamp is away")
        return [self._apply(edit) for edit in edits]

    def close(self) -> None: ...

    def _apply(self, edit: Edit) -> EditOutcome:
        self.edits += 1
        self.edited.add(edit.local_id)
        if edit.local_id in self.refuse_moves or edit.local_id not in self.visits:
            return Failed(Rejected("the crew is booked", code="CREW_BOOKED"))
        visit = self.visits[edit.local_id]
        if isinstance(edit, Reschedule):
            moved = replace(visit, start=edit.times.start, end=edit.times.end, any_time=False)
        else:
            moved = replace(visit, status=VisitStatus.UNSCHEDULED, start=None, end=None)
        return Edited(self.tell(moved, edit.local_id))
