"""The keys of the API's callers."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, literal, or_, select, update

from worker.core.connections import ApiKey
from worker.store import secrets
from worker.store.columns import Instant
from worker.store.engine import AnyRow, Database
from worker.store.tables import api_keys

USE_NOTED_EVERY = timedelta(minutes=1)
ID_PREFIX = "key_"
ID_DIGITS = 16
"""Hex digits of its hash by which people name a key; the whole hash never leaves the store."""


class Keys:
    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, account_id: str, scopes: Iterable[str], now: datetime, label: str | None = None
    ) -> tuple[ApiKey, str]:
        """A further key of an account that there is, and its text, which is shown this once: the hash alone is kept."""
        with self._database.writing() as connection:
            return add_key(connection, account_id, scopes, now, label)

    def of(self, account_id: str) -> list[ApiKey]:
        """All keys that the account ever had, oldest first; revoked ones stay for people to see."""
        statement = select(api_keys).where(api_keys.c.account_id == account_id)
        with self._database.reading() as connection:
            rows = connection.execute(statement.order_by(api_keys.c.created_at, api_keys.c.hash))
            return [_key(row) for row in rows]

    def find(self, raw_key: str) -> ApiKey | None:
        """The key with this text; None for an unknown or revoked one, after the same work. Writes nothing."""
        statement = select(api_keys).where(api_keys.c.hash == secrets.hashed(raw_key))
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
        return None if row is None or row.revoked_at is not None else _key(row)

    def note_use(self, account_id: str, key_id: str, now: datetime) -> None:
        """Note that the key was used; more often than once a minute nothing is written down."""
        unnoted = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at <= now - USE_NOTED_EVERY)
        statement = update(api_keys).where(_is(account_id, key_id), unnoted)
        with self._database.writing() as connection:
            connection.execute(statement.values(last_used_at=now))

    def revoke(self, account_id: str, key_id: str, now: datetime) -> bool:
        """From now on the key opens nothing. Said again, it holds since the first time. False where the account has no
        such key."""
        since = func.coalesce(api_keys.c.revoked_at, literal(now, Instant()))
        statement = update(api_keys).where(_is(account_id, key_id)).values(revoked_at=since)
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount > 0


def add_key(
    connection: Connection, account_id: str, scopes: Iterable[str], now: datetime, label: str | None = None
) -> tuple[ApiKey, str]:
    """``Keys.create`` inside a transaction."""
    raw_key = secrets.new_api_key()
    row = {
        "hash": secrets.hashed(raw_key),
        "account_id": account_id,
        "prefix": secrets.prefix_of(raw_key),
        "scopes": sorted(set(scopes)),
        "label": label,
        "created_at": now,
    }
    inserted = connection.execute(insert(api_keys).returning(*api_keys.c), row).one()
    return _key(inserted), raw_key


def _is(account_id: str, key_id: str) -> Any:
    """Found by the account, which has a handful; an id is too short for the index of the hashes."""
    named = func.substr(api_keys.c.hash, 1, ID_DIGITS) == key_id.removeprefix(ID_PREFIX)
    return (api_keys.c.account_id == account_id) & named


def _key(row: AnyRow) -> ApiKey:
    return ApiKey(
        id=ID_PREFIX + row.hash[:ID_DIGITS],
        account_id=row.account_id,
        prefix=row.prefix,
        scopes=frozenset(row.scopes),
        created_at=row.created_at,
        label=row.label,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
