"""Records: what the source last told, numbered in the order of commits."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Text, and_, func, select, type_coerce, union

from worker.core.codec import decode
from worker.core.jobs import Lease
from worker.core.projections import VisitView
from worker.core.records import CLIENT, JOB, VISIT, Client, Job, Origin, Record, Visit
from worker.store import ledger, numbers, takings
from worker.store.columns import to_text
from worker.store.engine import Database, chunks
from worker.store.fencing import held
from worker.store.tables import record_needs, records

T = TypeVar("T")
EVERYBODYS = Origin()


class Records:
    def __init__(self, database: Database) -> None:
        self._database = database

    def receive(
        self, account_id: str, records: Sequence[Record], lease: Lease | None = None, listing: int | None = None
    ) -> list[Record]:
        """Take in what the source told, in one transaction; returns what that changed, merged and numbered.

        Stale and illegal ones are left out. Records that need a changed one (through others too) get a new number
        with it. ``listing`` marks all that were told as present in that full reading, changed or not."""
        if not records:
            return []
        told = [(account_id, record) for record in records]
        with self._database.writing() as connection:
            if lease is not None:
                held(connection, lease)
            counters = numbers.hold(connection, [account_id])
            _, changed = ledger.receive(self._database, connection, counters, told, listing)
        return list(changed.values())

    def get_many(self, account_id: str, kind: str, local_ids: Collection[str]) -> dict[str, Record]:
        """The known ones of these, deleted ones too, by local id."""
        with self._database.reading() as connection:
            return _known(connection, account_id, kind, local_ids)

    def views(self, account_id: str, visit_ids: Collection[str]) -> dict[str, VisitView | None]:
        """Each visit with its job and client (the job's client where the visit names none); None for a deleted or
        unknown visit. A deleted job or client is still shown as it was. Three statements for every 500 visits."""
        found: dict[str, VisitView | None] = dict.fromkeys(visit_ids)
        with self._database.reading() as connection:
            for some in chunks(list(found)):
                found.update(_views(connection, account_id, some))
        return found

    def missing_needs(self, account_id: str, visit_ids: Collection[str]) -> dict[str, set[str]]:
        """Local ids, by kind, of what these visits or their jobs need and the source has not told yet."""
        missing: dict[str, set[str]] = {}
        with self._database.reading() as connection:
            for some in chunks(sorted(set(visit_ids))):
                for row in connection.execute(_missing(account_id, some)):
                    missing.setdefault(row.needed_kind, set()).add(row.needed_id)
        return missing

    def paid_for(self, account_id: str, visit_ids: Collection[str]) -> dict[str, Decimal]:
        """What came in on the invoices of these visits; those of which nothing is known are not there.

        An invoice that names no visit is that of its job's only visit. The payments count, and where none is known what
        the invoice says of them. Two statements for every 500 visits.
        """
        with self._database.reading() as connection:
            return takings.of_visits(connection, account_id, visit_ids)

    def naming(self, account_id: str, kind: str, field: str, local_id: str, limit: int = 100) -> list[Record]:
        """Records of a kind, deleted ones too, whose ``field`` is this local id, the newest first. It looks through all
        of the kind: for people's questions, not for syncs."""
        words = to_text({field: local_id})[1:-1]  # as the column writes it
        its = and_(records.c.account_id == account_id, records.c.kind == kind)
        found = select(records).where(its, type_coerce(records.c.content, Text).contains(words, autoescape=True))
        with self._database.reading() as connection:
            rows = connection.execute(found.order_by(records.c.number.desc()))
            naming = (each for each in map(ledger.record_of, rows) if each.content.get(field) == local_id)
            return list(islice(naming, limit))

    def absent_from(
        self,
        account_id: str,
        kind: str,
        listing: int,
        *,
        window: tuple[datetime, datetime] | None = None,
        after: str = "",
        limit: int = 500,
        mine: Origin = EVERYBODYS,
    ) -> list[Record]:
        """Live records that the full reading ``listing`` did not tell, by local id from ``after`` on; with a ``window``
        (UTC instants, from start to before end) only those that start in it."""
        live = _live(account_id, kind, window, mine)
        statement = select(records).where(live, records.c.listing < listing, records.c.local_id > after)
        with self._database.reading() as connection:
            rows = connection.execute(statement.order_by(records.c.local_id).limit(limit))
            return [ledger.record_of(row) for row in rows]

    def count_absent(
        self,
        account_id: str,
        kind: str,
        listing: int,
        window: tuple[datetime, datetime] | None = None,
        mine: Origin = EVERYBODYS,
    ) -> int:
        """How many live records the full reading ``listing`` did not tell; with a ``window``, that start in it."""
        absent = and_(_live(account_id, kind, window, mine), records.c.listing < listing)
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(records).where(absent)).scalar_one()

    def count_live(
        self,
        account_id: str,
        kind: str,
        window: tuple[datetime, datetime] | None = None,
        mine: Origin = EVERYBODYS,
    ) -> int:
        """How many live records there are; with a ``window``, that start in it."""
        statement = select(func.count()).select_from(records).where(_live(account_id, kind, window, mine))
        with self._database.reading() as connection:
            return connection.execute(statement).scalar_one()


def _live(account_id: str, kind: str, window: tuple[datetime, datetime] | None, mine: Origin) -> Any:
    its = [records.c.local_id.startswith(mine.prefix, autoescape=True)] if mine.prefix else []
    its += [~records.c.local_id.startswith(other, autoescape=True) for other in mine.others if not mine.prefix]
    live = and_(records.c.account_id == account_id, records.c.kind == kind, ~records.c.deleted, *its)
    if window is None:
        return live
    return and_(live, records.c.starts_at >= window[0], records.c.starts_at < window[1])


def _known(connection: Connection, account_id: str, kind: str, local_ids: Collection[str]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for some in chunks(sorted(set(local_ids))):
        its = and_(records.c.account_id == account_id, records.c.kind == kind, records.c.local_id.in_(some))
        found.update((row.local_id, ledger.record_of(row)) for row in connection.execute(select(records).where(its)))
    return found


def _views(connection: Connection, account_id: str, visit_ids: Collection[str]) -> dict[str, VisitView]:
    told = _known(connection, account_id, VISIT, visit_ids)
    visits = {key: decode(Visit, _named(record)) for key, record in told.items() if not record.deleted}
    jobs = _all(Job, _known(connection, account_id, JOB, {visit.job_id for visit in visits.values() if visit.job_id}))
    client_ids = {key: _client_id(visit, jobs.get(visit.job_id or "")) for key, visit in visits.items()}
    clients = _all(Client, _known(connection, account_id, CLIENT, {name for name in client_ids.values() if name}))
    return {
        key: VisitView(visit, jobs.get(visit.job_id or ""), clients.get(client_ids[key] or ""))
        for key, visit in visits.items()
    }


def _all(kind: type[T], told: Mapping[str, Record]) -> dict[str, T]:
    return {key: decode(kind, _named(record)) for key, record in told.items()}


def _named(record: Record) -> dict[str, Any]:
    return {**record.content, "id": record.local_id}


def _client_id(visit: Visit, job: Job | None) -> str | None:
    return visit.client_id or (job.client_id if job else None)


def _missing(account_id: str, visit_ids: Sequence[str]) -> Any:
    """What the visits need, and what the jobs among that need, as far as no record tells of it."""
    first, second = record_needs.alias("first"), record_needs.alias("second")
    of_visits = and_(first.c.account_id == account_id, first.c.kind == VISIT, first.c.local_id.in_(visit_ids))
    through = and_(
        second.c.account_id == first.c.account_id,
        second.c.kind == first.c.needed_kind,
        second.c.local_id == first.c.needed_id,
    )
    needed = union(
        select(first.c.needed_kind, first.c.needed_id).where(of_visits),
        select(second.c.needed_kind, second.c.needed_id).join_from(first, second, through).where(of_visits),
    ).subquery()
    known = and_(
        records.c.account_id == account_id,
        records.c.kind == needed.c.needed_kind,
        records.c.local_id == needed.c.needed_id,
    )
    return select(needed).outerjoin(records, known).where(records.c.local_id.is_(None))
