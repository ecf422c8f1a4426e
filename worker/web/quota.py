"""How many requests a key may make: at most so many in any minute, counted in Redis."""

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

if TYPE_CHECKING:
    import redis

PER_MINUTE = 600
MINUTE = 60
PATIENCE = 0.2
"""Seconds that a request waits to be counted; after that it passes."""

AWAY = 5.0
"""Seconds for which Redis, once it was away, is not asked."""

AT_ONCE = 8
"""Requests that are counted side by side; each takes a fraction of a millisecond."""

log = structlog.get_logger(__name__)


class Quota:
    """A moving window for each key: what was refused is not counted, so that who keeps knocking gets in again.

    ``server`` should give up sooner than others do (``broker.connect_in_passing``). While it is away, slow or frozen,
    or where there is none, requests pass. ``minute`` and ``patience`` are in seconds, for tests to change. Safe to
    share between threads.
    """

    def __init__(
        self,
        server: "redis.Redis | None" = None,
        per_minute: int = PER_MINUTE,
        *,
        minute: int = MINUTE,
        patience: float = PATIENCE,
    ) -> None:
        self.per_minute = per_minute
        self._limit = RateLimitItemPerSecond(per_minute, minute)
        self._window = None if server is None else MovingWindowRateLimiter(_storage(server))
        self._patience = patience
        # Time-outs of a socket say nothing of looking up a name, or of one short answer after the other.
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="quota")
        self._lock = threading.Lock()
        self._away_until = 0.0
        self._warn_after = 0.0

    def take(self, key_id: str) -> int:
        """Counts a request of this key: 0 where it may pass, else the whole seconds until there is room again."""
        if self._window is None or not self._is_asked():
            return 0
        counting = self._threads.submit(self._count, self._window, key_id)
        try:
            wait = counting.result(self._patience)
        except Exception as error:  # noqa: BLE001 - whatever it is: better a request too many than none at all
            counting.cancel()
            self._leave_alone(error)
            return 0
        self._away_until = 0.0
        return wait

    def _count(self, window: MovingWindowRateLimiter, key_id: str) -> int:
        if window.hit(self._limit, key_id):
            return 0
        stats = window.get_window_stats(self._limit, key_id)
        wait = math.ceil(stats.reset_time - time.time()) if stats.remaining <= 0 else 1
        return min(max(wait, 1), self._limit.get_expiry())

    def _is_asked(self) -> bool:
        """Whether this request is to be counted. After a silence one finds out for all whether Redis is back."""
        with self._lock:
            if not self._away_until:
                return True
            if time.monotonic() < self._away_until:
                return False
            self._away_until = time.monotonic() + AWAY
            return True

    def _leave_alone(self, error: Exception) -> None:
        with self._lock:
            now = time.monotonic()
            self._away_until = now + AWAY
            is_known = now < self._warn_after
            self._warn_after = self._warn_after if is_known else now + AWAY
        if not is_known:
            log.warning("quota.not_counted", reason=type(error).__name__, seconds=AWAY)


def _storage(server: "redis.Redis") -> RedisStorage:
    """Storage on our own connections: they are made as the address says, which the library need not understand."""
    return RedisStorage("redis://", connection_pool=server.connection_pool, key_prefix="visit-sync:quota")
