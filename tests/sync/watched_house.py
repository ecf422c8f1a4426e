"""The small house, reached at a public address by calendars that tell of changes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.sync.memory import MemoryProvider
from tests.sync.small_house import GOOGLE, ONE, SmallHouse
from worker.core.channels import LIFE, Channel, Notice, Watch
from worker.core.connections import Connection
from worker.core.errors import SyncError
from worker.core.ports import Provider, Stream
from worker.sync.watch import see_to_channels

PUBLIC = "https://sync.example.com"
HERE = f"{PUBLIC}/webhooks/google-calendar"
MINUTE = timedelta(minutes=1)


@dataclass
class Post:
    """The side that tells of changes. ``trouble`` is what asking for a stream meets; ``meanwhile`` runs once after a
    channel was opened and before we are answered."""

    clock: Callable[[], datetime]
    open: dict[str, tuple[str, Channel]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    trouble: dict[str, SyncError] = field(default_factory=dict)
    away: SyncError | None = None
    meanwhile: list[Callable[[Channel], None]] = field(default_factory=list)
    most: timedelta = LIFE
    seen_open: list[int] = field(default_factory=list)

    def watch(self, stream: Stream, channel: Channel) -> Watch:
        self.asked.append(stream.name)
        if stream.name in self.trouble:
            raise self.trouble[stream.name]
        assert channel.id not in self.open, "ids are used once"
        self.open[channel.id] = (stream.name, channel)
        self.seen_open.append(len(self.streams()))
        if self.meanwhile:
            self.meanwhile.pop(0)(channel)
        return Watch(f"remote of {channel.id}", min(channel.expires_at, self.clock() + self.most))

    def unwatch(self, stream: Stream, channel_id: str, remote_id: str) -> None:
        assert remote_id == f"remote of {channel_id}"
        if self.away is not None:
            raise self.away
        self.stopped.append(stream.name)
        self.open.pop(channel_id, None)

    def streams(self) -> list[str]:
        return sorted(name for name, _ in self.open.values())

    def notice(self, stream: str = ONE, **fields: Any) -> Notice:
        """What the newest channel of a stream tells of a change."""
        channel = [channel for name, channel in self.open.values() if name == stream][-1]
        return replace(Notice(channel.id, channel.token, f"remote of {channel.id}"), **fields)


class PushingCalendars(MemoryProvider):
    post: Post

    def watch(self, stream: Stream, channel: Channel) -> Watch:
        return self.post.watch(stream, channel)

    def unwatch(self, stream: Stream, channel_id: str, remote_id: str) -> None:
        self.post.unwatch(stream, channel_id, remote_id)


class Watched:
    """The small house, reached at a public address."""

    def __init__(self, small: SmallHouse) -> None:
        self.small = small
        self.post = Post(lambda: small.clock)
        manifests = {**small.house.manifests, GOOGLE: replace(small.house.manifests[GOOGLE], pushes=True)}
        self.house = replace(small.house, manifests=manifests, open_provider=self._open, public_url=PUBLIC)
        self.opening: SyncError | None = None

    def _open(self, _: Connection) -> Provider:
        if self.opening is not None:
            raise self.opening
        provider = PushingCalendars(self.small.calendars, self.small.routes)
        provider.post = self.post
        return provider

    def pass_time(self, time: timedelta) -> None:
        """The minutes go by, and with each the timer; nothing is asked for that needs no care."""
        self.small.clock += time
        see_to_channels(self.house)

    def minutes(self, number: int) -> None:
        for _ in range(number):
            self.pass_time(MINUTE)

    @property
    def known(self) -> list[str]:
        return sorted(channel.stream for channel in self.small.store.channels.of(self.small.connection.id))

    @property
    def due(self) -> datetime | None:
        return self.small.connection.next_look_at

    def be_quiet(self) -> None:
        """Nothing is due for an hour."""
        self.small.sync()
        assert self.due is not None
        assert self.due > self.small.clock + 10 * MINUTE
