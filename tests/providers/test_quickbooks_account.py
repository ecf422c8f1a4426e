"""QuickBooks keeps the promises of a provider of books, stream by stream, against the simulator over HTTP."""

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.providers.books_suite import BooksContract, Sample
from tests.providers.quickbooks import ADA, BOILER, REALM, Company, invoice, line, payment, served_company
from tests.providers.quickbooks_description import Description
from worker.core.books import Customer, Entity, Invoice, Item, Payment
from worker.core.ports import Create, Delete, Key, Stream, Update
from worker.core.records import CLIENT, INVOICE, ITEM, PAYMENT, TAX, Address
from worker.providers.quickbooks import MANIFEST, QuickBooksOnline


@pytest.fixture
def company() -> Iterator[Company]:
    with served_company() as served:
        yield served


@pytest.fixture
def provider(company: Company) -> QuickBooksOnline:
    return company.open()


def stream(provider: QuickBooksOnline, name: str) -> Stream:
    return next(each for each in provider.streams() if each.name == name)


def customer_and_item(company: Company) -> tuple[str, str]:
    made = company.simulator.add_customer(REALM, "Somebody")
    fields: dict[str, Any] = {"Type": "Service", "IncomeAccountRef": {"value": "79"}}
    return made["Id"], company.simulator.add(REALM, "Item", Name="Something", **fields)["Id"]


class TestCustomers(BooksContract):
    @pytest.fixture
    def sample(self, provider: QuickBooksOnline, company: Company) -> Sample:
        def made(number: int) -> Entity:
            return replace(ADA, name=f"Ada {number}", email=f"ada{number}@example.com")

        def changed(document: Entity) -> Entity:
            assert isinstance(document, Customer)
            return replace(
                document, phone="555 0199", address=Address("1 Main St", "Springfield", "CA", "90210", "USA")
            )

        def people(remote_id: str) -> None:
            company.simulator.edit(REALM, "Customer", remote_id, Notes="Rings twice")

        refused = replace(ADA, name="No mail", email="nowhere")
        return Sample(stream(provider, "customers"), "Customer", made, changed, refused, people, has_key=False)


class TestItems(BooksContract):
    @pytest.fixture
    def sample(self, provider: QuickBooksOnline, company: Company) -> Sample:
        def made(number: int) -> Entity:
            return replace(BOILER, name=f"Service {number}")

        def changed(document: Entity) -> Entity:
            assert isinstance(document, Item)
            return replace(document, price=Decimal("99.99"), description="")

        def people(remote_id: str) -> None:
            company.simulator.edit(REALM, "Item", remote_id, PurchaseDesc="By hand")

        refused = replace(BOILER, name="No account", income_account="54")
        return Sample(stream(provider, "items"), "Item", made, changed, refused, people, has_key=False)


class TestInvoices(BooksContract):
    @pytest.fixture
    def sample(self, provider: QuickBooksOnline, company: Company) -> Sample:
        customer, item = customer_and_item(company)

        def made(number: int) -> Entity:
            return invoice(customer, line(item, f"{10 + number}.10", "3"), number=f"INV-{number}", memo="Thank you")

        def changed(document: Entity) -> Entity:
            assert isinstance(document, Invoice)
            return invoice(customer, line(item, "7.77"), number=document.number, memo="")

        def people(remote_id: str) -> None:
            company.simulator.edit(REALM, "Invoice", remote_id, DueDate="2026-07-01")

        refused = replace(invoice(customer, line(item)), customer="4711")
        return Sample(stream(provider, "invoices"), "Invoice", made, changed, refused, people, has_key=True)


class TestPayments(BooksContract):
    @pytest.fixture
    def sample(self, provider: QuickBooksOnline, company: Company) -> Sample:
        customer, item = customer_and_item(company)
        detail = {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": "1000"}
        sale = {
            "Amount": 1000,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {**detail, "UnitPrice": 1000},
        }
        bill = company.simulator.add(REALM, "Invoice", CustomerRef={"value": customer}, Line=[sale])["Id"]

        def made(number: int) -> Entity:
            return payment(customer, f"{5 + number}.05", (bill, f"{5 + number}.00"), reference=f"check {number}")

        def changed(document: Entity) -> Entity:
            assert isinstance(document, Payment)
            return payment(customer, "4.00", (bill, "4.00"), reference="")

        def people(remote_id: str) -> None:
            company.simulator.edit(REALM, "Payment", remote_id, PaymentMethodRef={"value": "1"})

        refused = payment("4711", "5.00")
        return Sample(stream(provider, "payments"), "Payment", made, changed, refused, people, has_key=True)


class TestTheWhole:
    def test_streams_come_in_the_order_in_which_they_depend_on_one_another(self, provider: QuickBooksOnline) -> None:
        told = [(each.name, each.target, each.rank, each.kind) for each in provider.streams()]
        names = ("taxes", "customers", "items", "invoices", "payments")
        kinds = (TAX, CLIENT, ITEM, INVOICE, PAYMENT)
        assert told == [(name, name, rank, kind) for rank, (name, kind) in enumerate(zip(names, kinds, strict=True))]
        assert MANIFEST.kinds == MANIFEST.reads == kinds
        assert list(MANIFEST.scopes) == ["customers", "items", "invoices", "payments", "taxes"]

    def test_a_sync_with_nothing_to_do_is_one_cdc_request_and_the_tax_queries(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        cursors = {each.name: list(provider.changes(each, None))[-1].cursor for each in provider.streams()}
        again = company.connected()
        asked = len(company.requests())
        for each in again.streams():
            [page] = again.changes(each, cursors[each.name])
            assert page.cursor
            assert each.name == "taxes" or not page.changes
        assert company.requests()[asked:] == ["query", "query", "cdc"]

    def test_taxes_and_what_is_never_taken_away_are_not_asked_for(self, provider: QuickBooksOnline) -> None:
        for name in ("taxes", "customers", "items"):
            with pytest.raises(AssertionError):
                provider.apply(stream(provider, name), [Delete(Key("x"), "1", "0")])

    def test_nothing_of_people_is_in_an_address_or_a_query_string(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        provider.apply(stream(provider, "customers"), [Create(Key("c"), ADA, uncertain=True)])
        told = " ".join(f"{one.path}?{one.query}" for one in company.simulator.journal.entries())
        assert not re.search("ada|lovelace|555", told, re.IGNORECASE)

    def test_every_body_is_one_that_intuit_describes(self, provider: QuickBooksOnline, company: Company) -> None:
        described = Description.at_hand()
        customers, items, invoices, payments = (
            stream(provider, name) for name in ("customers", "items", "invoices", "payments")
        )
        provider.apply(customers, [Create(Key("c"), ADA), Create(Key("d"), replace(ADA, email="b@example.com"))])
        provider.apply(customers, [Update(Key("c"), "1", "0", replace(ADA, email=""), before=ADA)])
        provider.apply(items, [Create(Key("i"), BOILER)])
        wanted = invoice("1", line("1"), number="1")
        provider.apply(invoices, [Create(Key("v"), wanted), Create(Key("w"), replace(wanted, number="2"))])
        provider.apply(invoices, [Update(Key("v"), "1", "0", replace(wanted, memo="x"))])
        provider.apply(payments, [Create(Key("p"), payment("1", "5.00", ("1", "5.00")))])
        provider.apply(payments, [Delete(Key("p"), "3", "0")])
        provider.apply(invoices, [Delete(Key("w"), "2", None)])
        for each in provider.streams():
            list(provider.changes(each, list(provider.changes(each, None))[-1].cursor))
        written = [one for one in company.recorder.sent if one.body is not None]
        assert {one.path for one in written} == {"batch", "invoice", "payment"}
        for one in written:
            described.check(one.method, f"/v3/company/{REALM}/{one.path}?{_query(one.query)}", one.body)

    def test_a_full_batch_of_new_customers_is_one_request(self, provider: QuickBooksOnline, company: Company) -> None:
        asked = len(company.requests())
        wanted = [Create(Key(f"c{number}"), Customer(f"Customer {number}")) for number in range(30)]
        assert len(provider.apply(stream(provider, "customers"), wanted)) == MANIFEST.batch_size == 30
        assert company.requests()[asked:] == ["batch"]

    def test_new_invoices_are_one_request_each_and_no_more_than_eight_are_under_way(
        self, provider: QuickBooksOnline, company: Company
    ) -> None:
        customer, item = customer_and_item(company)
        company.simulator.set(latency=0.05)
        asked = len(company.requests())
        wanted = [Create(Key(f"v{one}"), invoice(customer, line(item), number=str(one))) for one in range(20)]
        provider.apply(stream(provider, "invoices"), wanted)
        assert company.requests()[asked:] == ["invoice.create"] * 20
        assert 2 <= company.simulator.counters()["highest"][REALM] <= 8


def _query(query: dict[str, list[str]]) -> str:
    return "&".join(f"{name}={value}" for name, values in query.items() for value in values)
