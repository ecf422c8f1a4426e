"""What the source tells of money: items, invoices, payments and taxes.

Amounts are decimals in the invoice's currency, quantities and rates decimals of any precision.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax that invoices name. ``rate`` 0.2 is 20 %."""

    id: str
    name: str = ""
    rate: Decimal = ZERO
    active: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """Something that is sold; ``product`` is a thing, otherwise it is work."""

    id: str
    name: str = ""
    description: str = ""
    price: Decimal = ZERO
    product: bool = False
    active: bool = True
    category: str = ""
    sku: str = ""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A markup or a discount: ``value`` percent of what it applies to, or a fixed amount."""

    value: Decimal
    percentage: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice: quantity times price, plus its markup, minus its discount."""

    item_id: str | None = None
    name: str = ""
    description: str = ""
    quantity: Decimal = Decimal(1)
    price: Decimal = ZERO
    markup: Adjustment | None = None
    discount: Adjustment | None = None
    tax_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a client owes. ``tax_total``, ``total`` and what is ``paid`` are as the source states them,
    None where it does not."""

    id: str
    number: str = ""
    client_id: str | None = None
    job_id: str | None = None
    visit_id: str | None = None
    issued: date | None = None
    due: date | None = None
    currency: str = ""
    notes: str = ""
    lines: tuple[Line, ...] = ()
    markup: Adjustment | None = None
    discount: Adjustment | None = None
    tax_total: Decimal | None = None
    total: Decimal | None = None
    paid: Decimal | None = None
    void: bool = False


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in for one invoice. ``external_id`` names the payment elsewhere that it was taken over from."""

    id: str
    invoice_id: str | None = None
    client_id: str | None = None
    amount: Decimal = ZERO
    method: str = ""
    paid_on: date | None = None
    external_id: str = ""
    reference: str = ""
    notes: str = ""
