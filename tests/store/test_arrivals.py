"""Payments that others recorded wait until the source knows them, and what it knows is remembered."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.store.bookshelf import connected, customer, payment, see, syncing
from tests.store.things import NOON
from worker.core.arrivals import Arrival, Entry
from worker.core.connections import Account, Connection
from worker.core.errors import LeaseLost
from worker.core.jobs import Counts, Job, Lease, Progress
from worker.core.ports import Change
from worker.store import Store

PAID = payment("31", ("7", "10.10"), ("8", "0.05"))
ENTRIES = (Entry("7", "pay_1", Decimal("10.10"), date(2026, 5, 29)), Entry("8", "pay_2", Decimal("0.05")))


def come(store: Store, books: Connection, *foreign: Change, ours: tuple[Change, ...] = ()) -> None:
    see(store, books, "payments", ours, foreign)


def arrival(change: Change = PAID, *entries: Entry) -> Arrival:
    return Arrival("payments", change.remote_id, change.document, entries)  # type: ignore[arg-type]  # a payment's


def settle(store: Store, books: Connection, told: Arrival, *, done: bool = True) -> None:
    with syncing(store, books) as (_, lease):
        store.arrivals.settle(lease, told, Progress(), done=done)


def test_a_foreign_payment_waits_to_be_told(store: Store, books: Connection) -> None:
    come(store, books, PAID)
    assert store.arrivals.pending(books.id) == [arrival()]


def test_our_own_payments_are_no_arrivals(store: Store, books: Connection) -> None:
    come(store, books, ours=(PAID,))
    assert store.arrivals.pending(books.id) == []


def test_nothing_but_payments_arrives(store: Store, books: Connection) -> None:
    see(store, books, "customers", [], [customer("58")])
    assert store.arrivals.pending(books.id) == []


def test_they_come_by_pages(store: Store, books: Connection) -> None:
    come(store, books, *(payment(f"3{n}", ("7", "1")) for n in range(5)))
    first = store.arrivals.pending(books.id, limit=3)
    rest = store.arrivals.pending(books.id, first[-1].remote_id, 3)
    assert [each.remote_id for each in (*first, *rest)] == ["30", "31", "32", "33", "34"]


def test_what_was_told_in_part_waits_with_what_is_known_of_it(store: Store, books: Connection) -> None:
    come(store, books, PAID)
    settle(store, books, arrival(PAID, ENTRIES[0]), done=False)
    assert store.arrivals.pending(books.id) == [arrival(PAID, ENTRIES[0])]
    settle(store, books, arrival(PAID, *ENTRIES))
    assert store.arrivals.pending(books.id) == []


def test_a_payment_that_changes_waits_again_with_what_the_source_has_of_it(store: Store, books: Connection) -> None:
    come(store, books, PAID)
    settle(store, books, arrival(PAID, *ENTRIES))
    changed = payment("31", ("7", "12"))
    come(store, books, changed)
    assert store.arrivals.pending(books.id) == [arrival(changed, *ENTRIES)]


def test_one_that_goes_waits_to_be_taken_back_and_one_that_nobody_knew_does_not(
    store: Store, books: Connection
) -> None:
    come(store, books, PAID)
    settle(store, books, arrival(PAID, *ENTRIES))
    come(store, books, Change("31"), Change("99"))
    assert store.arrivals.pending(books.id) == [arrival(Change("31"), *ENTRIES)]


def test_what_goes_before_the_source_knew_of_it_leaves_no_payment_to_record(store: Store, books: Connection) -> None:
    come(store, books, PAID)
    come(store, books, Change("31"))
    assert [each.document for each in store.arrivals.pending(books.id)] == [None]


def test_what_was_told_counts_in_the_job(store: Store, books: Connection) -> None:
    come(store, books, PAID)
    with syncing(store, books) as (job, lease):
        store.arrivals.settle(lease, arrival(), Progress(counts=Counts(pulled=1)), done=True)
        found = store.jobs.get(job.id)
    assert found is not None
    assert found.counts == Counts(pulled=1)


def test_who_lost_the_lease_settles_nothing(store: Store, books: Connection, running: tuple[Job, Lease]) -> None:
    come(store, books, PAID)
    lost = Lease(running[1].job_id, running[1].fence - 1)
    with pytest.raises(LeaseLost):
        store.arrivals.settle(lost, arrival(PAID, *ENTRIES), Progress(), done=True)
    assert store.arrivals.pending(books.id) == [arrival()]


def test_another_accounts_arrivals_are_its_own(store: Store, books: Connection, account: Account) -> None:
    other = connected(store, store.accounts.create("Other", NOON)[0].id)
    for each in (books, other):
        come(store, each, PAID)
    settle(store, other, arrival(PAID, *ENTRIES))
    assert store.arrivals.pending(books.id) == [arrival()]
    assert store.arrivals.pending(other.id) == []
