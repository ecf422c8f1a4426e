"""One connection's push channels, seen to in one turn."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, cast
from uuid import uuid4

from worker.core.channels import (
    LIFE,
    Channel,
    KnownChannel,
    Needs,
    needless,
    next_care,
    patience,
    told,
    wanting,
)
from worker.core.connections import Connection
from worker.core.errors import ConnectionRevoked, RateLimited, SyncError, Transient, Uncertain
from worker.core.jobs import Trigger
from worker.core.ports import Provider, Pushes, Stream
from worker.store.channels import Turn
from worker.sync.house import House

MOST_REQUESTS = 50
"""In one turn; the rest waits for the next tick."""

TICK = timedelta(seconds=40)
"""After so long nothing more is begun: workers are there for syncs."""


class PushingProvider(Provider, Pushes, Protocol):
    """What ``Manifest.pushes`` promises."""


def opened_provider(house: House, connection: Connection) -> PushingProvider:
    """The provider of a connection whose integration pushes. Raises what opening raises; whoever opens it closes it."""
    return cast(PushingProvider, house.open_provider(connection))


def unwatch(provider: PushingProvider, streams: Mapping[str, Stream], channel: KnownChannel) -> None:
    """Stop a channel that the provider has named, of a stream that may be no more. Raises as ``Pushes.unwatch``."""
    assert channel.remote_id is not None, "what has no name cannot be stopped"
    stream = streams.get(channel.stream) or Stream(channel.stream, channel.stream, live=False)
    provider.unwatch(stream, channel.id, channel.remote_id)


def is_over(house: House, started: datetime) -> bool:
    """Whether to begin nothing more that can wait for the next tick."""
    return house.stopping() or house.now() - started > TICK


@dataclass
class Watching:
    """What is missing is opened first, then what is needless is stopped: so they overlap, and nothing goes untold.

    Dying anywhere loses nothing. A channel is noted before it is asked for; if its answer never comes, another is
    opened after a while, its messages are known until it ends, and the first of them tells how to stop it.
    """

    house: House
    turn: Turn
    connection: Connection
    provider: PushingProvider
    address: str | None
    started: datetime = field(init=False)
    streams: Mapping[str, Stream] = field(init=False)
    needs: Needs = field(init=False)
    requests: int = 0
    halted: bool = False
    waits: list[timedelta] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started = self.house.now()
        self.streams = {stream.name: stream for stream in self.provider.streams()}
        self.needs = Needs(tuple(self.streams), self.address)

    def carry_out(self) -> None:
        """Raises StoreUnavailable."""
        known = self._known()
        heard = told(known, self.needs, self.house.now())
        opened = self._open_all(wanting(known, self.needs, self.house.now()))
        self._stop_all(needless(self._known(), self.needs, self.house.now()))
        if opened - heard:
            self._look()
        self._end()

    def _open_all(self, names: Sequence[str]) -> set[str]:
        """Open a channel for each of these streams; those that then have one."""
        ids = {name: state.id for name, state in self.house.store.streams.ensure(self.connection.id, names).items()}
        opened: set[str] = set()
        for name in names:
            if not self._may_go_on():
                break
            if self._open(self.streams[name], ids[name]):
                opened.add(name)
        return opened

    def _open(self, stream: Stream, stream_id: int) -> bool:
        assert self.address is not None, "without an address no stream wants a channel"
        now = self.house.now()
        channel = Channel(str(uuid4()), secrets.token_urlsafe(32), self.address, now + LIFE)
        if not self.house.store.channels.begin(self.turn, stream_id, channel, now):
            self.halted = True
            return False
        try:
            watch = self.provider.watch(stream, channel)
        except Uncertain:
            return False  # it may be open: it stays noted, and counts as lost after a while
        except SyncError as error:
            self.house.store.channels.remove(channel.id)
            self._failed(stream, error)
            return False
        if not self.house.store.channels.opened(self.turn, channel.id, watch):
            self._take_back(stream, channel.id, watch.remote_id)
        return True

    def _take_back(self, stream: Stream, channel_id: str, remote_id: str) -> None:
        """The connection may have been disconnected while the answer was on its way: then nobody else stops this."""
        self.halted = True
        with suppress(SyncError):
            self.provider.unwatch(stream, channel_id, remote_id)
            self.house.store.channels.remove(channel_id)

    def _stop_all(self, channels: Sequence[KnownChannel]) -> None:
        for channel in channels:
            if not self._may_go_on():
                break
            self._stop(channel)

    def _stop(self, channel: KnownChannel) -> None:
        """One that cannot be stopped for good is forgotten: its messages are refused from then on, until it ends."""
        try:
            unwatch(self.provider, self.streams, channel)
        except Transient as error:
            self.waits.append(patience(error))
            self.halted = isinstance(error, RateLimited)
            return
        except SyncError:
            pass
        self.house.store.channels.remove(channel.id)

    def _failed(self, stream: Stream, error: SyncError) -> None:
        """What concerns all streams alike is not asked for each of them."""
        self.waits.append(patience(error))
        self.halted = isinstance(error, RateLimited) or (isinstance(error, ConnectionRevoked) and stream.grant is None)

    def _may_go_on(self) -> bool:
        if not self.halted and (self.requests >= MOST_REQUESTS or is_over(self.house, self.started)):
            self.halted = True
            self.waits.append(timedelta(0))
        self.requests += 1
        return not self.halted

    def _look(self) -> None:
        """Nobody told of these streams before, so what happened in the gap is not known yet."""
        due = self.house.now() + self.house.debounce
        integration = self.connection.integration
        self.house.store.connections.poke(self.connection.account_id, [integration], due, Trigger.PUSH)

    def _end(self) -> None:
        now = self.house.now()
        care = next_care(self._known(), self.needs, now)
        moments = [now + wait for wait in self.waits] + ([care] if care else [])
        self.house.store.channels.end_turn(self.turn, min(moments, default=None))

    def _known(self) -> list[KnownChannel]:
        return self.house.store.channels.of(self.connection.id)
