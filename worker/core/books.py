"""What we publish in the books: customers, items, invoices and payments; and the taxes that we find there.

References (``customer``, ``item``, ``tax_code``, ``invoice``) are remote ids of the company's own books. Amounts are to
the cent.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from worker.core.codec import encode
from worker.core.records import Address
from worker.core.texts import fingerprint_of, one_line, plain_text

ZERO = Decimal("0.00")
NAME_LIMIT = 100
"""Characters that an item's name may have; a customer's may have 500, and 100 is what people can read."""
TEXT_LIMIT = 4000
NUMBER_LIMIT = 21

VARIANCE = Decimal("0.05")
"""What reckoning tax in another order makes of an invoice; what is more is a tax that one side does not know of."""

NO_TAX, AUTOMATED, MANUAL, BY_LINE = "none", "automated", "manual", "by_line"
"""How a company's books reckon tax: not at all; by an engine of their own; by one code for a whole invoice (US); or by
a code on each line (everywhere else)."""

TAXED, UNTAXED = "TAX", "NON"
"""The codes of lines in a US company: whether a line is taxed, not how much."""


def cents(amount: Decimal) -> Decimal:
    """The amount to the cent, half up."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _unique_name(text: str) -> str:
    """A colon stands between a parent's name and a child's, so that names themselves have none."""
    return one_line(text.replace(":", " "), NAME_LIMIT)


@dataclass(frozen=True, slots=True)
class Customer:
    """Whom invoices are for. ``name`` is unique in the books, over customers, vendors and employees.

    The books write the country of an address anew ("United States" becomes "USA"), so that it is no part of the
    meaning, and an address that is nothing but a country is none.
    """

    GROUPS: ClassVar = {name: (name,) for name in ("name", "given", "family", "company", "email", "phone", "address")}

    name: str
    given: str = ""
    family: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    address: Address | None = None
    active: bool = True

    def __post_init__(self) -> None:
        for name in ("name", "given", "family", "company", "email", "phone"):
            object.__setattr__(self, name, one_line(getattr(self, name), NAME_LIMIT))
        object.__setattr__(self, "name", _unique_name(self.name))
        if self.address is not None and self.address == Address(country=self.address.country):
            object.__setattr__(self, "address", None)

    def fingerprint(self) -> str:
        meaning = encode(self)
        if self.address is not None:
            del meaning["address"]["country"]
        return fingerprint_of(meaning)


@dataclass(frozen=True, slots=True)
class Item:
    """What lines sell. ``kind`` is ``Service``, ``NonInventory``, or another one that we never make."""

    GROUPS: ClassVar = {name: (name,) for name in ("name", "description", "price", "income_account", "sku")}

    name: str
    description: str = ""
    price: Decimal = ZERO
    kind: str = "Service"
    income_account: str = ""
    sku: str = ""
    active: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _unique_name(self.name))
        object.__setattr__(self, "description", plain_text(self.description, TEXT_LIMIT))
        object.__setattr__(self, "price", self.price.normalize() + 0)

    def fingerprint(self) -> str:
        return fingerprint_of(encode(self))


@dataclass(frozen=True, slots=True)
class Line:
    """``amount`` is ``quantity`` times ``unit_price`` to the cent, without tax."""

    item: str
    amount: Decimal
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = ZERO
    description: str = ""
    tax_code: str | None = None
    service_date: date | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", cents(self.amount))
        object.__setattr__(self, "quantity", self.quantity.normalize() + 0)
        object.__setattr__(self, "unit_price", self.unit_price.normalize() + 0)
        object.__setattr__(self, "description", plain_text(self.description, TEXT_LIMIT))


@dataclass(frozen=True, slots=True)
class Discount:
    """Taken off the sum of the lines, before tax: ``percent`` of it, or a fixed ``amount``."""

    amount: Decimal
    percent: Decimal | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", cents(self.amount))
        if self.percent is not None:
            object.__setattr__(self, "percent", self.percent.normalize() + 0)


@dataclass(frozen=True, slots=True)
class Invoice:
    """``regime`` is how its tax is reckoned, ``tax_code`` the code of the whole invoice where that is ``MANUAL``.

    ``tax`` and ``total`` are what it should come to. The books may reckon a cent more or less: that is no edit.
    """

    GROUPS: ClassVar = {
        "customer": ("customer",),
        "number": ("number",),
        "issued": ("issued",),
        "due": ("due",),
        "memo": ("memo",),
        "amounts": ("lines", "discount", "regime", "tax_code", "tax", "total"),
    }

    customer: str
    number: str = ""
    issued: date | None = None
    due: date | None = None
    lines: tuple[Line, ...] = ()
    discount: Discount | None = None
    regime: str = NO_TAX
    tax_code: str | None = None
    tax: Decimal = ZERO
    total: Decimal = ZERO
    memo: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "number", one_line(self.number, NUMBER_LIMIT))
        object.__setattr__(self, "memo", plain_text(self.memo, 1000))
        object.__setattr__(self, "tax", cents(self.tax))
        object.__setattr__(self, "total", cents(self.total))

    def fingerprint(self) -> str:
        return fingerprint_of(encode(self))


@dataclass(frozen=True, slots=True)
class Part:
    """What a payment pays of one invoice."""

    invoice: str
    amount: Decimal

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", cents(self.amount))


@dataclass(frozen=True, slots=True)
class Payment:
    """Money of a customer, for invoices; what is over is the customer's credit.

    ``method`` is read alone, for whoever is told of it: the books have their own list of methods.
    """

    GROUPS: ClassVar = {
        "paid_on": ("paid_on",),
        "reference": ("reference",),
        "amounts": ("customer", "amount", "parts"),
    }

    customer: str
    amount: Decimal
    parts: tuple[Part, ...] = ()
    paid_on: date | None = None
    reference: str = ""
    method: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", cents(self.amount))
        object.__setattr__(self, "reference", one_line(self.reference, NUMBER_LIMIT))
        object.__setattr__(self, "method", one_line(self.method, NAME_LIMIT))
        object.__setattr__(self, "parts", tuple(sorted(self.parts, key=lambda part: part.invoice)))

    def fingerprint(self) -> str:
        meaning = encode(self)
        del meaning["method"]
        return fingerprint_of(meaning)


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A code that lines or invoices carry; ``rate`` is the sum of its sales rates, 0.2 for 20 %."""

    GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {}

    name: str
    rate: Decimal | None = None
    active: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", one_line(self.name, NAME_LIMIT))
        if self.rate is not None:
            object.__setattr__(self, "rate", self.rate.normalize() + 0)

    def fingerprint(self) -> str:
        return fingerprint_of(encode(self))


@dataclass(frozen=True, slots=True)
class TaxRegime:
    """How the company reckons tax, and the currency of its books."""

    GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {}

    regime: str = NO_TAX
    currency: str = ""
    custom_numbers: bool = True

    def fingerprint(self) -> str:
        return fingerprint_of(encode(self))


Entity = Customer | Item | Invoice | Payment | TaxCode | TaxRegime


def group(document: Entity, name: str) -> tuple[Any, ...]:
    """The values of a document that change hands together: what a merge takes from one side or the other."""
    return tuple(getattr(document, field) for field in document.GROUPS[name])
