"""The record of one sync, from request to end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class JobStatus(StrEnum):
    """``partial`` is finished with failed records."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Mode(StrEnum):
    """``full`` reads everything on both sides and compares all."""

    INCREMENTAL = "incremental"
    FULL = "full"


class Trigger(StrEnum):
    """What asked for the sync."""

    API = "api"
    EVENT = "event"
    SCHEDULE = "schedule"
    PUSH = "push"
    CLI = "cli"
    RETRY = "retry"


ACTIVE = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})


@dataclass(frozen=True, slots=True)
class Counts:
    """``pulled``: provider changes taken in; ``pushed``: writes the provider accepted; ``skipped``: looked at and
    already right; ``failed``: not done, each with a record; ``conflicts``: decided between two sides, each with a
    record.
    """

    pulled: int = 0
    pushed: int = 0
    skipped: int = 0
    failed: int = 0
    conflicts: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.pulled + other.pulled,
            self.pushed + other.pushed,
            self.skipped + other.skipped,
            self.failed + other.failed,
            self.conflicts + other.conflicts,
        )


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What became of one record in one sync (contract §4.4). ``reason`` is a code, ``message`` a sentence for
    people.
    """

    kind: str
    local_id: str
    outcome: str
    remote_id: str | None = None
    target: str | None = None
    reason: str | None = None
    message: str | None = None
    at: datetime | None = None


CREATED, UPDATED, DELETED, UNCHANGED = "created", "updated", "deleted", "unchanged"
FAILED, CONFLICT, HELD = "failed", "conflict", "held"
OUTCOMES = (CREATED, UPDATED, DELETED, UNCHANGED, FAILED, CONFLICT, HELD)


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What somebody asks for. ``only`` limits the sync to these records (a retry of failed ones), each as ``named``
    writes it."""

    mode: Mode = Mode.INCREMENTAL
    scope: str | None = None
    trigger: Trigger = Trigger.API
    dry_run: bool = False
    confirm_mass_change: bool = False
    only: tuple[str, ...] = ()


def named(kind: str, local_id: str) -> str:
    """A record of any kind in one word."""
    return f"{kind}:{local_id}"


def only_of(request: JobRequest, kind: str) -> tuple[str, ...]:
    """The local ids of those records of a kind that a request is limited to."""
    prefix = named(kind, "")
    return tuple(name.removeprefix(prefix) for name in request.only if name.startswith(prefix))


@dataclass(frozen=True, slots=True)
class Job:
    """One sync. ``fence`` rises with every claim and every take-over; ``attempts`` counts the claims.

    ``tallies`` counts outcomes per plural kind: ``{"visits": {"created": 10, …}}``; ``error`` is ``{"code",
    "message"}``.
    """

    id: str
    account_id: str
    connection_id: int
    integration: str
    request: JobRequest
    status: JobStatus
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    fence: int = 0
    attempts: int = 0
    cancel_requested: bool = False
    done: int = 0
    total: int = 0
    counts: Counts = field(default_factory=Counts)
    tallies: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is carried out once, however often it comes: its caller's ``key``, the ``fingerprint`` of what it
    asks for, and ``answer``, which makes the text of its answer from the job.
    """

    key: str
    fingerprint: str
    answer: Callable[[Job], str]


@dataclass(frozen=True, slots=True)
class Reply:
    """The first answer to a request that came with a key, and the fingerprint of what it asked for."""

    fingerprint: str
    body: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for a job: checked in every transaction that writes links, cursors or the job itself."""

    job_id: str
    fence: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """The answer to a heartbeat: whether the lease still holds, and whether somebody asked to cancel."""

    held: bool
    cancel_requested: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """What a part of a run adds to its job. ``total`` replaces what was there if it is set; ``unchanged`` counts, by
    kind, records that were right already and get no row of their own.
    """

    done: int = 0
    total: int | None = None
    counts: Counts = field(default_factory=Counts)
    records: tuple[JobRecord, ...] = ()
    unchanged: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, and what follows for its connection.

    ``next_look_at`` is when the timer looks again; ``unfinished`` says that something was left over, which makes the
    next wait longer. ``revoked`` marks the connection as not connected. ``error`` stays in the status until the cause
    is gone.
    """

    status: JobStatus
    error: Mapping[str, Any] | None = None
    next_look_at: datetime | None = None
    revoked: bool = False
    unfinished: bool = False
