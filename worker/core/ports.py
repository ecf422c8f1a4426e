"""What the engine asks of the outside: Provider, Source, Grant, Manifest and the values that pass through them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from worker.core.channels import Channel, Watch
from worker.core.documents import Document
from worker.core.edits import Edit, Edited
from worker.core.errors import SyncError
from worker.core.records import CLIENT, JOB, MEMBER, VISIT, Record


@dataclass(frozen=True, slots=True)
class Key:
    """Our own name on a remote object: which record it shows, and the how-manieth object that we made for it."""

    local_id: str
    generation: int = 0

    def __str__(self) -> str:
        return f"{self.local_id}.{self.generation}"

    @classmethod
    def parse(cls, text: str | None) -> "Key | None":
        """The key that ``str`` wrote; None for anything else, which then is not ours."""
        local_id, dot, generation = (text or "").rpartition(".")
        if not (local_id and dot and generation.isascii() and generation.isdigit()):
            return None
        return cls(local_id, int(generation))


@dataclass(frozen=True, slots=True)
class Stream:
    """An ordered part of a connection with its own cursor.

    ``name`` is unique in the connection; ``target`` is what people call it (a calendar's address). ``team`` are the
    members whose visits it shows, None for all. ``rank`` orders dependencies: equal ranks run side by side. ``grant``
    names the team member whose grant reaches it, None for the connection's one grant. ``live`` is False for one that
    the settings no longer name: what we published there is taken away, and it is read no longer than that takes.
    ``kind`` is the kind of record that it shows.
    """

    name: str
    target: str
    team: frozenset[str] | None = None
    rank: int = 0
    grant: str | None = None
    live: bool = True
    kind: str = VISIT


@dataclass(frozen=True, slots=True)
class Change:
    """One remote object as it is now.

    ``document`` is None for a deleted one, of which only ``remote_id`` is certain. ``key`` is set on objects that are
    ours. ``version`` is the provider's own (etag, SyncToken). ``shown`` is the object as the change feed shows it
    (contract §4.2). ``voided``: it is still there as a mark, and counts for nothing; its ``document`` is None.
    """

    remote_id: str
    version: str | None = None
    key: Key | None = None
    document: Document | None = None
    changed_at: datetime | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    voided: bool = False

    @property
    def deleted(self) -> bool:
        return self.document is None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a listing. ``cursor`` is on the last page alone; ``complete`` (also there alone) says that every object
    which could be ours was in the listing, so that what was not is no more.
    """

    changes: Sequence[Change]
    cursor: str | None = None
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    """Publish a new object. ``uncertain``: an earlier send may have been carried out; look it up by key first.

    ``others`` are objects that look like it and show other records: they are never taken for it.
    """

    key: Key
    document: Document
    uncertain: bool = False
    others: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Update:
    """Make the object show ``document``, if it is still at ``version``.

    ``before`` is what it shows now, so that a provider can send what differs alone. ``wanted`` is what the source
    wants, where that is not ``document``, because people's edits at the provider stay.
    """

    key: Key
    remote_id: str
    version: str | None
    document: Document
    before: Document | None = None
    wanted: Document | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Take the object away, if it is still at ``version`` (None: whatever it is). Without a ``remote_id`` a send may
    have been carried out: the object, if there is one, is looked up by key. That is for who reads no feed of changes.
    """

    key: Key
    remote_id: str
    version: str | None


Operation = Create | Update | Delete


@dataclass(frozen=True, slots=True)
class Done:
    """The remote object now shows exactly the operation's document (or, after a Delete, is gone).

    ``document`` is what it shows where the provider made something else of it (a number of its own, a cent of tax), and
    ``note`` is the (code, sentence) that people should read about that. ``found``: it was there already, with
    ``document`` as its content, and nothing was sent.
    """

    remote_id: str
    version: str | None = None
    document: Document | None = None
    note: tuple[str, str] | None = None
    found: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The operation was not done; ``error`` says what to do about it."""

    error: SyncError


Outcome = Done | Failed


class Provider(Protocol):
    """Where documents are published. One instance serves one connection; its methods may be called from several threads
    at once for different streams."""

    def streams(self) -> Sequence[Stream]:
        """The connection's streams, in dependency order; equal rank may run side by side."""

    def changes(self, stream: Stream, cursor: str | None) -> Iterator[Page]:
        """What changed since ``cursor``; everything if it is None.

        Raises CursorExpired, ConnectionRevoked, Transient, RateLimited, Rejected (the stream itself is refused).
        """

    def apply(self, stream: Stream, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """One batch of at most ``Manifest.batch_size`` operations; one outcome each, in their order.

        Raises only for the failure of the whole call where nothing was carried out: ConnectionRevoked, Transient,
        RateLimited.
        """

    def close(self) -> None:
        """Let go of connections; whoever opened the provider closes it."""


class Confirms(Protocol):
    """A provider that is asked again before something counts as gone, because a wrong listing would cost money
    (``Manifest.books``)."""

    def is_gone(self, stream: Stream, remote_id: str) -> bool:
        """Whether the object that a complete listing lacked is no more. Raises what ``changes`` raises."""


class Pushes(Protocol):
    """A provider that tells of changes (``Manifest.pushes``)."""

    def watch(self, stream: Stream, channel: Channel) -> Watch:
        """Have changes of ``stream`` told through ``channel``; a first message may come before the answer does.

        Raises Uncertain (it may be open), Rejected (this stream tells nothing: do not ask again soon), and, where
        nothing was opened, ConnectionRevoked, NotConnected, Transient, RateLimited.
        """

    def unwatch(self, stream: Stream, channel_id: str, remote_id: str) -> None:
        """End a channel; one that the provider does not know is ended. Raises what ``watch`` raises."""


EditOutcome = Edited | Failed


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A part of what the source told. ``cursor`` is on the last page alone; ``window`` (there alone, too) says that
    every live record of that kind with a start in it was in the listing; ``everything`` the same without a window.
    ``total`` are the rows of the whole list, as far as the source says so. ``short`` (there alone, too) says to people
    what keeps a full reading from being everything.
    """

    records: Sequence[Record]
    cursor: str | None = None
    window: tuple[datetime, datetime] | None = None
    everything: bool = False
    total: int | None = None
    short: str = ""


class Source(Protocol):
    """Where records come from and edits go back to."""

    def changes(self, kind: str, cursor: str | None) -> Iterator[SourcePage]:
        """Records of ``kind`` told since ``cursor``; everything (or the widest window) if it is None.

        Raises ConnectionRevoked, Transient, RateLimited, Rejected.
        """

    def look_up(self, kind: str, local_ids: Sequence[str]) -> Sequence[Record]:
        """These records as they are now, in as few requests as there are; one that is no more comes back as deleted."""

    def apply(self, edits: Sequence[Edit]) -> Sequence[EditOutcome]:
        """Carry out the edits; one outcome each, in their order. Rejected: the source refuses (crew booked, illegal
        move).
        """

    def close(self) -> None:
        """Let go of connections; whoever opened the source closes it."""


class Grant(Protocol):
    """The right to reach one side, kept by the store; credentials are JSON objects as in contract §3."""

    def read(self) -> Mapping[str, Any]:
        """The newest committed credentials."""

    def renew(self, stale: str | None, refresh: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Credentials whose ``access_token`` is no longer ``stale``.

        One caller at a time over all processes runs ``refresh`` and commits what it returns; the others get that.
        """


class Consents(Protocol):
    """How a person grants us the right to reach a provider, in the browser: the authorization code flow with PKCE.

    https://www.rfc-editor.org/rfc/rfc6749#section-4.1 and https://www.rfc-editor.org/rfc/rfc7636
    """

    @property
    def page(self) -> str:
        """The address of the provider's consent page, without a query."""

    def authorize_url(self, state: str, challenge: str, redirect_uri: str, hint: str | None = None) -> str:
        """Where to send the browser. ``challenge`` is made with S256; ``hint`` is the identity of who is expected."""

    def exchange(self, code: str, verifier: str, redirect_uri: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """The credentials (contract §3) for a code; ``query`` is all that came back with it.

        Besides ``refresh_token``, ``access_token`` and ``expires_at`` they hold ``identity``, which is the same for the
        same person at the provider, and ``person``, who that is in words for people. Raises ConsentRefused,
        ConnectionRevoked (the code is not accepted), Rejected (our client is not), Transient.
        """


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time that a connection cares for, around now: UTC instants."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the rest may know about an integration, as data.

    ``name`` is its word in JSON, ``slug`` in URLs, ``title`` for people; ``direction`` as in contract §1; ``kinds`` are
    the kinds of records published, in the order in which they depend on one another, and ``reads`` all that it takes to
    publish them. ``batch_size`` operations fit one ``apply``; ``side_by_side`` streams of one connection may be worked
    on at once. ``preferences`` checks a connection's settings, and raises Invalid; None: it takes none.

    ``calendar``: its streams are calendars, and its changes are shown as events. ``books``: its streams are entities of
    a company's books. ``reviews``: it asks clients for reviews of finished visits. ``source``: records come from it,
    and nothing is published there; ``prefix`` is what the local ids of those begin with.

    ``scopes`` are what a request may narrow a sync to, besides "all", each with the kinds that it publishes: its own
    and what that depends on. ``pushes``: it tells of changes (``Pushes``); ``consents``: a person connects it in the
    browser (``Consents``).
    """

    name: str
    slug: str
    direction: str
    title: str
    kinds: tuple[str, ...] = (VISIT,)
    reads: tuple[str, ...] = (MEMBER, CLIENT, JOB, VISIT)
    batch_size: int = 50
    side_by_side: int = 4
    preferences: Callable[[Mapping[str, Any]], object] | None = None
    calendar: bool = False
    books: bool = False
    reviews: bool = False
    source: bool = False
    prefix: str = ""
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pushes: bool = False
    consents: bool = False

    @property
    def pulled(self) -> bool:
        """Whether all that is known of it was read there, so that its change feed is of its records. Not so FieldCamp,
        whose changes come as events."""
        return self.source and self.direction == "pull"
