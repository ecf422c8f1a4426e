"""Accounts, their keys, their connections and where the streams of these stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from worker.core.records import VISIT


@dataclass(frozen=True, slots=True)
class Account:
    """One FieldCamp workspace."""

    id: str
    name: str
    created_at: datetime


READ, WRITE = "sync:read", "sync:write"
SCOPES = (READ, WRITE)
"""What an API key may be good for."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A caller's key as people may see it. ``prefix`` is how the key's text begins; the text itself nobody keeps."""

    id: str
    account_id: str
    prefix: str
    scopes: frozenset[str]
    created_at: datetime
    label: str | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """One account at one integration.

    ``connected`` is False after a disconnect or a revoked grant. ``realm`` is the company at the provider, where it has
    a name there. ``next_look_at`` is when a sync is due, ``look_trigger`` what asked for it.
    ``failures`` counts the failed syncs since the last good one. ``error`` is what is wrong now: ``{"code", "message",
    "since"}``.
    """

    id: int
    account_id: str
    integration: str
    connected: bool
    settings: Mapping[str, Any] = field(default_factory=dict)
    realm: str | None = None
    next_look_at: datetime | None = None
    look_trigger: str | None = None
    last_synced_at: datetime | None = None
    failures: int = 0
    error: Mapping[str, Any] | None = None


def is_realm_id(text: str) -> bool:
    """Whether it can be a company's id at the provider, and stand in a path."""
    return 0 < len(text) <= 64 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


@dataclass(frozen=True, slots=True)
class StreamState:
    """Where one stream stands. ``listing`` numbers its full readings; what carries an older number was absent from the
    last. ``kind`` is the kind of record that it shows.
    """

    id: int
    name: str
    cursor: str | None
    listing: int = 0
    read_at: datetime | None = None
    kind: str = VISIT


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A change that somebody made at the provider, as the change feed shows it (contract §4.2)."""

    action: str
    remote_id: str
    version: str
    local_id: str | None = None
    changed_at: datetime | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """A verified event as it came in. ``record`` is what it tells of a record we keep, None for the types we ignore."""

    account_id: str
    event_id: str
    type: str
    body: Mapping[str, Any]
    created_at: datetime
    record: Any = None
