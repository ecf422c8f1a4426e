"""How an invoice adds up: to the cent, half up, never through floats.

A line is quantity times price, plus its markup, minus its discount. The document's markup and then its discount apply
to the sum of the lines, and each tax to its lines' share of the result. A percentage discount is taken of the amount
with the markup in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from worker.core import sales
from worker.core.books import ZERO, cents

CENT = Decimal("0.01")
FINEST_PRICE = 7
"""Decimals that a unit price in the books may have."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What an invoice comes to, each in whole cents: the total of each of its ``lines`` in their order, and their sum
    plus ``markup`` minus ``discount`` plus ``tax`` is ``total``.
    """

    lines: tuple[Decimal, ...]
    markup: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal

    @property
    def net(self) -> Decimal:
        """The total without tax."""
        return self.total - self.tax


def sum_of(invoice: sales.Invoice, rates: Mapping[str, Decimal]) -> Sum:
    """What the invoice comes to by its own figures, whatever totals it states; ``rates`` gives the rate of each tax id
    (0.2 is 20 %), and one that is not there counts as 0.
    """
    lines = tuple(line_amount(line) for line in invoice.lines)
    plain = sum(lines, ZERO)
    markup = cents(adjustment(invoice.markup, plain))
    discount = cents(adjustment(invoice.discount, plain + markup))
    net = plain + markup - discount
    tax = sum((cents(part) for part in _taxes(invoice.lines, lines, net, rates)), ZERO)
    return Sum(lines, markup, discount, tax, net + tax)


def line_amount(line: sales.Line) -> Decimal:
    """The total of one line to the cent, without tax. A fixed markup or discount is of the line, not of each piece."""
    plain = line.quantity * line.price
    marked_up = plain + adjustment(line.markup, plain)
    return cents(marked_up - adjustment(line.discount, marked_up))


def adjustment(change: sales.Adjustment | None, amount: Decimal) -> Decimal:
    """What a markup adds to, or a discount takes from, ``amount``; not rounded."""
    if change is None:
        return ZERO
    return amount * change.value / 100 if change.percentage else change.value


def spread(amount: Decimal, over: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """``amount`` in whole cents, split in the proportions of ``over`` by largest remainder: the parts add up to it.

    Where ``over`` comes to nothing there are no proportions, and the first takes it all.
    """
    whole = sum(over, ZERO)
    if not whole:
        return (amount, *(ZERO for _ in over[1:]))
    shares = [amount * part / whole for part in over]
    parts = [share.quantize(CENT, ROUND_FLOOR) for share in shares]
    left = int((amount - sum(parts, ZERO)) / CENT)
    by_remainder = sorted(range(len(over)), key=lambda place: parts[place] - shares[place])
    for place in by_remainder[:left]:
        parts[place] += CENT
    return tuple(parts)


def unit_price(amount: Decimal, quantity: Decimal) -> Decimal | None:
    """The roundest price that makes ``amount`` of ``quantity``, to the cent; None where no price of seven decimals
    does.
    """
    if not quantity:
        return None
    tries = ((amount / quantity).quantize(Decimal(1).scaleb(-places)) for places in range(2, FINEST_PRICE + 1))
    return next((price for price in tries if cents(price * quantity) == amount), None)


def _taxes(
    lines: Sequence[sales.Line], amounts: Sequence[Decimal], net: Decimal, rates: Mapping[str, Decimal]
) -> list[Decimal]:
    plain = sum(amounts, ZERO)
    if not plain:
        return []
    taxed: dict[str, Decimal] = {}
    for line, amount in zip(lines, amounts, strict=True):
        for tax_id in dict.fromkeys(line.tax_ids):
            taxed[tax_id] = taxed.get(tax_id, ZERO) + amount
    return [net * part / plain * rates.get(tax_id, ZERO) for tax_id, part in taxed.items()]
