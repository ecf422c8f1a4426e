"""Money that is not the same on both sides stays in sight until it is."""

from decimal import Decimal

import pytest

from worker.core.bookkeeping import Found, decide
from worker.core.books import Invoice, Line
from worker.core.links import Link
from worker.core.ports import Create, Done, Key, Stream
from worker.core.reconcile import TOTAL_DIFFERS, after
from worker.core.records import INVOICE

STREAM = Stream("invoices", "invoices", kind=INVOICE)


def invoice(tax: str) -> Invoice:
    lines = (Line("1", Decimal(100), unit_price=Decimal(100)),)
    return Invoice("1", lines=lines, tax=Decimal(tax), total=Decimal(100) + Decimal(tax))


@pytest.mark.parametrize(("code", "reason"), [(TOTAL_DIFFERS, TOTAL_DIFFERS), ("tax_variance", None)])
def test_a_total_that_differs_after_a_write_is_told_and_a_variance_is_not(code: str, reason: str | None) -> None:
    link = Link("invoices", "inv_1", offered=invoice("20"))
    done = Done("7", "0", invoice("0"), (code, "The books say less."))
    assert after(link, Create(Key("inv_1"), invoice("20")), done).reason == reason


@pytest.mark.parametrize(("tax", "reason"), [("0", TOTAL_DIFFERS), ("19.94", TOTAL_DIFFERS), ("19.95", None)])
def test_tax_that_the_books_do_not_know_of_stands_and_a_few_cents_do_not(tax: str, reason: str | None) -> None:
    known = {"published": True, "remote_id": "7", "version": "0"}
    link = Link("invoices", "inv_1", agreed=invoice(tax), source=invoice("20"), **known)
    decision = decide(STREAM, "inv_1", link, invoice("20"), Found())
    assert decision.operation is None
    assert decision.link is not None
    assert decision.link.reason == reason
