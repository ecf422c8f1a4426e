"""What does it cost to publish a thousand visits at Google?"""

import time
from collections.abc import Iterator

import httplib2
import pytest

from tests.bench.google import Firm, firm
from tests.bench.table import ratio, show
from worker.demo.company import TECHNICIANS
from worker.providers.google_calendar.service import calendar_service

pytestmark = pytest.mark.bench

VISITS = 1_000
LOOP = 100
LATENCY = 0.05
MOST_WRITES = 20 + TECHNICIANS


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory, keys: list[str]) -> Iterator[Firm]:
    with firm(tmp_path_factory.mktemp("big"), keys, VISITS) as found:
        found.town.google.set(latency=LATENCY)
        yield found


def test_a_thousand_changed_visits_leave_in_batches(big: Firm) -> None:
    """Compares a sync of 1,000 changed visits over twelve calendars with a loop of single inserts by the same client
    library (100 of them, times ten), Google answering after 50 ms; and counts the requests that write.

    A busy morning, or a first connection, must take seconds: the loop is what one writes without batches. A service
    account acts for each technician, so that each of them has a quota of their own.
    """
    loop = _loop(big) * VISITS / LOOP
    big.requests()
    begun = time.perf_counter()
    job = big.sync()
    took = time.perf_counter() - begun
    asked = big.requests()
    show(
        f"{VISITS:,} changed visits over {TECHNICIANS} calendars, Google answering after {LATENCY * 1000:.0f} ms",
        ("", "seconds", "requests that write", "listings", "tokens"),
        [
            ("single inserts in a loop", loop, VISITS, 0, 0),
            ("one sync", took, asked["writes"], asked["reads"], asked["tokens"]),
            ("the loop against it", ratio(loop / took), ratio(VISITS / asked["writes"]), "", ""),
        ],
        note=f"the loop's time is that of {LOOP} inserts, times {VISITS // LOOP}",
    )
    assert job.counts.pushed == VISITS
    assert asked["writes"] <= MOST_WRITES
    assert asked["reads"] <= 2 * TECHNICIANS
    assert took < loop


def test_nothing_to_do_is_one_request_for_each_calendar(big: Firm) -> None:
    """Counts the requests of a sync that finds nothing to do: one listing for each calendar, and no write.

    Tokens are counted apart. Whatever is asked more than once here is paid by every account at every look.
    """
    big.sync()
    big.requests()
    begun = time.perf_counter()
    job = big.sync()
    took = time.perf_counter() - begun
    asked = big.requests()
    row = (TECHNICIANS, asked["reads"], asked["writes"], asked["tokens"], took)
    show("Nothing to do at Google", ("calendars", "listings", "writes", "tokens", "seconds"), [row])
    assert job.counts.pushed == job.counts.pulled == 0
    assert asked["reads"] == TECHNICIANS
    assert asked["writes"] == 0


def _loop(big: Firm) -> float:
    """Seconds for so many single inserts into a calendar of nobody's, over one connection that stays open."""
    somebody = "loop@demo.example"
    big.town.google.add_user(somebody)
    service, connection = calendar_service(f"{big.url}/google"), httplib2.Http()
    token = big.town.google.access_token(somebody)
    sides = {side: {"dateTime": f"2026-12-01T{hour}:00:00Z"} for side, hour in (("start", 14), ("end", 15))}
    begun = time.perf_counter()
    for number in range(LOOP):
        request = service.events().insert(
            calendarId=somebody, body={"summary": f"Visit {number}", **sides}, sendUpdates="none"
        )
        request.headers["authorization"] = f"Bearer {token}"
        request.execute(http=connection)
    took = time.perf_counter() - begun
    connection.close()
    assert len(big.town.google.events(somebody)) == LOOP
    return took
