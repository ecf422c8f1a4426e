"""What is kept for a time, and dropped after."""

from datetime import timedelta

from worker.sync.feed import GRACE, KEPT
from worker.sync.house import House

A_DAY = timedelta(days=1)
"""How long a browser that comes back too late is told so, rather than that nobody knows it."""


def prune(house: House) -> None:
    """Drop changes that no reader can ask for any more, replies whose keys are free again, and consents that nobody
    came back from. Safe any number of times."""
    now = house.now()
    house.store.feed.forget(now - KEPT - GRACE)
    house.store.replies.forget(now)
    house.store.consents.forget(now - A_DAY)
