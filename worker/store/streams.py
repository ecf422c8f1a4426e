"""Streams: where each calendar or entity of a connection stands."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, select, update

from worker.core.connections import StreamState
from worker.core.jobs import Lease
from worker.core.records import VISIT
from worker.store.engine import AnyRow, Database
from worker.store.fencing import held
from worker.store.tables import streams


class Streams:
    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure(
        self, connection_id: int, names: Collection[str], kinds: Mapping[str, str] | None = None
    ) -> dict[str, StreamState]:
        """The states of these streams by name, new ones without a cursor; ``kinds`` are the kinds of record that they
        show, visits where it does not say."""
        known = self.all(connection_id)
        missing = [name for name in names if name not in known]
        if missing:
            kinds = kinds or {}
            rows = [
                {"connection_id": connection_id, "name": name, "kind": kinds.get(name, VISIT)}
                for name in sorted(missing)
            ]
            with self._database.writing() as connection:
                connection.execute(self._database.insert(streams).on_conflict_do_nothing(), rows)
            known = self.all(connection_id)
        return {name: known[name] for name in names}

    def all(self, connection_id: int) -> dict[str, StreamState]:
        """Every stream that the connection ever had, by name."""
        statement = select(streams).where(streams.c.connection_id == connection_id).order_by(streams.c.id)
        with self._database.reading() as connection:
            return {row.name: _state(row) for row in connection.execute(statement)}

    def begin_listing(self, lease: Lease, stream_id: int) -> int:
        """The number of the full reading that starts now."""
        statement = update(streams).where(streams.c.id == stream_id).values(listing=streams.c.listing + 1)
        with self._database.writing() as connection:
            held(connection, lease)
            return int(connection.execute(statement.returning(streams.c.listing)).scalar_one())

    def forget_cursor(self, lease: Lease, stream_id: int) -> None:
        """Have the next reading be a full one."""
        with self._database.writing() as connection:
            held(connection, lease)
            connection.execute(update(streams).where(streams.c.id == stream_id).values(cursor=None))

    def save_cursor(self, lease: Lease, stream_id: int, cursor: str, now: datetime) -> None:
        """Go on from ``cursor`` next time."""
        with self._database.writing() as connection:
            held(connection, lease)
            write_cursor(connection, stream_id, cursor, now)


def write_cursor(connection: Connection, stream_id: int, cursor: str, now: datetime) -> None:
    """``Streams.save_cursor`` inside a transaction that has checked the lease."""
    connection.execute(update(streams).where(streams.c.id == stream_id).values(cursor=cursor, read_at=now))


def _state(row: AnyRow) -> StreamState:
    return StreamState(row.id, row.name, row.cursor, row.listing, row.read_at, row.kind)
