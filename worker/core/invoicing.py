"""What the books show of an invoice: one line for each of its lines, and the tax as the company reckons it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from worker.core import books, sales
from worker.core.arithmetic import CENT, spread, sum_of
from worker.core.books import AUTOMATED, NO_TAX, ZERO, cents
from worker.core.holds import Hold
from worker.core.preferences import BooksPreferences
from worker.core.pricing import price_of
from worker.core.records import CLIENT, ITEM, TAX
from worker.core.references import FREE_ITEM, Held, References
from worker.core.taxation import TaxCase, taxation

NO_CLIENT = "NO_CLIENT"
NO_LINES = "NO_LINES"
CURRENCY_DIFFERS = "CURRENCY_DIFFERS"
TOTAL_UNCLEAR = "TOTAL_UNCLEAR"
NEGATIVE_TOTAL = "NEGATIVE_TOTAL"


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the books are to show: ``lines`` minus ``discount`` plus ``tax`` is ``total``.

    ``shares`` are what the lines hold of the whole invoice's markup. ``exempt``: taxes are named that come to
    something, and the source says that there is none.
    """

    lines: tuple[Decimal, ...]
    shares: tuple[Decimal, ...]
    discount: Decimal
    tax: Decimal
    total: Decimal
    exempt: bool


def posted(
    invoice: sales.Invoice, taxes: Mapping[str, sales.Tax], refs: References, how: BooksPreferences
) -> books.Invoice:
    """The invoice as the books are to show it; raises ``Held`` while it cannot be shown."""
    customer = _customer(invoice, refs)
    _check_sense(invoice, refs.regime)
    _check_taxes_known(invoice, taxes, refs)
    amounts = _amounts(invoice, taxes)
    items = [refs.find(ITEM, line.item_id or FREE_ITEM) for line in invoice.lines]
    codes = taxation(TaxCase(invoice, amounts.tax, taxes, refs, how.default_tax_code, amounts.exempt))
    return books.Invoice(
        customer=customer,
        number=invoice.number[-books.NUMBER_LIMIT :] if refs.regime.custom_numbers else "",
        issued=invoice.issued,
        due=invoice.due,
        lines=_lines(invoice, amounts, items, codes.lines),
        discount=_discount(invoice, amounts),
        regime=refs.regime.regime,
        tax_code=codes.whole,
        tax=amounts.tax,
        total=amounts.total,
        memo=invoice.notes,
    )


def _customer(invoice: sales.Invoice, refs: References) -> str:
    if not invoice.client_id:
        raise Held(Hold(NO_CLIENT, "The invoice names no client: set one."))
    return refs.find(CLIENT, invoice.client_id)


def _check_sense(invoice: sales.Invoice, regime: books.TaxRegime) -> None:
    if not invoice.lines:
        raise Held(Hold(NO_LINES, "The invoice has no lines: add one."))
    if invoice.currency and regime.currency and invoice.currency.upper() != regime.currency.upper():
        raise Held(
            Hold(CURRENCY_DIFFERS, f"The invoice is in {invoice.currency}, the company's books in {regime.currency}.")
        )


def _check_taxes_known(invoice: sales.Invoice, taxes: Mapping[str, sales.Tax], refs: References) -> None:
    """What a tax comes to need not be known where the source states it and no code is looked for by it."""
    if invoice.tax_total is not None and refs.regime.regime in (NO_TAX, AUTOMATED):
        return
    for line in invoice.lines:
        for tax_id in line.tax_ids:
            if tax_id not in taxes:
                raise Held(refs.wait(TAX, tax_id))


def _amounts(invoice: sales.Invoice, taxes: Mapping[str, sales.Tax]) -> Amounts:
    reckoned = sum_of(invoice, {tax_id: tax.rate for tax_id, tax in taxes.items()})
    tax = reckoned.tax if invoice.tax_total is None else cents(invoice.tax_total)
    net = reckoned.net if invoice.total is None else cents(invoice.total) - tax
    _check_net(reckoned.net, net)
    discount = max(reckoned.discount, ZERO)
    shares = spread(net + discount - sum(reckoned.lines, ZERO), reckoned.lines)
    lines = tuple(amount + share for amount, share in zip(reckoned.lines, shares, strict=True))
    return Amounts(lines, shares, discount, tax, net + tax, exempt=not tax and bool(reckoned.tax))


def _check_net(reckoned: Decimal, stated: Decimal) -> None:
    if reckoned >= 0 and abs(reckoned - stated) > CENT:
        raise Held(
            Hold(
                TOTAL_UNCLEAR,
                f"The lines, markups and discounts come to {reckoned} without tax, and the invoice's total says"
                f" {stated}: correct the invoice.",
            )
        )
    if min(reckoned, stated) < 0:
        raise Held(
            Hold(
                NEGATIVE_TOTAL,
                f"The invoice comes to {reckoned} without tax, which QuickBooks takes for no invoice: make its discount"
                " smaller, or give a credit in QuickBooks.",
            )
        )


def _discount(invoice: sales.Invoice, amounts: Amounts) -> books.Discount | None:
    if not amounts.discount or invoice.discount is None:
        return None
    percent = invoice.discount.value if invoice.discount.percentage else ZERO
    says_it = cents(sum(amounts.lines, ZERO) * percent / 100) == amounts.discount
    return books.Discount(amounts.discount, percent if says_it else None)


def _lines(
    invoice: sales.Invoice, amounts: Amounts, items: Sequence[str], codes: Sequence[str | None]
) -> tuple[books.Line, ...]:
    rows = zip(invoice.lines, amounts.lines, amounts.shares, items, codes, strict=True)
    return tuple(_line(*row) for row in rows)


def _line(line: sales.Line, amount: Decimal, share: Decimal, item: str, tax_code: str | None) -> books.Line:
    price = price_of(line, amount, share)
    words = dict.fromkeys((line.name.strip(), line.description.strip(), price.workings))
    return books.Line(
        item=item,
        amount=amount,
        quantity=price.quantity,
        unit_price=price.unit_price,
        description="\n".join(text for text in words if text),
        tax_code=tax_code,
    )
