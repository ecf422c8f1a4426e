"""Two accounts keep their money in one company's books: a key of which our FieldCamp never told is not ours."""

from collections.abc import Callable

import pytest

from tests.sync.books_house import REALM, BooksHouse, line
from worker.core.jobs import JobStatus, Mode


@pytest.fixture
def house(company: Callable[..., BooksHouse]) -> BooksHouse:
    return company()


def theirs(house: BooksHouse) -> tuple[str, str]:
    """An invoice and a payment of another account's; their ids in the books."""
    house.invoice(house.client(), line(house.item()))
    house.sync()
    add, customer = house.quickbooks.add, house.objects("Customer")[0]["Id"]
    detail = {"ItemRef": {"value": house.objects("Item")[0]["Id"]}, "Qty": 1, "UnitPrice": 50}
    lines = [{"Amount": 50, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}]
    named = {"CustomerRef": {"value": customer}}
    invoice = add(REALM, "Invoice", **named, Line=lines, PrivateNote="FieldCamp inv_next_door.0")
    payment = add(REALM, "Payment", **named, TotalAmt=20, PrivateNote="FieldCamp pay_next_door.0")
    return invoice["Id"], payment["Id"]


@pytest.mark.parametrize("mode", list(Mode))
def test_another_accounts_invoice_and_payment_are_left_alone(house: BooksHouse, mode: Mode) -> None:
    invoice, payment = theirs(house)
    before = house.objects("Invoice"), house.objects("Payment")
    job = house.sync(mode)
    assert (job.status, job.counts.pushed) == (JobStatus.SUCCEEDED, 0)
    assert (house.objects("Invoice"), house.objects("Payment")) == before
    assert invoice in {one["Id"] for one in house.live("Invoice")}
    assert payment in {one["Id"] for one in house.live("Payment")}


def test_our_own_invoice_that_fieldcamp_deletes_is_voided(house: BooksHouse) -> None:
    invoice, _ = theirs(house)
    [ours] = [one["id"] for one in house.told("invoices")]
    house.remove("invoices", ours)
    house.deliver()
    house.sync()
    assert [one["Id"] for one in house.live("Invoice")] == [invoice]
