"""From records to what the books show of them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.core.company import (
    HOW,
    LINE,
    PLAIN,
    STATE,
    held,
    refs,
    without,
)
from worker.core import books, records, sales
from worker.core.books import Part, TaxCode
from worker.core.codec import encode
from worker.core.posting import FREE_ITEM, customer, item, mentions, payment, tax
from worker.core.preferences import BooksPreferences
from worker.core.records import CLIENT, INVOICE, ITEM, PAYMENT, TAX, VISIT, Address, Client

D = Decimal


class TestCustomer:
    def test_a_client_is_a_customer_with_the_address_of_the_bill(self) -> None:
        home = Address("Main St 1", "Boston", "MA", "02101", "US")
        client = Client("cli_1", "Ann Smith", "Ann", "Smith", "Acme", "ann@example.com", "555", "Elm St 2", home)
        assert customer(client) == books.Customer(
            "Ann Smith", "Ann", "Smith", "Acme", "ann@example.com", "555", home, active=True
        )

    @pytest.mark.parametrize(
        ("client", "name"),
        [
            (Client("c", " ", "Ann", "Smith", "Acme"), "Acme"),
            (Client("c", "", "Ann", "Smith"), "Ann Smith"),
            (Client("c", "", "", "Smith"), "Smith"),
        ],
    )
    def test_a_client_without_a_name_goes_by_the_next_best(self, client: Client, name: str) -> None:
        found = customer(client)
        assert isinstance(found, books.Customer)
        assert found.name == name

    @pytest.mark.parametrize("client", [Client("c", email="ann@example.com"), Client("c", ":")])
    def test_a_client_with_no_name_at_all_is_held(self, client: Client) -> None:
        hold = held(customer(client))
        assert (hold.code, hold.failed) == ("NAME_MISSING", True)
        assert "example.com" not in hold.message

    @pytest.mark.parametrize("email", ["ann", "ann@example", "ann.smith@", "@"])
    def test_an_address_that_the_books_refuse_is_left_out(self, email: str) -> None:
        assert customer(Client("c", "Ann", email=email)) == books.Customer("Ann")


class TestItem:
    def test_work_is_a_service_and_a_product_is_not_counted(self) -> None:
        how = BooksPreferences(income_account="79")
        work = sales.Item("itm_1", "Boiler service", "Yearly", D("99.00"), sku="B-1")
        expected = books.Item("Boiler service", "Yearly", D(99), "Service", "79", "B-1")
        assert item(work, how) == expected
        assert item(replace(work, product=True), how) == replace(expected, kind="NonInventory")

    def test_an_item_that_is_no_longer_sold_stays_in_the_books(self) -> None:
        found = item(sales.Item("itm_1", "Boiler", active=False), BooksPreferences(income_account="79"))
        assert isinstance(found, books.Item)
        assert found.active

    @pytest.mark.parametrize(
        ("category", "account"), [("Plumbing", "80"), (" plumbing ", "80"), ("Heating", "79"), ("", "79")]
    )
    def test_the_income_account_follows_the_category(self, category: str, account: str) -> None:
        how = BooksPreferences(income_account="79", item_accounts={"Plumbing": "80"})
        found = item(sales.Item("itm_1", "Boiler", category=category), how)
        assert isinstance(found, books.Item)
        assert found.income_account == account

    def test_a_missing_account_says_what_to_set(self) -> None:
        hold = held(item(sales.Item("itm_1", "Boiler", category="Plumbing"), HOW))
        assert (hold.code, hold.failed) == ("INCOME_ACCOUNT_MISSING", True)
        assert '"item_accounts": {"Plumbing": "<account id>"}' in hold.message
        assert '"income_account": "<account id>"' in hold.message
        bare = held(item(sales.Item("itm_1", "Boiler"), HOW))
        assert "item_accounts" not in bare.message
        assert '"income_account": "<account id>"' in bare.message

    def test_an_item_without_a_name_is_held(self) -> None:
        assert held(item(sales.Item("itm_1", ":"), BooksPreferences(income_account="79"))).code == "NAME_MISSING"


def test_a_tax_looks_for_its_code() -> None:
    assert tax(STATE) == TaxCode("State", D("0.06"))
    assert tax(replace(STATE, active=False)) == TaxCode("State", D("0.06"), active=False)


PAID = sales.Payment("pay_1", "inv_1", amount=D("50"), method="check", paid_on=date(2026, 6, 1), reference="12")


class TestPayment:
    def test_a_payment_is_linked_to_its_invoice(self) -> None:
        assert payment(PAID, PLAIN, refs()) == books.Payment(
            "7", D(50), (Part("90", D(50)),), date(2026, 6, 1), "12", "check"
        )

    def test_a_payment_that_came_from_the_books_makes_no_second_one(self) -> None:
        """Lesson 27: a payment recorded in QuickBooks marks the invoice paid at the source, once; the echo makes no
        second payment.
        """
        assert payment(replace(PAID, external_id="quickbooks:1:77:90"), PLAIN, refs()) is None
        assert payment(replace(PAID, external_id="stripe:77"), PLAIN, refs()) is not None

    def test_a_payment_of_nothing_is_none(self) -> None:
        assert payment(replace(PAID, amount=D("0.00")), PLAIN, refs()) is None

    def test_money_that_went_back_is_no_payment(self) -> None:
        hold = held(payment(replace(PAID, amount=D(-5)), PLAIN, refs()))
        assert (hold.code, hold.failed) == ("NEGATIVE_PAYMENT", True)

    @pytest.mark.parametrize("told", [replace(PLAIN, void=True), replace(PLAIN, total=D(0))])
    def test_money_for_an_invoice_that_became_void_is_the_customers_credit(self, told: sales.Invoice) -> None:
        found = payment(PAID, told, refs(remote=without((INVOICE, "inv_1"))))
        assert found == books.Payment("7", D(50), (), date(2026, 6, 1), "12", "check")

    def test_money_for_no_invoice_is_the_customers_credit(self) -> None:
        found = payment(replace(PAID, invoice_id=None, client_id="cli_1"), None, refs())
        assert found == books.Payment("7", D(50), (), date(2026, 6, 1), "12", "check")

    def test_what_is_more_than_the_invoice_is_the_customers_credit(self) -> None:
        found = payment(PAID, replace(PLAIN, total=D("30.00")), refs())
        assert isinstance(found, books.Payment)
        assert (found.amount, found.parts) == (D(50), (Part("90", D(30)),))

    def test_the_customer_is_the_one_of_the_invoice(self) -> None:
        found = payment(replace(PAID, client_id="cli_9"), PLAIN, refs())
        assert isinstance(found, books.Payment)
        assert found.customer == "7"

    def test_a_payment_of_nobody_is_held(self) -> None:
        hold = held(payment(replace(PAID, invoice_id=None), None, refs()))
        assert (hold.code, hold.failed) == ("NO_CLIENT", True)
        assert held(payment(PAID, replace(PLAIN, client_id=None), refs())).code == "NO_CLIENT"

    @pytest.mark.parametrize(
        ("told", "missing", "code"),
        [
            (None, (INVOICE, "inv_1"), "WAITS_FOR_INVOICE"),
            (PLAIN, (INVOICE, "inv_1"), "WAITS_FOR_INVOICE"),
            (PLAIN, (CLIENT, "cli_1"), "WAITS_FOR_CUSTOMER"),
        ],
    )
    def test_a_payment_waits_for_what_it_refers_to(
        self, told: sales.Invoice | None, missing: tuple[str, str], code: str
    ) -> None:
        waiting = {missing: "It has no lines."}
        hold = held(payment(PAID, told, refs(remote=without(missing), waiting=waiting)))
        assert (hold.code, hold.failed) == (code, False)
        assert hold.message.endswith(": It has no lines.")


class TestMentions:
    def test_an_invoice_mentions_its_client_items_and_taxes(self) -> None:
        told = replace(PLAIN, lines=(LINE, replace(LINE, item_id=None, tax_ids=("t1", "t2"))))
        assert mentions(INVOICE, encode(told)) == {
            (CLIENT, "cli_1"),
            (ITEM, "itm_1"),
            (ITEM, FREE_ITEM),
            (TAX, "t1"),
            (TAX, "t2"),
        }

    def test_a_payment_mentions_its_invoice_and_client(self) -> None:
        assert mentions(PAYMENT, encode(PAID)) == {(INVOICE, "inv_1")}
        assert mentions(PAYMENT, encode(replace(PAID, client_id="cli_1"))) == {(INVOICE, "inv_1"), (CLIENT, "cli_1")}

    def test_fields_that_the_source_did_not_name_mention_nothing(self) -> None:
        assert mentions(INVOICE, {}) == frozenset()
        assert mentions(INVOICE, {"lines": None, "client_id": None}) == frozenset()
        assert mentions(INVOICE, {"lines": [{"tax_ids": None}]}) == {(ITEM, FREE_ITEM)}
        assert mentions(PAYMENT, {}) == frozenset()

    def test_other_kinds_mention_nothing(self) -> None:
        assert mentions(VISIT, {"client_id": "cli_1"}) == frozenset()
        assert mentions(records.CLIENT, {"client_id": "cli_1"}) == frozenset()
