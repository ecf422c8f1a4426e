"""Who calls: found by the API key, whose use is noted in passing."""

import queue
import threading
import time
from collections.abc import Callable
from datetime import datetime

import structlog

from worker.core.connections import ApiKey
from worker.store.keys import USE_NOTED_EVERY, Keys

MOST_WAITING = 1000
log = structlog.get_logger(__name__)


class Callers:
    """Keys are looked up in the thread that asks, each time anew: what is revoked is refused at once.

    Their use is noted in a thread of its own. That needs the database's writer, and no request shall wait for it or
    fail with it.
    """

    def __init__(self, keys: Keys, now: Callable[[], datetime]) -> None:
        self._keys = keys
        self._now = now
        self._waiting: queue.Queue[tuple[ApiKey, datetime]] = queue.Queue(MOST_WAITING)
        self._tried: dict[str, datetime] = {}
        self._door = threading.Lock()
        self._thread: threading.Thread | None = None

    def find(self, raw_key: str) -> ApiKey | None:
        """The key with this text; None for an unknown or revoked one. Raises StoreUnavailable."""
        found = self._keys.find(raw_key)
        if found is not None:
            self._note(found, self._now())
        return found

    def flush(self, seconds: float) -> None:
        """Wait until every use was noted, or ``seconds`` have passed: for a process that ends."""
        deadline = time.monotonic() + seconds
        while self._waiting.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)

    def _note(self, key: ApiKey, now: datetime) -> None:
        """Try once a minute, whether or not it can be done: a database that cannot be written is left in peace."""
        with self._door:
            if not _is_long_ago(key.last_used_at, now) or not _is_long_ago(self._tried.get(key.id), now):
                return
            self._tried[key.id] = now
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="callers", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait((key, now))
        except queue.Full:
            log.warning("callers.full", waiting=MOST_WAITING)

    def _run(self) -> None:
        while True:
            key, used_at = self._waiting.get()
            try:
                self._keys.note_use(key.account_id, key.id, used_at)
            except Exception as error:  # noqa: BLE001 - whatever it is: the next minute's use is noted
                log.warning("callers.use_not_noted", caller=key.id, reason=type(error).__name__)
            finally:
                self._waiting.task_done()


def _is_long_ago(moment: datetime | None, now: datetime) -> bool:
    return moment is None or now - moment >= USE_NOTED_EVERY
