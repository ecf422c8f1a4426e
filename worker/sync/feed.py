"""Someone asks what others changed at a provider: each change once, in order, while syncs run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.core.errors import FeedExpired
from worker.store.feed import SeenChange
from worker.sync.house import House
from worker.sync.request import connected

KEPT = timedelta(days=30)
GRACE = timedelta(days=1)
"""How much longer everything is there for those who are in the middle of reading."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader stands: all up to ``number`` was given, as of ``at``; nothing from before ``since`` is wanted."""

    number: int
    at: datetime
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """Some changes, the oldest first, and the place to go on from; ``has_more``: there were others already."""

    changes: Sequence[SeenChange]
    place: Place
    has_more: bool


def begin(house: House, since: datetime | None) -> Place:
    """The place from which to read everything that is kept, or what was seen from ``since`` on. Raises FeedExpired."""
    now = house.now()
    oldest = now - KEPT
    if since is not None and since < oldest:
        raise FeedExpired(f"since: changes are kept for {KEPT.days} days; start again without it.")
    return Place(0, now, since or oldest)


def read(house: House, account_id: str, integration: str, place: Place, limit: int) -> Reading:
    """What follows ``place``. Raises FeedExpired where some of that may be gone already, NotConnected."""
    connection = connected(house, account_id, integration)
    now = house.now()
    if place.at < now - KEPT - GRACE:
        raise FeedExpired(f"cursor: changes are kept for {KEPT.days} days; start again without it.")
    latest = house.store.plans.latest(account_id)
    found = house.store.feed.changes(connection.id, place.number, limit + 1, place.since)
    given = found[:limit]
    if len(found) > limit:
        return Reading(given, Place(given[-1].number, given[-1].seen_at, place.since), has_more=True)
    # What is committed up to ``latest`` was there to be found: whoever comes back needs only what follows.
    last = max(latest, given[-1].number if given else 0)
    return Reading(given, Place(max(last, place.number), now, place.since), has_more=False)
