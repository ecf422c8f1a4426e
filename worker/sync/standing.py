"""Where an integration stands now: what people look at first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.core.connections import Connection
from worker.core.jobs import Job
from worker.core.ports import Manifest
from worker.core.reconcile import CONFLICTS
from worker.sync.house import House

MOST_ERRORS = 100
"""Errors that are listed one by one; ``attention`` counts them all."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong now, since when, and with which record (None: with the connection itself)."""

    code: str
    message: str | None
    since: datetime | None
    record: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One integration of one account; ``connection`` is None where it never was connected.

    ``pending`` counts events that no sync has dealt with; ``conflicts`` records on which both sides disagree until a
    person settles it; ``attention`` all records that wait for a person. Nothing waits where nothing is connected.
    """

    manifest: Manifest
    connection: Connection | None = None
    active: Job | None = None
    last: Job | None = None
    troubles: Sequence[Trouble] = ()
    pending: int = 0
    conflicts: int = 0
    attention: int = 0


def standing(house: House, account_id: str, integration: str) -> Standing:
    """How the account's integration stands; one of ``house.manifests``."""
    manifest = house.manifests[integration]
    connection = house.store.connections.find(account_id, integration)
    if connection is None:
        return Standing(manifest)
    waiting = house.store.feed.attention(connection.id) if connection.connected else {}
    pending = 0
    if connection.connected and not manifest.source:
        planned = house.store.plans.planned_upto(connection.id)
        pending = house.store.inbox.pending(connection, planned, dealt_with(manifest))
    return Standing(
        manifest,
        connection,
        active=house.store.jobs.active(connection.id),
        last=house.store.jobs.last(connection),
        troubles=_troubles(house, connection, some=bool(waiting)),
        pending=pending,
        conflicts=sum(count for reason, count in waiting.items() if reason in CONFLICTS),
        attention=sum(waiting.values()),
    )


def dealt_with(manifest: Manifest) -> dict[str, str]:
    """For each kind of record, the kind whose planning deals with news of it: its own, or what it is shown with."""
    return {kind: kind if kind in manifest.kinds else manifest.kinds[-1] for kind in manifest.reads}


def _troubles(house: House, connection: Connection, *, some: bool) -> list[Trouble]:
    """Those of the connection, and of records where there are ``some``."""
    of_records = house.store.feed.troubles(connection.id, MOST_ERRORS) if some else []
    own = [_of_connection(connection.error)] if connection.error else []
    return [*own, *(Trouble(**each) for each in of_records)]


def _of_connection(error: Mapping[str, Any]) -> Trouble:
    since = error.get("since")
    return Trouble(error["code"], error["message"], datetime.fromisoformat(since) if since else None)
