"""One office for all tests, and empty folders for those that need nothing in them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.office import Office
from tests.cli.shell import Shell


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Connected; a test that disconnects or breaks something mends it again."""
    office = Office(tmp_path_factory.mktemp("office"))
    yield office
    office.close()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A machine where nothing of ours has run yet."""
    return Shell(tmp_path, {"DATABASE_URL": f"sqlite:///{tmp_path / 'visit-sync.db'}"})
