"""When to look next: the whole retry policy."""

from dataclasses import dataclass
from datetime import datetime, timedelta

JITTER = 0.1
FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=15)
MOST_ATTEMPTS = 5
"""How many workers may die over one job before it is called failed."""


@dataclass(frozen=True, slots=True)
class Facts:
    """How a run ended. ``failures`` counts runs that failed or left something over since the last clean one, this
    included; ``retry_after`` is in seconds, as the other side asked; ``unfinished``: something has to be looked at
    again.
    """

    unfinished: bool = False
    failures: int = 0
    retry_after: float | None = None


def next_look(now: datetime, cadence: timedelta, facts: Facts, chance: float) -> datetime:
    """When the timer should look again; ``chance`` in [0, 1) spreads connections apart (±10 % of the cadence).

    What is unfinished is looked at after 5 s, 10 s, 20 s … at most 15 min, never before the other side's
    ``retry_after``, never later than the cadence.
    """
    regular = cadence * (1 + JITTER * (2 * chance - 1))
    if not facts.unfinished:
        return now + regular
    doublings = min(max(facts.failures - 1, 0), 20)
    backoff: timedelta = min(LONGEST_RETRY, FIRST_RETRY * (1 << doublings))
    wait = max(backoff * (1 + JITTER * chance), timedelta(seconds=facts.retry_after or 0))
    return now + (wait if facts.retry_after else min(wait, regular))
