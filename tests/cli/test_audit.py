"""The demo's audit finds whatever differs between FieldCamp and the books."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from worker.demo.audit import audit
from worker.demo.books import CLIENTS, HELD, KNOWN, REALM, Books, client, mail, named
from worker.demo.company import API_KEY
from worker.simulators.town import Town


@dataclass
class Sides:
    """Both sides with one invoice over 100.00 and what was paid of it, entered by hand."""

    town: Town
    invoice: dict[str, Any]
    customer: str
    item: str
    posted: str = ""

    def post(self, amount: str = "100.00") -> str:
        detail = {"ItemRef": {"value": self.item}, "Qty": 1, "UnitPrice": float(amount)}
        line = {"Amount": float(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        note = {"PrivateNote": f"FieldCamp {self.invoice['id']}.0"}
        self.posted = self.town.quickbooks.add(
            REALM, "Invoice", CustomerRef={"value": self.customer}, Line=[line], **note
        )["Id"]
        return self.posted

    def pay(self, amount: str) -> str:
        """In the books alone."""
        payment = self.town.quickbooks.record_payment(REALM, self.customer, amount, {self.posted: amount})
        return f"quickbooks:{payment['Id']}:{self.posted}"

    def record(self, amount: str, external_id: str | None = None) -> None:
        """At FieldCamp alone."""
        told = {"invoiceId": self.invoice["id"], "amount": float(amount), "externalId": external_id}
        self.town.fieldcamp.add_payment(API_KEY, **told)

    @property
    def differences(self) -> list[str]:
        return audit(self.town).differences


@pytest.fixture
def sides() -> Iterator[Sides]:
    town = Town()
    town.fieldcamp.add_account(API_KEY)
    Books(town).found()
    for number in set(range(CLIENTS)) - {*KNOWN}:
        name = f"{named(number)} {number}"
        town.quickbooks.add_customer(REALM, name, PrimaryEmailAddr={"Address": mail(number)})
    line = {"name": "Work", "quantity": 1, "price": 100, "taxIds": []}
    invoice = town.fieldcamp.add_invoice(API_KEY, clientId=client(HELD), lineItems=[line])
    item = town.quickbooks.add(REALM, "Item", Name="Work", Type="Service", IncomeAccountRef={"value": "79"})
    customer = town.quickbooks.objects(REALM, "Customer")[-1]
    yield Sides(town, invoice, customer["Id"], item["Id"])
    town.close()


def test_what_is_the_same_on_both_sides_is_told_with_its_numbers(sides: Sides) -> None:
    sides.post()
    sides.record("30.10", sides.pay("30.10"))
    found = audit(sides.town)
    assert found.differences == []
    rows = [(name, here, str(ours), there, str(theirs)) for name, here, ours, there, theirs in found.rows]
    assert rows == [
        ("invoices", 1, "100.00", 1, "100.00"),
        ("open", 1, "69.90", 1, "69.90"),
        ("paid", 1, "30.10", 1, "30.10"),
    ]


def test_a_cent_is_a_difference(sides: Sides) -> None:
    sides.post("100.01")
    assert "invoices: 100.00 at FieldCamp, 100.01 in QuickBooks" in sides.differences
    assert f"invoice {sides.invoice['id']}: total is 100.00 at FieldCamp, 100.01 in QuickBooks" in sides.differences


def test_an_invoice_that_is_missing_or_there_twice_is_named(sides: Sides) -> None:
    assert f"invoice {sides.invoice['id']}: is missing in QuickBooks" in sides.differences
    sides.post()
    assert sides.differences == []
    sides.post()
    assert f"invoice {sides.invoice['id']}: is 2 times in QuickBooks" in sides.differences


def test_a_payment_that_one_side_alone_knows_or_knows_twice_is_named(sides: Sides) -> None:
    sides.post()
    recorded = sides.pay("10.00")
    assert f"payment {recorded}: is 0 times at FieldCamp" in sides.differences
    sides.record("10.00", recorded)
    assert sides.differences == []
    sides.record("10.00", recorded)
    assert f"payment {recorded}: is 2 times at FieldCamp" in sides.differences


def test_what_is_void_does_not_count(sides: Sides) -> None:
    sides.town.quickbooks.void(REALM, "Invoice", sides.post())
    sides.post()
    assert sides.differences == []


def test_a_client_who_is_two_customers_is_named(sides: Sides) -> None:
    sides.post()
    sides.town.quickbooks.add_customer(REALM, "Once more", PrimaryEmailAddr={"Address": mail(HELD)})
    assert sides.differences == [f"client {client(HELD)}: is 2 customers"]


def test_words_of_the_bookkeeper_that_are_gone_are_missed(sides: Sides) -> None:
    sides.town.quickbooks.edit_invoice(REALM, sides.post(), CustomerMemo={"value": "Agreed."})
    invoice_id = sides.invoice["id"]
    assert audit(sides.town, {invoice_id: "Agreed."}).differences == []
    assert audit(sides.town, {invoice_id: "Pay soon."}).differences == [
        f"invoice {invoice_id}: lost the bookkeeper's words"
    ]
