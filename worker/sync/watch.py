"""Push channels: seen to while a connection lives, stopped when it goes, and listened to."""

from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import datetime, timedelta

from worker.core.channels import REFUSED, KnownChannel, Notice
from worker.core.connections import Connection
from worker.core.errors import ConnectionRevoked, NotConnected, Rejected, StoreUnavailable, SyncError
from worker.core.jobs import Trigger
from worker.store.channels import Turn
from worker.sync.house import House
from worker.sync.watching import PushingProvider, Watching, is_over, opened_provider, unwatch

MOST_CONNECTIONS = 50
"""In one tick."""

FAREWELL = timedelta(seconds=10)
"""How long a disconnect goes on stopping channels: somebody waits for it, and they end by themselves."""


def see_to_channels(house: House, most: int = MOST_CONNECTIONS) -> int:
    """Open, renew and stop the channels of connections whose turn it is; how many connections those were.

    Without ``house.public_url`` none is opened, and those from before are stopped. Safe any number of times, in any
    number of processes. Raises StoreUnavailable.
    """
    store, started, seen = house.store, house.now(), 0
    pushing = [name for name, manifest in house.manifests.items() if manifest.pushes]
    store.channels.remove_ended(started)
    for name in pushing:
        store.channels.address_is(name, callback(house, name), started)
    while seen < most and not is_over(house, started):
        turn = store.channels.take_turn(pushing, house.now())
        if turn is None:
            break
        _see_to(house, turn)
        seen += 1
    return seen


def notified(house: House, integration: str, notice: Notice) -> bool:
    """Take a provider's message as a hint to look, together with what comes within the debounce. False where it came
    through no channel of ours, after the same work. Raises StoreUnavailable."""
    store, now = house.store, house.now()
    heard = store.channels.heard(integration, notice)
    if heard is None:
        return False
    if heard.remote_id is None and notice.remote_id is not None:
        store.channels.learn(notice.channel_id, notice.remote_id, notice.expires_at, now)
    due = now + house.debounce
    # A look that is due by then has not begun, so it will see this change as well: a burst is written down once.
    if notice.changed and (heard.due is None or heard.due > due):
        store.connections.poke(heard.account_id, [integration], due, Trigger.PUSH)
    return True


def stop_channels(house: House, connection: Connection) -> None:
    """Stop a connection's channels while its grant still holds, as far as the provider can be reached.

    A worker that is just opening one finds its turn taken, and stops it by itself. Raises StoreUnavailable.
    """
    started = house.now()
    house.store.channels.seize_turn(connection.id, started)
    named = [channel for channel in house.store.channels.of(connection.id) if channel.remote_id is not None]
    if named:
        with suppress(SyncError), closing(opened_provider(house, connection)) as provider:
            _stop_in_time(house, provider, named, started + FAREWELL)


def callback(house: House, integration: str) -> str | None:
    """Where a provider sends its messages, None where none can reach us."""
    return f"{house.public_url}/webhooks/{house.manifests[integration].slug}" if house.public_url else None


def _stop_in_time(
    house: House, provider: PushingProvider, channels: Sequence[KnownChannel], deadline: datetime
) -> None:
    streams = {stream.name: stream for stream in provider.streams()}
    for channel in channels:
        if house.now() > deadline:
            break
        with suppress(Rejected, NotConnected, ConnectionRevoked):  # the next may have another grant
            unwatch(provider, streams, channel)
            house.store.channels.remove(channel.id)


def _see_to(house: House, turn: Turn) -> None:
    """One connection's turn. Settings or grants that nothing can be opened with are left to the sync, which tells."""
    connection = house.store.connections.get(turn.connection_id)
    assert connection is not None, "connections are never deleted"
    address = callback(house, connection.integration)
    try:
        with closing(opened_provider(house, connection)) as provider:
            Watching(house, turn, connection, provider, address).carry_out()
    except StoreUnavailable:
        raise
    except SyncError:
        house.store.channels.end_turn(turn, house.now() + REFUSED)
