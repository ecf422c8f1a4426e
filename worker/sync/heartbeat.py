"""Keeps a job's lease alive while its run goes on."""

import time
from threading import Event, Thread
from types import TracebackType
from typing import Self

from worker.core.errors import LeaseLost, SyncError
from worker.core.jobs import Lease
from worker.sync.house import House


class Cancelled(SyncError):
    """Somebody asked for the run to end; what was done so far stays done."""

    code = "CANCELLED"


class Stopping(SyncError):
    """This worker is told to stop: another one goes on with the job."""

    code = "WORKER_STOPPING"


class Heartbeat:
    """Renews the lease every third of its time in a thread of its own.

    ``check`` is called between batches: it raises LeaseLost, Cancelled or Stopping, so that a run ends where nothing is
    half done.
    """

    def __init__(self, house: House, lease: Lease) -> None:
        self._store = house.store
        self._lease = lease
        self._seconds = house.lease.total_seconds()
        self._stopping = house.stopping
        self._stop = Event()
        self._lost = Event()
        self._cancelled = Event()
        self._thread = Thread(target=self._beat, name=f"heartbeat {lease.job_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(timeout=self._seconds)

    def check(self) -> None:
        if self._lost.is_set():
            raise LeaseLost("Another worker took this job over.")
        if self._cancelled.is_set():
            raise Cancelled("The sync was cancelled.")
        if self._stopping():
            raise Stopping("This worker is stopping.")

    def look(self) -> None:
        """Renew now, and check: between batches a cancel is noticed at once rather than with the next beat."""
        self._pulse()
        self.check()

    def rest(self, seconds: float) -> None:
        """Wait, but no longer than the lease holds and nobody cancels."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._stop.wait(min(left, 0.25))
            self.check()

    def _beat(self) -> None:
        while not self._stop.wait(self._seconds / 3):
            try:
                self._pulse()
            except SyncError:
                continue  # the database is away: the lease may run out, and then the fence decides

    def _pulse(self) -> None:
        pulse = self._store.jobs.pulse(self._lease, self._seconds)
        if not pulse.held:
            self._lost.set()
        if pulse.cancel_requested:
            self._cancelled.set()
