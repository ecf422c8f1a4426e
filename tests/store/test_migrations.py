"""The migrations lead to exactly the schema that the code works with."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from tests.servers.postgres import Postgres
from worker.core.errors import Invalid
from worker.store import open_store
from worker.store.engine import Database
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
