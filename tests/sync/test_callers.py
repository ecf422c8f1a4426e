"""Callers are let in without waiting for the writer, and their use is noted behind their backs."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from tests.statements import counted
from tests.store.things import NOON, later
from worker.core.connections import ApiKey
from worker.store import Store
from worker.store.engine import Database
from worker.sync.callers import Callers

PATIENCE = 15


@dataclass
class Desk:
    """A store with one key, and a clock that stands still."""

    store: Store
    key: ApiKey
    raw_key: str
    time: datetime = NOON

    def __post_init__(self) -> None:
        self.callers = Callers(self.store.keys, lambda: self.time)

    @property
    def last_used(self) -> datetime | None:
        return self.store.keys.of(self.key.account_id)[0].last_used_at


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    account, raw_key, _ = store.accounts.create("Acme", NOON)
    desk = Desk(store, store.keys.of(account.id)[0], raw_key)
    yield desk
    desk.callers.flush(PATIENCE)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


def test_a_use_is_noted(desk: Desk) -> None:
    assert desk.callers.find(desk.raw_key) == desk.key
    desk.callers.flush(PATIENCE)
    assert desk.last_used == NOON


def test_a_key_that_is_unknown_or_revoked_is_not_used(desk: Desk) -> None:
    desk.store.keys.revoke(desk.key.account_id, desk.key.id, NOON)
    assert desk.callers.find(desk.raw_key) is None
    assert desk.callers.find("vs_live_unknown") is None
    desk.callers.flush(PATIENCE)
    assert desk.last_used is None


def test_revoking_holds_from_the_next_look_on(desk: Desk) -> None:
    assert desk.callers.find(desk.raw_key) is not None
    desk.store.keys.revoke(desk.key.account_id, desk.key.id, NOON)
    assert desk.callers.find(desk.raw_key) is None


def test_many_uses_in_a_minute_are_one_write(desk: Desk) -> None:
    with counted(desk.store) as sent:
        for second in range(100):
            desk.time = NOON + timedelta(seconds=second)
            desk.callers.find(desk.raw_key)
            desk.callers.flush(PATIENCE)
    assert len([text for text in sent if text.startswith("UPDATE")]) == 2
    assert desk.last_used == later(1)


@pytest.mark.timeout(60)
def test_a_writer_that_does_not_end_holds_no_caller_up(desk: Desk, database: Database) -> None:
    with database.writing() as writer:
        writer.exec_driver_sql("UPDATE api_keys SET label = 'taken'")
        began = time.monotonic()
        for _ in range(5):
            assert desk.callers.find(desk.raw_key) is not None
        assert time.monotonic() - began < 2
        desk.callers.flush(0.2)
        assert desk.last_used is None, "the note waits for its turn"
    desk.callers.flush(PATIENCE)
    assert desk.last_used == NOON


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_use_that_cannot_be_noted_is_told_once_a_minute_and_harms_nobody(desk: Desk, database: Database) -> None:
    refuse = "CREATE TRIGGER stuck BEFORE UPDATE ON api_keys BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    with database.writing() as writer:
        writer.exec_driver_sql(refuse)
    with capture_logs() as written:
        for _ in range(5):
            assert desk.callers.find(desk.raw_key) == desk.key
            desk.callers.flush(PATIENCE)
    assert [line["event"] for line in written] == ["callers.use_not_noted"]
    assert written[0]["caller"] == desk.key.id
    assert desk.raw_key not in repr(written)
    with database.writing() as writer:
        writer.exec_driver_sql("DROP TRIGGER stuck")
    desk.time = later(1)
    desk.callers.find(desk.raw_key)
    desk.callers.flush(PATIENCE)
    assert desk.last_used == later(1)
