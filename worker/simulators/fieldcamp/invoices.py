"""The rules of invoices and payments: totals, what is paid, what is due, void."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ulid import ULID

from worker.simulators.fieldcamp.account import Account
from worker.simulators.fieldcamp.arithmetic import ZERO, line_total, totals
from worker.simulators.fieldcamp.money_kinds import INVOICE, ITEM, KINDS, PAYMENT
from worker.simulators.fieldcamp.refusal import invalid
from worker.simulators.fieldcamp.table import Record

VOID = "void"
BLANK_LINE: Mapping[str, Any] = {
    "id": None,
    "itemId": None,
    "name": None,
    "description": None,
    "quantity": Decimal(1),
    "price": None,
    "discount": None,
    "markup": None,
    "taxIds": [],
}


def settled(account: Account, before: Record, fields: Mapping[str, Any], now: str) -> Record:
    """The invoice with `fields` applied and everything computed; Refused with 400 when it is void already."""
    if before["voidedAt"] and fields:
        raise invalid("a void invoice cannot be changed")
    after = {**before, **fields}
    if fields.get("status") == VOID:
        return {**after, "balanceDue": ZERO, "voidedAt": now}
    after["issueDate"] = after["issueDate"] or now[:10]
    after["lineItems"] = [_line(account, line) for line in after["lineItems"]]
    after |= totals(after["lineItems"], after["markup"], after["discount"], _rates(account))._asdict()
    return paid_up(account, after, now)


def paid_up(account: Account, invoice: Record, now: str) -> Record:
    """The invoice with what its payments make of it."""
    if invoice["voidedAt"]:
        return invoice
    paid = sum((each["amount"] for each in _payments(account, invoice["id"])), ZERO)
    status = _status(paid, invoice["total"], overdue=bool(invoice["dueDate"]) and invoice["dueDate"] < now[:10])
    return {**invoice, "amountPaid": paid, "balanceDue": invoice["total"] - paid, "status": status}


def payment(account: Account, before: Record, fields: Mapping[str, Any], now: str) -> Record:
    """The payment with `fields` applied; Refused with 400 for a void or unknown invoice."""
    after = {**before, **fields}
    invoice = account.table(INVOICE).get(after["invoiceId"])
    if invoice is None:
        raise invalid(f"invoiceId: there is no invoice {after['invoiceId']}")
    if invoice["voidedAt"]:
        raise invalid("invoiceId: the invoice is void")
    return {**after, "date": after["date"] or now[:10], "clientId": after["clientId"] or invoice["clientId"]}


def _line(account: Account, line: Mapping[str, Any]) -> Record:
    """A line with what it leaves out taken from its item."""
    item = account.table(ITEM).get(line.get("itemId") or "")
    if line.get("itemId") and item is None:
        raise invalid(f"lineItems: there is no item {line['itemId']}")
    offered = {name: item[name] for name in ("name", "description", "price", "taxIds")} if item else {}
    whole = {**BLANK_LINE, **offered, **line}
    if whole["price"] is None:
        raise invalid("lineItems: price is missing")
    return {**whole, "id": whole["id"] or f"lin_{ULID()}", "total": line_total(whole)}


def _rates(account: Account) -> dict[str, Decimal]:
    return {tax["id"]: tax["rate"] for tax in account.table(KINDS["tax"]).records()}


def _payments(account: Account, invoice_id: str) -> list[Record]:
    return [each for each in account.table(PAYMENT).records() if each["invoiceId"] == invoice_id]


def _status(paid: Decimal, total: Decimal, *, overdue: bool) -> str:
    if paid >= total and (paid or not total):
        return "paid"
    if overdue:
        return "overdue"
    return "partial" if paid else "unpaid"
