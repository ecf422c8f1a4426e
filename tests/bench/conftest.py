"""Databases for the benches: of each kind one that several sizes can be loaded into side by side."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bench.doors import door  # noqa: F401 - a fixture
from tests.bench.many import ManyVisits
from tests.servers import postgres as servers
from tests.servers.postgres import NoPostgres, Postgres

DURABLE = ("max_connections=200", "listen_addresses=")
"""PostgreSQL as in production: a commit is on the disk before it is answered."""


def pytest_configure(config: pytest.Config) -> None:
    """Whoever names this folder wants its benches; everybody else leaves them out (``-m "not bench"``)."""
    here = Path(__file__).parent
    named = [Path(argument.partition("::")[0]).absolute() for argument in config.args]
    if named and all(here == path or here in path.parents for path in named) and config.option.markexpr == "not bench":
        config.option.markexpr = ""


@pytest.fixture(scope="session")
def durable_postgres() -> Iterator[Postgres]:
    server = Postgres()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(servers, "FAST", DURABLE)
        try:
            server.start()
        except NoPostgres as reason:
            pytest.skip(str(reason))
    yield server
    server.remove()


@pytest.fixture(scope="session")
def many_visits(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, keys: list[str]
) -> Callable[[int], Path]:
    """Gives a SQLite file with an account of so many published visits: made once, to be copied and left as it is."""
    folder = tmp_path_factory.mktemp("many")

    def loaded(visits: int) -> Path:
        path = folder / f"{visits}.db"
        if not path.exists():
            shutil.copy(sqlite_template, path)
            company = ManyVisits(f"sqlite:///{path}", keys, visits)
            company.load()
            company.close()
        return path

    return loaded
