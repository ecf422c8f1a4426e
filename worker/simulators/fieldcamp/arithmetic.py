"""How an invoice adds up: cents, half up, never through floats.

A line is quantity times price, plus its markup, minus its discount. The document's markup and then its discount apply
to the sum of the lines, and each tax to its lines' share of the result. A percentage discount is taken of the amount
with the markup in it. `rate` 0.2 is 20 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from worker.simulators.fieldcamp.fields import cents

ZERO = Decimal("0.00")
Adjustment = Mapping[str, Any] | None
Line = Mapping[str, Any]


class Totals(NamedTuple):
    """subTotal + markupTotal - discountTotal + taxTotal = total, each in whole cents."""

    subTotal: Decimal  # noqa: N815 -- named as FieldCamp shows them
    markupTotal: Decimal  # noqa: N815
    discountTotal: Decimal  # noqa: N815
    taxTotal: Decimal  # noqa: N815
    total: Decimal


def line_total(line: Line) -> Decimal:
    plain = line["quantity"] * line["price"]
    marked_up = plain + adjustment(line.get("markup"), plain)
    return cents(marked_up - adjustment(line.get("discount"), marked_up))


def totals(lines: Sequence[Line], markup: Adjustment, discount: Adjustment, rates: Mapping[str, Decimal]) -> Totals:
    """The totals of lines that have their `total`; `rates` gives the rate of each tax id, 0 for unknown ones."""
    sub_total = sum((line["total"] for line in lines), ZERO)
    markup_total = cents(adjustment(markup, sub_total))
    discount_total = cents(adjustment(discount, sub_total + markup_total))
    result = sub_total + markup_total - discount_total
    tax_total = sum((cents(amount) for amount in _taxes(lines, sub_total, result, rates)), ZERO)
    return Totals(sub_total, markup_total, discount_total, tax_total, result + tax_total)


def adjustment(change: Adjustment, amount: Decimal) -> Decimal:
    """What a markup adds to, or a discount takes from, `amount`."""
    if change is None:
        return ZERO
    value: Decimal = change["value"]
    return amount * value / 100 if change["type"] == "percentage" else value


def _taxes(
    lines: Sequence[Line], sub_total: Decimal, result: Decimal, rates: Mapping[str, Decimal]
) -> Sequence[Decimal]:
    if not sub_total:
        return []
    tax_ids = dict.fromkeys(tax_id for line in lines for tax_id in line.get("taxIds", ()))
    return [result * _taxed(lines, tax_id) / sub_total * rates.get(tax_id, Decimal(0)) for tax_id in tax_ids]


def _taxed(lines: Sequence[Line], tax_id: str) -> Decimal:
    return sum((line["total"] for line in lines if tax_id in line.get("taxIds", ())), ZERO)
