"""A company's books to fill a store with, and syncs of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from tests.store.things import NOON, later, start
from worker.core.books import Customer, Part, Payment
from worker.core.connections import Connection, StreamState
from worker.core.jobs import Ending, Job, JobStatus, Lease
from worker.core.observation import Observed
from worker.core.ports import Change
from worker.core.records import CLIENT, INVOICE, ITEM, PAYMENT, TAX
from worker.store import Store

BOOKS, REALM = "quickbooks", "4620816365"
KINDS = {"taxes": TAX, "customers": CLIENT, "items": ITEM, "invoices": INVOICE, "payments": PAYMENT}


def connected(store: Store, account_id: str, realm: str = REALM, **settings: Any) -> Connection:
    grants = {"": {"realm_id": realm, "refresh_token": "rt-1"}}
    return store.connections.connect(account_id, BOOKS, settings, grants, NOON, realm=realm)


def streams(store: Store, books: Connection) -> dict[str, StreamState]:
    return store.streams.ensure(books.id, tuple(KINDS), KINDS)


@contextmanager
def syncing(store: Store, books: Connection) -> Iterator[tuple[Job, Lease]]:
    """A sync of the books that runs until the end of the block."""
    job, lease = start(store, books)
    yield job, lease
    store.jobs.finish(lease, Ending(JobStatus.SUCCEEDED, next_look_at=later(30)), NOON)


def customer(remote_id: str, name: str = "Ada Lovelace", **fields: Any) -> Change:
    return Change(remote_id, "0", None, Customer(name, **fields))


def payment(remote_id: str, *parts: tuple[str, str], key: Any = None) -> Change:
    paid = tuple(Part(invoice, Decimal(amount)) for invoice, amount in parts)
    return Change(remote_id, "0", key, Payment("58", sum((part.amount for part in paid), Decimal(0)), paid))


def see(store: Store, books: Connection, name: str, changes: Sequence[Change], foreign: Sequence[Change] = ()) -> None:
    """Read these objects of a stream, ``foreign`` ones as somebody else's deed."""
    stream = streams(store, books)[name]
    with syncing(store, books) as (job, lease):
        observed = Observed(foreign=tuple(foreign))
        store.observations.save(lease, job, stream, observed, target=name, now=NOON, kept=[*changes, *foreign])
