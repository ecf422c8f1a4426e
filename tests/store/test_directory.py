"""The directory shows the books as they were last seen, and finds what is in them."""

from __future__ import annotations

from tests.store.bookshelf import connected, customer, payment, see, streams, syncing
from tests.store.things import NOON
from worker.core.books import Customer, TaxCode, TaxRegime
from worker.core.connections import Account, Connection
from worker.core.jobs import Progress
from worker.core.links import Link
from worker.core.matching import Candidate
from worker.core.ports import Change
from worker.core.records import CLIENT, INVOICE, ITEM, PAYMENT, TAX
from worker.store import Store

ADA = Customer("Ada Lovelace", email="Ada@Example.com", phone="+44 20 555 0100")
SEEN = Change("58", "3", None, ADA)
EMAIL, NAME, PHONE = "email:ada@example.com", "name:ada lovelace", "phone:5550100"


def found(store: Store, books: Connection, *traits: str, kind: str = CLIENT) -> dict[str, list[Candidate]]:
    return store.directory.search(books.id, kind, traits)


def test_what_was_seen_is_found_by_each_of_its_traits(store: Store, books: Connection) -> None:
    see(store, books, "customers", [SEEN, customer("61", "Lord Byron")])
    expected = [Candidate("58", "3", ADA)]
    assert found(store, books, EMAIL, NAME, PHONE, "name:nobody") == {EMAIL: expected, NAME: expected, PHONE: expected}
    assert found(store, books) == {}


def test_all_who_share_a_trait_are_found_by_it(store: Store, books: Connection) -> None:
    see(store, books, "customers", [SEEN, customer("59", "Ada  LOVELACE", active=False), customer("60", "Ada")])
    assert {each.remote_id for each in found(store, books, NAME)[NAME]} == {"58", "59"}


def test_a_changed_object_is_found_by_what_it_is_now_alone(store: Store, books: Connection) -> None:
    see(store, books, "customers", [SEEN])
    see(store, books, "customers", [customer("58", "Ada King", email="king@example.com")])
    assert found(store, books, EMAIL, NAME, PHONE) == {}
    [king] = found(store, books, "email:king@example.com")["email:king@example.com"]
    assert (king.remote_id, king.document) == ("58", Customer("Ada King", email="king@example.com"))


def test_the_last_word_of_a_page_counts(store: Store, books: Connection) -> None:
    see(store, books, "customers", [SEEN, customer("58", "Ada King"), customer("60"), Change("60")])
    assert list(store.directory.named(books.id, CLIENT, ["58", "60"])) == ["58"]
    assert found(store, books, EMAIL, "name:ada king").keys() == {"name:ada king"}


def test_what_went_is_forgotten(store: Store, books: Connection) -> None:
    see(store, books, "customers", [SEEN, customer("61", "Lord Byron")])
    see(store, books, "customers", [Change("58"), Change("99")])
    assert found(store, books, EMAIL, NAME, PHONE) == {}
    assert list(store.directory.named(books.id, CLIENT, ["58", "61"])) == ["61"]


def test_objects_are_named_by_their_ids_within_their_kind(store: Store, books: Connection) -> None:
    see(store, books, "customers", [SEEN])
    assert store.directory.named(books.id, CLIENT, ["58", "59"]) == {"58": Candidate("58", "3", ADA)}
    assert store.directory.named(books.id, ITEM, ["58"]) == {}
    assert store.directory.named(books.id, CLIENT, []) == {}


def test_one_id_may_be_a_customer_and_an_invoice(store: Store, books: Connection) -> None:
    see(store, books, "customers", [SEEN])
    see(store, books, "payments", [payment("58", ("7", "10.10"))])
    assert store.directory.named(books.id, CLIENT, ["58"])["58"].document == ADA
    see(store, books, "payments", [Change("58")])
    assert store.directory.named(books.id, PAYMENT, ["58"]) == {}
    assert found(store, books, EMAIL) == {EMAIL: [Candidate("58", "3", ADA)]}


def test_what_a_link_owns_is_taken_until_it_is_published_no_more(store: Store, books: Connection) -> None:
    see(store, books, "customers", [SEEN])
    for published in (True, False):
        with syncing(store, books) as (_, lease):
            owner = Link("customers", "cli_1", published=published, remote_id="58")
            store.plans.settle(lease, [owner], Progress())
        assert store.directory.named(books.id, CLIENT, ["58"])["58"].taken is published
        assert [each.taken for each in found(store, books, NAME)[NAME]] == [published]


def test_an_invoice_of_that_id_takes_no_customer(store: Store, books: Connection) -> None:
    see(store, books, "customers", [SEEN])
    with syncing(store, books) as (_, lease):
        store.plans.settle(lease, [Link("invoices", "inv_1", published=True, remote_id="58")], Progress())
    assert store.directory.named(books.id, CLIENT, ["58"])["58"].taken is False
    assert store.plans.owners(books.id, INVOICE, ["58"]) == {"58": "inv_1"}


def test_taxes_are_all_given(store: Store, books: Connection) -> None:
    codes = [Change("TAX", "0", None, TaxCode("Tax")), Change("company", None, None, TaxRegime("none", "USD"))]
    see(store, books, "taxes", codes)
    assert {each.remote_id: each.document for each in store.directory.of_kind(books.id, TAX)} == {
        "TAX": TaxCode("Tax"),
        "company": TaxRegime("none", "USD"),
    }
    assert store.directory.of_kind(books.id, CLIENT) == []


def test_another_accounts_books_are_not_searched(store: Store, books: Connection, account: Account) -> None:
    other = connected(store, store.accounts.create("Other", NOON)[0].id)
    see(store, books, "customers", [SEEN])
    assert found(store, other, EMAIL, NAME, PHONE) == {}
    assert store.directory.named(other.id, CLIENT, ["58"]) == {}
    see(store, other, "customers", [Change("58")])
    assert EMAIL in found(store, books, EMAIL)


def test_thousands_are_kept_and_found_at_once(store: Store, books: Connection) -> None:
    streams(store, books)
    see(store, books, "customers", [customer(str(n), f"Client {n}") for n in range(1500)])
    wanted = [f"name:client {n}" for n in range(1500)]
    assert len(found(store, books, *wanted)) == 1500
    assert len(store.directory.named(books.id, CLIENT, [str(n) for n in range(1500)])) == 1500
