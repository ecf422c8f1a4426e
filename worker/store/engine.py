"""The engine: how each of the two databases is opened, read and written."""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Interval,
    Row,
    Table,
    create_engine,
    event,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from worker.core.errors import Invalid, StoreUnavailable
from worker.store.columns import Instant

CHUNK = 500
"""Most parameters of one IN list."""

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row of whatever was selected."""

READING = "visit_sync_reading"
BUSY_SECONDS = 10
WAL_TRIES = 100
FROZEN_SECONDS = 5
"""How long a transaction may stand still before PostgreSQL ends it; ours hold nothing but statements."""
LOCK_SECONDS = 8
"""How long a statement waits for a row on PostgreSQL. Longer than ``FROZEN_SECONDS``: a frozen holder is gone before,
so whoever waits for so long stands in a line that does not move. A request is told before its ten seconds are over; a
worker's run ends as with any passing trouble, and looks again."""
NOTICE_SILENCE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""So that a connection whose other end vanished without a word fails within 20 s."""

_deadline: ContextVar[float | None] = ContextVar("store_deadline", default=None)


@contextmanager
def store_deadline(seconds: float) -> Iterator[None]:
    """What is written in this context is committed within so many seconds, or not at all: past them ``writing`` raises
    StoreUnavailable. For whoever answers "nothing was accepted" while a thread still waits for its turn.

    A commit that began in time may end late: leave it a moment before the answer.
    """
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def _time_left() -> float:
    """Seconds that a transaction may still wait; raises StoreUnavailable where none are left."""
    deadline = _deadline.get()
    if deadline is None:
        return BUSY_SECONDS
    left = deadline - time.monotonic()
    if left <= 0:
        raise StoreUnavailable("The database is away: it had no time for this until nobody waited any more")
    return min(left, BUSY_SECONDS)


class Database:
    """One database; ``reading`` and ``writing`` are the only ways in, and a transaction lasts as long as their
    block."""

    def __init__(self, url: str) -> None:
        self.url = _checked(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(self.url) if self.is_sqlite else _postgresql(self.url)
        # A statement alone sees one moment on PostgreSQL; a transaction around several at READ COMMITTED adds nothing.
        options: dict[str, Any] = {READING: True} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._readers = self.engine.execution_options(**options)
        self._turn = Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads, and holds up nobody. Raises StoreUnavailable."""
        with _translated(), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: committed at the end of the block, rolled back if it raises or ``store_deadline`` is past.
        Raises StoreUnavailable."""
        with self._in_turn(), _translated(), self.engine.begin() as connection:
            yield connection
            _time_left()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """SQLite has one writer at a time and makes the others poll, for up to 0.1 s: our own threads queue instead."""
        left = _time_left()
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=left):
            raise StoreUnavailable("The database is away: another thread writes and does not come to an end")
        try:
            yield
        finally:
            self._turn.release()

    def ping(self) -> None:
        """One round trip to the database; raises StoreUnavailable."""
        with self.reading() as connection:
            connection.execute(select(1))

    def clock(self, ahead: timedelta = timedelta(0)) -> ColumnElement[datetime]:
        """The present for leases: the database's clock on PostgreSQL, this machine's on SQLite, which has no other."""
        if self.is_sqlite:
            return literal(datetime.now(UTC) + ahead, Instant())
        return func.clock_timestamp(type_=Instant()).op("+", return_type=Instant())(literal(ahead, Interval()))

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An INSERT that knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def upsert(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows (all with the same columns), or set these columns where the primary key is there already."""
        if not rows:
            return
        connection.execute(_upsert(self.is_sqlite, table, tuple(rows[0])), rows)

    def dispose(self) -> None:
        self.engine.dispose()

    def forked(self) -> None:
        self._turn = Lock()
        self.engine.dispose(close=False)


def chunks(values: Sequence[Any], size: int = CHUNK) -> Iterator[Sequence[Any]]:
    """The values in runs of at most ``size``."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


@cache
def _upsert(is_sqlite: bool, table: Table, columns: Sequence[str]) -> postgresql.Insert | sqlite.Insert:
    """Made once: ``excluded`` copies the table's columns, which takes longer than the statement itself."""
    keys = [column.name for column in table.primary_key.columns]
    statement = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    fields = {name: statement.excluded[name] for name in columns if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=fields)


def _checked(text: str) -> URL:
    expected = "expected sqlite:///file.db or postgresql://user:password@host/database"
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise Invalid(f"DATABASE_URL: cannot be read; {expected}", {"DATABASE_URL": expected}) from error
    backend = "postgresql" if url.drivername == "postgres" else url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and url.database not in (None, "", ":memory:"):
        return url.set(drivername="sqlite+pysqlite")
    raise Invalid(f"DATABASE_URL: {url.drivername} cannot be used; {expected}", {"DATABASE_URL": expected})


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_pre_ping=True,  # a database that was restarted meanwhile costs one round trip, not one failed sync
        pool_size=10,
        max_overflow=20,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,  # names and addresses of people
        connect_args={"connect_timeout": 5, "application_name": "visit-sync", **NOTICE_SILENCE},
    )
    event.listen(engine, "connect", _limit_waiting)
    return engine


def _limit_waiting(connection: Any, _record: object) -> None:
    # A worker that is frozen in the middle of a transaction would keep its job's row from the one that takes over, and
    # whoever waits for a row would wait for ever. Set here and not in the connection's options, which connection
    # poolers refuse.
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{FROZEN_SECONDS}s'")
        cursor.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
    connection.commit()


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, pool_size=10, max_overflow=30, pool_timeout=BUSY_SECONDS, hide_parameters=True)
    event.listen(engine, "do_connect", lambda *_: _make_private(url))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _make_private(url: URL) -> None:
    """Clients' names and addresses are in the file: it is its owner's alone, as are those that SQLite puts beside
    it.
    """
    assert url.database is not None
    # Never one that exists: closing any descriptor of a file drops every lock that SQLite holds on it in this process.
    # Where it cannot be made, connecting says so in SQLite's words.
    with suppress(OSError):
        os.close(os.open(url.database, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # sqlite3 must not begin transactions of its own: ``_begin`` does
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")  # what was answered with 202 survives a power cut
    connection.execute("PRAGMA foreign_keys = ON")


def _use_wal(connection: sqlite3.Connection) -> None:
    for _ in range(WAL_TRIES):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:  # SQLite does not wait here when another process opens the new file as well
            time.sleep(0.02)
        else:
            return


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once, whatever the busy timeout, when another wrote in
    # between.
    reads = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolExhausted) as error:
        if _is_ours(error):
            raise
        raise StoreUnavailable(f"The database is away: {_first_line(error)}") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnavailable(f"The database is away: {_first_line(error)}") from error
        raise


def _is_ours(error: Exception) -> bool:
    """Whether SQLite reports a mistake in a statement, for which it has no error of its own."""
    return isinstance(getattr(error, "orig", None), sqlite3.OperationalError) and any(
        words in str(error) for words in ("no such", "syntax error", "has no column")
    )


def _first_line(error: Exception) -> str:
    return (str(getattr(error, "orig", error)).strip() or type(error).__name__).splitlines()[0]
