"""What happens every second so that no work is ever lost with a message."""

from dataclasses import dataclass

from worker.sync.house import House
from worker.sync.request import look_when_due

RING_AGAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Swept:
    """How many connections were due, rings were repeated, and leases were taken over."""

    due: int
    rung: int
    taken_over: int


def sweep(house: House) -> Swept:
    """Requeue what a dead worker held, queue what is due, ring again for what nobody came to. Safe any number of
    times.
    """
    now = house.now()
    lost = house.store.jobs.requeue_lost(now)
    due = look_when_due(house)
    waiting = house.store.jobs.to_ring(now, RING_AGAIN_SECONDS)
    for job_id in waiting:
        house.ring(job_id)
    return Swept(due, len(waiting), len(lost))
