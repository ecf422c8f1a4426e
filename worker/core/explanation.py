"""Where a visit stands in every system, and why: what ``explain`` answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.core.documents import Document
from worker.core.fates import Fate
from worker.core.jobs import JobRecord
from worker.core.records import Client, Visit


@dataclass(frozen=True, slots=True)
class News:
    """An event about a visit: when it happened, when it came, and its place in the account's order of commits."""

    event_id: str
    type: str
    created_at: datetime
    received_at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class Happening:
    """What became of a record in one sync. ``dry_run``: what would have become of it."""

    job_id: str
    integration: str
    dry_run: bool
    record: JobRecord


@dataclass(frozen=True, slots=True)
class Place:
    """A record on a stream. ``target`` is what people call the stream, None for a record that is on none.

    ``shown`` is what the remote object shows as far as we know, ``wanted`` what the next sync is to send.
    ``written_at`` is when we last wrote it, None where that is longer ago than the syncs that were looked through.
    ``conflict`` is the code and sentence of what both sides disagree on.
    """

    kind: str
    local_id: str
    target: str | None
    fate: Fate
    remote_id: str | None = None
    shown: Document | None = None
    wanted: Document | None = None
    written_at: datetime | None = None
    conflict: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """A visit in one integration.

    ``remark`` (a code and a sentence) says of a source whether the visit is its own, and of others why they show
    nothing at all; ``error`` likewise what is wrong with the connection now. ``next_sync_at`` is None while a sync is
    under way (``active_job_id``) and where none is due. ``news`` counts the events about the visit that it has not
    dealt with.
    """

    integration: str
    title: str
    connected: bool
    remark: tuple[str, str] | None = None
    error: tuple[str, str] | None = None
    last_synced_at: datetime | None = None
    next_sync_at: datetime | None = None
    active_job_id: str | None = None
    news: int = 0
    places: Sequence[Place] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The visit as its ``source`` (an integration) last told it, and where it stands in each integration.

    ``changed_at`` is when it became so there, ``told_at`` when that was told; None where the source does not say.
    ``client`` is whom it is for, where that is known. ``events`` are those that some integration has not dealt with,
    ``history`` what the last syncs did about the visit, its client, invoices and payments; both begin with the newest.
    """

    visit: Visit
    source: str
    deleted: bool
    changed_at: datetime | None
    told_at: datetime | None
    client: Client | None = None
    presences: Sequence[Presence] = ()
    events: Sequence[News] = ()
    history: Sequence[Happening] = ()
