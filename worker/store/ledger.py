"""The ledger: folds what the source tells into the records, numbers what that changes, and moves what depends on it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from worker.core.records import INVOICE, JOB, PAYMENT, VISIT, Record, leaves_final_state, merged, same_meaning
from worker.store import numbers
from worker.store.engine import AnyRow, Database, chunks
from worker.store.tables import record_needs, records

APPLIED, UNCHANGED, STALE, ILLEGAL_MOVE, IGNORED = "applied", "unchanged", "stale", "illegal_move", "ignored"

Place = tuple[str, str, str]
"""Where a record stands: its account, kind and local id."""


@dataclass(slots=True)
class _Fold:
    """What the records become, one word of the source after the other."""

    known: dict[Place, Record]
    now: dict[Place, Record] = field(default_factory=dict)
    changed: set[Place] = field(default_factory=set)

    def take(self, place: Place, told: Record) -> str:
        """Fold in one record; returns what became of it."""
        before = self.now.get(place, self.known.get(place))
        after = merged(before, told)
        if after is None:
            assert before is not None
            return ILLEGAL_MOVE if leaves_final_state(before, told) else STALE
        self.now[place] = after
        if same_meaning(before, after):
            return UNCHANGED
        self.changed.add(place)
        return APPLIED


def receive(
    database: Database,
    connection: Connection,
    counters: Mapping[str, int],
    told: Sequence[tuple[str, Record]],
    listing: int | None = None,
) -> tuple[list[str], dict[Place, Record]]:
    """Fold in (account id, record) pairs; returns what became of each, and the changed records, numbered.

    ``counters`` are the numbers of the accounts, which the transaction holds: nobody else writes their records
    meanwhile. ``listing`` marks all that were told as present in that full reading."""
    places = [(account_id, record.kind, record.local_id) for account_id, record in told]
    fold = _Fold(_known(connection, places))
    results = [fold.take(place, record) for place, (_, record) in zip(places, told, strict=True)]
    touched = _dependents(connection, fold.changed) | _visits_paid(connection, fold)
    drawn = _numbered(counters, [*(place for place in fold.now if place in fold.changed), *sorted(touched)])
    stored = {place: replace(record, number=drawn.get(place, record.number)) for place, record in fold.now.items()}
    _write(database, connection, {place: record for place, record in stored.items() if record != fold.known.get(place)})
    _write_needs(connection, {place: (fold.known.get(place), stored[place]) for place in fold.changed})
    _renumber(connection, {place: drawn[place] for place in touched})
    if listing is not None:
        _mark(connection, places, listing)
    numbers.advance(connection, {account_id: number for (account_id, _, _), number in drawn.items()})
    return results, {place: stored[place] for place in stored if place in fold.changed}


def record_of(row: AnyRow) -> Record:
    """The record of a row of ``records``."""
    return Record(row.kind, row.local_id, row.content, row.source_time, row.told_at, row.deleted, row.number)


def _known(connection: Connection, places: Collection[Place]) -> dict[Place, Record]:
    its = records.c
    found: dict[Place, Record] = {}
    for account_id, kind, local_ids in _together(places):
        some = (its.account_id == account_id, its.kind == kind, its.local_id.in_(local_ids))
        for row in connection.execute(select(records).where(*some)):
            found[row.account_id, row.kind, row.local_id] = record_of(row)
    return found


def _dependents(connection: Connection, changed: Collection[Place]) -> set[Place]:
    """Whatever needs a changed record, or needs what needs one; without the changed ones."""
    needs = record_needs.c
    found: set[Place] = set()
    layer = set(changed)
    while layer:
        above: set[Place] = set()
        for account_id, kind, local_ids in _together(layer):
            some = (needs.account_id == account_id, needs.needed_kind == kind, needs.needed_id.in_(local_ids))
            rows = connection.execute(select(needs.account_id, needs.kind, needs.local_id).where(*some))
            above.update((row.account_id, row.kind, row.local_id) for row in rows)
        layer = above - found - set(changed)
        found |= layer
    return found


def _visits_paid(connection: Connection, fold: "_Fold") -> set[Place]:
    """The visits whose invoices changed, or what was paid for them; an invoice may come after its payments."""
    needs = record_needs.c
    found = _needed(fold, INVOICE)
    invoices = {place for place in fold.changed if place[1] == INVOICE} | _needed(fold, PAYMENT)
    for account_id, kind, local_ids in _together(invoices):
        its = (needs.account_id == account_id, needs.kind == kind, needs.local_id.in_(local_ids))
        rows = connection.execute(select(needs.needed_kind, needs.needed_id).where(*its))
        found |= {(account_id, row.needed_kind, row.needed_id) for row in rows}
    for account_id, kind, local_ids in _together(place for place in found if place[1] == JOB):
        of_jobs = (needs.account_id == account_id, needs.needed_kind == kind, needs.needed_id.in_(local_ids))
        rows = connection.execute(select(needs.local_id).where(*of_jobs, needs.kind == VISIT))
        found |= {(account_id, VISIT, row.local_id) for row in rows}
    return {place for place in found if place[1] == VISIT} - fold.changed


def _needed(fold: "_Fold", kind: str) -> set[Place]:
    """What the changed records of a kind need, and what they needed before."""
    return {
        (place[0], *needed)
        for place in fold.changed
        if place[1] == kind
        for record in (fold.known.get(place), fold.now[place])
        if record is not None
        for needed in record.needs
    }


def _numbered(counters: Mapping[str, int], places: Iterable[Place]) -> dict[Place, int]:
    """A number for each place, drawn from its account's counter; an account's last place has its highest number."""
    last = dict(counters)
    drawn: dict[Place, int] = {}
    for place in places:
        last[place[0]] += 1
        drawn[place] = last[place[0]]
    return drawn


def _write(database: Database, connection: Connection, stored: Mapping[Place, Record]) -> None:
    rows = [
        {
            "account_id": account_id,
            "kind": record.kind,
            "local_id": record.local_id,
            "content": record.content,
            "source_time": record.source_time,
            "told_at": record.told_at,
            "deleted": record.deleted,
            "number": record.number,
            "starts_at": _starts_at(record),
        }
        for (account_id, _, _), record in stored.items()
    ]
    database.upsert(connection, records, rows)


def _write_needs(connection: Connection, pairs: Mapping[Place, tuple[Record | None, Record]]) -> None:
    gone, new = [], []
    for place, (before, after) in pairs.items():
        had, has = _live_needs(before), _live_needs(after)
        gone += [_need(place, needed) for needed in had - has]
        new += [_need(place, needed) for needed in has - had]
    if gone:
        columns = record_needs.primary_key.columns
        connection.execute(delete(record_needs).where(*(column == bindparam(column.name) for column in columns)), gone)
    if new:
        connection.execute(insert(record_needs), new)


def _live_needs(record: Record | None) -> frozenset[tuple[str, str]]:
    return frozenset() if record is None or record.deleted else record.needs


def _need(place: Place, needed: tuple[str, str]) -> dict[str, str]:
    columns = ("account_id", "kind", "local_id", "needed_kind", "needed_id")
    return dict(zip(columns, (*place, *needed), strict=True))


def _renumber(connection: Connection, drawn: Mapping[Place, int]) -> None:
    _set(connection, "number", drawn)


def _mark(connection: Connection, places: Collection[Place], listing: int) -> None:
    _set(connection, "listing", dict.fromkeys(places, listing))


def _set(connection: Connection, field: str, numbers_of: Mapping[Place, int]) -> None:
    if not numbers_of:
        return
    statement = update(records).where(
        records.c.account_id == bindparam("its_account"),
        records.c.kind == bindparam("its_kind"),
        records.c.local_id == bindparam("its_id"),
        # Never back: two jobs may read one source at once, and the later one's mark stands.
        records.c[field] < bindparam("value"),
    )
    rows = [{"its_account": a, "its_kind": k, "its_id": i, "value": value} for (a, k, i), value in numbers_of.items()]
    connection.execute(statement.values({field: bindparam("value")}), rows)


def _together(places: Iterable[Place]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """The places by account and kind, each with some local ids: a list of one column is compiled once, whatever its
    length, and both databases look it up in an index; neither is true of a list of rows."""
    for (account_id, kind), same in groupby(sorted(set(places)), key=lambda place: place[:2]):
        for local_ids in chunks([local_id for _, _, local_id in same]):
            yield account_id, kind, local_ids


def _starts_at(record: Record) -> datetime | None:
    start = record.content.get("start")
    if not start:
        return None
    moment = datetime.fromisoformat(start)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
