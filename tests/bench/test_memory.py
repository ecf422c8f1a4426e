"""Does a full sync need memory for every event there is?"""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.bench.many import BEGINNING, ZONE, client, in_parts, told, visit, work
from tests.bench.table import ratio, show
from worker.core.ports import Key
from worker.core.projections import VisitView, wanted_documents
from worker.providers.google_calendar.keys import event_id
from worker.providers.google_calendar.mapping import new_event
from worker.simulators.town import CLIENT_ID, Town, variables
from worker.store import open_store

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from Linux's /proc"),
]

SIZES = (10_000, 100_000)
OWNER = "office@example.com"
PRIMARY = "primary"
MOST = 2.0


def test_memory_of_a_full_sync_does_not_follow_the_number_of_events(tmp_path: Path, keys: list[str]) -> None:
    """Compares by how much a process grows in a full sync of one calendar with 10,000 and with 100,000 events of ours:
    all are listed by the simulated Google, found to be ours, stored, and compared with their visits.

    What grows with the number of events kills the worker of the biggest customer, at the worst moment.
    """
    grown, rows = {}, []
    for size in SIZES:
        found = _full_sync(tmp_path, keys, size)
        assert found["skipped"] >= size  # a visit that was found at both ends may be looked at twice
        assert found["pushed"] == 0
        grown[size] = found["peak"] - found["idle"]
        against = ratio(grown[size] / grown[SIZES[0]])
        rows.append((size, found["idle"], found["peak"], grown[size], against, found["seconds"], found["set up"]))
    show(
        "Memory of a full sync of one calendar",
        ("events", "idle MB", "peak MB", "grown by MB", "against the smaller", "seconds", "set up in s"),
        rows,
    )
    assert grown[SIZES[1]] < MOST * grown[SIZES[0]]


def _full_sync(folder: Path, keys: list[str], size: int) -> dict[str, Any]:
    begun = time.perf_counter()
    town = Town()
    url = f"sqlite:///{folder / f'memory{size}.db'}"
    account_id = _account(url, keys, size, town)
    with town.serve() as served:
        environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEYS": keys[0], **variables(served.url)}
        command = [sys.executable, "-m", "tests.bench.memory_child", account_id]
        ready = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        ended = time.perf_counter()
    town.close()
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "seconds": ended - ready, "set up": ready - begun}


def _account(url: str, keys: list[str], size: int, town: Town) -> str:
    """An account that has told its visits, and a calendar that shows them all; the links are yet to be found."""
    store = open_store(url, keys)
    store.upgrade()
    account_id = store.accounts.create("Big Office", BEGINNING)[0].id
    for some in in_parts(told(size)):
        store.records.receive(account_id, some)
    refresh_token = town.google.add_user(OWNER, client_id=CLIENT_ID)
    grants = {"": {"refresh_token": refresh_token}}
    store.connections.connect(account_id, "google_calendar", {"time_zone": ZONE}, grants, BEGINNING + timedelta(days=1))
    town.google.load(OWNER, (_event(account_id, number) for number in range(size)))
    store.dispose()
    return account_id


def _event(account_id: str, number: int) -> dict[str, Any]:
    view = VisitView(visit(number), work(number // 3), client(number // 9))
    document, key = wanted_documents(view, {PRIMARY: None}, ZONE)[PRIMARY], Key(f"vis_{number}")
    return new_event(event_id(account_id, PRIMARY, key), account_id, key, document)
