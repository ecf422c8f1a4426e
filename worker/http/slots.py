"""How many requests may be under way at once, over all workers: leases in Redis, taken several at a time."""

import hashlib
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import redis

from worker.core.errors import RateLimited

PATIENCE = 20.0
"""Seconds that a worker waits for its turn; whoever has to wait longer looks again later."""

LEASE = 45.0
"""Seconds after which a slot frees itself, because whoever held it has died: longer than requests take, and shorter
than a job's lease usually is, so that whoever takes the job over finds it free."""

_AWAY = 5.0
_POLL = 0.05
_PREFIX = "visit-sync:{slots}:"

_TAKE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local all, lease = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) + #ARGV - 2 > all then return 0 end
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], now + lease, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], lease)
return 1
"""


class Slots:
    """Slots in Redis (its clock, so that workers need not agree), or in this process while Redis is away.

    Names are hashed before they become keys. ``patience`` is how long ``held`` waits, in seconds; a slot that is not
    given back frees itself after ``lease`` seconds. Safe to share between threads.
    """

    def __init__(
        self,
        server: "redis.Redis | None" = None,
        patience: float = PATIENCE,
        lease: float = LEASE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._server = server
        self._patience = patience
        self._lease = lease
        self._sleep = sleep
        self._local = _Local()
        self._away_until = 0.0

    @contextmanager
    def held(self, name: str, count: int, of: int) -> Iterator[None]:
        """Holds ``count`` of the ``of`` slots that ``name`` has, all or none, while the block runs.

        Raises RateLimited where they do not come free in time.
        """
        leases = [secrets.token_hex(8) for _ in range(count)]
        key = _PREFIX + hashlib.sha256(name.encode()).hexdigest()[:32]
        self._wait(key, leases, of)
        try:
            yield
        finally:
            self._give_back(key, leases)

    def _wait(self, key: str, leases: Sequence[str], of: int) -> None:
        waited = 0.0
        while not self._take(key, leases, of):
            if waited >= self._patience:
                raise RateLimited("Too much is under way there already.", retry_after=1.0)
            nap = _POLL * (1 + random.random())  # noqa: S311 - spreads workers apart, no secret
            self._sleep(nap)
            waited += nap

    def _take(self, key: str, leases: Sequence[str], of: int) -> bool:
        if self._server is not None and time.monotonic() >= self._away_until:
            try:
                answer = self._server.eval(_TAKE, 1, key, str(of), str(round(self._lease * 1000)), *leases)
                return int(str(answer)) == 1
            except (redis.RedisError, OSError):
                self._away_until = time.monotonic() + _AWAY
        return self._local.take(key, leases, of, self._lease)

    def _give_back(self, key: str, leases: Sequence[str]) -> None:
        """Where Redis does not hear it, the leases end by themselves."""
        self._local.give_back(key, leases)
        if self._server is None or time.monotonic() < self._away_until:
            return
        try:
            self._server.zrem(key, *leases)
        except (redis.RedisError, OSError):
            self._away_until = time.monotonic() + _AWAY


class _Local:
    """The same slots in this process alone: a few too many in flight are better than none at all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, dict[str, float]] = {}

    def take(self, key: str, leases: Sequence[str], of: int, lease: float) -> bool:
        with self._lock:
            now = time.monotonic()
            held = {one: until for one, until in self._held.get(key, {}).items() if until > now}
            free = len(held) + len(leases) <= of
            self._held[key] = {**held, **dict.fromkeys(leases, now + lease)} if free else held
            return free

    def give_back(self, key: str, leases: Sequence[str]) -> None:
        with self._lock:
            left = {one: until for one, until in self._held.get(key, {}).items() if one not in leases}
            self._held.pop(key, None)
            if left:
                self._held[key] = left
