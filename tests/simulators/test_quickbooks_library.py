"""The real python-quickbooks client against the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from quickbooks.batch import batch_create
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import (
    AuthorizationException,
    ObjectNotFoundException,
    QuickbooksException,
)
from quickbooks.objects import Customer, Invoice, Payment, Preferences, Ref
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail

from tests.simulators.quickbooks import REALM, Books, served_quickbooks
from worker.simulators.faults import Fault


@pytest.fixture(scope="module")
def server() -> Iterator[Books]:
    with served_quickbooks() as books:
        yield books


@pytest.fixture
def books(server: Books) -> Books:
    server.start_over()
    return server


def customer(name: str) -> Customer:
    made = Customer()
    made.DisplayName = name
    return made


def reference(value: str) -> Ref:
    made = Ref()
    made.value = value
    return made


def test_it_creates_reads_and_queries(books: Books) -> None:
    client = books.library()
    saved = customer("Ada").save(qb=client)
    assert Customer.get(saved.Id, qb=client).DisplayName == "Ada"
    assert [one.Id for one in Customer.filter(DisplayName="Ada", qb=client)] == [saved.Id]
    assert Customer.count(qb=client) == 1
    assert Customer.all(qb=client)[0].SyncToken == "0"
    assert client.session.answers[0].headers["intuit_tid"]


def test_its_request_id_makes_one(books: Books) -> None:
    client = books.library()
    first = customer("Ada").save(qb=client, request_id="r-1")
    assert customer("Ada").save(qb=client, request_id="r-1").Id == first.Id
    assert len(books.simulator.objects(REALM, "Customer")) == 1


def test_it_voids_an_invoice_and_a_payment(books: Books) -> None:
    client = books.library()
    bill = books.billed()
    paid = books.simulator.record_payment(REALM, bill["CustomerRef"]["value"], "100.00", {bill["Id"]: "100.00"})
    Payment.get(paid["Id"], qb=client).void(qb=client)
    Invoice.get(bill["Id"], qb=client).void(qb=client)
    assert books.simulator.totals(REALM) == {
        "invoices": "0.00",
        "open": "0.00",
        "payments": "0.00",
        "unapplied": "0.00",
        "invoice_count": 1,
        "payment_count": 1,
    }


def test_it_batches_with_long_bids_as_long_as_there_is_no_request_id(books: Books) -> None:
    told = batch_create([customer("Ada"), customer("A:B")], qb=books.library())
    assert [one.DisplayName for one in told.successes] == ["Ada"]
    assert [one.Error[0].code for one in told.faults] != []


def test_it_captures_changes_and_the_deleted(books: Books) -> None:
    bill = books.billed()
    gone = books.invoice(bill["CustomerRef"]["value"], bill["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"])
    books.simulator.delete(REALM, "Invoice", gone["Id"])
    since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    told = change_data_capture([Customer, Invoice, Payment], since, qb=books.library())
    assert [one.Id for one in told.Customer] == [bill["CustomerRef"]["value"]]
    assert [getattr(one, "status", None) for one in told.Invoice][-1] == "Deleted"
    assert not hasattr(told, "Payment")


def test_it_reads_preferences(books: Books) -> None:
    assert Preferences.get(qb=books.library()).TaxPrefs.UsingSalesTax is False


def test_it_raises_what_it_makes_of_our_faults(books: Books) -> None:
    client = books.library()
    with pytest.raises(ObjectNotFoundException):
        Customer.get("999", qb=client)
    customer("Ada").save(qb=client)
    with pytest.raises(QuickbooksException) as taken:
        customer("ada").save(qb=client)
    assert taken.value.error_code == 6240
    books.simulator.faults.add(Fault(status=429))
    with pytest.raises(QuickbooksException, match="429"):
        Customer.all(qb=client)
    books.simulator.faults.add(Fault(status=502))
    with pytest.raises(QuickbooksException, match="Error reading json"):
        Customer.all(qb=client)
    books.simulator.faults.add(Fault(status=200, reason="6000"))
    with pytest.raises(QuickbooksException) as inside:
        Customer.all(qb=client)
    assert inside.value.error_code == 6000
    books.simulator.expire_access_tokens()
    with pytest.raises(AuthorizationException):
        Customer.all(qb=client)


def test_a_full_update_of_the_library_is_stale_the_second_time(books: Books) -> None:
    client = books.library()
    made = customer("Ada").save(qb=client)
    made.Notes = "n"
    assert made.save(qb=client).SyncToken == "1"
    made.SyncToken = "0"
    with pytest.raises(QuickbooksException) as stale:
        made.save(qb=client)
    assert stale.value.error_code == 5010


def test_a_whole_invoice_of_the_library_is_refused_in_the_us_and_nothing_is_written(books: Books) -> None:
    client = books.library()
    line = SalesItemLine()
    line.Amount, line.SalesItemLineDetail = 50.25, SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = reference(books.item()["Id"])
    line.SalesItemLineDetail.Qty, line.SalesItemLineDetail.UnitPrice = 1, 50.25
    bill = Invoice()
    bill.CustomerRef, bill.Line = reference(books.customer()["Id"]), [line]
    with pytest.raises(QuickbooksException, match="GlobalTaxCalculation"):
        bill.save(qb=client)
    assert books.simulator.objects(REALM, "Invoice") == []
