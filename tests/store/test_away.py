"""A database that is away is said to be away, and is used again when it is back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tests.servers.postgres import NoPostgres, Postgres
from tests.store.things import NOON, at_once, event, visit
from worker.core.errors import StoreUnavailable
from worker.store import Store, open_store
from worker.store.engine import Database


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
