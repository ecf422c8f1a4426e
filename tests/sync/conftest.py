"""One account with two calendars in memory, over a real store."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.sync.books_house import BooksHouse, Street, street
from tests.sync.small_house import SmallHouse


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallHouse]:
    house = SmallHouse(tmp_path / "sync.db")
    yield house
    house.close()


@pytest.fixture(scope="session")
def books_street() -> Iterator[Street]:
    """FieldCamp and QuickBooks on the loopback, for all tests of the books."""
    with street() as found:
        yield found


@pytest.fixture
def company(tmp_path: Path, books_street: Street) -> Iterator[Callable[..., BooksHouse]]:
    """Opens a house by preset, settings and switches."""
    with ExitStack() as stack:

        def opened(preset: str = "us_no_tax", **how: Any) -> BooksHouse:
            return stack.enter_context(closing(BooksHouse(books_street, tmp_path / "books.db", preset, **how)))

        yield opened


@pytest.fixture
def there(company: Callable[..., BooksHouse]) -> BooksHouse:
    """One account with FieldCamp and the books of a company without tax."""
    return company()
