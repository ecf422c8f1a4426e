"""Invoices: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/invoice."""

from __future__ import annotations

from collections.abc import Set
from datetime import date, timedelta
from decimal import Decimal

from worker.simulators.quickbooks import taxes
from worker.simulators.quickbooks.addresses import with_addresses
from worker.simulators.quickbooks.arithmetic import ZERO, share_kept
from worker.simulators.quickbooks.books import Books
from worker.simulators.quickbooks.instants import today
from worker.simulators.quickbooks.lines import Lines, lines_of, voided
from worker.simulators.quickbooks.refusal import Json, business, missing, number_taken

RETAXED = {"Line", "CustomerRef", "ShipAddr", "BillAddr", "ApplyTaxAfterDiscount", "GlobalTaxCalculation"}
"""What makes the tax be computed anew; a sum that was sent before is forgotten with it."""
DEFAULTS = {
    "PrintStatus": "NotSet",
    "EmailStatus": "NotSet",
    "ApplyTaxAfterDiscount": False,
    "AllowIPNPayment": False,
    "AllowOnlinePayment": False,
    "AllowOnlineCreditCardPayment": False,
    "AllowOnlineACHPayment": False,
}
DAYS_TO_PAY = 30


def invoice(books: Books, before: Json | None, fields: Json, sent: Set[str]) -> Json:
    """The invoice of these fields, checked and added up.

    `before` is what it was, None for a new one; `sent` are the names of the fields that the request has.
    """
    if "CustomerRef" not in fields:
        raise missing("CustomerRef")
    customer = books.referred("Customer", fields["CustomerRef"], "CustomerRef")
    _check(books, before, fields)
    taxes.check_calculation(books.preset, fields)
    whole = {**_defaults(books, before, customer, fields), **fields}
    whole["CustomerRef"] = {"value": customer["Id"], "name": customer["DisplayName"]}
    lines = lines_of(books, before, whole)
    summed = _summed(books, whole, lines, _sent_tax(before, fields, sent))
    return with_addresses(books, {**whole, **_numbered(books, before, whole), **summed, **_open(before, summed)})


def void_invoice(_: Books, before: Json) -> Json:
    """Everything is nought, and the invoice stays; refused while a payment is applied."""
    if before["LinkedTxn"]:
        raise business("You can't void this transaction because a payment is linked to it.")
    nothing = {"TotalAmt": ZERO, "HomeTotalAmt": ZERO, "Balance": ZERO, "HomeBalance": ZERO}
    return {
        **before,
        **nothing,
        "Line": voided(before["Line"]),
        "TxnTaxDetail": {"TotalTax": ZERO, "TaxLine": []},
        "PrivateNote": void_note(before),
    }


def void_note(before: Json) -> str:
    """What a note says after a void: "Voided" stands in front of what was there."""
    note = before.get("PrivateNote", "")
    return note if note.startswith("Voided") else f"Voided - {note}" if note else "Voided"


def _check(books: Books, before: Json | None, fields: Json) -> None:
    if fields.get("EmailStatus") == "NeedToSend" and "BillEmail" not in fields:
        raise missing("BillEmail")
    if fields.get("Deposit"):
        raise business("Deposits are turned off in the company's preferences.", "Deposit")
    if fields.get("CurrencyRef", books.preset.home_currency).get("value") != books.preset.currency[0]:
        raise business("Multi-currency is turned off in the company's preferences.", "CurrencyRef")
    if before and before["LinkedTxn"] and fields["CustomerRef"]["value"] != before["CustomerRef"]["value"]:
        raise business("You can't change the customer of a transaction that is linked to a payment.", "CustomerRef")


def _defaults(books: Books, before: Json | None, customer: Json, fields: Json) -> Json:
    day = fields.get("TxnDate", today(books.now()).isoformat())
    due = date.fromisoformat(day) + timedelta(days=DAYS_TO_PAY)
    copied = [] if before else [name for name in ("BillAddr", "ShipAddr") if name in customer]
    return {
        **DEFAULTS,
        **({} if books.preset.is_us else {"ApplyTaxAfterDiscount": True}),
        **{name: {**customer[name]} for name in copied},
        "TxnDate": day,
        "DueDate": due.isoformat(),
        "CurrencyRef": books.preset.home_currency,
        "CustomField": [],
    }


def _numbered(books: Books, before: Json | None, fields: Json) -> Json:
    """The number of the document: the writer's own, or the next one of the company."""
    number = fields.get("DocNumber")
    if books.switches.custom_numbers:
        _check_number(books, before, number)
        return {}
    if before and number is None:
        return {"DocNumber": before["DocNumber"]}
    if number is None:
        books.counters["documents"] += 1
        return {"DocNumber": str(1000 + books.counters["documents"])}
    return {}


def _check_number(books: Books, before: Json | None, number: str | None) -> None:
    if number is None or (before and number == before.get("DocNumber")):
        return
    for other in books.all("Invoice"):
        if other.get("DocNumber") == number:
            raise number_taken(number, "Invoice", other["Id"])


def _sent_tax(before: Json | None, fields: Json, sent: Set[str]) -> Decimal | None:
    """The sum of taxes that the request has, or that stays because nothing was sent that it depends on."""
    untouched = before is not None and not sent & RETAXED
    if "TxnTaxDetail" not in sent and not untouched:
        return None
    total = fields.get("TxnTaxDetail", {}).get("TotalTax")
    return None if total is None else Decimal(total)


def _summed(books: Books, fields: Json, lines: Lines, sent: Decimal | None) -> Json:
    after_discount = fields["ApplyTaxAfterDiscount"] or not books.preset.is_us
    share = share_kept(lines.sub_total, lines.discount) if after_discount else Decimal(1)
    tax = taxes.tax(books, fields, lines.sold, share, sent)
    total = lines.sub_total - lines.discount + tax["TotalTax"]
    if total < 0 or tax["TotalTax"] < 0:
        raise business("Transaction amount must be 0 or greater.", "TotalAmt")
    return {"Line": list(lines.shown), "TxnTaxDetail": tax, "TotalAmt": total, "HomeTotalAmt": total}


def _open(before: Json | None, summed: Json) -> Json:
    """What is still to be paid; of a payment that is too much now, the rest is set free (`payments.release`)."""
    paid = before["TotalAmt"] - before["Balance"] if before else ZERO
    balance = max(summed["TotalAmt"] - paid, ZERO)
    return {"Balance": balance, "HomeBalance": balance, "LinkedTxn": before["LinkedTxn"] if before else []}
