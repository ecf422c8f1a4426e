"""Arrivals: payments that others recorded in the books, until the source knows them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from worker.core import books
from worker.core.arrivals import Arrival, Entry
from worker.core.codec import decode, encode
from worker.core.connections import StreamState
from worker.core.documents import from_json, to_json
from worker.core.jobs import Lease, Progress
from worker.core.observation import Observed
from worker.core.records import PAYMENT
from worker.store import tallying
from worker.store.engine import AnyRow, Database, chunks
from worker.store.fencing import held
from worker.store.tables import arrivals, streams


class Arrivals:
    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self, connection_id: int, after: str = "", limit: int = 200) -> list[Arrival]:
        """Payments of which the source is to be told something, by remote id from ``after`` on."""
        columns = (arrivals, streams.c.name.label("stream"))
        statement = select(*columns).join(streams, streams.c.id == arrivals.c.stream_id)
        its = (arrivals.c.connection_id == connection_id, arrivals.c.pending, arrivals.c.remote_id > after)
        with self._database.reading() as connection:
            rows = connection.execute(statement.where(*its).order_by(arrivals.c.remote_id).limit(limit))
            return [_arrival(row) for row in rows]

    def settle(
        self,
        lease: Lease,
        arrival: Arrival,
        progress: Progress,
        *,
        done: bool,
        refused: tuple[str, str, datetime] | None = None,
    ) -> None:
        """Keep what the source has of it by now; ``done``: it knows all that it takes. ``refused`` is the code, the
        sentence and the moment of what it did not take, which stands until that changes."""
        reason, message, since = refused or (None, None, None)
        said = {"reason": reason, "message": message, "since": since}
        entries = [encode(entry) for entry in arrival.entries]
        stream = select(streams.c.id).where(streams.c.name == arrival.stream)
        with self._database.writing() as connection:
            its_stream = stream.where(streams.c.connection_id == held(connection, lease).connection_id)
            its_row = (arrivals.c.stream_id == its_stream.scalar_subquery(), arrivals.c.remote_id == arrival.remote_id)
            connection.execute(update(arrivals).where(*its_row).values(entries=entries, pending=not done, **said))
            tallying.add(connection, lease, progress)

    def reopen(self, lease: Lease, connection_id: int, remote_ids: Collection[str]) -> int:
        """Have the source told of these payments, where others made them; returns how many that are."""
        reopened = 0
        with self._database.writing() as connection:
            held(connection, lease)
            for some in chunks(sorted(remote_ids)):
                its = (arrivals.c.connection_id == connection_id, arrivals.c.remote_id.in_(some))
                reopened += connection.execute(update(arrivals).where(*its).values(pending=True)).rowcount
        return reopened

    def reopen_refused(self, lease: Lease, connection_id: int) -> None:
        """Have the source asked again about what it refused: somebody may have seen to it."""
        refused = (arrivals.c.connection_id == connection_id, arrivals.c.reason.is_not(None))
        with self._database.writing() as connection:
            held(connection, lease)
            connection.execute(update(arrivals).where(*refused).values(pending=True))


def note(
    database: Database, connection: Connection, connection_id: int, stream: StreamState, observed: Observed
) -> None:
    """Have the source told of the foreign payments that a page showed; of one that went, where we knew it: what waits
    to be told of it would not be true any more."""
    if stream.kind != PAYMENT or not observed.foreign:
        return
    known = _known(connection, stream.id, [change.remote_id for change in observed.foreign])
    rows: list[dict[str, Any]] = []
    for change in observed.foreign:
        entries = known.get(change.remote_id, [])
        if isinstance(change.document, books.Payment) or change.remote_id in known:
            document = None if change.document is None else to_json(change.document)
            place = {"stream_id": stream.id, "remote_id": change.remote_id, "connection_id": connection_id}
            rows.append({**place, "document": document, "entries": entries, "pending": True})
    database.upsert(connection, arrivals, rows)


def _known(connection: Connection, stream_id: int, remote_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for some in chunks(sorted(set(remote_ids))):
        its = (arrivals.c.stream_id == stream_id, arrivals.c.remote_id.in_(some))
        rows = connection.execute(select(arrivals.c.remote_id, arrivals.c.entries).where(*its))
        found.update((row.remote_id, row.entries) for row in rows)
    return found


def _arrival(row: AnyRow) -> Arrival:
    document = None if row.document is None else from_json(row.document)
    assert document is None or isinstance(document, books.Payment)
    return Arrival(row.stream, row.remote_id, document, tuple(decode(Entry, entry) for entry in row.entries))
