"""The simulated company file: taxes in each kind of company, to the cent."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.quickbooks_books import Desk, Json, discount, refused, sale, version

CENT = Decimal("0.01")
AMOUNTS = st.decimals(min_value=0, max_value=5000, places=2)
PERCENTS = st.decimals(min_value=0, max_value=100, places=2)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def total_tax(invoice: Json) -> Decimal:
    return Decimal(invoice["TxnTaxDetail"]["TotalTax"])


class TestNoTax:
    @given(st.lists(AMOUNTS, min_size=1, max_size=6), PERCENTS)
    @settings(max_examples=60, deadline=None)
    def test_the_total_is_the_sum_less_the_discount(self, amounts: list[Decimal], percent: Decimal) -> None:
        desk = Desk()
        item = desk.item()
        made = desk.invoice(desk.customer(), *(sale(item, amount) for amount in amounts), discount(percent=percent))
        assert made["TotalAmt"] == sum(amounts) - cents(sum(amounts) * percent / 100)

    def test_a_tax_that_is_sent_is_not_looked_at(self) -> None:
        desk = Desk()
        line = sale(desk.item(Taxable=True), 100, "TAX")
        made = desk.invoice(desk.customer(), line, TxnTaxDetail={"TotalTax": 8})
        assert (made["TotalAmt"], total_tax(made)) == (100, 0)
        assert made["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "NON"}
        assert desk.company.preferences()["TaxPrefs"] == {"UsingSalesTax": False}


class TestAutomatedTax:
    @pytest.fixture
    def desk(self) -> Desk:
        return Desk("us_ast")

    def test_says_so_in_the_preferences(self, desk: Desk) -> None:
        assert desk.company.preferences()["TaxPrefs"] == {"UsingSalesTax": True, "PartnerTaxEnabled": True}
        assert [code["Id"] for code in desk.company.objects("taxcode")] == ["TAX", "NON"]

    @pytest.mark.parametrize(("state", "tax"), [("NY", "8.88"), ("OR", "0"), ("", "7.75")])
    def test_is_computed_for_the_state(self, desk: Desk, state: str, tax: str) -> None:
        address = {"ShipAddr": {"CountrySubDivisionCode": state}, "BillAddr": {"CountrySubDivisionCode": state}}
        made = desk.invoice(desk.customer(), sale(desk.item(), 100, "TAX"), sale(desk.item("B"), 50, "NON"), **address)
        assert total_tax(made) == Decimal(tax)
        assert made["TotalAmt"] == 150 + Decimal(tax)

    def test_is_rounded_by_line_and_so_differs_by_cents(self, desk: Desk) -> None:
        item = desk.item(Taxable=True)
        made = desk.invoice(desk.customer(), *[sale(item, "0.33") | {"Amount": Decimal("0.33")}] * 3)
        assert total_tax(made) == Decimal("0.09") != cents(Decimal("0.99") * Decimal("0.0775"))

    def test_honours_a_total_that_is_sent(self, desk: Desk) -> None:
        made = desk.invoice(desk.customer(), sale(desk.item(), 100, "TAX"), TxnTaxDetail={"TotalTax": 8.01})
        assert made["TotalAmt"] == Decimal("108.01")
        assert [line["Amount"] for line in made["TxnTaxDetail"]["TaxLine"]] == [Decimal("8.01")]
        assert desk.company.update("invoice", version(made, DueDate="2027-01-01"))["TotalAmt"] == Decimal("108.01")

    def test_forgets_that_total_when_lines_are_sent_without_it(self, desk: Desk) -> None:
        made = desk.invoice(desk.customer(), sale(desk.item(), 100, "TAX"), TxnTaxDetail={"TotalTax": 8.01})
        after = desk.company.update("invoice", version(made, Line=[sale({"Id": "1"}, 200, "TAX")]))
        assert total_tax(after) == Decimal("15.50")

    def test_overrides_that_total_where_it_is_switched(self) -> None:
        desk = Desk("us_ast", ast_overrides_totals=True)
        made = desk.invoice(desk.customer(), sale(desk.item(), 100, "TAX"), TxnTaxDetail={"TotalTax": 8.01})
        assert total_tax(made) == Decimal("7.75")

    def test_takes_no_total_for_what_is_not_taxable(self, desk: Desk) -> None:
        made = desk.invoice(desk.customer(), sale(desk.item(), 100, "NON"), TxnTaxDetail={"TotalTax": 8})
        assert made["TotalAmt"] == 100

    @pytest.mark.parametrize(("after", "tax"), [(False, "7.75"), (True, "3.88")])
    def test_comes_before_a_discount_unless_told(self, desk: Desk, after: bool, tax: str) -> None:
        lines = (sale(desk.item(), 100, "TAX"), discount(50))
        made = desk.invoice(desk.customer(), *lines, ApplyTaxAfterDiscount=after)
        assert made["TotalAmt"] == 50 + Decimal(tax)


class TestManualTax:
    def test_the_code_of_the_transaction_picks_the_rates(self) -> None:
        desk = Desk("us_manual")
        lines = [sale(desk.item(), 100, "TAX"), sale(desk.item("B"), 50, "NON")]
        made = desk.invoice(desk.customer(), *lines, TxnTaxDetail={"TxnTaxCodeRef": {"value": "3"}})
        amounts = [
            (line["Amount"], line["TaxLineDetail"]["TaxRateRef"]["value"]) for line in made["TxnTaxDetail"]["TaxLine"]
        ]
        assert amounts == [(Decimal("7.10"), "1"), (Decimal("2.00"), "2")]
        assert desk.company.preferences()["TaxPrefs"] == {"UsingSalesTax": True}

    @pytest.mark.parametrize("code", ["TAX", "99"])
    def test_a_code_without_rates_is_refused(self, code: str) -> None:
        desk = Desk("us_manual")
        with refused("2500", "TxnTaxCodeRef"):
            detail = {"TxnTaxCodeRef": {"value": code}}
            desk.invoice(desk.customer(), sale(desk.item(), 100, "TAX"), TxnTaxDetail=detail)

    def test_without_a_code_there_is_no_tax(self) -> None:
        desk = Desk("us_manual")
        made = desk.invoice(desk.customer(), sale(desk.item(), 100, "TAX"), TxnTaxDetail={"TotalTax": 8})
        assert made["TotalAmt"] == 100


class TestTaxElsewhere:
    @pytest.fixture
    def desk(self) -> Desk:
        return Desk("global")

    @given(st.lists(st.tuples(AMOUNTS, st.sampled_from(["2", "3", "4", "5"])), min_size=1, max_size=6))
    @settings(max_examples=60, deadline=None)
    def test_excluded_tax_is_added_for_each_rate(self, lines: list[tuple[Decimal, str]]) -> None:
        desk = Desk("global")
        item = desk.item()
        sales = [sale(item, amount, code) for amount, code in lines]
        made = desk.invoice(desk.customer(), *sales, GlobalTaxCalculation="TaxExcluded")
        twenty = sum((amount for amount, code in lines if code == "2"), Decimal(0))
        five = sum((amount for amount, code in lines if code == "3"), Decimal(0))
        assert total_tax(made) == cents(twenty / 5) + cents(five / 20)
        assert made["TotalAmt"] == sum(amount for amount, _ in lines) + total_tax(made)

    @given(st.lists(st.tuples(AMOUNTS, st.sampled_from(["2", "3", "6"])), min_size=1, max_size=6))
    @settings(max_examples=60, deadline=None)
    def test_prices_with_tax_in_them_sum_up_to_the_total(self, lines: list[tuple[Decimal, str]]) -> None:
        desk = Desk("global")
        item = desk.item()
        sales = [sale(item, amount, code, TaxInclusiveAmt=amount) for amount, code in lines]
        made = desk.invoice(desk.customer(), *sales, GlobalTaxCalculation="TaxInclusive")
        assert made["TotalAmt"] == sum(amount for amount, _ in lines)
        assert sum(line["Amount"] for line in made["TxnTaxDetail"]["TaxLine"]) == total_tax(made)

    def test_a_group_has_a_line_for_each_rate(self, desk: Desk) -> None:
        made = desk.invoice(desk.customer(), sale(desk.item(), 100, "6"), GlobalTaxCalculation="TaxExcluded")
        assert [line["Amount"] for line in made["TxnTaxDetail"]["TaxLine"]] == [5, 7]

    def test_a_discount_is_always_before_the_tax(self, desk: Desk) -> None:
        lines = (sale(desk.item(), 100, "2"), discount(percent=10))
        excluded = {"GlobalTaxCalculation": "TaxExcluded", "ApplyTaxAfterDiscount": False}
        assert desk.invoice(desk.customer(), *lines, **excluded)["TotalAmt"] == 108

    def test_nothing_is_taxed_where_tax_does_not_apply(self, desk: Desk) -> None:
        made = desk.invoice(desk.customer(), sale(desk.item(), 100), GlobalTaxCalculation="NotApplicable")
        assert made["TotalAmt"] == 100

    @pytest.mark.parametrize(
        ("calculation", "tax_code", "code"),
        [
            (None, "2", "2020"),
            ("TaxExcluded", None, "6000"),
            ("TaxExcluded", "TAX", "2500"),
            ("Sometimes", "2", "2170"),
        ],
    )
    def test_is_refused_for(self, desk: Desk, calculation: str | None, tax_code: str | None, code: str) -> None:
        with refused(code):
            desk.invoice(desk.customer(), sale(desk.item(), 100, tax_code), GlobalTaxCalculation=calculation)

    def test_an_old_sum_of_taxes_stays_when_it_is_sent_again(self, desk: Desk) -> None:
        held = desk.invoice(desk.customer(), sale(desk.item(), 100, "2"), GlobalTaxCalculation="TaxExcluded")
        more = [sale({"Id": "1"}, 200, "2")]
        stale = desk.company.update("invoice", version(held, Line=more, TxnTaxDetail=held["TxnTaxDetail"]))
        assert stale["TotalAmt"] == 220
        assert desk.company.update("invoice", version(stale, Line=more))["TotalAmt"] == 240
