"""Push channels: which a connection needs, and which it needs no more."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from worker.core.errors import RateLimited, SyncError, Transient

LIFE = timedelta(days=7)
"""How long we ask to be told: Google's default, and the most that Microsoft allows."""

ANSWER = timedelta(minutes=2)
"""How long the answer to our asking may be on its way; then the channel counts as lost, open or not. Twice as long for
each one that was lost before."""

AGAIN = timedelta(minutes=15)
"""When to ask again after a failure. Polling covers what is not told."""

REFUSED = timedelta(hours=6)
"""When to ask again after what only a person can mend."""

RENEWAL = 0.5
"""The part of its life after which a channel is renewed: what is left is time to try again."""


@dataclass(frozen=True, slots=True)
class Channel:
    """What we ask a provider for: to tell ``address`` of changes until ``expires_at`` (UTC).

    ``id`` (up to 64 of A–Z, a–z, 0–9, "-") and ``token`` (up to 256 of the same and "_") are chosen by us, each once;
    by them its messages are known. The token is a secret.
    """

    id: str
    token: str = field(repr=False)
    address: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Watch:
    """What the provider promised: its own name for the channel, by which it is stopped, and until when it holds (UTC),
    which may be sooner than we asked for.
    """

    remote_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that says of itself that it comes through a channel; nothing in it holds before its token is compared.

    ``changed`` is False where it tells only that the channel is open. ``expires_at`` is in UTC.
    """

    channel_id: str
    token: str = field(repr=False)
    remote_id: str | None = None
    changed: bool = True
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a provider's message is answered: an HTTP status, and a plain text where its protocol wants an echo."""

    status: int
    text: str = ""


Receiver = Callable[[Mapping[str, str], Mapping[str, str], bytes], Receipt]
"""Takes one message of a provider: its headers, found in any case, its query and its raw body."""


@dataclass(frozen=True, slots=True)
class KnownChannel:
    """A channel that we asked for. ``stream`` is the name of what it tells of; ``remote_id`` is None until the provider
    has answered; a ``retired`` one is to be stopped. Moments are in UTC.
    """

    id: str
    stream: str
    address: str
    remote_id: str | None
    created_at: datetime
    renew_at: datetime
    expires_at: datetime
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """What a connection's channels are to be like: each of ``streams`` told to ``address``, nothing where it is
    None.
    """

    streams: Collection[str]
    address: str | None

    def covers(self, channel: KnownChannel) -> bool:
        """Whether somebody waits for what it tells."""
        return not channel.retired and channel.stream in self.streams and self.address is not None


def renewal(opened_at: datetime, expires_at: datetime) -> datetime:
    """When to open the next channel, for one with this life."""
    return opened_at + (expires_at - opened_at) * RENEWAL


def wanting(known: Sequence[KnownChannel], needs: Needs, now: datetime) -> list[str]:
    """The streams that need a new channel: those for which fewest answers were lost first, so that one which always
    loses them does not hold up the others."""
    if needs.address is None:
        return []
    fresh = {channel.stream for channel in known if _is_fresh(channel, known, needs, now)}
    lost = [channel.stream for channel in known if channel.remote_id is None]
    return sorted((name for name in needs.streams if name not in fresh), key=lambda name: (lost.count(name), name))


def told(known: Sequence[KnownChannel], needs: Needs, now: datetime) -> set[str]:
    """The streams of whose changes we are told."""
    return {channel.stream for channel in known if _is_open(channel, needs, now)}


def needless(known: Sequence[KnownChannel], needs: Needs, now: datetime) -> list[KnownChannel]:
    """The channels to stop: nobody waits for what they tell, or a newer one tells it too. One whose answer was lost
    has no name that the provider knows, so it ends by itself."""
    newest: dict[str, KnownChannel] = {}
    for channel in sorted(known, key=lambda channel: (channel.created_at, channel.id)):
        if _is_open(channel, needs, now):
            newest[channel.stream] = channel
    named = [channel for channel in known if channel.remote_id is not None]
    return [one for one in named if not needs.covers(one) or newest.get(one.stream, one) != one]


def next_care(known: Sequence[KnownChannel], needs: Needs, now: datetime) -> datetime | None:
    """When the channels want care next, failures aside; None for never."""
    return min((_holds_until(one, known) for one in known if _is_fresh(one, known, needs, now)), default=None)


def patience(error: SyncError) -> timedelta:
    """How long to wait before asking again. Never every minute: whatever is wrong, polling goes on."""
    asked = getattr(error, "retry_after", None)
    if isinstance(error, Transient):
        return timedelta(seconds=asked) if isinstance(error, RateLimited) and asked else AGAIN
    return REFUSED


def _is_open(channel: KnownChannel, needs: Needs, now: datetime) -> bool:
    is_right = needs.covers(channel) and channel.address == needs.address
    return is_right and channel.remote_id is not None and channel.expires_at > now


def _is_fresh(channel: KnownChannel, known: Sequence[KnownChannel], needs: Needs, now: datetime) -> bool:
    """Open, or about to be, and not yet to be renewed."""
    is_right = needs.covers(channel) and channel.address == needs.address
    return is_right and now < min(_holds_until(channel, known), channel.expires_at)


def _holds_until(channel: KnownChannel, known: Sequence[KnownChannel]) -> datetime:
    """Until when no other is opened in its place."""
    if channel.remote_id is not None:
        return channel.renew_at
    lost = [one for one in known if one.remote_id is None and one.stream == channel.stream]
    before = sum(one.created_at < channel.created_at for one in lost)
    return channel.created_at + min(ANSWER * (1 << min(before, 10)), REFUSED)
