"""One account with two calendars in memory, over a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.small_house import SmallHouse


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallHouse]:
    house = SmallHouse(tmp_path / "sync.db")
    yield house
    house.close()
