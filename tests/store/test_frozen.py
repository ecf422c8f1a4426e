"""A worker that freezes in the middle of a transaction does not keep its job from the others."""

import time

import pytest
from sqlalchemy.exc import SQLAlchemyError

from tests.servers.postgres import Postgres
from tests.store.things import NOON, start
from worker.core.errors import SyncError
from worker.store import engine, open_store
from worker.store.engine import Database
from worker.store.fencing import held


def test_a_frozen_transaction_lets_go_of_its_job(
    postgres: Postgres, postgres_database: str, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lesson 12, for a worker that was stopped while it wrote."""
    monkeypatch.setattr(engine, "FROZEN_SECONDS", 1)
    url = postgres.database(postgres_database)
    store, frozen = open_store(url, keys), Database(url)
    account, _, _ = store.accounts.create("Acme", NOON)
    connection = store.connections.connect(account.id, "google_calendar", {}, {"": {"refresh_token": "x"}}, NOON)
    job, lease = start(store, connection, lease_seconds=0.1)
    with pytest.raises((SQLAlchemyError, SyncError)), frozen.writing() as transaction:
        held(transaction, lease)
        assert store.jobs.requeue_lost(NOON) == []
        deadline = time.monotonic() + 10
        while store.jobs.requeue_lost(NOON) != [job.id]:
            assert time.monotonic() < deadline, "the frozen transaction still holds the job"
            time.sleep(0.1)
    store.dispose()
    frozen.dispose()
