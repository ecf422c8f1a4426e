"""What is kept for a time, and dropped after."""

from worker.sync import consent
from worker.sync.feed import GRACE, KEPT
from worker.sync.house import House


def prune(house: House) -> None:
    """Drop changes that no reader can ask for any more, replies whose keys are free again, and consents that nobody
    came back from. Safe any number of times."""
    now = house.now()
    house.store.feed.forget(now - KEPT - GRACE)
    house.store.replies.forget(now)
    house.store.consents.forget(now - consent.KEPT)
