"""Systems for the tests: one of each database, shared by tests that leave it as they found it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.servers.postgres import Postgres
from tests.system.system import System

AT_FIRST = 24
Make = Callable[[str, int], System]


@pytest.fixture(scope="session")
def make_system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Makes a system on a database of that kind, with so many visits, and no process yet."""
    made: list[System] = []

    def make(kind: str, visits: int) -> System:
        folder = tmp_path_factory.mktemp(kind)
        made.append(System(folder, _database(request, kind, folder), visits))
        return made[-1]

    yield make
    for system in made:
        system.close()


@pytest.fixture(scope="session")
def shared() -> dict[str, System]:
    """The systems that are in use, by the kind of their database."""
    return {}


@pytest.fixture(params=["sqlite", "postgresql"])
def system(request: pytest.FixtureRequest, make_system: Make, shared: dict[str, System]) -> System:
    """A running system that is quiet and in agreement, once of each kind; a test may do what it likes to it."""
    kind: str = request.param
    known = shared.get(kind)
    if known is not None:
        known.hurry()
        if known.is_sound(web=1, worker=1, beat=1):
            return known
        known.close()
    shared[kind] = make_system(kind, AT_FIRST)
    shared[kind].have(web=1, worker=1, beat=1)
    shared[kind].wait_until("the first sync", shared[kind].agrees)
    return shared[kind]


def _database(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder / 'visit-sync.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create(f"system_{uuid4().hex}")
