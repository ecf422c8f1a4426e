"""Readers poll the change feed while writers in other processes commit: each change once, and in order."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.store.things import at_once
from tests.system.api import SYNC, Callers, Site, Tenant, found
from tests.system.processes import ROOT
from worker.core.connections import Connection
from worker.core.jobs import JobRequest
from worker.settings import environment_with
from worker.store.tables import changes
from worker.wiring import now

PAGES = {"sqlite": 10, "postgresql": 30}
LIMITS = (2, 7)
A_MOMENT = 0.05

WRITES = """
import random
import sys
import time

from sqlalchemy import event

from worker.core.connections import FeedEntry
from worker.core.jobs import Lease
from worker.core.observation import Observed
from worker.settings import load
from worker.wiring import Wiring, now

job_id, fence, stream, pages = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
store = Wiring(load()).store
job = store.jobs.get(job_id)
state = store.streams.all(job.connection_id)[stream]
event.listen(store._database.engine, "commit", lambda _: time.sleep(random.choice((0, 0, 0.03))))
print("ready", flush=True)
sys.stdin.readline()
for page in range(pages):
    ids = [f"{stream}-{page}-{place}" for place in range(random.randint(1, 4))]
    feed = tuple(FeedEntry("created", remote_id, "1", changed_at=now()) for remote_id in ids)
    store.observations.save(Lease(job_id, fence), job, state, Observed(feed=feed), target=stream, now=now())
    time.sleep(random.uniform(0, 0.02))
"""


class Writers:
    """Processes that each read a calendar of their own, as parts of running syncs, and save what they saw.

    Every third commit or so takes long, while others that began later go ahead.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._running: list[Any] = []

    def add(self, connection: Connection, *calendars: str) -> None:
        """One more process for each calendar, all of them in one sync of the connection."""
        store = self._site.system.wiring.store
        job = store.jobs.request(connection, JobRequest(), now())
        claimed = store.jobs.claim(job.id, "somebody", 300, now())
        assert claimed is not None
        store.streams.ensure(connection.id, calendars)
        pages = PAGES["sqlite" if self._site.system.wiring.settings.is_sqlite else "postgresql"]
        self._running += [self._process(job.id, str(claimed[1].fence), name, str(pages)) for name in calendars]

    def _process(self, *arguments: str) -> Any:
        return subprocess.Popen(
            [sys.executable, "-c", WRITES, *arguments],
            env=environment_with(**self._site.system.variables),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        assert [one.stdout.readline() for one in self._running] == ["ready\n"] * len(self._running)
        for one in self._running:
            one.stdin.write("go\n")
            one.stdin.flush()

    def wait(self) -> None:
        for one in self._running:
            one.communicate(timeout=60)
        assert [one.returncode for one in self._running] == [0] * len(self._running)


class Reader:
    """Somebody who follows one account's feed, with pages of his own size, until told that nobody writes any more."""

    def __init__(self, callers: Callers, place: int, limit: int) -> None:
        self._client, self._limit = callers[place], limit
        self._cursor: str | None = None
        self.event_ids: list[str] = []
        self.pages_while_writing = 0

    def follow(self, is_over: threading.Event) -> None:
        last = False
        while not last:
            last = is_over.is_set()
            while self._read():
                self.pages_while_writing += not last
            time.sleep(A_MOMENT)

    def _read(self) -> bool:
        """One page; whether there was anything on it."""
        query: dict[str, Any] = {"limit": self._limit} | ({"cursor": self._cursor} if self._cursor else {})
        page = found(self._client, SYNC, **query)
        self._cursor = page["next_cursor"]
        self.event_ids += [change["event_id"] for change in page["changes"]]
        return bool(page["changes"])


@pytest.fixture
def callers(tenant: Tenant, neighbour: Tenant) -> Iterator[list[Callers]]:
    """Two of one account and one of the other, each with a quota of his own."""
    callers = [tenant.further_callers(), tenant.further_callers(), neighbour.further_callers()]
    yield callers
    for one in callers:
        one.close()


def test_polling_while_four_processes_write_gives_each_change_once_and_in_order(
    site: Site, tenant: Tenant, neighbour: Tenant, callers: Sequence[Callers]
) -> None:
    other = tenant.store.connections.connect(tenant.account_id, "fieldcamp", {}, {"": {"api_key": "x"}}, now())
    writers = Writers(site)
    writers.add(tenant.connection, "one", "two")
    writers.add(other, "three")
    writers.add(neighbour.connection, "four")
    readers = [Reader(callers[place], place, LIMITS[place % 2]) for place in range(3)]

    _read_while_they_write(readers, writers)

    wanted = written(tenant)
    assert len(wanted) == len(set(wanted)) > 0
    assert readers[0].event_ids == wanted
    assert readers[1].event_ids == wanted
    assert readers[2].event_ids == written(neighbour)
    assert min(reader.pages_while_writing for reader in readers) >= 3


def _read_while_they_write(readers: Sequence[Reader], writers: Writers) -> None:
    over = threading.Event()

    def act(place: int) -> None:
        if place:
            readers[place - 1].follow(over)
            return
        try:
            writers.start()
            writers.wait()
        finally:
            over.set()

    assert at_once(len(readers) + 1, act) == [None] * (len(readers) + 1)


def written(tenant: Tenant) -> list[str]:
    """The events on the calendars of an account's Google connection, in the order of their numbers."""
    rows = tenant.system.rows(changes, changes.c.connection_id == tenant.connection.id)
    return [row["remote_id"] for row in sorted(rows, key=lambda row: int(row["number"]))]
