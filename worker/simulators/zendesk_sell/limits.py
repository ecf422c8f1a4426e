"""How often a token may come: https://developer.zendesk.com/api-reference/sales-crm/rate-limits/."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

SECOND = 1.0


@dataclass
class Second:
    """The requests of the last second, refused ones too."""

    taken: deque[float] = field(default_factory=deque)

    def is_full(self, limit: int | None, now: float) -> bool:
        """Counts one request at `now` (monotonic seconds); True when that is one too many."""
        while self.taken and self.taken[0] <= now - SECOND:
            self.taken.popleft()
        self.taken.append(now)
        return limit is not None and len(self.taken) > limit
