"""Several workers, several beats, many visits."""

import subprocess
import sys
import time
from itertools import pairwise
from typing import Any

import pytest

from tests.system.conftest import Make
from tests.system.processes import ROOT
from tests.system.system import GOOGLE, System, intervals
from worker.core.jobs import JobStatus, Mode
from worker.settings import environment_with
from worker.simulators.town import CLIENT_ID
from worker.sync.connect import connect
from worker.wiring import now

postgresql = pytest.mark.parametrize("system", ["postgresql"], indirect=True)
MANY = 1000

READS_EVERYTHING = """
import sys
from worker.settings import load
from worker.wiring import Wiring

wiring = Wiring(load())
connection = wiring.store.connections.find(sys.argv[1], "google_calendar")
provider = wiring.open_provider(connection)
streams = provider.streams()
print("ready", flush=True)
sys.stdin.readline()
for stream in streams:
    list(provider.changes(stream, None))
print("read")
"""


@postgresql
def test_two_workers_and_two_beats_run_one_sync_at_a_time_and_write_nothing_twice(system: System) -> None:
    """Lesson 16."""
    system.have(worker=2, beat=2)
    visit_ids = system.add_visits(12)
    system.assert_agreement()
    known, writes = {job.id for job in system.jobs()}, system.town.google.counters()["writes"]

    for wave in range(4):
        for visit_id in visit_ids[wave::4]:
            system.change(visit_id, notes=f"Wave {wave}")
        system.wait_until("the wave to arrive", system.agrees)
    system.assert_agreement()

    new = [job for job in system.jobs() if job.id not in known]
    assert len(new) >= 4
    assert {job.attempts for job in new} == {1}
    assert all(ended <= begun for (_, ended), (begun, _) in pairwise(intervals(new)))
    assert system.town.google.counters()["writes"] - writes == len(visit_ids)
    assert sum(job.counts.pushed for job in new) == len(visit_ids)


@postgresql
def test_two_processes_with_an_expired_token_refresh_it_once(system: System) -> None:
    """Lesson 14."""
    google = system.town.google
    google.set(rotate_refresh_tokens=True)
    refresh_token = google.add_user("owner@demo.example", client_id=CLIENT_ID)
    for number in range(3):
        google.add_calendar(f"team{number}@demo.example", "owner@demo.example")
    account, _, _ = system.wiring.store.accounts.create("Two at once", now())
    rows = [{"team_id": f"usr_{number}", "calendar": f"team{number}@demo.example"} for number in range(3)]
    system.have(worker=0)
    credentials = {"refresh_token": refresh_token, "access_token": "ya29.expired", "expires_at": 1_700_000_000}
    connect(system.wiring.house, account.id, GOOGLE, credentials, {"calendars": rows})
    refreshes = google.counters()["refreshes"]

    readers = [_reader(system, account.id) for _ in range(2)]
    assert [reader.stdout.readline() for reader in readers] == ["ready\n"] * 2
    said = [reader.communicate("go\n", timeout=30) for reader in _started(readers)]

    assert [out for out, _ in said] == ["read\n"] * 2, said
    assert google.counters()["refreshes"] - refreshes == 1


def _reader(system: System, account_id: str) -> Any:
    return subprocess.Popen(
        [sys.executable, "-c", READS_EVERYTHING, account_id],
        env=environment_with(**system.variables),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _started(readers: list[Any]) -> list[Any]:
    for reader in readers:
        reader.stdin.write("\n")
        reader.stdin.flush()
    return readers


def test_the_first_sync_of_a_thousand_visits_sends_no_mail(make_system: Make) -> None:
    """Lesson 19."""
    system = make_system("sqlite", MANY)
    system.have(worker=1)
    started = time.monotonic()

    job = system.ended(system.request(Mode.FULL), 60)

    assert time.monotonic() - started < 20
    assert (job.status, job.counts.pushed, job.done, job.total) == (JobStatus.SUCCEEDED, MANY, MANY, MANY)
    assert system.agrees()
    assert system.town.google.counters()["mails"] == 0
    assert system.town.google.counters()["without_send_updates"] == 0
    system.close()
