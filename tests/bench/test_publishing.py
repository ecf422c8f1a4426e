"""What does it cost to publish a thousand visits, at Google and in Outlook?"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httplib2
import httpx
import pytest

from tests.bench.google import Firm, firm
from tests.bench.outlook import Office, Worker, office
from tests.bench.table import ratio, show
from worker.core.jobs import Job
from worker.demo.company import TECHNICIANS, TENANT
from worker.providers.google_calendar.service import calendar_service
from worker.simulators.town import CLIENT_ID

pytestmark = pytest.mark.bench

VISITS = 1_000
LOOP = 100
LATENCY = 0.05
MOST_WRITES = {"Google": 20 + TECHNICIANS, "Outlook": 50 + TECHNICIANS}
SOMEBODY = "loop@demo.example"


@dataclass
class Begun:
    """One sync: the job, its requests, and its seconds."""

    job: Job
    writes: int
    reads: int
    tokens: int
    took: float


@dataclass
class Published:
    """The office, its one worker and its account."""

    office: Office
    worker: Worker
    account_id: str

    def requests(self) -> dict[str, int]:
        return dict(self.office.requests())

    def sync(self) -> Job:
        return self.worker.sync(self.account_id)


Side = Firm | Published


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory, keys: list[str]) -> Iterator[dict[str, Side]]:
    """The same company at Google and in Outlook."""
    with firm(tmp_path_factory.mktemp("google"), keys, VISITS) as google, _outlook(tmp_path_factory, keys) as outlook:
        google.town.google.set(latency=LATENCY)
        outlook.office.town.outlook.set(latency=LATENCY)
        yield {"Google": google, "Outlook": outlook}


@contextmanager
def _outlook(tmp_path_factory: pytest.TempPathFactory, keys: list[str]) -> Iterator[Published]:
    with office(tmp_path_factory.mktemp("outlook"), keys, VISITS) as found, found.worker() as worker:
        yield Published(found, worker, worker.account())


def _synced(side: Side) -> Begun:
    side.requests()
    begun = time.perf_counter()
    job = side.sync()
    took = time.perf_counter() - begun
    return Begun(job, took=took, **side.requests())


def test_a_thousand_changed_visits_leave_in_batches(sides: dict[str, Side]) -> None:
    """Compares a sync of 1,000 changed visits over twelve calendars with a loop of single inserts (100 of them, times
    ten), the other side answering each call after 50 ms; and counts the requests that write.

    A busy morning, or a first connection, must take seconds: the loop is what one writes without batches. One grant
    acts for all technicians, each of whom has a quota of their own. Google answers a batch of fifty after 50 ms; Graph
    takes twenty calls, four at a time, so a batch is answered after 250 ms.
    """
    loops = {"Google": _google_loop, "Outlook": _outlook_loop}
    rows: list[tuple[object, ...]] = []
    for name, side in sides.items():
        loop = loops[name](side) * VISITS / LOOP
        begun = _synced(side)
        rows += [
            (f"{name}: single inserts in a loop", loop, VISITS, 0, 0),
            (f"{name}: one sync", begun.took, begun.writes, begun.reads, begun.tokens),
            ("the loop against it", ratio(loop / begun.took), ratio(VISITS / begun.writes), "", ""),
        ]
        assert begun.job.counts.pushed == VISITS
        assert begun.writes <= MOST_WRITES[name]
        assert begun.reads <= 2 * TECHNICIANS
        assert begun.took < loop
    show(
        f"{VISITS:,} changed visits over {TECHNICIANS} calendars, each call answered after {LATENCY * 1000:.0f} ms",
        ("", "seconds", "requests that write", "listings", "tokens"),
        rows,
        note=f"a loop's time is that of {LOOP} inserts, times {VISITS // LOOP}",
    )


def test_nothing_to_do_is_one_request_for_each_calendar(sides: dict[str, Side]) -> None:
    """Counts the requests of a sync that finds nothing to do: one listing for each calendar, and no write.

    Tokens are counted apart. Whatever is asked more than once here is paid by every account at every look.
    """
    rows = []
    for name, side in sides.items():
        side.sync()
        begun = _synced(side)
        rows.append((name, TECHNICIANS, begun.reads, begun.writes, begun.tokens, begun.took))
        assert begun.job.counts.pushed == begun.job.counts.pulled == 0
        assert begun.reads == TECHNICIANS
        assert begun.writes == 0
    show("Nothing to do", ("", "calendars", "listings", "writes", "tokens", "seconds"), rows)


def _google_loop(big: Side) -> float:
    """Seconds for so many single inserts into a calendar of nobody's, over one connection that stays open."""
    assert isinstance(big, Firm)
    big.town.google.add_user(SOMEBODY)
    service, connection = calendar_service(f"{big.url}/google"), httplib2.Http()
    token = big.town.google.access_token(SOMEBODY)
    ends = {side: {"dateTime": f"2026-12-01T{hour}:00:00Z"} for side, hour in (("start", 14), ("end", 15))}
    begun = time.perf_counter()
    for number in range(LOOP):
        request = service.events().insert(
            calendarId=SOMEBODY, body={"summary": f"Visit {number}", **ends}, sendUpdates="none"
        )
        request.headers["authorization"] = f"Bearer {token}"
        request.execute(http=connection)
    took = time.perf_counter() - begun
    connection.close()
    assert len(big.town.google.events(SOMEBODY)) == LOOP
    return took


def _outlook_loop(big: Side) -> float:
    """The same in a mailbox of nobody's."""
    assert isinstance(big, Published)
    outlook = big.office.town.outlook
    outlook.add_user(SOMEBODY, tenant=TENANT, client_id=CLIENT_ID)
    token = outlook.application_token(TENANT, client_id=CLIENT_ID)
    hours = (("start", 14), ("end", 15))
    ends = {side: {"dateTime": f"2026-12-01T{hour}:00:00", "timeZone": "UTC"} for side, hour in hours}
    address = f"{big.office.url}/outlook/v1.0/users/{SOMEBODY}/events"
    begun = time.perf_counter()
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as client:
        for number in range(LOOP):
            client.post(address, json={"subject": f"Visit {number}", **ends}).raise_for_status()
    took = time.perf_counter() - begun
    assert len(outlook.events(SOMEBODY)) == LOOP
    return took
