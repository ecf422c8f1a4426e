"""Reads a company's tax codes, and how it reckons tax: neither is told by change data capture."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from worker.core.books import TaxRegime
from worker.core.errors import Rejected
from worker.core.ports import Page
from worker.providers.quickbooks.answers import Answer
from worker.providers.quickbooks.cursors import TaxCursor, tax_cursor_of
from worker.providers.quickbooks.line import Line
from worker.providers.quickbooks.queries import ALL, PAGE, rows_of, select
from worker.providers.quickbooks.taxes import REGIME, change, tax_codes, tax_regime

Row = Mapping[str, Any]
log = structlog.get_logger(__name__)


def read_taxes(line: Line, cursor: str | None, now: Callable[[], datetime]) -> tuple[Page, TaxRegime]:
    """All codes, by two queries, with the regime as one more object; the preferences are read once a day.

    Raises what ``Provider.changes`` raises.
    """
    known = None if cursor is None else tax_cursor_of(cursor)
    codes, rates = _all(line, "TaxCode"), _all(line, "TaxRate")
    if known is None or known.is_old(now()):
        known = TaxCursor(_regime(line, codes), now())
    changes = [change(one, document) for one, document in tax_codes(codes, rates, known.regime).items()]
    page = Page([change(REGIME, known.regime), *changes], known.text(), complete=cursor is None)
    return page, known.regime


def read_regime(line: Line) -> TaxRegime:
    """How the company reckons tax. Raises what a reading raises."""
    return _regime(line, _all(line, "TaxCode"))


def _regime(line: Line, codes: Sequence[Row]) -> TaxRegime:
    preferences = _unless_refused(line.preferences)
    company = _unless_refused(lambda: line.read("CompanyInfo", line.realm_id))
    return tax_regime(preferences, company, codes)


def _unless_refused(ask: Callable[[], Answer]) -> Row:
    """A company that does not tell is one that reckons no tax, unless its codes say more: invoices with tax wait."""
    try:
        found: Row = ask().body
    except Rejected as error:
        log.warning("quickbooks_preferences_refused", code=error.code)
        return {}
    return found


def _all(line: Line, name: str) -> list[Row]:
    """These are few and hardly change, so they are paged by position."""
    found: list[Row] = []
    while True:
        rows = rows_of(name, line.query(select(name, ALL, position=len(found) + 1)).body)
        found += rows
        if len(rows) < PAGE:
            return found
