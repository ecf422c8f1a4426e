"""Which tax codes an invoice carries."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.core.company import (
    CODES,
    FREE,
    HOW,
    LINE,
    PLAIN,
    REMOTE,
    TAXES,
    codes_of,
    held,
    posted,
    refs,
    without,
)
from worker.core import books
from worker.core.books import AUTOMATED, BY_LINE, MANUAL, NO_TAX, TaxCode
from worker.core.holds import Hold
from worker.core.posting import invoice
from worker.core.preferences import BooksPreferences
from worker.core.records import TAX
from worker.core.sales import Tax

D = Decimal


def test_a_company_without_sales_tax_gets_no_codes() -> None:
    shown = posted(replace(PLAIN, lines=(FREE,)), refs(NO_TAX))
    assert (codes_of(shown), shown.tax_code, shown.tax, shown.regime) == ([None], None, D(0), NO_TAX)


def test_tax_is_held_where_sales_tax_is_off() -> None:
    hold = held(invoice(PLAIN, TAXES, refs(NO_TAX), HOW))
    assert (hold.code, hold.failed) == ("SALES_TAX_OFF", True)
    assert "6.00" in hold.message


def test_an_engine_is_told_which_lines_are_taxed() -> None:
    zero = replace(LINE, tax_ids=("t0",))
    shown = posted(replace(PLAIN, lines=(LINE, FREE, zero)), refs(AUTOMATED))
    assert (codes_of(shown), shown.tax_code, shown.tax) == (["TAX", "NON", "NON"], None, D("6.00"))


def test_tax_that_no_line_names_is_on_all_of_them_for_an_engine() -> None:
    shown = posted(replace(PLAIN, lines=(FREE, FREE), tax_total=D(5)), refs(AUTOMATED))
    assert (codes_of(shown), shown.tax) == (["TAX", "TAX"], D(5))


def test_a_tax_that_nobody_knows_counts_where_the_source_states_what_it_comes_to() -> None:
    told = replace(PLAIN, lines=(replace(LINE, tax_ids=("t9",)), FREE), tax_total=D(5))
    assert codes_of(posted(told, refs(AUTOMATED))) == ["TAX", "NON"]


@pytest.mark.parametrize("regime", [NO_TAX, AUTOMATED, MANUAL, BY_LINE])
def test_a_tax_that_nobody_knows_is_waited_for(regime: str) -> None:
    stated = D(5) if regime in (MANUAL, BY_LINE) else None
    told = replace(PLAIN, lines=(replace(LINE, tax_ids=("t9",)),), tax_total=stated)
    hold = held(invoice(told, TAXES, refs(regime), HOW))
    assert (hold.code, hold.failed) == ("NO_TAX_CODE", False)


@pytest.mark.parametrize("regime", [AUTOMATED, MANUAL])
def test_a_client_free_of_tax_pays_none(regime: str) -> None:
    how = BooksPreferences(default_tax_code="TAX")
    shown = posted(replace(PLAIN, tax_total=D(0), total=D(100)), refs(regime), how)
    assert (codes_of(shown), shown.tax_code, shown.total) == (["NON"], None, D(100))


@pytest.mark.parametrize(("default", "mark"), [("TAX", "TAX"), ("NON", "NON"), ("3", "NON"), ("", "NON")])
def test_lines_without_tax_take_the_default_in_the_us_when_it_is_a_mark(default: str, mark: str) -> None:
    shown = posted(replace(PLAIN, lines=(LINE, FREE)), refs(AUTOMATED), BooksPreferences(default_tax_code=default))
    assert codes_of(shown) == ["TAX", mark]


def test_one_code_stands_for_the_whole_invoice() -> None:
    shown = posted(replace(PLAIN, lines=(LINE, FREE)), refs(MANUAL))
    assert (codes_of(shown), shown.tax_code, shown.tax) == (["TAX", "NON"], "3", D("6.00"))


def test_one_code_is_found_by_the_sum_of_its_taxes() -> None:
    both = replace(LINE, tax_ids=("t2", "t1", "t2"))
    shown = posted(replace(PLAIN, lines=(both, replace(both, tax_ids=("t1", "t2", "t0")))), refs(MANUAL))
    assert (codes_of(shown), shown.tax_code, shown.tax) == (["TAX", "TAX"], "8", D("16.00"))


def test_an_untaxed_invoice_needs_no_code() -> None:
    assert posted(replace(PLAIN, lines=(FREE,)), refs(MANUAL)).tax_code is None


def test_lines_with_different_taxes_do_not_fit_one_code() -> None:
    hold = held(invoice(replace(PLAIN, lines=(LINE, replace(LINE, tax_ids=("t2",)))), TAXES, refs(MANUAL), HOW))
    assert (hold.code, hold.failed) == ("NO_TAX_CODE", True)
    assert "different taxes" in hold.message


@pytest.mark.parametrize("regime", [MANUAL, BY_LINE])
def test_tax_that_no_line_names_is_held_where_it_takes_a_code(regime: str) -> None:
    hold = held(invoice(replace(PLAIN, lines=(FREE,), tax_total=D(5)), TAXES, refs(regime), HOW))
    assert (hold.code, hold.failed) == ("NO_TAX_CODE", True)
    assert "5.00" in hold.message


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({"1": TaxCode("Anything", D("0.08"))}, "1"),
        ({"1": TaxCode("a", D("0.08")), "2": TaxCode("STATE + city", D("0.08"))}, None),
        ({"1": TaxCode("a", D("0.08")), "2": TaxCode("city + STATE", D("0.08"))}, "2"),
        ({"1": TaxCode("The city and the state", D("0.08")), "2": TaxCode("a", D("0.08"))}, "1"),
        ({"1": TaxCode("City + State", D("0.08")), "2": TaxCode("City + State (old)", D("0.08"))}, "1"),
        ({"1": TaxCode("City + State", D("0.08")), "2": TaxCode("City + State", D("0.08"), active=False)}, "1"),
        ({"1": TaxCode("a", D("0.08")), "2": TaxCode("b", D("0.08"))}, "several"),
        ({"1": TaxCode("City + State", D("0.09"))}, "no active tax code of 8 %"),
        ({"1": TaxCode("City + State", D("0.08"), active=False)}, "no active tax code of 8 %"),
    ],
)
def test_the_name_decides_among_equal_rates(codes: dict[str, TaxCode], expected: str | None) -> None:
    taxes = {"a": Tax("a", "City", D("0.02")), "b": Tax("b", "State", D("0.06"))}
    found = invoice(replace(PLAIN, lines=(replace(LINE, tax_ids=("b", "a")),)), taxes, refs(MANUAL, codes=codes), HOW)
    if isinstance(found, Hold):
        assert found.code == "NO_TAX_CODE"
        assert found.failed
        assert expected is not None
        assert expected in found.message
        assert '"City + State"' in found.message
    else:
        assert isinstance(found, books.Invoice)
        assert found.tax_code == (expected or "2")


def test_elsewhere_each_line_has_its_code() -> None:
    both, zero = replace(LINE, tax_ids=("t1", "t2")), replace(LINE, tax_ids=("t0",))
    shown = posted(replace(PLAIN, lines=(LINE, both, zero, FREE)), refs(BY_LINE))
    assert (codes_of(shown), shown.tax_code) == (["3", "8", "5", "6"], None)


def test_elsewhere_a_tax_of_nothing_keeps_its_code() -> None:
    zero = replace(LINE, tax_ids=("t0",))
    assert codes_of(posted(replace(PLAIN, lines=(zero,), tax_total=D(0)), refs(BY_LINE))) == ["5"]


def test_elsewhere_a_client_free_of_tax_has_the_code_without_tax() -> None:
    assert codes_of(posted(replace(PLAIN, tax_total=D(0), total=D(100)), refs(BY_LINE))) == ["6"]


def test_elsewhere_lines_without_tax_take_the_default() -> None:
    how = BooksPreferences(default_tax_code="5")
    assert codes_of(posted(replace(PLAIN, lines=(FREE,)), refs(BY_LINE), how)) == ["5"]


def test_a_default_that_is_no_code_is_held() -> None:
    how = BooksPreferences(default_tax_code="99")
    hold = held(invoice(replace(PLAIN, lines=(FREE,)), TAXES, refs(BY_LINE), how))
    assert (hold.code, hold.failed) == ("NO_TAX_CODE", True)
    assert '"default_tax_code" is "99"' in hold.message


def test_no_code_without_tax_says_what_to_set() -> None:
    codes = {"3": CODES["3"], "5": replace(CODES["5"], active=False), "7": TaxCode("Mixed")}
    hold = held(invoice(replace(PLAIN, lines=(FREE,)), TAXES, refs(BY_LINE, codes=codes), HOW))
    assert (hold.code, hold.failed) == ("NO_TAX_CODE", True)
    assert '"default_tax_code": "<tax code id>"' in hold.message


def test_elsewhere_a_line_waits_for_the_code_of_its_tax() -> None:
    lacking = refs(BY_LINE, remote=without((TAX, "t1")), waiting={(TAX, "t1"): "Two codes have its rate."})
    hold = held(invoice(PLAIN, TAXES, lacking, HOW))
    assert (hold.code, hold.failed) == ("NO_TAX_CODE", False)
    assert hold.message == "Its tax code is not in QuickBooks yet: Two codes have its rate."


def test_a_code_that_went_out_of_use_is_held() -> None:
    hold = held(invoice(PLAIN, TAXES, refs(BY_LINE, codes={}), HOW))
    assert (hold.code, hold.failed) == ("NO_TAX_CODE", True)
    assert "tax code 3" in hold.message


@pytest.mark.parametrize("remote", [without((TAX, "t1")), {**REMOTE, (TAX, "t1"): "TAX"}])
def test_a_whole_invoice_finds_a_code_that_its_tax_is_not_linked_to(remote: dict[tuple[str, str], str]) -> None:
    assert posted(PLAIN, refs(MANUAL, remote=remote)).tax_code == "3"
