"""Systems for the tests: one of each database, shared by tests that leave it as they found it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.servers.postgres import Postgres
from tests.system.api import Site, Tenant, look_now
from tests.system.books import books, with_books  # noqa: F401 - fixtures
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
    look_now(shared[kind])
    shared[kind].wait_until("the first sync", shared[kind].agrees)
    return shared[kind]


@pytest.fixture(scope="session")
def sites() -> dict[str, Site]:
    """The sites that are open, by the kind of their database."""
    return {}


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, make_system: Make, sites: dict[str, Site]) -> Site:
    """Two web processes over one database, once of each kind, and nobody who carries out what they queue."""
    kind: str = request.param
    if kind not in sites:
        sites[kind] = Site(make_system(kind, 0))
    return sites[kind]


@pytest.fixture
def tenant(site: Site) -> Iterator[Tenant]:
    tenant = site.tenant("At Once & Co")
    yield tenant
    tenant.close()


@pytest.fixture
def neighbour(site: Site) -> Iterator[Tenant]:
    """Another account at the same site."""
    neighbour = site.tenant("Next Door")
    yield neighbour
    neighbour.close()


def _database(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder / 'visit-sync.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create(f"system_{uuid4().hex}")
