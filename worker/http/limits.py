"""Rate limits that all workers share: token buckets in Redis, taken several at a time."""

import hashlib
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import redis

from worker.core.errors import RateLimited

PATIENCE = 10.0
"""Seconds that a worker waits for its turn; whoever has to wait longer looks again later."""

_AWAY = 5.0
_EXPIRY = 7200
_PREFIX = "visit-sync:{limits}:"
"""The braces keep all buckets on one node of a cluster, as a script needs them."""

_TAKE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local units, longest, left = tonumber(ARGV[1]), 0, {}
for i, key in ipairs(KEYS) do
  local capacity, refill = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local kept = redis.call('HMGET', key, 'tokens', 'at', 'until')
  local passed = math.max(0, now - (tonumber(kept[2]) or now))
  left[i] = math.min(capacity, (tonumber(kept[1]) or capacity) + passed * refill)
  longest = math.max(longest, (math.min(units, capacity) - left[i]) / refill, (tonumber(kept[3]) or 0) - now)
end
if longest > 0 then return math.ceil(longest * 1000) end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'tokens', string.format('%.6f', left[i] - units), 'at', string.format('%.6f', now))
  redis.call('EXPIRE', key, ARGV[2])
end
return 0
"""

_PAUSE = """
local clock = redis.call('TIME')
local till = tonumber(clock[1]) + tonumber(clock[2]) / 1000000 + tonumber(ARGV[1])
if till > (tonumber(redis.call('HGET', KEYS[1], 'until')) or 0) then
  redis.call('HSET', KEYS[1], 'until', string.format('%.6f', till))
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 0
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A limit of ``per_minute`` times ``minutes`` units in any ``minutes``.

    A quarter may be taken at once and the rest flows in over that time: so a sliding window never holds more than that;
    a bucket filled at the full rate would let through twice as much.
    """

    name: str
    per_minute: float
    minutes: float = 1.0

    @property
    def capacity(self) -> float:
        return self.per_minute * self.minutes / 4

    @property
    def refill(self) -> float:
        """Units a second."""
        return self.per_minute * 0.75 / 60


class Limits:
    """Buckets in Redis (its clock, so that workers need not agree), or in this process while Redis is away.

    Names are hashed before they become keys, and keys expire two hours after their last use. ``patience`` is the usual
    deadline of ``acquire``, in seconds. Safe to share between threads.
    """

    def __init__(
        self,
        server: "redis.Redis | None" = None,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._server = server
        self._patience = patience
        self._sleep = sleep
        self._local = _Local()
        self._away_until = 0.0

    def take(self, buckets: Sequence[Bucket], units: float) -> float:
        """Takes ``units`` from all the buckets or from none; seconds to wait before asking again, 0.0 when taken.

        More units than a bucket holds are given when it is full, and leave it in debt.
        """
        shape = [part for bucket in buckets for part in (bucket.capacity, bucket.refill)]
        answer = self._ask(_TAKE, [bucket.name for bucket in buckets], [units, _EXPIRY, *shape])
        return self._local.take(buckets, units) if answer is None else answer / 1000

    def acquire(self, buckets: Sequence[Bucket], units: float, deadline: float | None = None) -> None:
        """Takes ``units``, waiting up to ``deadline`` seconds; RateLimited(retry_after) where that is not enough."""
        patience = self._patience if deadline is None else deadline
        waited = 0.0
        while wait := self.take(buckets, units):
            if waited + wait > patience:
                raise RateLimited("Our share of the other side's limit is used up.", retry_after=wait)
            nap = wait + 0.02 * random.random()  # noqa: S311 - spreads threads apart, no secret
            self._sleep(nap)
            waited += nap

    def pause(self, name: str, seconds: float) -> None:
        """Nobody takes from this bucket for so long: the other side said so."""
        if self._ask(_PAUSE, [name], [seconds, _EXPIRY]) is None:
            self._local.pause(name, seconds)

    def _ask(self, script: str, names: Sequence[str], arguments: Sequence[float]) -> int | None:
        """The script's answer, in milliseconds; None while Redis is away."""
        if self._server is None or time.monotonic() < self._away_until:
            return None
        try:
            keys = [_PREFIX + hashlib.sha256(name.encode()).hexdigest()[:32] for name in names]
            return int(str(self._server.eval(script, len(keys), *keys, *map(str, arguments))))
        except (redis.RedisError, OSError):
            self._away_until = time.monotonic() + _AWAY
            return None


class _Local:
    """The same buckets in this process alone: better a request too many than none at all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[float, float]] = {}
        self._until: dict[str, float] = {}

    def take(self, buckets: Sequence[Bucket], units: float) -> float:
        with self._lock:
            now = time.monotonic()
            left = {bucket.name: self._left(bucket, now) for bucket in buckets}
            longest = max((self._wait(bucket, left[bucket.name], units, now) for bucket in buckets), default=0.0)
            if longest > 0:
                return longest
            self._tokens.update((name, (tokens - units, now)) for name, tokens in left.items())
            return 0.0

    def pause(self, name: str, seconds: float) -> None:
        with self._lock:
            self._until[name] = max(self._until.get(name, 0.0), time.monotonic() + seconds)

    def _left(self, bucket: Bucket, now: float) -> float:
        tokens, at = self._tokens.get(bucket.name, (bucket.capacity, now))
        return min(bucket.capacity, tokens + (now - at) * bucket.refill)

    def _wait(self, bucket: Bucket, left: float, units: float, now: float) -> float:
        return max((min(units, bucket.capacity) - left) / bucket.refill, self._until.get(bucket.name, 0.0) - now)
