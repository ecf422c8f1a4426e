"""What the demo's company sells and bills in FieldCamp, and its company file in QuickBooks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

from worker.demo.company import API_KEY
from worker.simulators.town import CLIENT_ID, Town

REALM = "4620816365290"
TAX, TAX_RATE = "California", 0.08
ITEMS = (
    ("Boiler service", 189.0, "Service", "Plumbing"),
    ("Leak repair", 95.5, "Service", "Plumbing"),
    ("Filter", 24.9, "Product", "Parts"),
    ("Inspection", 79.0, "Service", "Inspection"),
    ("Heat pump", 4350.0, "Product", "Heating"),
)
ACCOUNTS = {"Plumbing": "80", "Heating": "81"}
FIRST, LAST = ("Mary", "Emmy", "Sofia", "Lise", "Rosalind", "Hedy"), ("Jackson", "Noether", "Meitner", "Franklin")
KNOWN, HELD, VENDOR = range(6), 10, 12
"""Clients whom the bookkeeper has as customers already; one of whom the bookkeeper's customer has the name alone; and
one who has the name of a vendor."""

TWELVE_AND_A_HALF = {"type": "percentage", "value": 12.5}
DISCOUNTS = {2: {"type": "percentage", "value": 10}, 5: {"type": "fixed", "value": 12.34}}
MARKUP = {"type": "percentage", "value": 3}


def client(number: int) -> str:
    """The client's id in FieldCamp."""
    return f"cli_home_{number}"


def named(number: int) -> str:
    """The client's name."""
    return f"{FIRST[number % len(FIRST)]} {LAST[number // len(FIRST)]}"


CLIENTS = len(FIRST) * len(LAST)


def mail(number: int) -> str:
    """The client's e-mail address."""
    return f"{named(number).lower().replace(' ', '.')}@home.example"


@dataclass
class Books:
    """Fills both sides, hands out credentials, and does what the office and the bookkeeper do."""

    town: Town
    _numbers: Iterator[int] = field(default_factory=count)

    credentials: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings file of the connection: where income is booked."""
        return {"income_account": "79", "item_accounts": ACCOUNTS}

    def found(self) -> None:
        """The price list and the clients at FieldCamp; the company file, in which some of the clients are known."""
        self.town.fieldcamp.add(API_KEY, "taxes", id="tax_1", name=TAX, rate=TAX_RATE)
        for number, (name, price, kind, category) in enumerate(ITEMS):
            self.town.fieldcamp.add_item(
                API_KEY, id=f"itm_{number}", name=name, price=price, type=kind, category=category
            )
        for number in range(CLIENTS):
            first, last = named(number).split()
            told = {"id": client(number), "firstName": first, "lastName": last, "email": mail(number)}
            self.town.fieldcamp.add_client(API_KEY, **told)
        self.town.quickbooks.add_company(REALM, "us_manual")
        self._keep()
        self.credentials = {"realm_id": REALM, "refresh_token": self.town.quickbooks.grant(REALM, CLIENT_ID)}

    def _keep(self) -> None:
        """What the bookkeeper has entered before anything is connected."""
        for number in KNOWN:
            address = {"Address": mail(number).upper() if number == 1 else mail(number)}
            self.town.quickbooks.add_customer(REALM, f"{named(number)} (old)", PrimaryEmailAddr=address)
        self.town.quickbooks.add_customer(REALM, named(HELD))
        self.town.quickbooks.add_vendor(REALM, named(VENDOR))

    # The office, in FieldCamp

    def bill(self, client_id: str | None = None, **more: Any) -> dict[str, Any]:
        """One more invoice; which discounts, markups and taxes it has goes by its number."""
        number = next(self._numbers)
        told = {
            "clientId": client_id or client(number % CLIENTS),
            "lineItems": list(_lines(number)),
            "discount": DISCOUNTS.get(number % 6),
            "markup": MARKUP if number % 7 == 3 else None,
            "notes": f"Work order {4000 + number}",
        }
        return dict(self.town.fieldcamp.add_invoice(API_KEY, **told, **more))

    def change(self, invoice: Mapping[str, Any]) -> None:
        """One hour more than was billed at first."""
        hour = {"itemId": "itm_3", "quantity": 1, "taxIds": []}
        lines = [{name: line[name] for name in line if name != "total"} for line in invoice["lineItems"]]
        self.town.fieldcamp.change(API_KEY, "invoices", invoice["id"], lineItems=[*lines, hour])

    def pay(self, invoice: Mapping[str, Any], share: str = "1") -> None:
        """The client pays the office this share of an invoice."""
        amount = part(invoice["total"], share)
        self.town.fieldcamp.add_payment(API_KEY, invoiceId=invoice["id"], amount=float(amount), method="check")

    def invoices(self) -> list[dict[str, Any]]:
        """FieldCamp's, the oldest first."""
        return list(self.town.fieldcamp.records(API_KEY, "invoices"))

    # The bookkeeper, in QuickBooks

    def posted(self, invoice: Mapping[str, Any]) -> dict[str, Any]:
        """The invoice as the books have it."""
        found = self.town.quickbooks.objects(REALM, "Invoice")
        return next(one for one in found if record_of(one) == invoice["id"])

    def receive(self, *invoices: Mapping[str, Any], share: str = "1") -> dict[str, Any]:
        """The bank shows one payment for this share of each of these invoices, which are of one client."""
        there = [self.posted(invoice) for invoice in invoices]
        parts = {one["Id"]: part(one["TotalAmt"], share) for one in there}
        customer = there[0]["CustomerRef"]["value"]
        return dict(self.town.quickbooks.record_payment(REALM, customer, sum(parts.values(), Decimal(0)), parts))

    def annotate(self, invoice: Mapping[str, Any], memo: str) -> None:
        """The bookkeeper writes something else to the client."""
        self.town.quickbooks.edit_invoice(REALM, self.posted(invoice)["Id"], CustomerMemo={"value": memo})


def part(amount: Any, share: str) -> Decimal:
    """So much of an amount, to the cent."""
    return (Decimal(str(amount)) * Decimal(share)).quantize(Decimal("0.01"))


def record_of(found: Mapping[str, Any]) -> str:
    """FieldCamp's id in the note of an invoice or a payment; empty where somebody else made it."""
    words = str(found.get("PrivateNote") or "").split()
    key = words[words.index("FieldCamp") + 1] if "FieldCamp" in words[:-1] else ""
    return key.rpartition(".")[0]


def _lines(number: int) -> Iterator[dict[str, Any]]:
    taxes = ["tax_1"] if number % 2 else []
    discount = {"type": "fixed", "value": 5} if number % 4 == 1 else None
    yield {"itemId": f"itm_{number % 5}", "quantity": 1 + number % 3, "taxIds": taxes, "discount": discount}
    if number % 3 == 0:
        yield {"itemId": f"itm_{(number + 2) % 5}", "quantity": 1.5, "taxIds": [], "markup": TWELVE_AND_A_HALF}
    if number % 5 == 0:
        yield {"name": "Travel", "description": "To the site and back", "quantity": 1, "price": 35.2, "taxIds": taxes}
