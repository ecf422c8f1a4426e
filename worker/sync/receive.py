"""An event arrives: stored once, never overwriting what is newer, and taken as a hint to look."""

from collections.abc import Mapping, Sequence

from worker.core.connections import InboxEvent
from worker.sync.house import House

MOST_AT_ONCE = 200


def receive_events(house: House, events: Sequence[InboxEvent]) -> list[bool]:
    """Store verified events in one transaction; for each, whether it had come before.

    A new event brings its record up to date and makes those of the account's connections due that publish such records,
    after the debounce, so that what comes close together ends in one sync. What is due needs no message: the sweep
    finds it.
    """
    now = house.now()
    return house.store.inbox.take(events, now=now, due=now + house.debounce, readers=readers(house))


def readers(house: House) -> Mapping[str, Sequence[str]]:
    """The integrations that publish something of each kind of record; the source itself is none of them."""
    found: dict[str, list[str]] = {}
    for name, manifest in house.manifests.items():
        for kind in () if manifest.source else manifest.reads:
            found.setdefault(kind, []).append(name)
    return found
