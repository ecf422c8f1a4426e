"""Grants: credentials, and one refresh of a token at a time over all processes."""

import secrets as chance
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from worker.core.errors import ConnectionRevoked, Transient
from worker.store.engine import Database
from worker.store.secrets import Secrets
from worker.store.tables import grants

Credentials = Mapping[str, Any]

LOCK = timedelta(seconds=30)
"""How long a refresh may take before another holder may begin."""
PATIENCE_SECONDS = 35.0
POLL_SECONDS = 0.05


class Grants:
    def __init__(self, database: Database, secrets: Secrets) -> None:
        self._database = database
        self._secrets = secrets

    def grant(self, connection_id: int, team: str | None = None) -> "StoredGrant":
        """The grant of a team member, None or '' for the connection's one grant. Nothing is read yet."""
        return StoredGrant(self._database, self._secrets, connection_id, team or "")

    def teams(self, connection_id: int) -> list[str]:
        """The team members that the connection holds grants of; [''] for one grant for all, [] for none."""
        statement = select(grants.c.team).where(grants.c.connection_id == connection_id).order_by(grants.c.team)
        with self._database.reading() as connection:
            return list(connection.execute(statement).scalars())

    def rotate(self) -> int:
        """Seal all credentials anew with the first key; returns how many there were."""
        with self._database.writing() as connection:
            rows = connection.execute(select(grants).with_for_update(key_share=True)).all()
            for row in rows:
                its_row = and_(grants.c.connection_id == row.connection_id, grants.c.team == row.team)
                sealed = self._secrets.reseal(row.credentials)
                connection.execute(update(grants).where(its_row).values(credentials=sealed))
        return len(rows)


@dataclass(frozen=True, slots=True)
class _Held:
    """A taken lock: who we are, and the version of the credentials that we hold it on."""

    holder: str
    version: int
    credentials: Credentials


class StoredGrant:
    """The core's ``Grant`` port over the grants table."""

    def __init__(self, database: Database, secrets: Secrets, connection_id: int, team: str) -> None:
        self._database = database
        self._secrets = secrets
        self._row = and_(grants.c.connection_id == connection_id, grants.c.team == team)
        self._whose = f"connection {connection_id}" + (f", team member {team}" if team else "")

    def read(self) -> Credentials:
        """The newest committed credentials. Raises ConnectionRevoked where there are none."""
        return self._look()[0]

    def renew(self, stale: str | None, refresh: Callable[[Credentials], Credentials]) -> Credentials:
        """Credentials whose ``access_token`` is no longer ``stale``; see the port.

        ``refresh`` gets the stored credentials and returns what replaces fields of them; it runs outside any
        transaction. Raises ConnectionRevoked without credentials, Transient where another holder does not come to an
        end (35 s), and whatever ``refresh`` raises."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            known, free = self._look()
            if known.get("access_token") != stale:
                return known
            held = self._take() if free else None
            if held is not None:
                return self._renewed(held, stale, refresh)
            if time.monotonic() > give_up:
                raise Transient(f"The token of {self._whose} is being refreshed by a worker that does not come back.")
            time.sleep(POLL_SECONDS)

    def _renewed(self, held: _Held, stale: str | None, refresh: Callable[[Credentials], Credentials]) -> Credentials:
        try:
            if held.credentials.get("access_token") != stale:
                return held.credentials
            fresh = {**held.credentials, **refresh(held.credentials)}
            if self._commit(held, fresh):
                return fresh
        finally:
            self._release(held)
        known = self.read()
        if known.get("access_token") == stale:
            raise Transient(f"The token of {self._whose} was refreshed too late: another worker holds it now.")
        return known

    def _look(self) -> tuple[Credentials, bool]:
        """The credentials, and whether nobody is refreshing them."""
        statement = select(grants.c.credentials, self._is_free().label("free")).where(self._row)
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
        if row is None:
            raise ConnectionRevoked(f"There are no credentials for {self._whose}.")
        return self._secrets.open(row.credentials), bool(row.free)

    def _take(self) -> _Held | None:
        holder = chance.token_hex(16)
        statement = (
            update(grants)
            .where(self._row, self._is_free())
            .values(locked_by=holder, locked_until=self._database.clock(LOCK))
        )
        with self._database.writing() as connection:
            row = connection.execute(statement.returning(grants.c.version, grants.c.credentials)).first()
        return None if row is None else _Held(holder, row.version, self._secrets.open(row.credentials))

    def _commit(self, held: _Held, fresh: Credentials) -> bool:
        sealed = self._secrets.seal(fresh)
        statement = update(grants).where(self._row, _is_ours(held), grants.c.version == held.version)
        with self._database.writing() as connection:
            changed = connection.execute(statement.values(credentials=sealed, version=held.version + 1))
        return changed.rowcount == 1

    def _release(self, held: _Held) -> None:
        statement = update(grants).where(self._row, _is_ours(held)).values(locked_by=None, locked_until=None)
        with self._database.writing() as connection:
            connection.execute(statement)

    def _is_free(self) -> ColumnElement[bool]:
        return or_(grants.c.locked_by.is_(None), grants.c.locked_until < self._database.clock())


def _is_ours(held: _Held) -> ColumnElement[bool]:
    return grants.c.locked_by == held.holder
