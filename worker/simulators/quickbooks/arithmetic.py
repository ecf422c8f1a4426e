"""How a sale adds up: cents, half up, never through floats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

CENT, ZERO = Decimal("0.01"), Decimal("0.00")
Percent = Callable[[str], Decimal]
"""The percentage of a tax rate, by its id."""


@dataclass(frozen=True)
class Sold:
    """A line as taxes see it: its net amount, the ids of its rates, and its tax where the price had it in it."""

    net: Decimal
    rates: tuple[str, ...] = ()
    tax: Decimal | None = None


@dataclass(frozen=True)
class Taxed:
    """What one rate takes of all lines together."""

    rate: str
    percent: Decimal
    base: Decimal
    amount: Decimal


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def discount_of(sub_total: Decimal, percent: Decimal) -> Decimal:
    return cents(sub_total * percent / 100)


def share_kept(sub_total: Decimal, discount: Decimal) -> Decimal:
    """The part of each line that a discount over all lines leaves."""
    return (sub_total - discount) / sub_total if sub_total else Decimal(1)


def net_of(gross: Decimal, percent: Decimal) -> Decimal:
    """The price without the tax that is in it."""
    return cents(gross / (1 + percent / 100))


def taxed_by_rate(lines: Sequence[Sold], percent: Percent, share: Decimal) -> list[Taxed]:
    """Each rate on the sum of its lines, rounded once for each rate."""
    rates = dict.fromkeys(rate for line in lines for rate in line.rates)
    taxed = [_taxed(rate, lines, percent, share) for rate in rates]
    if all(line.tax is None for line in lines):
        return taxed
    return prorated(cents(sum((line.tax or ZERO for line in lines), ZERO) * share), taxed)


def taxed_by_line(lines: Sequence[Sold], rate: str, percent: Decimal, share: Decimal) -> list[Taxed]:
    """One rate, rounded for each line: it may differ by cents from the tax on the sum."""
    parts = [cents(line.net * share) for line in lines]
    return [Taxed(rate, percent, sum(parts, ZERO), sum((cents(part * percent / 100) for part in parts), ZERO))]


def prorated(total: Decimal, taxed: Sequence[Taxed]) -> list[Taxed]:
    """The same lines with amounts that sum up to `total`, in proportion to what they were."""
    weights = [one.amount for one in taxed] if total_tax(taxed) else [one.base for one in taxed]
    whole, left, shared = sum(weights, ZERO), total, []
    for one, weight in zip(taxed[:-1], weights, strict=False):
        amount = cents(total * weight / whole) if whole else ZERO
        shared.append(replace(one, amount=amount))
        left -= amount
    return [*shared, *(replace(one, amount=left) for one in taxed[-1:])]


def total_tax(taxed: Iterable[Taxed]) -> Decimal:
    return sum((one.amount for one in taxed), ZERO)


def _taxed(rate: str, lines: Sequence[Sold], percent: Percent, share: Decimal) -> Taxed:
    own = [line for line in lines if rate in line.rates]
    base = cents(sum((line.net for line in own), ZERO) * share)
    part = sum((_part(rate, line, percent) for line in own if line.tax is not None), ZERO)
    rest = cents(sum((line.net for line in own if line.tax is None), ZERO) * share)
    return Taxed(rate, percent(rate), base, cents(part * share) + cents(rest * percent(rate) / 100))


def _part(rate: str, line: Sold, percent: Percent) -> Decimal:
    """Of the tax that is in a line's price, what falls to one of its rates."""
    whole = sum((percent(one) for one in line.rates), ZERO)
    return (line.tax or ZERO) * percent(rate) / whole if whole else ZERO
