"""Accounts and the secrets that sign their events."""

from datetime import datetime

from sqlalchemy import insert, select, update
from ulid import ULID

from worker.core.connections import SCOPES, Account
from worker.store import secrets
from worker.store.engine import AnyRow, Database
from worker.store.keys import add_key
from worker.store.tables import accounts

WEBHOOK = "webhook_secret"


class Accounts:
    def __init__(self, database: Database, sealing: secrets.Secrets) -> None:
        self._database = database
        self._secrets = sealing
        self._nobodys = sealing.seal({WEBHOOK: ""})

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
            _, raw_key = add_key(connection, account.id, SCOPES, now)
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
        """The secret that signs the account's events (``whsec_`` + base64 of 32 bytes); None for an unknown account,
        after the same work."""
        with self._database.reading() as connection:
            sealed = connection.execute(select(accounts.c.webhook_secret).where(accounts.c.id == account_id)).scalar()
        opened = self._secrets.open(self._nobodys if sealed is None else sealed)
        return None if sealed is None else str(opened[WEBHOOK])

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


def _account(row: AnyRow) -> Account:
    return Account(row.id, row.name, row.created_at)
