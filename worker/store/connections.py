"""Connections: an account at an integration, and when to look at it next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import delete, exists, insert, or_, select, update

from worker.core.connections import Connection
from worker.core.errors import ConnectionRevoked
from worker.core.jobs import JobStatus, Trigger
from worker.store import channels, numbers
from worker.store.engine import AnyRow, Database
from worker.store.secrets import Secrets
from worker.store.tables import (
    arrivals,
    connections,
    entities,
    grants,
    is_active,
    jobs,
    links,
    matches,
    plannings,
    strangers,
    streams,
    traits,
)

SOURCE = "fieldcamp"
COLUMNS = tuple(connections.c[field.name] for field in fields(Connection))


class Connections:
    def __init__(self, database: Database, secrets: Secrets) -> None:
        self._database = database
        self._secrets = secrets

    def connect(
        self,
        account_id: str,
        integration: str,
        settings: Mapping[str, Any],
        grants: Mapping[str, Mapping[str, Any]],
        due: datetime,
        *,
        beside: bool = False,
        realm: str | None = None,
    ) -> Connection:
        """Connect, or connect anew: links, streams and cursors stay, everything is planned again, failures and error
        are forgotten, the connection is due at ``due``, and its push channels, which other grants
        may have opened, are replaced from then on.

        ``grants`` maps a team member ('' for the connection's one grant) to credentials and replaces all there were;
        ``beside`` those of other team members, which stay then.
        A sync that runs goes back to the queue, to go on with the new settings: its worker writes nothing more
        (LeaseLost)."""
        sealed = {team: self._secrets.seal(credentials) for team, credentials in grants.items()}
        fresh = {
            "connected": True,
            "settings": settings,
            "realm": realm,
            "next_look_at": due,
            "look_trigger": Trigger.SCHEDULE.value,
            "failures": 0,
            "error": None,
            "watch_at": due,
        }
        with self._database.writing() as transaction:
            _interrupt(transaction, account_id, integration, status=JobStatus.QUEUED, owner=None, rang_at=None)
            row = {"account_id": account_id, "integration": integration, **fresh}
            statement = self._database.insert(connections).values(row)
            upsert = statement.on_conflict_do_update(index_elements=["account_id", "integration"], set_=fresh)
            before = transaction.execute(select(connections.c.realm).where(_is(account_id, integration))).scalar()
            connection = _connection(transaction.execute(upsert.returning(*COLUMNS)).one())
            if before not in (None, realm):
                _forget_realm(transaction, connection.id)
            transaction.execute(delete(plannings).where(plannings.c.connection_id == connection.id))
            _replace_grants(transaction, connection.id, sealed, beside)
            channels.retire(transaction, connection.id)
        return connection

    def disconnect(self, account_id: str, integration: str, now: datetime) -> bool:
        """Forget the credentials and the push channels, and stop looking; a queued or running sync is cancelled at once
        (its worker meets LeaseLost). Links and cursors stay. False where nothing was connected."""
        quiet = {"next_look_at": None, "look_trigger": None, "failures": 0, "error": None}
        unwatched = {"watch_at": None, "watched": None}
        with self._database.writing() as transaction:
            _interrupt(transaction, account_id, integration, status=JobStatus.CANCELLED, owner=None, finished_at=now)
            statement = update(connections).where(_is(account_id, integration))
            found = transaction.execute(statement.where(connections.c.connected).values(connected=False)).rowcount > 0
            transaction.execute(statement.values({**quiet, **unwatched}))
            ids = select(connections.c.id).where(_is(account_id, integration))
            channels.forget(transaction, ids)
            transaction.execute(delete(grants).where(grants.c.connection_id.in_(ids)))
        return found

    def revoke(self, connection_id: int, message: str, now: datetime) -> None:
        """Note that the grant was revoked at the other side: not connected, until somebody connects anew. Said again,
        it holds since the first time."""
        error = {"code": ConnectionRevoked.code, "message": message, "since": now.isoformat()}
        values = {"connected": False, "next_look_at": None, "look_trigger": None, "error": error}
        its_row = (connections.c.id == connection_id) & connections.c.connected
        with self._database.writing() as transaction:
            transaction.execute(update(connections).where(its_row).values(values))

    def find(self, account_id: str, integration: str) -> Connection | None:
        with self._database.reading() as reader:
            row = reader.execute(select(*COLUMNS).where(_is(account_id, integration))).first()
        return None if row is None else _connection(row)

    def get(self, connection_id: int) -> Connection | None:
        with self._database.reading() as reader:
            row = reader.execute(select(*COLUMNS).where(connections.c.id == connection_id)).first()
        return None if row is None else _connection(row)

    def of_realm(self, integration: str, realm: str) -> list[Connection]:
        """The connected ones of any account at a company of the provider."""
        its = (connections.c.integration == integration, connections.c.realm == realm, connections.c.connected)
        with self._database.reading() as reader:
            return [_connection(row) for row in reader.execute(select(*COLUMNS).where(*its))]

    def of(self, account_id: str) -> list[Connection]:
        """The account's connections, connected or not, by integration."""
        statement = select(*COLUMNS).where(connections.c.account_id == account_id).order_by(connections.c.integration)
        with self._database.reading() as reader:
            return [_connection(row) for row in reader.execute(statement)]

    def poke(self, account_id: str, integrations: Sequence[str] | None, due: datetime, trigger: Trigger) -> int:
        """Have these integrations (None: all but ``fieldcamp``) looked at by ``due`` at the latest, where connected.
        Returns how many are looked at earlier for it."""
        with self._database.writing() as transaction:
            numbers.hold(transaction, [account_id])
            return poke(transaction, [account_id], integrations, due, trigger)

    def due(self, now: datetime, limit: int) -> list[Connection]:
        """Connected ones whose look is due and that have no queued or running job, longest due first."""
        busy = exists().where(jobs.c.connection_id == connections.c.id, is_active())
        statement = select(*COLUMNS).where(connections.c.connected, connections.c.next_look_at <= now, ~busy)
        with self._database.reading() as reader:
            rows = reader.execute(statement.order_by(connections.c.next_look_at).limit(limit))
            return [_connection(row) for row in rows]


def poke(
    transaction: Transaction,
    account_ids: Iterable[str],
    integrations: Sequence[str] | None,
    due: datetime,
    trigger: Trigger,
) -> int:
    """``Connections.poke`` inside a transaction that holds the accounts, so that two of them never wait in a circle."""
    named = connections.c.integration != SOURCE if integrations is None else connections.c.integration.in_(integrations)
    later = or_(connections.c.next_look_at.is_(None), connections.c.next_look_at > due)
    of_accounts = connections.c.account_id.in_(list(account_ids))
    statement = update(connections).where(of_accounts, connections.c.connected, named, later)
    return transaction.execute(statement.values(next_look_at=due, look_trigger=trigger.value)).rowcount


def _is(account_id: str, integration: str) -> Any:
    return (connections.c.account_id == account_id) & (connections.c.integration == integration)


def _interrupt(transaction: Transaction, account_id: str, integration: str, **values: Any) -> None:
    """Take the active job out of its worker's hands; jobs are locked before connections."""
    connection_id = select(connections.c.id).where(_is(account_id, integration)).scalar_subquery()
    statement = update(jobs).where(jobs.c.connection_id == connection_id, is_active())
    transaction.execute(statement.values(fence=jobs.c.fence + 1, lease_until=None, **values))


def _forget_realm(transaction: Transaction, connection_id: int) -> None:
    """Nothing that we know of one company holds in another."""
    its_streams = select(streams.c.id).where(streams.c.connection_id == connection_id)
    for table in (links, strangers, entities, traits, arrivals):
        transaction.execute(delete(table).where(table.c.stream_id.in_(its_streams)))
    transaction.execute(delete(matches).where(matches.c.connection_id == connection_id))
    transaction.execute(update(streams).where(streams.c.connection_id == connection_id).values(cursor=None))


def _replace_grants(transaction: Transaction, connection_id: int, sealed: Mapping[str, str], beside: bool) -> None:
    gone = grants.c.connection_id == connection_id
    if beside:
        gone &= grants.c.team.in_(["", *sealed])
    transaction.execute(delete(grants).where(gone))
    rows = [{"connection_id": connection_id, "team": team, "credentials": text} for team, text in sealed.items()]
    if rows:
        transaction.execute(insert(grants), rows)


def _connection(row: AnyRow) -> Connection:
    return Connection(**row._mapping)
