"""Tax codes and how a company reckons tax, from JSON, pure.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/taxcode
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from worker.core.books import AUTOMATED, BY_LINE, MANUAL, NO_TAX, TAXED, UNTAXED, TaxCode, TaxRegime
from worker.core.ports import Change
from worker.providers.quickbooks.figures import decimal

Json = Mapping[str, Any]

REGIME = "regime"
"""The remote id of the one object that says how the company reckons tax."""

PSEUDO = (TAXED, UNTAXED)
UNITED_STATES = frozenset({"US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA"})


def tax_codes(codes: Sequence[Json], rates: Sequence[Json], regime: TaxRegime) -> dict[str, TaxCode]:
    """Every code by its id. In a US company lines bear one of two codes that are no rates."""
    known = {str(rate["Id"]): rate for rate in rates}
    found = {str(code["Id"]): _code(code, known) for code in codes}
    pseudo = {} if regime.regime == BY_LINE else {code: TaxCode(code) for code in PSEUDO}
    return {**pseudo, **found}


def tax_regime(preferences: Json, company: Json, codes: Sequence[Json]) -> TaxRegime:
    """How the company reckons tax.

    https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/preferences
    """
    sales, currencies = preferences.get("SalesFormsPrefs") or {}, preferences.get("CurrencyPrefs") or {}
    return TaxRegime(
        regime=_regime(preferences.get("TaxPrefs") or {}, is_us=_is_us(company, codes)),
        currency=str((currencies.get("HomeCurrency") or {}).get("value") or ""),
        custom_numbers=sales.get("CustomTxnNumbers", True) is not False,
    )


def change(remote_id: str, document: TaxCode | TaxRegime) -> Change:
    """A code or the regime as a change. Its version is its meaning: a rate may change without its codes."""
    return Change(remote_id, version=document.fingerprint(), document=document)


def _regime(taxes: Json, *, is_us: bool) -> str:
    """``PartnerTaxEnabled`` is there in companies with automated sales tax alone, false until it is set up."""
    if not taxes.get("UsingSalesTax"):
        return NO_TAX
    if not is_us:
        return BY_LINE
    automated = taxes.get("PartnerTaxEnabled")
    return MANUAL if automated is None else AUTOMATED if automated else NO_TAX


def _is_us(company: Json, codes: Sequence[Json]) -> bool:
    country = str(company.get("Country") or "").strip().upper()
    return country in UNITED_STATES if country else any(str(code.get("Id")) in PSEUDO for code in codes)


def _code(code: Json, rates: Mapping[str, Json]) -> TaxCode:
    details = (code.get("SalesTaxRateList") or {}).get("TaxRateDetail") or ()
    named = [rates.get(str((detail.get("TaxRateRef") or {}).get("value"))) for detail in details]
    found = [decimal(rate.get("RateValue")) for rate in named if rate is not None and rate.get("Active", True)]
    whole = sum(found, Decimal(0)) / 100 if found and str(code["Id"]) not in PSEUDO else None
    return TaxCode(code.get("Name") or "", whole, code.get("Active", True) is not False)
