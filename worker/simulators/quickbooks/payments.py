"""Payments and what they do to invoices: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/payment."""

from __future__ import annotations

from decimal import Decimal

from worker.simulators.quickbooks.arithmetic import ZERO
from worker.simulators.quickbooks.books import Books
from worker.simulators.quickbooks.instants import today
from worker.simulators.quickbooks.invoices import void_note
from worker.simulators.quickbooks.presets import UNDEPOSITED
from worker.simulators.quickbooks.refusal import Json, business, invalid, missing, no_such_reference

Applied = dict[str, Decimal]
"""What goes to each invoice, by its id."""
DEPOSIT_ACCOUNTS = {"Bank", "Other Current Asset"}


def payment(books: Books, before: Json | None, fields: Json) -> Json:
    """The payment of these fields, checked; `before` is what it was, None for a new one."""
    for name in ("CustomerRef", "TotalAmt"):
        if name not in fields:
            raise missing(name)
    customer = books.referred("Customer", fields["CustomerRef"], "CustomerRef")
    if fields["TotalAmt"] < 0:
        raise invalid("TotalAmt", "a payment is not negative")
    lines = [_line(books, line) for line in fields.get("Line", ())]
    _check_applied(books, applied(before), applied({"Line": lines}), customer["Id"])
    return {
        "TxnDate": today(books.now()).isoformat(),
        "CurrencyRef": books.preset.home_currency,
        "ProcessPayment": False,
        **fields,
        **_accounts(books, fields),
        "CustomerRef": {"value": customer["Id"], "name": customer["DisplayName"]},
        "Line": lines,
        "UnappliedAmt": _unapplied(fields["TotalAmt"], lines),
    }


def void_payment(_: Books, before: Json) -> Json:
    """Everything is nought, and its invoices are open again."""
    return {**before, "TotalAmt": ZERO, "UnappliedAmt": ZERO, "Line": [], "PrivateNote": void_note(before)}


def applied(held: Json | None) -> Applied:
    """What a payment gives to each invoice; nothing for None."""
    sums: Applied = {}
    for line in held["Line"] if held else ():
        invoice_id = line["LinkedTxn"][0]["TxnId"]
        sums[invoice_id] = sums.get(invoice_id, ZERO) + line["Amount"]
    return sums


def ripple(books: Books, payment_id: str, before: Json | None, after: Json | None) -> None:
    """The invoices follow what a payment gives to them: their balance, link, version and time."""
    old, new = applied(before), applied(after)
    for invoice_id in dict.fromkeys([*old, *new]):
        if old.get(invoice_id) != new.get(invoice_id):
            change = new.get(invoice_id, ZERO) - old.get(invoice_id, ZERO)
            _pay(books, invoice_id, payment_id, change, linked=invoice_id in new)


def release(books: Books, invoice_id: str) -> None:
    """Of payments that are more than an invoice now is, the rest is set free, the last payment first."""
    invoice = books.get("Invoice", invoice_id)
    paying = [books.get("Payment", link["TxnId"]) for link in invoice["LinkedTxn"]]
    excess = sum((applied(one)[invoice_id] for one in paying), ZERO) - invoice["TotalAmt"] + invoice["Balance"]
    for one in reversed(paying):
        taken = min(excess, applied(one)[invoice_id])
        if taken > 0:
            _take_back(books, one, invoice_id, taken)
            excess -= taken


def _take_back(books: Books, held: Json, invoice_id: str, amount: Decimal) -> None:
    lines, left = [], amount
    for line in held["Line"]:
        taken = min(left, line["Amount"]) if line["LinkedTxn"][0]["TxnId"] == invoice_id else ZERO
        left -= taken
        if line["Amount"] > taken:
            lines.append({**line, "Amount": line["Amount"] - taken})
    books.amend("Payment", held["Id"], Line=lines, UnappliedAmt=_unapplied(held["TotalAmt"], lines))
    if invoice_id not in applied({"Line": lines}):
        _pay(books, invoice_id, held["Id"], ZERO, linked=False)


def _pay(books: Books, invoice_id: str, payment_id: str, amount: Decimal, *, linked: bool) -> None:
    invoice = books.get("Invoice", invoice_id)
    others = [link for link in invoice["LinkedTxn"] if link["TxnId"] != payment_id]
    links = [*others, *([{"TxnId": payment_id, "TxnType": "Payment"}] if linked else [])]
    balance = invoice["Balance"] - amount
    books.amend("Invoice", invoice_id, Balance=balance, HomeBalance=balance, LinkedTxn=links)


def _line(books: Books, line: Json) -> Json:
    links = line.get("LinkedTxn", [])
    if "Amount" not in line:
        raise missing("Line.Amount")
    if len(links) != 1 or "TxnId" not in links[0] or "TxnType" not in links[0]:
        raise missing("Line.LinkedTxn")
    if line["Amount"] <= 0:
        raise invalid("Line.Amount", "what is applied is more than 0")
    if links[0]["TxnType"] != "Invoice" or books.find("Invoice", links[0]["TxnId"]) is None:
        raise no_such_reference("LinkedTxn", links[0]["TxnId"])
    invoice = books.get("Invoice", links[0]["TxnId"])
    link = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
    return {"Amount": line["Amount"], "LinkedTxn": [link], "LineEx": _notes(invoice)}


def _notes(invoice: Json) -> Json:
    told = {"txnId": invoice["Id"], "txnOpenBalance": str(invoice["Balance"])}
    if "DocNumber" in invoice:
        told["txnReferenceNumber"] = invoice["DocNumber"]
    return {"any": [_note(name, value) for name, value in told.items()]}


def _note(name: str, value: str) -> Json:
    return {
        "name": "{http://schema.intuit.com/finance/v3}NameValue",
        "declaredType": "com.intuit.schema.finance.v3.NameValue",
        "scope": "javax.xml.bind.JAXBElement$GlobalScope",
        "value": {"Name": name, "Value": value},
        "nil": False,
        "globalScope": True,
        "typeSubstituted": False,
    }


def _check_applied(books: Books, before: Applied, after: Applied, customer_id: str) -> None:
    for invoice_id, amount in after.items():
        invoice = books.get("Invoice", invoice_id)
        if invoice["CustomerRef"]["value"] != customer_id:
            raise business("The transaction that is linked belongs to another customer.", "LinkedTxn")
        if amount > invoice["Balance"] + before.get(invoice_id, ZERO):
            raise business("You can't apply more than the open balance of a transaction.", "Line.Amount")


def _unapplied(total: Decimal, lines: list[Json]) -> Decimal:
    left = total - sum((line["Amount"] for line in lines), ZERO)
    if left < 0:
        raise business("The amount that is applied is more than the amount that was received.", "TotalAmt")
    return Decimal(left)


def _accounts(books: Books, fields: Json) -> Json:
    deposit = fields.get("DepositToAccountRef", {"value": UNDEPOSITED})
    account = books.referred("Account", deposit, "DepositToAccountRef")
    if account["AccountType"] not in DEPOSIT_ACCOUNTS:
        raise business("You need to select a different type of account for this transaction.", "DepositToAccountRef")
    if "PaymentMethodRef" in fields:
        books.referred("PaymentMethod", fields["PaymentMethodRef"], "PaymentMethodRef")
    return {"DepositToAccountRef": {"value": account["Id"]}}
