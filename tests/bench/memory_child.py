"""One full sync in a process of its own, which prints by how many megabytes it made the process grow.

``python -m tests.bench.memory_child ACCOUNT_ID``, with the settings in the environment."""

import json
import sys
from dataclasses import replace
from pathlib import Path

from worker.core.jobs import JobRequest, JobStatus, Mode, Trigger
from worker.settings import load
from worker.sync.request import request_sync
from worker.sync.run import run_job
from worker.wiring import Wiring

GOOGLE = "google_calendar"


def main(account_id: str) -> None:
    wiring = Wiring(load())
    house = replace(wiring.house, ring=lambda _: None)
    wiring.open_provider(house.store.connections.of(account_id)[0]).close()  # what is loaded once is no growth
    idle = _peak()
    wanted = JobRequest(Mode.FULL, trigger=Trigger.EVENT)
    job = request_sync(house, account_id, GOOGLE, wanted)
    assert run_job(house, job.id, "bench") is JobStatus.SUCCEEDED
    ended = house.store.jobs.get(job.id)
    assert ended is not None
    print(json.dumps({"idle": idle, "peak": _peak(), "skipped": ended.counts.skipped, "pushed": ended.counts.pushed}))
    wiring.close()


def _peak() -> float:
    """The most memory that this process has had so far, in MB; unlike getrusage, without what its parent had."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


if __name__ == "__main__":
    main(sys.argv[1])
