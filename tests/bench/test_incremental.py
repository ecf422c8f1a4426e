"""Does the work of an incremental sync follow the number of changes, or the number of visits?"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import pytest

from tests.bench.copying import copy_over
from tests.bench.many import CALENDARS, ManyVisits
from tests.bench.table import ratio, show
from tests.servers.postgres import Postgres
from tests.statements import counted
from worker.store import open_store

pytestmark = pytest.mark.bench

SIZES = (1_000, 10_000, 100_000)
CHANGES = 10
ROUNDS = 9
MOST = 1.5
LONGEST_SETTING_UP = 60.0


@dataclass
class Figures:
    """What the syncs of one size took: seconds each, statements each, requests each."""

    seconds: list[float] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)

    def row(self, visits: int, smallest: "Figures") -> Sequence[object]:
        shares = (ratio(median(self.seconds) / median(smallest.seconds)), max(self.requests), max(self.statements))
        return (visits, f"{1000 * median(self.seconds):.0f}", *shares)


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def companies(
    database: str,
    many_visits: Callable[[int], Path],
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    keys: list[str],
) -> Iterator[dict[int, ManyVisits]]:
    """The same company in three sizes, each in a database of its own."""
    folder, found = tmp_path_factory.mktemp("companies"), {}
    with ExitStack() as closing:
        for size in SIZES:
            begun = time.perf_counter()
            if database == "SQLite":
                url = f"sqlite:///{shutil.copy(many_visits(size), folder / f'{size}.db')}"
            else:
                server: Postgres = request.getfixturevalue("postgres")
                url = _on_postgres(many_visits(size), server.create(f"many_{size}"), keys)
                closing.callback(server.drop, f"many_{size}")
            found[size] = ManyVisits(url, keys, size)
            closing.callback(found[size].close)
            took = time.perf_counter() - begun
            assert took < LONGEST_SETTING_UP, f"{size} visits took {took:.0f} s"
        yield found


def _on_postgres(sqlite: Path, url: str, keys: list[str]) -> str:
    source, target = open_store(f"sqlite:///{sqlite}", keys), open_store(url, keys)
    target.upgrade()
    copy_over(source, url)
    source.dispose()
    target.dispose()
    return url


def _measured(companies: dict[int, ManyVisits], changes: int) -> dict[int, Figures]:
    """Syncs of all sizes in turn, so that whatever else this machine does meets all of them."""
    found = {size: Figures() for size in companies}
    for turn in range(ROUNDS + 1):
        for size, company in companies.items():
            if changes:
                company.change(changes)
            calendars = company.calendars
            before = calendars.reads + calendars.batches
            with counted(company.store) as statements:
                begun = time.perf_counter()
                job = company.sync()
                seconds = time.perf_counter() - begun
            assert job.counts.pushed == changes
            if turn:  # the first one fills caches
                found[size].seconds.append(seconds)
                found[size].statements.append(len(statements))
                found[size].requests.append(calendars.reads + calendars.batches - before)
    return found


def _show(title: str, database: str, found: dict[int, Figures]) -> None:
    smallest = found[SIZES[0]]
    columns = ("visits", "ms (median)", "against the smallest", "requests", "SQL statements")
    show(f"{title} ({database})", columns, [figures.row(size, smallest) for size, figures in found.items()])


def _assert_level(found: dict[int, Figures]) -> None:
    """Statements are counted from all threads, so a heartbeat may add one or two."""
    for take in (lambda f: median(f.seconds), lambda f: median(f.statements)):
        figures = [take(each) for each in found.values()]
        assert max(figures) <= MOST * min(figures), figures


def test_ten_changes_cost_the_same_among_a_thousand_and_a_hundred_thousand(
    companies: dict[int, ManyVisits], database: str
) -> None:
    """Compares an incremental sync of ten changed visits among 1,000, 10,000 and 100,000 published ones.

    A company grows; what a changed visit costs must not grow with it, or the biggest customers wait longest.
    """
    found = _measured(companies, CHANGES)
    _show(f"{CHANGES} changes among many visits", database, found)
    assert {count for figures in found.values() for count in figures.requests} == {CALENDARS + CHANGES}
    _assert_level(found)


def test_nothing_to_do_costs_one_look_at_each_calendar(companies: dict[int, ManyVisits], database: str) -> None:
    """Compares an incremental sync that finds nothing new at all among 1,000, 10,000 and 100,000 visits.

    It is what nearly all scheduled syncs are: every account pays it all day.
    """
    found = _measured(companies, 0)
    _show("Nothing to do", database, found)
    assert {count for figures in found.values() for count in figures.requests} == {CALENDARS}
    _assert_level(found)


def test_taking_ten_events_in_costs_the_same(companies: dict[int, ManyVisits], database: str) -> None:
    """Compares storing ten events in one transaction among 1,000, 10,000 and 100,000 visits.

    Events hold the account's row while they are stored: what grows here holds up everybody else who writes.
    """
    found = {size: Figures() for size in companies}
    for turn in range(ROUNDS + 1):
        for size, company in companies.items():
            with counted(company.store) as statements:
                begun = time.perf_counter()
                company.change(CHANGES)
                seconds = time.perf_counter() - begun
            if turn:
                found[size].seconds.append(seconds)
                found[size].statements.append(len(statements))
                found[size].requests.append(0)
    for company in companies.values():
        company.sync()
    _show(f"{CHANGES} events taken in", database, found)
    _assert_level(found)
