"""An event arrives: stored once, never overwriting what is newer, and taken as a hint to look."""

from collections.abc import Sequence

from worker.core.connections import InboxEvent
from worker.sync.house import House

MOST_AT_ONCE = 200


def receive_events(house: House, events: Sequence[InboxEvent]) -> list[bool]:
    """Store verified events in one transaction; for each, whether it had come before.

    A new event brings its record up to date and makes the account's connections due after the debounce, so that what
    comes close together ends in one sync. What is due needs no message: the sweep finds it.
    """
    now = house.now()
    return house.store.inbox.take(events, now=now, due=now + house.debounce)
