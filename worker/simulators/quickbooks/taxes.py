"""The tax of an invoice: https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-sales-tax-for-us-locales
and https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-sales-tax-for-non-us-locales.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from worker.simulators.quickbooks.arithmetic import (
    ZERO,
    Sold,
    Taxed,
    prorated,
    taxed_by_line,
    taxed_by_rate,
    total_tax,
)
from worker.simulators.quickbooks.books import Books
from worker.simulators.quickbooks.presets import Preset
from worker.simulators.quickbooks.refusal import Json, business, missing, no_such_reference

UNTAXED = "NotApplicable"


def check_calculation(preset: Preset, fields: Json) -> None:
    """`GlobalTaxCalculation` is refused in the US and required everywhere else."""
    given = "GlobalTaxCalculation" in fields
    if preset.is_us and given:
        raise business("GlobalTaxCalculation is not supported for US companies.", "GlobalTaxCalculation")
    if not preset.is_us and not given:
        raise missing("GlobalTaxCalculation")


def line_code(preset: Preset, fields: Json, detail: Json, *, taxable: bool) -> str | None:
    """The tax code of a sales line: TAX or NON in the US, a real one everywhere else."""
    code = detail.get("TaxCodeRef", {}).get("value")
    if preset.is_us:
        return _pseudo_code(preset, code, taxable=taxable)
    if fields["GlobalTaxCalculation"] == UNTAXED:
        return None
    if code is None:
        raise business("Make sure all your transactions have a VAT rate before you save.", "TaxCodeRef")
    if code not in preset.codes:
        raise no_such_reference("TaxCodeRef", code)
    return str(code)


def rates_in_price(preset: Preset, code: str | None) -> Decimal:
    """The percentage of all rates in a tax code together."""
    return sum((preset.percent(rate) for rate in preset.rates_of(code or "")), ZERO)


def tax(books: Books, fields: Json, lines: Sequence[Json], share: Decimal, sent: Decimal | None) -> Json:
    """`TxnTaxDetail`; `share` is the part of each line that is taxed, `sent` the total of the request, if any."""
    taxed, may_be_sent = _computed(books, fields, lines, share)
    honoured = sent is not None and may_be_sent
    total = sent if honoured and sent is not None else total_tax(taxed)
    chosen = fields.get("TxnTaxDetail", {}).get("TxnTaxCodeRef") if books.preset.regime == "manual" else None
    return {
        **({"TxnTaxCodeRef": chosen} if chosen else {}),
        "TotalTax": total,
        "TaxLine": [_tax_line(one) for one in (prorated(total, taxed) if honoured else taxed)],
    }


def _computed(books: Books, fields: Json, lines: Sequence[Json], share: Decimal) -> tuple[list[Taxed], bool]:
    """The tax by the rules of the company, and whether a total that was sent may take its place."""
    preset = books.preset
    if preset.regime == "automated":
        taxable = [Sold(line["Amount"]) for line in lines if _code(line) == "TAX"]
        return _automated(preset, _state(books, fields), taxable, share), bool(
            taxable and not books.switches.ast_overrides_totals
        )
    if preset.regime == "manual":
        rates = _chosen_rates(preset, fields)
        taxed = taxed_by_rate(
            [Sold(line["Amount"], rates) for line in lines if _code(line) == "TAX"], preset.percent, share
        )
    else:
        taxed = taxed_by_rate([_sold(preset, line) for line in lines], preset.percent, share)
    return taxed, bool(taxed)


def _automated(preset: Preset, state: str, lines: Sequence[Sold], share: Decimal) -> list[Taxed]:
    found = [rate for rate, (name, _) in preset.rates.items() if name == state.upper()]
    if not found or not lines:
        return []
    return taxed_by_line(lines, found[0], preset.percent(found[0]), share)


def _state(books: Books, fields: Json) -> str:
    """Where the sale is taxed: where it is shipped to, else billed to, else where the company is."""
    customer = books.get("Customer", fields["CustomerRef"]["value"])
    for holder in (fields, customer):
        for name in ("ShipAddr", "BillAddr"):
            state = holder.get(name, {}).get("CountrySubDivisionCode")
            if state:
                return str(state)
    return books.preset.state


def _chosen_rates(preset: Preset, fields: Json) -> tuple[str, ...]:
    chosen = fields.get("TxnTaxDetail", {}).get("TxnTaxCodeRef", {}).get("value")
    if chosen is not None and not preset.rates_of(chosen):
        raise no_such_reference("TxnTaxCodeRef", chosen)
    return preset.rates_of(chosen or "")


def _sold(preset: Preset, line: Json) -> Sold:
    gross = line["SalesItemLineDetail"].get("TaxInclusiveAmt")
    inside = None if gross is None else gross - line["Amount"]
    return Sold(line["Amount"], preset.rates_of(_code(line)), inside)


def _code(line: Json) -> str:
    return str(line["SalesItemLineDetail"].get("TaxCodeRef", {}).get("value", ""))


def _pseudo_code(preset: Preset, code: str | None, *, taxable: bool) -> str:
    if code is not None and code not in ("TAX", "NON"):
        raise no_such_reference("TaxCodeRef", code)
    if preset.regime == "none":
        return "NON"
    return code or ("TAX" if taxable else "NON")


def _tax_line(one: Taxed) -> Json:
    return {
        "Amount": one.amount,
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": {
            "TaxRateRef": {"value": one.rate},
            "PercentBased": True,
            "TaxPercent": one.percent,
            "NetAmountTaxable": one.base,
        },
    }
