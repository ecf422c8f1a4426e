"""From records to what the books show of them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from worker.core import books, records, sales
from worker.core.absences import Absence
from worker.core.arrivals import ORIGIN
from worker.core.holds import Hold
from worker.core.invoicing import NO_CLIENT, posted
from worker.core.preferences import BooksPreferences
from worker.core.records import CLIENT, INVOICE, ITEM, PAYMENT, TAX
from worker.core.references import FREE_ITEM, Held, References

__all__ = ["FREE_ITEM", "References", "customer", "invoice", "item", "mentions", "payment", "tax", "unposted"]

NAME_MISSING = "NAME_MISSING"
INCOME_ACCOUNT_MISSING = "INCOME_ACCOUNT_MISSING"
NEGATIVE_PAYMENT = "NEGATIVE_PAYMENT"
VOID = Absence("VOID", "FieldCamp voided it.")
FROM_THE_BOOKS = Absence("FROM_THE_BOOKS", "It was recorded in the books first, and FieldCamp took it over.")
NOTHING_PAID = Absence("NOTHING_PAID", "It is a payment of nothing.")


def customer(client: records.Client) -> books.Customer | Hold:
    """The customer that stands for a client; held while it has no name at all.

    An e-mail address that the books would refuse the customer for is left out: they want an @ and a dot.
    https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/customer
    """
    found = books.Customer(
        name=client.name.strip() or client.company.strip() or f"{client.given} {client.family}",
        given=client.given,
        family=client.family,
        company=client.company,
        email=client.email if "." in client.email.partition("@")[2] else "",
        phone=client.phone,
        address=client.billing,
    )
    return found if found.name else Hold(NAME_MISSING, "The client has no name: give it one.")


def item(item: sales.Item, how: BooksPreferences) -> books.Item | Hold:
    """The item that stands for what is sold; held while it has no name, or nothing says where its income goes.

    One that is no longer sold stays as it is in the books: their invoices name it.
    """
    found = books.Item(
        name=item.name,
        description=item.description,
        price=item.price,
        kind="NonInventory" if item.product else "Service",
        income_account=_income_account(item.category, how),
        sku=item.sku,
    )
    if not found.name:
        return Hold(NAME_MISSING, "The item has no name: give it one.")
    return found if found.income_account else _no_account(item.category.strip())


def tax(tax: sales.Tax) -> books.TaxCode:
    """The tax code that we look for; we never make one."""
    return books.TaxCode(tax.name, tax.rate, tax.active)


def invoice(
    invoice: sales.Invoice, taxes: Mapping[str, sales.Tax], refs: References, how: BooksPreferences
) -> books.Invoice | Hold | None:
    """What the books show of an invoice: None for a void one; held while something is missing or does not add up.

    ``taxes`` are the source's, by id. The stated tax is the truth about tax, and the lines, less the discount, plus the
    tax are the stated total, where they are stated; a cent by which the source rounds otherwise goes to a line.
    """
    if unposted(invoice) is not None:
        return None
    try:
        return posted(invoice, taxes, refs, how)
    except Held as held:
        return held.hold


def payment(payment: sales.Payment, invoice: sales.Invoice | None, refs: References) -> books.Payment | Hold | None:
    """What the books show of a payment: None for one that came from there, and for one of nothing.

    ``invoice`` is the one that it pays, None while the source has not told it. Money for no invoice, for one that
    became void, or more than the invoice states, is the customer's credit.
    """
    if unposted(payment) is not None:
        return None
    try:
        return _payment(payment, invoice, refs)
    except Held as held:
        return held.hold


def unposted(told: sales.Invoice | sales.Payment) -> Absence | None:
    """Why the books are to show nothing of it, None where they are."""
    if isinstance(told, sales.Invoice):
        return VOID if told.void else None
    if told.external_id.startswith(ORIGIN):
        return FROM_THE_BOOKS
    return None if told.amount else NOTHING_PAID


def mentions(kind: str, content: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """The (kind, local id) of the records that an invoice's or payment's content refers to: its client, items, taxes
    and invoice. A line without an item refers to ``FREE_ITEM``. Nothing for other kinds.
    """
    found = {INVOICE: _named_by_invoice, PAYMENT: _named_by_payment}.get(kind)
    return frozenset((kind, local_id) for kind, local_id in found(content) if local_id) if found else frozenset()


def _income_account(category: str, how: BooksPreferences) -> str:
    accounts = {name.casefold(): account for name, account in how.item_accounts.items()}
    return accounts.get(category.strip().casefold()) or how.income_account


def _no_account(category: str) -> Hold:
    of_category = f' set "item_accounts": {{"{category}": "<account id>"}} or' if category else " set"
    return Hold(
        INCOME_ACCOUNT_MISSING,
        f'No income account is set for the item:{of_category} "income_account": "<account id>"'
        " in the settings of QuickBooks.",
    )


def _payment(payment: sales.Payment, invoice: sales.Invoice | None, refs: References) -> books.Payment:
    if payment.amount < 0:
        raise Held(Hold(NEGATIVE_PAYMENT, "The payment is of less than nothing: record a refund in QuickBooks."))
    if invoice is None and payment.invoice_id:
        raise Held(refs.wait(INVOICE, payment.invoice_id))
    client_id = (invoice.client_id if invoice else None) or payment.client_id
    if not client_id:
        raise Held(Hold(NO_CLIENT, "Neither the payment nor its invoice names a client: set one."))
    return books.Payment(
        customer=refs.find(CLIENT, client_id),
        amount=payment.amount,
        parts=_parts(payment.amount, invoice, refs),
        paid_on=payment.paid_on,
        reference=payment.reference,
        method=payment.method,
    )


def _parts(amount: Decimal, invoice: sales.Invoice | None, refs: References) -> tuple[books.Part, ...]:
    if invoice is None or invoice.void:
        return ()
    owed = amount if invoice.total is None else min(amount, invoice.total)
    return (books.Part(refs.find(INVOICE, invoice.id), owed),) if owed > 0 else ()


def _named_by_invoice(content: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    yield CLIENT, content.get("client_id")
    for line in content.get("lines") or ():
        yield ITEM, line.get("item_id") or FREE_ITEM
        yield from ((TAX, tax_id) for tax_id in line.get("tax_ids") or ())


def _named_by_payment(content: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    yield INVOICE, content.get("invoice_id")
    yield CLIENT, content.get("client_id")
