"""Payments: their JSON to documents and back, pure.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/payment
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from worker.core.books import Part, Payment
from worker.providers.quickbooks.figures import decimal

Json = Mapping[str, Any]

INVOICE = "Invoice"


def payment(body: Json) -> Payment:
    """The document that a payment shows. Its method is told by name alone, which QuickBooks rarely gives."""
    return Payment(
        customer=(body.get("CustomerRef") or {}).get("value") or "",
        amount=decimal(body.get("TotalAmt")),
        parts=tuple(_parts(body)),
        paid_on=date.fromisoformat(body["TxnDate"][:10]) if body.get("TxnDate") else None,
        reference=body.get("PaymentRefNum") or "",
        method=(body.get("PaymentMethodRef") or {}).get("name") or "",
    )


def payment_fields(document: Payment) -> dict[str, dict[str, Any]]:
    """The fields of each group. The account that the money goes to is left to the company's own default."""
    return {
        "paid_on": {"TxnDate": document.paid_on.isoformat() if document.paid_on else None},
        "reference": {"PaymentRefNum": document.reference},
        "amounts": {
            "CustomerRef": {"value": document.customer},
            "TotalAmt": document.amount,
            "Line": [_line(part) for part in document.parts],
        },
    }


def _parts(body: Json) -> Iterator[Part]:
    """A part for something else than an invoice, a credit memo say, has the kind of it before its id: so it is kept
    when the lines are written anew."""
    for line in body.get("Line") or ():
        for linked in (line.get("LinkedTxn") or ())[:1]:
            kind = linked.get("TxnType") or INVOICE
            named = linked.get("TxnId") or ""
            yield Part(named if kind == INVOICE else f"{kind}:{named}", decimal(line.get("Amount")))


def _line(part: Part) -> dict[str, Any]:
    kind, _, named = part.invoice.rpartition(":")
    return {"Amount": part.amount, "LinkedTxn": [{"TxnId": named, "TxnType": kind or INVOICE}]}
