"""A database that is away is said to be away, and is used again when it is back."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tests.servers.postgres import NoPostgres, Postgres
from tests.store.things import NOON, at_once, event, visit
from worker.core.errors import StoreUnavailable
from worker.core.jobs import JobRequest
from worker.store import Store, engine, open_store, store_deadline
from worker.store.engine import Database
from worker.store.migrations import LOCK


@pytest.fixture
def server() -> Iterator[Postgres]:
    server = Postgres()
    try:
        server.start()
    except NoPostgres as reason:
        pytest.skip(str(reason))
    yield server
    server.remove()


@pytest.fixture
def remote(server: Postgres, keys: list[str]) -> Iterator[Store]:
    """A store on a server that may be stopped."""
    store = open_store(server.create("visits"), keys)
    store.upgrade()
    yield store
    store.dispose()


def test_a_server_that_stops_and_comes_back_is_used_again(server: Postgres, remote: Store) -> None:
    store = remote
    account, _, _ = store.accounts.create("Acme", NOON)
    server.stop()
    for ask in (store.ping, store.accounts.all, lambda: store.inbox.take([event(account.id, "e1")], NOON, NOON)):
        with pytest.raises(StoreUnavailable):
            ask()
    server.start()
    store.ping()
    assert store.inbox.take([event(account.id, "e1", visit())], NOON, NOON) == [False]


def test_a_file_that_cannot_be_opened_is_a_database_that_is_away(tmp_path: Path, keys: list[str]) -> None:
    store = open_store(f"sqlite:///{tmp_path}/nowhere/visits.db", keys)
    with pytest.raises(StoreUnavailable):
        store.ping()
    store.dispose()


def test_a_mistake_in_a_statement_is_not_a_database_that_is_away(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(SQLAlchemyError), database.reading() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    database.dispose()


def test_readers_hold_up_no_writer_and_see_one_moment(database_url: str) -> None:
    database = Database(database_url)
    with database.reading() as reader:
        reader.execute(text("SELECT count(*) FROM accounts")).scalar_one()
        with database.writing() as writer:
            writer.execute(text("DELETE FROM accounts"))
    database.dispose()


def test_sixteen_writers_at_once_all_come_through(database_url: str, keys: list[str]) -> None:
    store = open_store(database_url, keys)
    account, _, _ = store.accounts.create("Acme", NOON)

    def write(writer: int) -> list[bool]:
        moment = NOON + timedelta(seconds=writer)
        return [
            duplicate
            for place in range(10)
            for duplicate in store.inbox.take([event(account.id, f"e{writer}-{place}", visit())], moment, moment)
        ]

    assert at_once(16, write) == [[False] * 10] * 16
    store.dispose()


@contextmanager
def occupied(url: str, lock: str = "LOCK TABLE jobs IN EXCLUSIVE MODE") -> Iterator[None]:
    """Somebody else's transaction stands in the way of every writer, until the end of the block."""
    database = Database(url)
    with database.writing() as transaction:
        if not database.is_sqlite:
            transaction.execute(text(lock))
        yield
    database.dispose()


def test_what_waits_past_its_deadline_is_not_written_when_its_turn_comes(database_url: str, store: Store) -> None:
    account, _, _ = store.accounts.create("Acme", NOON)
    names = ("google_calendar", "outlook_calendar", "fieldcamp")
    connections = [store.connections.connect(account.id, name, {}, {"": {"token": "x"}}, NOON) for name in names]

    def ask(place: int) -> None:
        with store_deadline(0.4):
            store.jobs.request(connections[place], JobRequest(), NOON)

    with ThreadPoolExecutor(1) as others:
        with occupied(database_url):
            asking = others.submit(at_once, 3, ask)
            time.sleep(0.8)
        assert [type(answer) for answer in asking.result(10)] == [StoreUnavailable] * 3
    assert store.jobs.listed(account.id) == []
    with store_deadline(5):
        assert store.jobs.request(connections[0], JobRequest(), NOON)


def test_a_deadline_that_passes_in_a_transaction_leaves_nothing_of_it(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as transaction:
        transaction.execute(text("CREATE TABLE things (name TEXT)"))
    try:
        with pytest.raises(StoreUnavailable), store_deadline(0.2), database.writing() as transaction:
            transaction.execute(text("INSERT INTO things VALUES ('late')"))
            time.sleep(0.3)
        with pytest.raises(StoreUnavailable), store_deadline(-1), database.writing():
            pytest.fail("nobody waits any more")
        with database.reading() as reader:
            assert reader.execute(text("SELECT name FROM things")).all() == []
    finally:
        with database.writing() as transaction:
            transaction.execute(text("DROP TABLE things"))
        database.dispose()


def test_nobody_waits_for_a_turn_longer_than_the_deadline(tmp_path: Path) -> None:
    database, begun, over = Database(f"sqlite:///{tmp_path}/visits.db"), threading.Event(), threading.Event()

    def hold() -> None:
        with database.writing():
            begun.set()
            over.wait(10)

    with ThreadPoolExecutor(1) as others:
        holding = others.submit(hold)
        assert begun.wait(10)
        started = time.monotonic()
        with pytest.raises(StoreUnavailable), store_deadline(0.3), database.writing():
            pytest.fail("the turn is another's")
        assert time.monotonic() - started < 3
        over.set()
        holding.result(10)
    database.dispose()


def test_a_row_that_nobody_lets_go_of_is_a_database_that_is_away(
    postgres: Postgres, postgres_database: str, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LOCK_SECONDS", 1)
    url = postgres.database(postgres_database)
    store = open_store(url, keys)
    account, _, _ = store.accounts.create("Acme", NOON)
    connection = store.connections.connect(account.id, "google_calendar", {}, {"": {"token": "x"}}, NOON)
    started = time.monotonic()
    with occupied(url), pytest.raises(StoreUnavailable, match="lock timeout"):
        store.jobs.request(connection, JobRequest(), NOON)
    assert 1 <= time.monotonic() - started < 4
    assert store.jobs.request(connection, JobRequest(), NOON)
    store.dispose()


def test_whoever_migrates_waits_for_the_one_who_does_as_long_as_it_takes(
    postgres: Postgres, postgres_database: str, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LOCK_SECONDS", 1)
    url = postgres.database(postgres_database)
    store = open_store(url, keys)
    with ThreadPoolExecutor(1) as others:
        with occupied(url, f"SELECT pg_advisory_xact_lock({LOCK})"):
            upgrading = others.submit(store.upgrade)
            time.sleep(1.6)
            assert not upgrading.done()
        upgrading.result(20)
    store.dispose()
