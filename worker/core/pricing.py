"""What a line of the books says of quantity and price, where the books know no markup and no discount of a line."""

from dataclasses import dataclass
from decimal import Decimal

from worker.core import sales
from worker.core.arithmetic import FINEST_PRICE, unit_price
from worker.core.books import cents

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Price:
    """``quantity`` times ``unit_price`` is the line's amount to the cent; ``workings`` say how it came about, empty
    where the two say it themselves.
    """

    quantity: Decimal
    unit_price: Decimal
    workings: str = ""


def price_of(line: sales.Line, amount: Decimal, share: Decimal) -> Price:
    """The price of a line that comes to ``amount``; ``share`` is what that holds of the whole invoice's markup.

    Markup and discount go into the unit price. Where no price makes the amount (a quantity of nothing, or of millions)
    the line is one of the whole amount.
    """
    if cents(line.quantity * line.price) == amount and _is_fine(line.price):
        return Price(line.quantity, line.price)
    price = unit_price(amount, line.quantity)
    if price is None:
        return Price(ONE, amount, workings(line, share))
    return Price(line.quantity, price, workings(line, share))


def workings(line: sales.Line, share: Decimal) -> str:
    """How a line came to its amount, such as ``3 × 100.00, + 10 %, − 5 %``."""
    steps = [
        f"{digits(line.quantity)} × {_money(line.price)}",
        _step(line.markup, ONE),
        _step(line.discount, -ONE),
        _step(sales.Adjustment(share), ONE),
    ]
    return ", ".join(step for step in steps if step)


def digits(number: Decimal) -> str:
    """The number without trailing zeros and without an exponent."""
    return format(number.normalize() + 0, "f")


def _step(change: sales.Adjustment | None, sign: Decimal) -> str:
    if change is None or not change.value:
        return ""
    size = abs(change.value)
    words = f"{digits(size)} %" if change.percentage else _money(size)
    return f"{'+' if change.value * sign > 0 else '−'} {words}"


def _money(amount: Decimal) -> str:
    return format(amount, ".2f") if amount == cents(amount) else digits(amount)


def _is_fine(price: Decimal) -> bool:
    return price == round(price, FINEST_PRICE)
