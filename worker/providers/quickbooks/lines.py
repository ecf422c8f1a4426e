"""The lines of an invoice: their JSON to documents and back, pure.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/invoice
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from worker.core.books import BY_LINE, NO_TAX, UNTAXED, ZERO, Discount, Invoice, Line, cents
from worker.providers.quickbooks.figures import decimal

Json = Mapping[str, Any]

SALE, WORDS, DISCOUNT, SUBTOTAL = "SalesItemLineDetail", "DescriptionOnly", "DiscountLineDetail", "SubTotalLineDetail"
BUNDLE = "GroupLineDetail"
FINEST = Decimal("0.0000001")
"""A price has at most seven decimal places there."""


def sold(body: Json, regime: str) -> tuple[Line, ...]:
    """The lines of an invoice, net, without the subtotals that QuickBooks adds and its discount."""
    lines = tuple(_line(one, regime) for one in _plain(body.get("Line") or ()))
    return _net(lines, body) if body.get("GlobalTaxCalculation") == "TaxInclusive" else lines


def discount(body: Json) -> Discount | None:
    """What is taken off the sum of the lines; nothing where the line for it is nought."""
    for line in body.get("Line") or ():
        if line.get("DetailType") == DISCOUNT:
            detail = line.get(DISCOUNT) or {}
            percent = decimal(detail.get("DiscountPercent")) if detail.get("PercentBased") else None
            found = Discount(decimal(line.get("Amount")), percent)
            return found if found.amount or found.percent else None
    return None


def written(document: Invoice) -> list[dict[str, Any]]:
    """The lines as they are sent: all of them, because what is sent takes the place of all that were there."""
    lines = [_written(line, document.regime) for line in document.lines]
    return [*lines, _discount(document.discount)] if document.discount is not None else lines


def _plain(lines: Sequence[Json]) -> Iterator[Json]:
    """What is sold and what is only said, with the lines of a bundle in its place."""
    for line in lines:
        kind = line.get("DetailType")
        if kind == BUNDLE:
            yield from _plain((line.get(BUNDLE) or {}).get("Line") or ())
        elif kind not in (DISCOUNT, SUBTOTAL):
            yield line


def _line(line: Json, regime: str) -> Line:
    detail, amount = line.get(SALE) or {}, decimal(line.get("Amount"))
    quantity = decimal(detail["Qty"]) if detail.get("Qty") is not None else Decimal(1)
    return Line(
        item=_value(detail.get("ItemRef")),
        amount=amount,
        quantity=quantity,
        unit_price=_unit_price(detail, amount, quantity),
        description=line.get("Description") or "",
        tax_code=_tax_code(detail, regime) if SALE in line else None,
        service_date=date.fromisoformat(detail["ServiceDate"][:10]) if detail.get("ServiceDate") else None,
    )


def _unit_price(detail: Json, amount: Decimal, quantity: Decimal) -> Decimal:
    if detail.get("UnitPrice") is not None:
        return decimal(detail["UnitPrice"])
    return (amount / quantity).quantize(FINEST) if quantity else ZERO


def _tax_code(detail: Json, regime: str) -> str | None:
    """A company without tax gives its lines a code all the same, which means nothing."""
    if regime == NO_TAX:
        return None
    code = _value(detail.get("TaxCodeRef"))
    return code or (None if regime == BY_LINE else UNTAXED)


def _net(lines: tuple[Line, ...], body: Json) -> tuple[Line, ...]:
    """Lines of an invoice with the tax in its prices. Their amounts are net where a gross one stands beside them;
    otherwise the tax is taken out of each in proportion, the last one taking what is left of a cent."""
    taken = discount(body)
    gross = sum((line.amount for line in lines), ZERO) - (taken.amount if taken else ZERO)
    total, tax = decimal(body.get("TotalAmt")), decimal((body.get("TxnTaxDetail") or {}).get("TotalTax"))
    if not tax or gross != total or not gross:
        return lines
    share = (total - tax) / total
    nets = [cents(line.amount * share) for line in lines]
    nets[-1] += cents((gross + (taken.amount if taken else ZERO)) * share) - sum(nets, ZERO)
    return tuple(_at(line, net) for line, net in zip(lines, nets, strict=True))


def _at(line: Line, net: Decimal) -> Line:
    price = (net / line.quantity).quantize(FINEST) if line.quantity else ZERO
    return replace(line, amount=net, unit_price=price)


def _written(line: Line, regime: str) -> dict[str, Any]:
    if not line.item:
        return {"DetailType": WORDS, "Description": line.description}
    code = {"TaxCodeRef": {"value": line.tax_code}} if line.tax_code and regime != NO_TAX else {}
    day = {"ServiceDate": line.service_date.isoformat()} if line.service_date else {}
    detail = {"ItemRef": {"value": line.item}, "Qty": line.quantity, "UnitPrice": line.unit_price, **code, **day}
    words = {"Description": line.description} if line.description else {}
    return {"Amount": line.amount, "DetailType": SALE, **words, SALE: detail}


def _discount(taken: Discount) -> dict[str, Any]:
    """The account that it is booked on is left to the company's own default."""
    percent = {"PercentBased": False} if taken.percent is None else _by_percent(taken.percent)
    return {"Amount": taken.amount, "DetailType": DISCOUNT, DISCOUNT: percent}


def _by_percent(percent: Decimal) -> dict[str, Any]:
    return {"PercentBased": True, "DiscountPercent": percent}


def _value(reference: Json | None) -> str:
    return str((reference or {}).get("value") or "")
