"""Records, links and events to fill a store with, and processes that share it."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from worker.core.connections import Connection, InboxEvent
from worker.core.documents import CalendarEvent, Times
from worker.core.jobs import Job, JobRequest, Lease
from worker.core.links import Link
from worker.core.records import CLIENT, JOB, VISIT, Record
from worker.store import Store

NOON = datetime(2026, 5, 29, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def visit(local_id: str = "vis_1", at: datetime = NOON, *, deleted: bool = False, **content: Any) -> Record:
    return Record(VISIT, local_id, content, at, at, deleted)


def job(local_id: str = "job_1", at: datetime = NOON, **content: Any) -> Record:
    return Record(JOB, local_id, content, at, at)


def client(local_id: str = "cli_1", at: datetime = NOON, **content: Any) -> Record:
    return Record(CLIENT, local_id, content, at, at)


def event(account_id: str, event_id: str, record: Record | None = None) -> InboxEvent:
    return InboxEvent(account_id, event_id, "visit.updated", {"id": event_id}, NOON, record)


def document(title: str = "Boiler") -> CalendarEvent:
    return CalendarEvent(title, Times.span(NOON, later(60)), location="Main St. 1", time_zone="America/New_York")


def published(local_id: str = "vis_1", stream: str = "primary", **fields: Any) -> Link:
    known = {"published": True, "remote_id": f"r-{local_id}", "version": "1", "agreed": document(), **fields}
    return Link(stream, local_id, **known)


def start(store: Store, connection: Connection, lease_seconds: float = 60) -> tuple[Job, Lease]:
    """A job of the connection that runs."""
    queued = store.jobs.request(connection, JobRequest(), NOON)
    claimed = store.jobs.claim(queued.id, "somebody", lease_seconds, NOON)
    assert claimed is not None
    return claimed


def at_once(how_many: int, act: Any) -> list[Any]:
    """What ``act(0)``, ``act(1)``, … return or raise, run side by side."""

    def attempt(place: int) -> Any:
        try:
            return act(place)
        except Exception as error:  # noqa: BLE001 - handed to the test
            return error

    with ThreadPoolExecutor(how_many) as pool:
        return list(pool.map(attempt, range(how_many)))


def in_processes(script: str, arguments: Sequence[Sequence[str]]) -> list[str]:
    """What a Python script prints, run side by side in a process for each list of arguments."""
    running = [
        subprocess.Popen([sys.executable, "-c", script, *some], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for some in arguments
    ]
    printed = [process.communicate(timeout=60)[0].strip() for process in running]
    assert [process.returncode for process in running] == [0] * len(running)
    return printed
