"""What the state machine over the books found, each as a story of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.books_house import BOOKS, REALM, SETTINGS, BooksHouse, Street, line, street
from worker.core.jobs import JobStatus
from worker.core.records import CLIENT, ITEM
from worker.simulators.faults import Fault
from worker.sync.standing import standing


@pytest.fixture(scope="module")
def both_sides() -> Iterator[Street]:
    with street() as served:
        yield served


@pytest.fixture
def there(both_sides: Street, tmp_path: Path) -> Iterator[BooksHouse]:
    house = BooksHouse(both_sides, tmp_path / "sync.db")
    yield house
    house.close()


def writes(there: BooksHouse) -> int:
    posts = there.quickbooks.journal.entries(method="POST")
    return sum(entry.operation not in {"query", "token"} for entry in posts)


def test_an_invoice_that_was_taken_back_and_paid_in_the_books_is_told_once_and_not_tried_again_and_again(
    there: BooksHouse,
) -> None:
    invoice = there.invoice(there.client(), line(there.item(), 100))
    there.sync()
    [posted] = there.live("Invoice")
    there.quickbooks.record_payment(REALM, posted["CustomerRef"]["value"], "40.00", {posted["Id"]: "40.00"})
    there.change("invoices", invoice, status="void")

    there.sync()
    before = writes(there)
    second, third = there.sync(), there.sync()

    assert writes(there) == before
    assert [job.status for job in (second, third)] == [JobStatus.SUCCEEDED] * 2
    told = {trouble.code for trouble in standing(there.house, there.account_id, BOOKS).troubles}
    assert told == {"STILL_PAID", "PAYMENT_REFUSED"}
    assert [one["Id"] for one in there.live("Invoice")] == [posted["Id"]]


def test_an_invoice_that_was_taken_back_goes_once_the_books_payment_is_void(there: BooksHouse) -> None:
    invoice = there.invoice(there.client(), line(there.item(), 100))
    there.sync()
    [posted] = there.live("Invoice")
    paid = there.quickbooks.record_payment(REALM, posted["CustomerRef"]["value"], "40.00", {posted["Id"]: "40.00"})
    there.change("invoices", invoice, status="void")
    there.sync()
    there.quickbooks.void(REALM, "Payment", paid["Id"])

    there.sync()

    assert there.live("Invoice") == []
    assert standing(there.house, there.account_id, BOOKS).attention == 0


def test_an_invoice_that_was_taken_back_with_its_own_payment_goes_in_one_sync(there: BooksHouse) -> None:
    invoice = there.invoice(there.client(), line(there.item(), 100))
    payment = there.payment(invoice, 40)
    there.sync()
    there.remove("payments", payment)
    there.change("invoices", invoice, status="void")
    there.deliver()

    job = there.sync()

    assert job.status is JobStatus.SUCCEEDED
    assert there.live("Invoice") == []
    there.assert_agreement()


def test_items_of_one_name_are_made_once_each_when_the_answer_about_the_numbered_ones_is_lost(
    there: BooksHouse,
) -> None:
    items = [there.item("Filter") for _ in range(3)]
    there.quickbooks.faults.add(Fault(operation="batch", skip=1, drop="after", reset=True))
    there.sync()
    there.sync()

    assert sorted(one["Name"] for one in there.live("Item")) == ["Filter", "Filter (2)", "Filter (3)"]
    links = there.store.plans.links_of(there.connection.id, items, ITEM)
    assert len({link.remote_id for [link] in links.values()}) == 3


def test_a_client_is_never_taken_for_another_one_whose_customer_has_a_number_behind_its_name(
    both_sides: Street, tmp_path: Path
) -> None:
    there = BooksHouse(both_sides, tmp_path / "sync.db", settings={**SETTINGS, "customer_match": "create"})
    clients = [there.client("Ada Lovelace") for _ in range(2)]
    there.sync()
    clients.append(there.client("Ada Lovelace"))
    there.sync()

    links = there.store.plans.links_of(there.connection.id, clients, CLIENT)
    assert len({link.remote_id for [link] in links.values()}) == 3
    assert len(there.live("Customer")) == 3
    there.close()


def test_an_item_is_never_taken_for_another_one_that_has_a_number_behind_its_name(there: BooksHouse) -> None:
    items = [there.item("Filter") for _ in range(2)]
    there.sync()
    items.append(there.item("Filter"))
    there.sync()

    links = there.store.plans.links_of(there.connection.id, items, ITEM)
    assert len({link.remote_id for [link] in links.values()}) == 3
