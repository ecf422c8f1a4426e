"""How many requests a token may make in a minute."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

MINUTE = 60.0


@dataclass
class Minute:
    """The requests of the last minute that were let through."""

    taken: deque[float] = field(default_factory=deque)

    def wait(self, limit: int | None, now: float) -> int:
        """0 when the request at `now` (monotonic seconds) is let through and counted, else whole seconds to wait."""
        while self.taken and self.taken[0] <= now - MINUTE:
            self.taken.popleft()
        if limit is None or len(self.taken) < limit:
            self.taken.append(now)
            return 0
        return math.ceil(self.taken[0] + MINUTE - now) if limit else int(MINUTE)
