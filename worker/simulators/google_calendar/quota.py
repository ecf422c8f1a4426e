"""Quota in sliding windows of a minute, per project and per user of the project."""

from __future__ import annotations

from collections import defaultdict, deque

from worker.simulators.google_calendar.refusal import Refusal
from worker.simulators.google_calendar.settings import Settings

WINDOW = 60.0
PATCH_UNITS = 3
PROJECT = ""


class Quota:
    """What was used in the last minute; a refused call costs nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._used: dict[str, deque[tuple[float, int]]] = defaultdict(deque)
        self._sums: dict[str, int] = defaultdict(int)
        self._refusals = 0

    def charge(self, user: str, units: int, now: float) -> None:
        """Charges a call to a user and the project; 403 or 429 when that is too much."""
        for who, limit, reason in (
            (user, self._settings.user_limit, "userRateLimitExceeded"),
            (PROJECT, self._settings.project_limit, "rateLimitExceeded"),
        ):
            if limit is not None and self.used(who, now) + units > limit:
                raise self._refusal(reason)
        for who in (user, PROJECT):
            self._used[who].append((now, units))
            self._sums[who] += units

    def used(self, who: str, now: float) -> int:
        """Units used in the last minute."""
        window = self._used[who]
        while window and window[0][0] <= now - WINDOW:
            self._sums[who] -= window.popleft()[1]
        return self._sums[who]

    def forget(self) -> None:
        self._used.clear()
        self._sums.clear()
        self._refusals = 0

    def _refusal(self, reason: str) -> Refusal:
        self._refusals += 1
        kind = self._settings.rate_answer
        if kind == "429" or (kind == "alternate" and self._refusals % 2 == 0):
            return Refusal(429, "rateLimitExceeded")
        return Refusal(403, reason)
