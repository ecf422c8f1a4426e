"""Accounts and the keys of their callers."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, or_, select, update
from ulid import ULID

from worker.core.connections import Account
from worker.store import secrets
from worker.store.engine import AnyRow, Database
from worker.store.tables import accounts, api_keys

SCOPES = ("sync:read", "sync:write")
USE_NOTED_EVERY = timedelta(minutes=1)
WEBHOOK = "webhook_secret"


class Accounts:
    def __init__(self, database: Database, sealing: secrets.Secrets) -> None:
        self._database = database
        self._secrets = sealing

    def create(self, name: str, now: datetime) -> tuple[Account, str, str]:
        """A new account, its first API key (all scopes; shown once, only its hash is kept) and its webhook secret."""
        account = Account(f"acc_{ULID.from_datetime(now)}", name, now)
        webhook_secret = secrets.new_webhook_secret()
        row = {
            "id": account.id,
            "name": name,
            WEBHOOK: self._secrets.seal({WEBHOOK: webhook_secret}),
            "created_at": now,
        }
        with self._database.writing() as connection:
            connection.execute(insert(accounts), row)
            raw_key = _add_key(connection, account.id, SCOPES, now)
        return account, raw_key, webhook_secret

    def get(self, account_id: str) -> Account | None:
        with self._database.reading() as connection:
            row = connection.execute(select(accounts).where(accounts.c.id == account_id)).first()
        return None if row is None else _account(row)

    def all(self) -> list[Account]:
        """Every account, oldest first."""
        with self._database.reading() as connection:
            return [_account(row) for row in connection.execute(select(accounts).order_by(accounts.c.id))]

    def webhook_secret(self, account_id: str) -> str | None:
        """The secret that signs the account's events (``whsec_`` + base64 of 32 bytes), None for an unknown account."""
        with self._database.reading() as connection:
            sealed = connection.execute(select(accounts.c.webhook_secret).where(accounts.c.id == account_id)).scalar()
        return None if sealed is None else str(self._secrets.open(sealed)[WEBHOOK])

    def create_key(self, account_id: str, scopes: Iterable[str], now: datetime) -> str:
        """A further API key; it is shown once, only its hash is kept."""
        with self._database.writing() as connection:
            return _add_key(connection, account_id, scopes, now)

    def key(self, raw_key: str, now: datetime) -> tuple[str, frozenset[str]] | None:
        """The account and scopes of an API key; None for an unknown or revoked one. Notes its use, once a minute."""
        its_row = api_keys.c.hash == secrets.hashed(raw_key)
        with self._database.reading() as connection:
            row = connection.execute(select(api_keys).where(its_row, api_keys.c.revoked_at.is_(None))).first()
        if row is None:
            return None
        long_ago = now - USE_NOTED_EVERY
        if row.last_used_at is None or row.last_used_at < long_ago:
            with self._database.writing() as connection:
                unnoted = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < long_ago)
                connection.execute(update(api_keys).where(its_row, unnoted).values(last_used_at=now))
        return row.account_id, frozenset(row.scopes)

    def rotate(self) -> int:
        """Seal every webhook secret anew with the first key; returns how many there were."""
        with self._database.writing() as connection:
            rows = connection.execute(
                select(accounts.c.id, accounts.c.webhook_secret).with_for_update(key_share=True)
            ).all()
            for row in rows:
                sealed = self._secrets.reseal(row.webhook_secret)
                connection.execute(update(accounts).where(accounts.c.id == row.id).values(webhook_secret=sealed))
        return len(rows)


def _add_key(connection: Connection, account_id: str, scopes: Iterable[str], now: datetime) -> str:
    raw_key = secrets.new_api_key()
    row = {
        "hash": secrets.hashed(raw_key),
        "account_id": account_id,
        "prefix": secrets.prefix_of(raw_key),
        "scopes": sorted(scopes),
        "created_at": now,
    }
    connection.execute(insert(api_keys), row)
    return raw_key


def _account(row: AnyRow) -> Account:
    return Account(row.id, row.name, row.created_at)
