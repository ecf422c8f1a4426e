"""Limits for one app and mailbox: https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits."""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from worker.simulators.outlook_calendar.refusal import Refusal
from worker.simulators.outlook_calendar.settings import Settings

WINDOW = 600.0
Payer = tuple[str, str]
"""Client id and mailbox id."""


class Throttle:
    """Calls of the last ten minutes and calls in flight; `highest` is the most that were in flight at a mailbox.

    Used by the thread that serves the calls; others may read a copy.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._used: dict[Payer, deque[float]] = defaultdict(deque)
        self._in_flight: Counter[Payer] = Counter()
        self.highest: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    @contextmanager
    def slot(self, payer: Payer, now: float) -> Iterator[None]:
        """A call in flight at a mailbox; 429 when there are too many of them, or were in the last ten minutes."""
        self._charge(payer, now)
        limit = self._settings.mailbox_concurrency
        if limit is not None and self._in_flight[payer] >= limit:
            self.refused["concurrency"] += 1
            wait = self._settings.concurrency_retry_after
            raise Refusal(429, "ApplicationThrottled", headers={} if wait is None else {"retry-after": str(wait)})
        self._in_flight[payer] += 1
        self.highest[payer[1]] = max(self.highest[payer[1]], self._in_flight[payer])
        try:
            yield
        finally:
            self._in_flight[payer] -= 1

    def forget(self) -> None:
        """Calls in flight stay: they end by themselves."""
        self._used.clear()
        self.highest.clear()
        self.refused.clear()

    def _charge(self, payer: Payer, now: float) -> None:
        used, limit = self._used[payer], self._settings.mailbox_limit
        while used and used[0] <= now - WINDOW:
            used.popleft()
        used.append(now)
        if limit is None or len(used) <= limit:
            return
        self.refused["limit"] += 1
        wait = self._settings.retry_after or math.ceil(used[len(used) - limit - 1] + WINDOW - now) or 1
        raise Refusal(429, "TooManyRequests", headers={"retry-after": str(wait)})
