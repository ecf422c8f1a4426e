"""FieldCamp's items, invoices, payments and taxes, read from the simulated one over HTTP."""

import json
import logging
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.sources.place import KEY, NOW, Place, ids, read, stamp
from worker.core.codec import decode
from worker.core.errors import Transient
from worker.core.records import CLIENT, INVOICE, ITEM, PAYMENT, TAX, Client
from worker.core.sales import Invoice, Item, Payment, Tax

PLURALS = {ITEM: "items", INVOICE: "invoices", PAYMENT: "payments", TAX: "taxes", CLIENT: "clients"}


@pytest.fixture
def books(place: Place) -> Place:
    """The place with a tax, an item, an invoice of 3 x 19.99 and 20 % of that, and a payment of 30.10."""
    place.simulator.add(KEY, "taxes", id="tax_1", name="VAT", rate=0.2)
    place.simulator.add_item(KEY, id="itm_1", name="Filter", price=19.99, type="Product", taxIds=["tax_1"])
    lines = [{"itemId": "itm_1", "quantity": 3}]
    place.simulator.add_invoice(KEY, id="inv_1", clientId="cli_1", jobId="job_1", lineItems=lines)
    place.simulator.add_payment(KEY, id="pay_1", invoiceId="inv_1", amount=30.1, method="cash", date="2026-05-29")
    return place


def test_the_books_are_read_exact_to_the_cent(books: Place) -> None:
    source = books.open()
    [tax], [item], [invoice], [payment] = (read(source, kind)[0] for kind in (TAX, ITEM, INVOICE, PAYMENT))
    assert decode(Tax, tax.content) == Tax("tax_1", "VAT", Decimal("0.2"))
    assert decode(Item, item.content).price == Decimal("19.99")
    assert decode(Item, item.content).product
    told = decode(Invoice, invoice.content)
    [line] = told.lines
    assert (line.item_id, line.quantity, line.price, line.tax_ids) == (
        "itm_1",
        Decimal(3),
        Decimal("19.99"),
        ("tax_1",),
    )
    assert (told.tax_total, told.total, told.void) == (Decimal("11.99"), Decimal("71.96"), False)
    assert (told.client_id, told.job_id, told.currency, told.number) == ("cli_1", "job_1", "USD", "INV-1001")
    assert decode(Payment, payment.content).amount == Decimal("30.10")
    assert (decode(Payment, payment.content).invoice_id, payment.content["paid_on"]) == ("inv_1", "2026-05-29")


def test_a_number_of_many_digits_is_read_with_all_of_them(books: Place) -> None:
    body = '{"success": true, "data": {"items": [{"id": "itm_1", "price": 0.12345678901234567890}]}}'
    books.fault(operation="items.list", status=200, body=body)
    assert read(books.open(), ITEM)[0][0].content["price"] == "0.1234567890123456789"


def test_a_client_is_read_with_its_parts_and_where_the_bill_goes(place: Place) -> None:
    address = {"street": "Main", "houseNumber": "1", "city": "Springfield", "zipCode": "62701", "country": "US"}
    place.simulator.add_client(KEY, id="cli_2", firstName="Ann", lastName="Lee", billingAddress=address)
    client = decode(Client, next(each for each in read(place.open(), CLIENT)[0] if each.local_id == "cli_2").content)
    assert (client.name, client.given, client.family, client.company) == ("Ann Lee", "Ann", "Lee", "")
    assert client.billing is not None
    assert (client.billing.street, client.billing.postal_code) == ("Main 1", "62701")


@pytest.mark.parametrize("kind", [INVOICE, PAYMENT])
def test_a_full_reading_is_everything_and_a_later_one_tells_of_what_changed_since(books: Place, kind: str) -> None:
    old = {"updatedAt": stamp(NOW - timedelta(hours=1)), "lineItems": []}
    rows = [{"id": f"x_{number}", **old, "amount": 5, "invoiceId": "inv_1"} for number in range(150)]
    books.simulator.load(KEY, PLURALS[kind], rows)
    source = books.open()
    records, last = read(source, kind)
    assert (len(records), last.everything, last.window) == (151, True, None)
    later, after = read(source, kind, last.cursor)
    assert len(later) == 1
    assert not after.everything
    assert "since=" in books.asked(f"{PLURALS[kind]}.list")[-1]


@pytest.mark.parametrize("kind", [ITEM, TAX, INVOICE, PAYMENT])
def test_where_since_is_refused_all_that_is_money_is_read_again(books: Place, kind: str) -> None:
    source = books.open()
    _, last = read(source, kind)
    books.simulator.configure(since_offered=False)
    records, refused = read(source, kind, last.cursor)
    assert (len(records), refused.everything) == (1, True)
    books.simulator.journal.clear()
    again, same = read(source, kind, refused.cursor)
    assert (len(again), same.everything, same.cursor) == (1, True, refused.cursor)
    assert not any("since" in query for query in books.asked())


def test_a_void_invoice_is_void(books: Place) -> None:
    books.simulator.change(KEY, "invoices", "inv_1", status="void")
    [invoice] = read(books.open(), INVOICE)[0]
    assert (invoice.content["void"], invoice.deleted, len(invoice.content["lines"])) == (True, False, 1)


def test_an_invoice_with_a_line_that_cannot_be_read_is_left_out_whole(
    books: Place, caplog: pytest.LogCaptureFixture
) -> None:
    lines: list[dict[str, Any]] = [{"price": 5, "quantity": 1}, {"price": 5, "quantity": "private"}]
    books.simulator.load(KEY, "invoices", [{"id": "inv_bad", "lineItems": lines}, {"id": "inv_good"}])
    source = books.open()
    with caplog.at_level(logging.WARNING):
        records, last = read(source, INVOICE)
    assert (ids(records), last.everything) == (["inv_1", "inv_good"], False)
    assert "inv_bad has a wrong lineItems[1].quantity" in caplog.text
    assert "private" not in caplog.text
    assert source.look_up(INVOICE, ["inv_bad", "inv_good"]) == [records[1]]


def test_an_invoice_that_a_list_shows_without_its_lines_is_asked_for(books: Place) -> None:
    invoices = books.simulator.records(KEY, "invoices")
    summaries = [{name: value for name, value in each.items() if name != "lineItems"} for each in invoices]
    body = {"success": True, "data": {"invoices": summaries}}
    books.fault(operation="invoices.list", status=200, body=body)
    records, last = read(books.open(), INVOICE)
    assert (len(records[0].content["lines"]), last.everything) == (1, True)
    assert (len(books.asked("invoices.list")), len(books.asked("invoices.get"))) == (1, 1)


# Looking up


@pytest.mark.parametrize(("kind", "known"), [(INVOICE, "inv_1"), (PAYMENT, "pay_1")])
def test_an_invoice_or_payment_that_is_no_more_comes_back_as_deleted(books: Place, kind: str, known: str) -> None:
    records = books.open().look_up(kind, [known, "x_gone", "x_gone"])
    assert [(record.local_id, record.deleted) for record in records] == [(known, False), ("x_gone", True)]
    assert len(books.asked()) == 2


@pytest.mark.parametrize("kind", [INVOICE, PAYMENT])
def test_a_404_deletes_nothing_where_there_is_no_such_route(books: Place, kind: str) -> None:
    books.fault(operation=f"{PLURALS[kind]}.get", status=404, times=None)
    known = {INVOICE: "inv_1", PAYMENT: "pay_1"}[kind]
    records = books.open().look_up(kind, ["x_gone", known])
    assert [(record.local_id, record.deleted) for record in records] == [("x_gone", True), (known, False)]


def test_the_first_404_is_believed_where_another_record_proves_the_route(books: Place) -> None:
    rows = [{"id": f"pay_{number}", "amount": 5, "invoiceId": "inv_1"} for number in range(10, 300)]
    books.simulator.load(KEY, "payments", rows)
    source = books.open()
    assert [record.deleted for record in source.look_up(PAYMENT, ["pay_gone", "pay_lost"])] == [True, True]
    assert (len(books.asked("payments.get")), len(books.asked("payments.list"))) == (3, 1)


def test_a_gateway_s_404_deletes_no_money(books: Place) -> None:
    books.fault(operation="payments.get", status=404, body="<html>no such host</html>")
    with pytest.raises(Transient):
        books.open().look_up(PAYMENT, ["pay_1"])
    books.fault(operation="payments.list", status=404, body="<html>no such host</html>")
    with pytest.raises(Transient):
        read(books.open(), PAYMENT)


@pytest.mark.parametrize(("kind", "known"), [(ITEM, "itm_1"), (TAX, "tax_1"), (CLIENT, "cli_1")])
def test_an_item_tax_or_client_that_is_no_more_is_left_out(books: Place, kind: str, known: str) -> None:
    source = books.open()
    assert ids(source.look_up(kind, [known, "x_gone"])) == [known]
    assert source.look_up(kind, ["x_gone"]) == []


def test_a_deleted_payment_is_told_by_its_event_and_by_its_id(books: Place) -> None:
    gone = books.simulator.remove(KEY, "payments", "pay_1")
    [record] = books.open().look_up(PAYMENT, ["pay_1"])
    assert (record.deleted, record.content) == (True, {"id": "pay_1"})
    assert stamp(record.source_time or NOW) >= gone["updatedAt"]


def test_cursors_of_the_books_are_those_of_the_others(books: Place) -> None:
    _, last = read(books.open(), INVOICE)
    assert json.loads(last.cursor or "")["offered"] is True
