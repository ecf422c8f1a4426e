"""What happens when: each row says what, how often, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from worker.app import MAINTENANCE, PRUNE, SWEEP, SYNCS, WATCH


@dataclass(frozen=True, slots=True)
class Row:
    """One task and its rhythm. A tick that nobody took within ``expires`` is dropped: the next says the same."""

    name: str
    task: str
    every: timedelta
    expires: timedelta
    queue: str
    why: str


TIMETABLE: Sequence[Row] = (
    Row(
        name="sweep",
        task=SWEEP,
        every=timedelta(seconds=1),
        # Measured by two clocks, the sender's and the taker's: far above how much these differ.
        expires=timedelta(seconds=15),
        queue=MAINTENANCE,
        why="gives due connections a job, rings again for jobs whose ring got lost, frees those whose worker died",
    ),
    Row(
        name="watch",
        task=WATCH,
        every=timedelta(minutes=1),
        expires=timedelta(minutes=2),
        queue=SYNCS,
        why="opens push channels, renews them before they end, stops those that nobody needs",
    ),
    Row(
        name="prune",
        task=PRUNE,
        every=timedelta(hours=1),
        expires=timedelta(hours=2),
        queue=MAINTENANCE,
        why="drops changes after 30 days, replies to idempotency keys after one, browsers that never came back",
    ),
)
