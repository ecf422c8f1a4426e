"""Limits of a realm: https://developer.intuit.com/app/developer/qbo/docs/learn/rest-api-features#limits-and-throttles."""

from __future__ import annotations

from collections import Counter, defaultdict, deque

from worker.simulators.quickbooks.gateway import Turned
from worker.simulators.quickbooks.settings import Settings

MINUTE, SECOND = 60.0, 1.0


class Throttle:
    """Requests of the last minute and requests in flight; `highest` is the most that were in flight, refused ones too.

    Used by the thread that serves the requests; others may read a copy.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._requests: dict[str, deque[float]] = defaultdict(deque)
        self._batches: dict[str, deque[float]] = defaultdict(deque)
        self._bursts: dict[str, deque[float]] = defaultdict(deque)
        self._in_flight: Counter[str] = Counter()
        self.highest: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def enter(self, realm: str) -> int:
        """A request has come in; returns how many are in flight with it."""
        self._in_flight[realm] += 1
        self.highest[realm] = max(self.highest[realm], self._in_flight[realm])
        return self._in_flight[realm]

    def leave(self, realm: str) -> None:
        self._in_flight[realm] -= 1

    def charge(self, realm: str, in_flight: int, now: float, *, batch: bool) -> None:
        """Turned away with 3001 when too many are in flight, or were in the last minute."""
        limit = self._settings.concurrency
        if limit is not None and in_flight > limit:
            self._refuse("concurrency")
        if _is_full(self._bursts[realm], now, self._settings.second_limit, SECOND):
            self._refuse("second")
        if _is_full(self._requests[realm], now, self._settings.minute_limit, MINUTE):
            self._refuse("minute")
        if batch and _is_full(self._batches[realm], now, self._settings.batch_minute_limit, MINUTE):
            self._refuse("batch_minute")

    def forget(self) -> None:
        """Requests in flight stay: they end by themselves."""
        for counts in (self._requests, self._batches, self._bursts, self.highest, self.refused):
            counts.clear()

    def _refuse(self, limit: str) -> None:
        self.refused[limit] += 1
        raise Turned("3001")


def _is_full(used: deque[float], now: float, limit: int | None, window: float) -> bool:
    while used and used[0] <= now - window:
        used.popleft()
    used.append(now)
    return limit is not None and len(used) > limit
