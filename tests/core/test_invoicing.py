"""What the books show of an invoice."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.company import (
    CODES,
    FREE,
    HOW,
    LINE,
    PLAIN,
    REMOTE,
    TAXES,
    held,
    posted,
    refs,
    without,
)
from tests.core.test_arithmetic import INVOICES
from worker.core import books, sales
from worker.core.books import AUTOMATED, BY_LINE, Discount, TaxCode, TaxRegime, cents
from worker.core.holds import Hold
from worker.core.posting import invoice
from worker.core.records import CLIENT, ITEM, TAX
from worker.core.sales import Adjustment, Line, Tax

D = Decimal


def test_an_invoice_shows_its_lines_dates_number_and_notes() -> None:
    assert posted(replace(PLAIN, notes="Thanks")) == books.Invoice(
        customer="7",
        number="INV-1",
        issued=date(2026, 5, 29),
        due=date(2026, 6, 28),
        lines=(books.Line("21", D(100), D(2), D(50), "Boiler\nServiced", "TAX"),),
        regime=AUTOMATED,
        tax=D("6.00"),
        total=D("106.00"),
        memo="Thanks",
    )


def test_a_void_invoice_is_not_in_the_books() -> None:
    assert invoice(replace(PLAIN, void=True, lines=()), TAXES, refs(), HOW) is None


def test_the_markup_and_discount_of_a_line_go_into_its_price() -> None:
    up, down = Adjustment(D(10), percentage=True), Adjustment(D(5), percentage=True)
    line = Line("itm_1", "Boiler", quantity=D(3), price=D("100.00"), markup=up, discount=down)
    (shown,) = posted(replace(PLAIN, lines=(line,))).lines
    assert (shown.amount, shown.quantity, shown.unit_price) == (D("313.50"), D(3), D("104.5"))
    assert shown.description == "Boiler\n3 × 100.00, + 10 %, − 5 %"


def test_what_a_line_says_twice_is_said_once() -> None:
    (shown,) = posted(replace(PLAIN, lines=(replace(LINE, description="Boiler "),))).lines
    assert shown.description == "Boiler"


def test_a_quantity_of_three_decimals_is_kept() -> None:
    (shown,) = posted(replace(PLAIN, lines=(replace(LINE, quantity=D("0.333"), price=D("10")),))).lines
    assert (shown.amount, shown.quantity, shown.unit_price) == (D("3.33"), D("0.333"), D(10))


def test_a_line_of_nothing_stays_a_line() -> None:
    none = replace(FREE, quantity=D(0))
    shown = posted(replace(PLAIN, lines=(LINE, none, replace(none, markup=Adjustment(D(4)))))).lines
    assert [(line.amount, line.quantity, line.unit_price) for line in shown[1:]] == [
        (D(0), D(0), D(50)),
        (D(4), D(1), D(4)),
    ]
    assert shown[2].description == "Boiler\nServiced\n0 × 50.00, + 4.00"


def test_a_negative_line_is_shown_as_one() -> None:
    shown = posted(replace(PLAIN, lines=(FREE, replace(FREE, quantity=D(1), price=D("-30"), name="Voucher"))))
    assert [line.amount for line in shown.lines] == [D(100), D(-30)]
    assert shown.total == D(70)


def test_the_markup_of_an_invoice_is_spread_over_its_lines() -> None:
    lines = tuple(Line(name=name, price=D("33.33")) for name in "abc")
    shown = posted(replace(PLAIN, lines=lines, markup=Adjustment(D("1.00"))))
    assert [line.amount for line in shown.lines] == [D("33.67"), D("33.66"), D("33.66")]
    assert shown.lines[0].description == "a\n1 × 33.33, + 0.34"
    assert shown.total == D("100.99")


def test_a_percentage_off_the_invoice_stays_one() -> None:
    lines = (replace(LINE, price=D("33.33")), FREE)
    shown = posted(replace(PLAIN, lines=lines, discount=Adjustment(D("10.0"), percentage=True)))
    # 166.66 − 16.67 = 149.99, of which 66.66 in 166.66 are taxed with 6 %
    assert shown.discount == Discount(D("16.67"), D(10))
    assert (shown.tax, shown.total) == (D("3.60"), D("153.59"))


def test_a_fixed_amount_off_the_invoice_stays_one() -> None:
    shown = posted(replace(PLAIN, lines=(FREE,), discount=Adjustment(D("25"))))
    assert shown.discount == Discount(D(25))
    assert shown.total == D(75)


def test_a_discount_of_nothing_is_none() -> None:
    assert posted(replace(PLAIN, discount=Adjustment(D(0), percentage=True))).discount is None


def test_a_discount_of_less_than_nothing_is_a_markup() -> None:
    shown = posted(replace(PLAIN, lines=(FREE,), discount=Adjustment(D(-10))))
    assert (shown.discount, shown.lines[0].amount, shown.total) == (None, D(110), D(110))


@pytest.mark.parametrize("total", [None, D(0), D(-20)])
def test_a_discount_larger_than_the_sum_is_held(total: D | None) -> None:
    hold = held(invoice(replace(PLAIN, discount=Adjustment(D(120)), total=total), TAXES, refs(AUTOMATED), HOW))
    assert (hold.code, hold.failed) == ("NEGATIVE_TOTAL", True)
    assert "-20.00" in hold.message


def test_an_invoice_that_is_all_discount_is_posted() -> None:
    assert posted(replace(PLAIN, discount=Adjustment(D(100)))).total == 0


def test_an_invoice_without_lines_is_held() -> None:
    hold = held(invoice(replace(PLAIN, lines=()), TAXES, refs(), HOW))
    assert (hold.code, hold.failed) == ("NO_LINES", True)


def test_the_stated_tax_is_the_truth_about_tax() -> None:
    shown = posted(replace(PLAIN, tax_total=D("6.01"), total=D("106.01")))
    assert (shown.tax, shown.total) == (D("6.01"), D("106.01"))
    assert posted(replace(PLAIN, tax_total=D("6.01"))).total == D("106.01")


def test_a_stated_total_that_does_not_fit_is_held_with_both_numbers() -> None:
    told = replace(PLAIN, tax_total=D("6.00"), total=D("116.00"))
    hold = held(invoice(told, TAXES, refs(AUTOMATED), HOW))
    assert (hold.code, hold.failed) == ("TOTAL_UNCLEAR", True)
    assert "100.00" in hold.message
    assert "110.00" in hold.message


@pytest.mark.parametrize("total", ["105.98", "106.02"])
def test_two_cents_are_no_matter_of_rounding(total: str) -> None:
    told = replace(PLAIN, tax_total=D("6.00"), total=D(total))
    assert held(invoice(told, TAXES, refs(AUTOMATED), HOW)).code == "TOTAL_UNCLEAR"


@pytest.mark.parametrize("total", ["105.99", "106.01"])
def test_a_cent_by_which_the_source_rounds_otherwise_goes_to_a_line(total: str) -> None:
    shown = posted(replace(PLAIN, tax_total=D("6.00"), total=D(total)))
    assert shown.total == D(total)
    assert shown.lines[0].amount == D(total) - 6


def test_a_cent_less_than_nothing_is_held() -> None:
    told = replace(PLAIN, discount=Adjustment(D(100)), tax_total=D(0), total=D("-0.01"))
    assert held(invoice(told, TAXES, refs(AUTOMATED), HOW)).code == "NEGATIVE_TOTAL"


def test_a_percentage_that_does_not_say_the_discount_any_more_becomes_an_amount() -> None:
    half = Adjustment(D(50), percentage=True)
    told = replace(PLAIN, lines=(replace(FREE, quantity=D(1), price=D("0.02")),), discount=half, total=D("0.02"))
    shown = posted(told)
    assert [line.amount for line in shown.lines] == [D("0.03")]
    assert shown.discount == Discount(D("0.01"))
    assert shown.total == D("0.02")


def test_another_currency_is_held() -> None:
    gbp = refs(TaxRegime(AUTOMATED, "GBP"))
    hold = held(invoice(replace(PLAIN, currency="USD"), TAXES, gbp, HOW))
    assert (hold.code, hold.failed) == ("CURRENCY_DIFFERS", True)
    assert "USD" in hold.message
    assert "GBP" in hold.message


@pytest.mark.parametrize(("ours", "theirs"), [("", "GBP"), ("gbp", "GBP"), ("GBP", "")])
def test_a_currency_that_one_side_does_not_say_is_no_difference(ours: str, theirs: str) -> None:
    assert posted(replace(PLAIN, currency=ours), refs(TaxRegime(AUTOMATED, theirs))).total == D(106)


def test_the_number_is_the_books_own_where_they_count_themselves() -> None:
    counted = refs(TaxRegime(AUTOMATED, custom_numbers=False))
    assert posted(PLAIN, counted).number == ""


def test_of_a_number_too_long_the_end_tells_it_apart() -> None:
    assert posted(replace(PLAIN, number="INVOICE-2026-00000000000017")).number == "E-2026-00000000000017"


def test_a_line_that_names_no_item_is_other_work() -> None:
    assert posted(replace(PLAIN, lines=(replace(LINE, item_id=None),))).lines[0].item == "29"


@pytest.mark.parametrize(
    ("missing", "code"), [((CLIENT, "cli_1"), "WAITS_FOR_CUSTOMER"), ((ITEM, "itm_1"), "WAITS_FOR_ITEM")]
)
def test_an_invoice_waits_for_what_it_refers_to(missing: tuple[str, str], code: str) -> None:
    waiting = {missing: "It waits for a person."}
    hold = held(invoice(PLAIN, TAXES, refs(AUTOMATED, remote=without(missing), waiting=waiting), HOW))
    assert (hold.code, hold.failed) == (code, False)
    assert hold.message.endswith(": It waits for a person.")
    silent = held(invoice(PLAIN, TAXES, refs(AUTOMATED, remote=without(missing)), HOW))
    assert silent.message.endswith("is not in QuickBooks yet.")


def test_an_invoice_of_nobody_is_held() -> None:
    hold = held(invoice(replace(PLAIN, client_id=None), TAXES, refs(AUTOMATED), HOW))
    assert (hold.code, hold.failed) == ("NO_CLIENT", True)


@settings(deadline=None)
@given(INVOICES, st.sampled_from([AUTOMATED, BY_LINE]), st.sampled_from([D("-0.01"), D(0), D("0.01"), None]))
def test_what_is_posted_always_adds_up(told: sales.Invoice, regime: str, off: D | None) -> None:
    taxes = {"a": Tax("a", "A", D("0.0725")), "b": Tax("b", "B", D("0.05"))}
    codes = {**CODES, "31": TaxCode("A", D("0.0725")), "32": TaxCode("B", D("0.05")), "33": TaxCode("C", D("0.1225"))}
    remote = {**REMOTE, (TAX, "a"): "31", (TAX, "b"): "32"}
    known = refs(regime, codes=codes, remote=remote)
    plain = invoice(replace(told, client_id="cli_1"), taxes, known, HOW)
    total = plain.total + off if isinstance(plain, books.Invoice) and off is not None else None
    shown = invoice(replace(told, client_id="cli_1", total=total), taxes, known, HOW)
    if isinstance(shown, Hold):
        assert shown.code == "NEGATIVE_TOTAL"
        return
    assert isinstance(shown, books.Invoice)
    discount = shown.discount.amount if shown.discount else D(0)
    assert sum(line.amount for line in shown.lines) - discount + shown.tax == shown.total
    assert all(cents(line.quantity * line.unit_price) == line.amount for line in shown.lines)
    assert total is None or shown.total == total
