"""The migrations lead to exactly the schema that the code works with."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import column, insert, inspect, literal, table

from tests.servers.postgres import Postgres
from tests.store.things import NOON, document
from worker.core.connections import StreamState
from worker.core.documents import to_json
from worker.core.errors import Invalid
from worker.core.links import Link
from worker.core.records import VISIT
from worker.store import open_store
from worker.store.columns import Instant, to_text
from worker.store.engine import Database
from worker.store.migrations import configuration
from worker.store.tables import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    yield server.create("empty")
    server.drop("empty")


def test_the_migrated_schema_is_the_one_in_tables(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.dispose()


def test_how_far_was_planned_before_the_books_is_how_far_visits_were_planned(empty_url: str, keys: list[str]) -> None:
    database = Database(empty_url)
    with database.writing() as connection:
        command.upgrade(configuration(connection), "0002")
        for name, row in _before_the_books():
            connection.execute(insert(table(name, *map(column, row))).values(row))
    database.dispose()
    store = open_store(empty_url, keys)
    store.upgrade()
    [google, outlook] = store.connections.of("acc_1")
    assert store.plans.planned_upto(google.id) == {VISIT: 42}
    assert store.plans.planned_upto(outlook.id) == {VISIT: 0}
    assert (google.connected, google.realm, google.settings) == (True, None, {"time_zone": "UTC"})
    assert store.streams.all(google.id)["primary"] == StreamState(1, "primary", "c-1")
    assert store.plans.pending(google.id) == ["vis_1"]
    link = Link("primary", "vis_1", published=True, remote_id="r-1", agreed=document(), retry=True)
    assert store.plans.links_of(google.id, ["vis_1"]) == {"vis_1": [link]}
    store.dispose()


def _before_the_books() -> list[tuple[str, dict[str, Any]]]:
    """An account with two calendars, one of which was planned."""
    now, none = literal(NOON, Instant()), {"generation": 0, "leaving": False, "removed": False, "restored": 0}
    account = {"id": "acc_1", "name": "Acme", "webhook_secret": "", "number": 42, "created_at": now}
    known = {"account_id": "acc_1", "connected": True, "failures": 0}
    google = {**known, "id": 1, "integration": "google_calendar", "settings": '{"time_zone":"UTC"}', "planned": 42}
    outlook = {**known, "id": 2, "integration": "outlook_calendar", "settings": "{}", "planned": 0}
    stream = {"id": 1, "connection_id": 1, "name": "primary", "cursor": "c-1", "listing": 0}
    place = {"stream_id": 1, "local_id": "vis_1", "connection_id": 1, "number": 7, "listing": 0, "overruled": False}
    shown = {"published": True, "remote_id": "r-1", "agreed": to_text(to_json(document()))}
    link = {**place, **none, **shown, "retry": True, "pending": True}
    return [
        ("accounts", account),
        *(("connections", row) for row in (google, outlook)),
        ("streams", stream),
        ("links", link),
    ]


def test_the_partial_indexes_are_partial(database_url: str) -> None:
    database = Database(database_url)
    with database.reading() as connection:
        options = {index["name"]: index["dialect_options"] for index in inspect(connection).get_indexes("jobs")}
    database.dispose()
    assert any(key.endswith("_where") for key in options["uq_jobs_active"])


def test_several_may_upgrade_at_once(empty_url: str, keys: list[str]) -> None:
    stores = [open_store(empty_url, keys) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda store: store.upgrade(), stores))
    for store in stores:
        assert store.accounts.all() == []
        store.dispose()


@pytest.mark.parametrize("url", ["", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_a_url_that_cannot_be_used_is_refused_with_the_variables_name(url: str, keys: list[str]) -> None:
    with pytest.raises(Invalid, match=r"^DATABASE_URL: "):
        open_store(url, keys)


def test_the_database_file_is_its_owners_alone_and_is_made_no_sooner_than_needed(
    tmp_path: Path, keys: list[str]
) -> None:
    path = tmp_path / "visit-sync.db"
    store = open_store(f"sqlite:///{path}", keys)
    assert not path.exists()
    store.upgrade()
    assert path.stat().st_mode & 0o077 == 0
    store.dispose()
