"""Replies: the first answer to each request that came with an idempotency key, for a day."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy import Connection as Transaction

from worker.core.connections import Connection
from worker.core.jobs import Once, Reply
from worker.store.engine import Database
from worker.store.tables import replies

KEPT = timedelta(hours=24)


class Replies:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, account_id: str, integration: str, key: str, now: datetime) -> Reply | None:
        """The answer that the key got first, None for a new key and after a day."""
        its_row = and_(_is(account_id, integration, key), replies.c.created_at > now - KEPT)
        with self._database.reading() as reader:
            row = reader.execute(select(replies).where(its_row)).first()
        return None if row is None else Reply(row.fingerprint, row.body)

    def forget(self, now: datetime) -> int:
        """Drop what is older than a day; returns how many."""
        with self._database.writing() as transaction:
            return transaction.execute(delete(replies).where(replies.c.created_at <= now - KEPT)).rowcount


def reserve(
    database: Database, transaction: Transaction, connection: Connection, once: Once, now: datetime
) -> Reply | None:
    """Take the key for this transaction, which then has to ``fill`` it or to fail; None when it is taken.

    Somebody else's key is waited for: their answer when they commit, ours to take when they fail.
    """
    place = {"account_id": connection.account_id, "integration": connection.integration, "key": once.key}
    row = {**place, "fingerprint": once.fingerprint, "body": "", "created_at": now}
    insert = database.insert(replies).values(row)
    outdated = insert.on_conflict_do_update(
        index_elements=list(place), set_=row, where=replies.c.created_at <= now - KEPT
    )
    if transaction.execute(outdated.returning(replies.c.key)).first() is not None:
        return None
    its_row = _is(connection.account_id, connection.integration, once.key)
    first = transaction.execute(select(replies).where(its_row)).one()
    return Reply(first.fingerprint, first.body)


def fill(transaction: Transaction, connection: Connection, key: str, body: str) -> None:
    """Keep the answer with the key that this transaction has taken."""
    its_row = _is(connection.account_id, connection.integration, key)
    transaction.execute(update(replies).where(its_row).values(body=body))


def _is(account_id: str, integration: str, key: str) -> ColumnElement[bool]:
    return and_(replies.c.account_id == account_id, replies.c.integration == integration, replies.c.key == key)
