"""Another company's books are begun anew; the same ones go on where they were."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.store.bookshelf import BOOKS, KINDS, REALM, connected, customer, payment, see, streams, syncing
from tests.store.things import NOON, published
from worker.core.connections import Account, Connection
from worker.core.matches import Question
from worker.core.records import CLIENT, INVOICE, PAYMENT, VISIT
from worker.store import Store

ADA, PAID = customer("58"), payment("31", ("7", "10.10"))


@pytest.fixture
def lived_in(store: Store, account: Account, books: Connection) -> Connection:
    """Books of which something of everything is known."""
    see(store, books, "customers", [ADA])
    see(store, books, "payments", [], [PAID])
    states = streams(store, books)
    with syncing(store, books) as (_, lease):
        store.plans.offer(lease, [published("inv_1", "invoices", remote_id="7")])
        assert ADA.document is not None
        store.matches.ask(lease, [Question("", CLIENT, "cli_1", ADA.document, (), NOON)], [], NOON)
        for state in states.values():
            store.streams.save_cursor(lease, state.id, "c-1", NOON)
        store.plans.planned(lease, books.id, 5, CLIENT)
    return books


def known(store: Store, account: Account, books: Connection) -> list[bool]:
    """Of links, the directory, its search, arrivals, questions and cursors: whether there are any."""
    return [
        bool(store.plans.links_of(books.id, ["inv_1"], INVOICE)),
        bool(store.directory.named(books.id, CLIENT, ["58"])),
        bool(store.directory.search(books.id, CLIENT, ["name:ada lovelace"])),
        bool(store.arrivals.pending(books.id)),
        bool(store.matches.open(account.id)),
        any(state.cursor for state in store.streams.all(books.id).values()),
    ]


def test_another_company_makes_everything_forgotten_that_was_known_of_the_first(
    store: Store, account: Account, lived_in: Connection
) -> None:
    assert known(store, account, lived_in) == [True] * 6
    again = connected(store, account.id, "999")
    assert (again.id, again.realm) == (lived_in.id, "999")
    assert known(store, account, lived_in) == [False] * 6
    assert store.plans.planned_upto(lived_in.id) == {}


def test_the_same_company_goes_on_where_it_was(store: Store, account: Account, lived_in: Connection) -> None:
    store.connections.disconnect(account.id, BOOKS, NOON)
    connected(store, account.id)
    assert known(store, account, lived_in) == [True] * 6
    assert store.plans.planned_upto(lived_in.id) == {}


def test_another_accounts_books_stay_as_they_are(store: Store, account: Account, lived_in: Connection) -> None:
    other = store.accounts.create("Other", NOON)[0]
    connected(store, other.id)
    connected(store, other.id, "999")
    assert known(store, account, lived_in) == [True] * 6


def test_a_connection_without_a_company_keeps_what_is_known(store: Store, account: Account, google: Connection) -> None:
    store.streams.ensure(google.id, ["primary"])
    with syncing(store, google) as (_, lease):
        store.plans.offer(lease, [published()])
    store.connections.connect(account.id, google.integration, {}, {"": {"access_token": "x"}}, NOON)
    assert store.plans.links_of(google.id, ["vis_1"]) == {"vis_1": [published()]}


def test_a_companys_connections_are_found_while_they_are_connected(store: Store, account: Account) -> None:
    other = store.accounts.create("Other", NOON)[0]
    found = [connected(store, each.id) for each in (account, other)]
    connected(store, store.accounts.create("Third", NOON)[0].id, "999")
    assert store.connections.of_realm(BOOKS, REALM) == found
    assert store.connections.of_realm("google_calendar", REALM) == []
    store.connections.disconnect(other.id, BOOKS, NOON)
    assert store.connections.of_realm(BOOKS, REALM) == found[:1]


def test_streams_are_of_the_kind_that_was_named_and_of_visits_where_none_was(
    store: Store, books: Connection, google: Connection
) -> None:
    assert {name: state.kind for name, state in streams(store, books).items()} == KINDS
    assert store.streams.ensure(google.id, ["primary"])["primary"].kind == VISIT
    some = store.streams.ensure(books.id, ["more", "payments"], {"more": PAYMENT})
    assert {name: state.kind for name, state in some.items()} == {"more": PAYMENT, "payments": PAYMENT}


def test_the_kind_of_a_stream_stays_what_it_was(store: Store, books: Connection) -> None:
    before = streams(store, books)["customers"]
    assert store.streams.ensure(books.id, ["customers"], {"customers": INVOICE})["customers"] == before
    assert replace(before, kind=CLIENT) == before
