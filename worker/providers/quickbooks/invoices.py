"""Invoices: their JSON to documents and back, pure.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/invoice
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from worker.core.books import AUTOMATED, BY_LINE, MANUAL, TAXED, Invoice
from worker.providers.quickbooks import lines
from worker.providers.quickbooks.figures import decimal

Json = Mapping[str, Any]


def invoice(body: Json, regime: str) -> Invoice:
    """The document that an invoice shows in a company that reckons tax by ``regime``."""
    tax, sold = body.get("TxnTaxDetail") or {}, lines.sold(body, regime)
    return Invoice(
        customer=str((body.get("CustomerRef") or {}).get("value") or ""),
        number=body.get("DocNumber") or "",
        issued=_day(body.get("TxnDate")),
        due=_day(body.get("DueDate")),
        lines=sold,
        discount=lines.discount(body),
        regime=regime,
        tax_code=_tax_code(tax, taxed=any(line.tax_code == TAXED for line in sold)) if regime == MANUAL else None,
        tax=decimal(tax.get("TotalTax")),
        total=decimal(body.get("TotalAmt")),
        memo=(body.get("CustomerMemo") or {}).get("value") or "",
    )


def invoice_fields(document: Invoice) -> dict[str, dict[str, Any]]:
    """The fields of each group. Nothing asks QuickBooks to send mail, and a number that is not ours to give is not
    sent."""
    return {
        "customer": {"CustomerRef": {"value": document.customer}},
        "number": {"DocNumber": document.number or None},
        "issued": {"TxnDate": document.issued.isoformat() if document.issued else None},
        "due": {"DueDate": document.due.isoformat() if document.due else None},
        "memo": {"CustomerMemo": {"value": document.memo}},
        "amounts": {"Line": lines.written(document), "ApplyTaxAfterDiscount": True, **_taxes(document)},
    }


def is_void(body: Json) -> bool:
    """Whether every amount of an invoice or a payment is nought. A void leaves no other mark but its note."""
    amounts = [body.get("TotalAmt"), *(line.get("Amount") for line in body.get("Line") or ())]
    return not any(decimal(amount) for amount in amounts)


def _taxes(document: Invoice) -> dict[str, Any]:
    """What is said of tax: our sum, which an engine honours; one code; or how the lines are to be read. Old tax lines
    are never sent back, because QuickBooks would not reckon anew then.

    https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-sales-tax-for-us-locales
    """
    if document.regime == AUTOMATED:
        return {"TxnTaxDetail": {"TotalTax": document.tax}}
    if document.regime == MANUAL and document.tax_code:
        return {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": document.tax_code}}}
    if document.regime == BY_LINE:
        coded = any(line.tax_code for line in document.lines)
        return {"GlobalTaxCalculation": "TaxExcluded" if coded else "NotApplicable"}
    return {}


def _tax_code(tax: Json, *, taxed: bool) -> str | None:
    """The code of the whole invoice, which says nothing where no line is taxed."""
    return str((tax.get("TxnTaxCodeRef") or {}).get("value") or "") or None if taxed else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None
