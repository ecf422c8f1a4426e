"""The feed: what others changed at the provider, in order."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select

from worker.core.connections import FeedEntry
from worker.core.jobs import Job
from worker.store.columns import Instant
from worker.store.engine import AnyRow, Database
from worker.store.tables import arrivals, changes, links


@dataclass(frozen=True, slots=True)
class SeenChange:
    """A change with its place in the account's order of commits, and the sync that saw it on ``target``."""

    number: int
    job_id: str
    target: str
    seen_at: datetime
    entry: FeedEntry


class Feed:
    def __init__(self, database: Database) -> None:
        self._database = database

    def changes(
        self, connection_id: int, after: int = 0, limit: int = 100, since: datetime | None = None
    ) -> list[SeenChange]:
        """Changes with a number above ``after``, oldest first; with ``since``, those seen from then on. Going on from
        the last number gives each exactly once; so does going on from ``Plans.latest`` as it was before, where there
        were no more."""
        statement = select(changes).where(changes.c.connection_id == connection_id, changes.c.number > after)
        if since is not None:
            statement = statement.where(changes.c.seen_at >= since)
        with self._database.reading() as connection:
            return [_seen(row) for row in connection.execute(statement.order_by(changes.c.number).limit(limit))]

    def attention(self, connection_id: int) -> dict[str, int]:
        """How many records wait for a person, by reason, each once however many streams should show it."""
        its = (links.c.connection_id == connection_id, links.c.reason.is_not(None))
        records = func.count((links.c.kind + ":" + links.c.local_id).distinct()).label("records")
        statement = select(links.c.reason, records).where(*its).group_by(links.c.reason)
        refused = (arrivals.c.connection_id == connection_id, arrivals.c.reason.is_not(None))
        payments = select(arrivals.c.reason, func.count().label("records")).where(*refused).group_by(arrivals.c.reason)
        found: Counter[str] = Counter()
        with self._database.reading() as connection:
            for row in (*connection.execute(statement), *connection.execute(payments)):
                found[row.reason] += row.records
        return dict(found)

    def troubles(self, connection_id: int, limit: int) -> list[dict[str, Any]]:
        """What is wrong with records now, the newest first: ``code``, ``message``, ``since`` and the ``record``."""
        its = (links.c.connection_id == connection_id, links.c.reason.is_not(None))
        since = func.min(links.c.since, type_=Instant()).label("since")
        columns = (links.c.reason.label("code"), links.c.local_id.label("record"))
        told = select(*columns, func.min(links.c.message).label("message"), since).where(*its).group_by(*columns)
        newest = told.order_by(since.desc(), columns[1]).limit(limit)
        refused = (arrivals.c.connection_id == connection_id, arrivals.c.reason.is_not(None))
        named = (arrivals.c.reason.label("code"), arrivals.c.remote_id.label("record"))
        payments = select(*named, arrivals.c.message, arrivals.c.since).where(*refused)
        with self._database.reading() as connection:
            of_payments = connection.execute(payments.order_by(arrivals.c.since.desc()).limit(limit)).all()
            found = [*of_payments, *connection.execute(newest)]
        return [dict(row._mapping) for row in found][:limit]

    def forget(self, before: datetime) -> int:
        """Drop changes seen before then; returns how many."""
        with self._database.writing() as connection:
            return connection.execute(delete(changes).where(changes.c.seen_at < before)).rowcount


def append(  # noqa: PLR0917 - what a row is made of
    database: Database,
    connection: Connection,
    job: Job,
    stream_id: int,
    numbered: Iterable[tuple[FeedEntry, int]],
    target: str,
    now: datetime,
) -> None:
    """Add entries with their numbers, inside a transaction that has checked the lease of ``job``; those that are there
    already, by stream, remote id and version, stay as they were."""
    whose = {"account_id": job.account_id, "connection_id": job.connection_id, "job_id": job.id}
    seen = {**whose, "stream_id": stream_id, "target": target, "seen_at": now}
    rows = [{**seen, **_columns(entry), "number": number} for entry, number in numbered]
    if rows:
        connection.execute(database.insert(changes).on_conflict_do_nothing(), rows)


def _columns(entry: FeedEntry) -> dict[str, Any]:
    return {field.name: getattr(entry, field.name) for field in fields(entry)}


def _seen(row: AnyRow) -> SeenChange:
    entry = FeedEntry(row.action, row.remote_id, row.version, row.local_id, row.changed_at, row.shown)
    return SeenChange(row.number, row.job_id, row.target, row.seen_at, entry)
