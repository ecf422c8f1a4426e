"""A company's books, and an invoice to post there."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from worker.core import books, sales
from worker.core.books import AUTOMATED, NO_TAX, TaxCode, TaxRegime
from worker.core.holds import Hold
from worker.core.posting import FREE_ITEM, References, invoice
from worker.core.preferences import BooksPreferences
from worker.core.records import CLIENT, INVOICE, ITEM, TAX
from worker.core.sales import Line, Tax

D = Decimal
HOW = BooksPreferences()
STATE, CITY, NONE = Tax("t1", "State", D("0.06")), Tax("t2", "City", D("0.02")), Tax("t0", "Zero", D(0))
TAXES = {found.id: found for found in (STATE, CITY, NONE)}
REMOTE = {
    (CLIENT, "cli_1"): "7",
    (ITEM, "itm_1"): "21",
    (ITEM, FREE_ITEM): "29",
    (INVOICE, "inv_1"): "90",
    (TAX, "t1"): "3",
    (TAX, "t2"): "4",
    (TAX, "t0"): "5",
}
CODES = {
    "3": TaxCode("State", D("0.06")),
    "4": TaxCode("City", D("0.02")),
    "5": TaxCode("Zero-rated", D(0)),
    "6": TaxCode("Exempt", D(0)),
    "8": TaxCode("State + City", D("0.08")),
    "TAX": TaxCode("TAX"),
    "NON": TaxCode("NON"),
}
LINE = Line("itm_1", "Boiler", "Serviced", D(2), D("50.00"), tax_ids=("t1",))
FREE = replace(LINE, tax_ids=())
PLAIN = sales.Invoice("inv_1", "INV-1", "cli_1", issued=date(2026, 5, 29), due=date(2026, 6, 28), lines=(LINE,))


def refs(regime: str | TaxRegime = NO_TAX, **changes: object) -> References:
    whole = References(regime if isinstance(regime, TaxRegime) else TaxRegime(regime), CODES, REMOTE, {})
    return replace(whole, **changes)  # type: ignore[arg-type]


def without(*named: tuple[str, str]) -> dict[tuple[str, str], str]:
    return {known: remote_id for known, remote_id in REMOTE.items() if known not in named}


def posted(told: sales.Invoice, found: References | None = None, how: BooksPreferences = HOW) -> books.Invoice:
    document = invoice(told, TAXES, found or refs(AUTOMATED), how)
    assert isinstance(document, books.Invoice), document
    return document


def held(document: object) -> Hold:
    assert isinstance(document, Hold), document
    return document


def codes_of(document: books.Invoice) -> list[str | None]:
    return [line.tax_code for line in document.lines]
