"""Rings for workers from a thread of its own, so that nobody waits for a broker."""

import queue
import threading
import time
from collections.abc import Callable

import structlog

MOST_WAITING = 10_000
log = structlog.get_logger(__name__)


class Doorbell:
    """``send`` wakes a worker for a job id; it may be slow and may fail: the sweep rings again for what nobody came
    to.
    """

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._waiting: queue.Queue[str] = queue.Queue(MOST_WAITING)
        self._door = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self, job_id: str) -> None:
        """Ask for a ring, now or soon; never waits, never fails."""
        with self._door:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait(job_id)
        except queue.Full:
            log.warning("doorbell.full", waiting=MOST_WAITING)

    def flush(self, seconds: float) -> None:
        """Wait until everything was rung, or ``seconds`` have passed: for a process that ends."""
        deadline = time.monotonic() + seconds
        while self._waiting.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)

    def forked(self) -> None:
        """Start afresh in a forked child: threads do not come along."""
        self._thread = None
        self._waiting = queue.Queue(MOST_WAITING)

    def _run(self) -> None:
        while True:
            job_id = self._waiting.get()
            try:
                self._send(job_id)
            except Exception as error:  # noqa: BLE001 - whatever it is: the sweep rings again
                log.warning("doorbell.not_rung", job_id=job_id, reason=type(error).__name__)
            finally:
                self._waiting.task_done()
