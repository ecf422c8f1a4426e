"""How many requests a key may make."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

MINUTE = 60.0
DAY = 86_400.0


@dataclass
class Window:
    """The requests of the last `seconds`."""

    seconds: float
    taken: deque[float] = field(default_factory=deque)

    def wait(self, limit: int | None, now: float) -> float:
        """Seconds until one more fits under `limit`; 0 when it fits now."""
        while self.taken and self.taken[0] <= now - self.seconds:
            self.taken.popleft()
        if limit is None or len(self.taken) < limit:
            return 0.0
        return self.taken[len(self.taken) - limit] + self.seconds - now if limit else self.seconds


@dataclass
class Quota:
    """The requests of one key: sliding windows of a minute and of a day."""

    minute: Window = field(default_factory=lambda: Window(MINUTE))
    day: Window = field(default_factory=lambda: Window(DAY))

    def take(self, per_minute: int | None, per_day: int | None, now: float) -> int:
        """0 when the request is let through and counted, else whole seconds to wait; `now` is monotonic."""
        wait = max(self.minute.wait(per_minute, now), self.day.wait(per_day, now))
        if wait > 0:
            return math.ceil(wait)
        for window, limit in ((self.minute, per_minute), (self.day, per_day)):
            if limit is not None:
                window.taken.append(now)
        return 0
