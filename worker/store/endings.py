"""Endings: what the end of a sync means for its connection."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import select, update

from worker.core.jobs import Ending, JobStatus, Trigger
from worker.store.engine import AnyRow
from worker.store.tables import connections


def conclude(transaction: Transaction, connection_id: int, ending: Ending, now: datetime, *, dry_run: bool) -> None:
    """Note the ending on the connection; see ``Jobs.finish``."""
    row = _locked(transaction, connection_id)
    values = _standing(row, ending, now) if ending.revoked or not dry_run else {}
    if ending.revoked:
        values |= {"connected": False, "next_look_at": None, "look_trigger": None}
    elif not dry_run and _is_sooner(ending.next_look_at, row.next_look_at):
        values |= {"next_look_at": ending.next_look_at, "look_trigger": Trigger.SCHEDULE}
    _write(transaction, connection_id, values)


def postpone(transaction: Transaction, connection_id: int, now: datetime, next_look_at: datetime) -> None:
    """Look at a connection that is due by now no sooner than then."""
    row = _locked(transaction, connection_id)
    if row.connected and (row.next_look_at is None or row.next_look_at <= now):
        _write(transaction, connection_id, {"next_look_at": next_look_at, "look_trigger": Trigger.SCHEDULE})


def _standing(row: AnyRow, ending: Ending, now: datetime) -> dict[str, Any]:
    if ending.status is JobStatus.SUCCEEDED:
        return {"last_synced_at": now, "failures": row.failures + 1 if ending.unfinished else 0, "error": None}
    if ending.status is JobStatus.CANCELLED:
        return {}
    return {"failures": row.failures + 1, "error": _since(row, ending, now)}


def _is_sooner(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one < other)


def _since(row: AnyRow, ending: Ending, now: datetime) -> dict[str, Any] | None:
    """The error with the moment from which it holds: the first run that ended with this code."""
    if ending.error is None:
        return None
    known = row.error or {}
    same = known.get("code") == ending.error.get("code")
    return {**ending.error, "since": known["since"] if same and "since" in known else now.isoformat()}


def _locked(transaction: Transaction, connection_id: int) -> AnyRow:
    statement = select(connections).where(connections.c.id == connection_id)
    return transaction.execute(statement.with_for_update(key_share=True)).one()


def _write(transaction: Transaction, connection_id: int, values: dict[str, Any]) -> None:
    if values:
        transaction.execute(update(connections).where(connections.c.id == connection_id).values(values))
