"""Money is equal to the cent in every kind of company, with discounts, markups and taxes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.sync.books_house import BooksHouse, line
from worker.core.bookkeeping import NO_TAX_CODE
from worker.core.jobs import JobStatus, Mode
from worker.core.reconcile import TOTAL_DIFFERS
from worker.core.records import INVOICE

Opened = Callable[..., BooksHouse]
PRESETS = ("us_no_tax", "us_ast", "us_manual", "global")
RATES = {"us_ast": ("Sales tax", 0.0775), "us_manual": ("California", 0.08), "global": ("20.0% S", 0.2)}
PERCENT, FIXED = {"type": "percentage", "value": 12.5}, {"type": "fixed", "value": 7.77}
KINDS: tuple[Any, ...] = (None, PERCENT, FIXED)


def bill(there: BooksHouse, *lines: dict[str, Any], **fields: Any) -> str:
    known = there.told("clients")
    client = known[0]["id"] if known else there.client(email="ada@example.com")
    money = "GBP" if there.preset == "global" else "USD"
    return there.invoice(client, *lines, currency=money, **fields)


def tax(there: BooksHouse) -> list[str]:
    """The ids of a tax that the company has, none where it has none."""
    if there.preset not in RATES:
        return []
    name, rate = RATES[there.preset]
    return [there.add("taxes", name=name, rate=rate)]


def assert_equal(there: BooksHouse) -> None:
    """Each invoice to the cent, and nothing more to do."""
    ours = sorted(Decimal(str(one["total"])) for one in there.told("invoices"))
    theirs = sorted(Decimal(one["TotalAmt"]) for one in there.objects("Invoice"))
    assert theirs == ours
    for mode in Mode:
        assert (job := there.sync(mode)).counts.pushed == 0, there.records(job)
    there.assert_agreement()


@pytest.mark.parametrize("preset", PRESETS)
def test_discounts_and_markups_of_both_kinds_come_to_the_same_cent(company: Opened, preset: str) -> None:
    there = company(preset)
    item, taxes = there.item(), tax(there)
    for markup in KINDS:
        for discount in KINDS:
            lines = [line(item, 33.33, 3, taxIds=taxes, markup=markup, discount=discount), line(None, 0.05, 7)]
            bill(there, *lines)
            bill(
                there,
                line(item, 19.99, 2.5, taxIds=taxes),
                line(item, 50, taxIds=taxes),
                markup=markup,
                discount=discount,
            )
    job = there.sync()
    assert (job.status, job.tallies["invoices"]) == (JobStatus.SUCCEEDED, {"created": 18})
    assert [one.reason for one in there.records(job) if one.kind == INVOICE] == [None] * 18
    assert_equal(there)


@pytest.mark.parametrize("preset", PRESETS)
def test_after_an_edit_they_come_to_the_same_cent_too(company: Opened, preset: str) -> None:
    there = company(preset)
    item, taxes = there.item(), tax(there)
    ours = bill(there, line(item, 100, taxIds=taxes), discount=PERCENT)
    there.sync()
    there.change("invoices", ours, discount=FIXED, lineItems=[line(item, 33.33, 3, taxIds=taxes), line(item, 1)])
    assert there.sync().tallies["invoices"] == {"updated": 1}
    assert_equal(there)
    there.change("invoices", ours, discount=None)
    assert there.sync().tallies["invoices"] == {"updated": 1}
    assert_equal(there)


@pytest.mark.parametrize("preset", ["us_manual", "global"])
def test_taxed_and_untaxed_lines_stand_side_by_side(company: Opened, preset: str) -> None:
    there = company(preset)
    item, taxes = there.item(), tax(there)
    bill(there, line(item, 100, taxIds=taxes), line(item, 50, taxIds=[]))
    assert there.sync().status is JobStatus.SUCCEEDED
    rate = Decimal(str(RATES[preset][1]))
    assert there.totals()["invoices"] == f"{150 + 100 * rate:.2f}"
    assert_equal(there)


def test_several_taxes_outside_the_us_are_a_code_for_each_line(company: Opened) -> None:
    there = company("global")
    full, reduced = there.add("taxes", name="20.0% S", rate=0.2), there.add("taxes", name="5.0% R", rate=0.05)
    item = there.item()
    bill(there, line(item, 100, taxIds=[full]), line(item, 60, taxIds=[reduced]))
    assert there.sync().status is JobStatus.SUCCEEDED
    assert there.totals()["invoices"] == "183.00"
    assert_equal(there)


@pytest.mark.parametrize("preset", ["us_manual", "global"])
def test_what_has_no_counterpart_is_listed_as_needing_attention_and_its_invoices_wait(
    company: Opened, preset: str
) -> None:
    there = company(preset)
    odd = there.add("taxes", name="Luxury", rate=0.33)
    item = there.item()
    waiting = bill(there, line(item, 100, taxIds=[odd]))
    bill(there, line(item, 10))
    job = there.sync()
    assert job.tallies["taxes"] == {"held": 1}
    assert job.tallies["invoices"]["created"] == 1
    [record] = [one for one in there.records(job) if one.local_id == waiting]
    assert record.reason == NO_TAX_CODE
    attention = there.store.feed.attention(there.connection.id)
    assert attention == {NO_TAX_CODE: 2}
    assert there.sync().counts.pushed == 0
    name, rate = RATES[preset]
    there.change("taxes", odd, name=name, rate=rate)
    there.sync()
    # FieldCamp's invoice still states the tax of 33 %, and the books reckon the code's.
    assert there.store.feed.attention(there.connection.id) == {TOTAL_DIFFERS: 1}
    assert len(there.objects("Invoice")) == 2


def test_where_sales_tax_is_off_a_tax_says_so_and_an_invoice_with_it_is_not_posted_without(company: Opened) -> None:
    there = company("us_no_tax")
    there.item(taxIds=[there.add("taxes", name="State", rate=0.06)])
    job = there.sync()
    assert job.tallies["taxes"] == {"held": 1}
    [code] = there.store.feed.attention(there.connection.id)
    assert code == "SALES_TAX_OFF"
