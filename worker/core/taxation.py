"""Which tax codes an invoice carries, as the company's regime has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from worker.core import sales
from worker.core.books import AUTOMATED, BY_LINE, MANUAL, NO_TAX, TAXED, UNTAXED
from worker.core.holds import Hold
from worker.core.records import TAX
from worker.core.references import Held, References, settled
from worker.core.tax_codes import MARKS, NO_TAX_CODE, code_for, is_active, untaxed_code

SALES_TAX_OFF = "SALES_TAX_OFF"


@dataclass(frozen=True, slots=True)
class Taxation:
    """The code of each line in order, and the one of the whole invoice."""

    lines: tuple[str | None, ...]
    whole: str | None = None


@dataclass(frozen=True, slots=True)
class TaxCase:
    """What decides about codes: the invoice, its ``tax``, the source's taxes by id, what the books hold, and the code
    that people want for lines without tax. ``exempt``: the invoice is free of the taxes that it names.
    """

    invoice: sales.Invoice
    tax: Decimal
    taxes: Mapping[str, sales.Tax]
    refs: References
    default: str = ""
    exempt: bool = False


def taxation(case: TaxCase) -> Taxation:
    """The codes of the invoice. Raises ``Held`` where the company has none that stand for its taxes.

    In the US a line is taxed or not, and everywhere else it has a code of its own.
    https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/taxcode
    """
    return _REGIMES[case.refs.regime.regime](case)


def _untaxed(case: TaxCase) -> Taxation:
    if case.tax:
        raise Held(
            Hold(
                SALES_TAX_OFF,
                f"The invoice has {case.tax} of tax, and sales tax is off in QuickBooks:"
                " turn it on there, or take the tax off the invoice.",
            )
        )
    return Taxation(tuple(None for _ in case.invoice.lines))


def _automated(case: TaxCase) -> Taxation:
    """Where no line says what the tax is on, it is on all of them: the amount is told along with it."""
    if case.tax and not any(_counting(case, line) for line in case.invoice.lines):
        return Taxation(tuple(TAXED for _ in case.invoice.lines))
    return Taxation(_marks(case))


def _manual(case: TaxCase) -> Taxation:
    found = {_counting(case, line) for line in case.invoice.lines} - {frozenset()}
    if len(found) > 1:
        raise Held(
            Hold(
                NO_TAX_CODE,
                "Its lines name different taxes, and QuickBooks takes one tax for a whole invoice:"
                " give the taxed lines the same taxes, or make two invoices.",
            )
        )
    _check_named(case, bool(found))
    return Taxation(_marks(case), *(_code(case, tuple(sorted(tax_ids))) for tax_ids in found))


def _by_line(case: TaxCase) -> Taxation:
    named = [() if case.exempt else tuple(sorted(set(line.tax_ids))) for line in case.invoice.lines]
    _check_named(case, any(named))
    return Taxation(tuple(_line_code(case, tax_ids) for tax_ids in named))


_REGIMES = {NO_TAX: _untaxed, AUTOMATED: _automated, MANUAL: _manual, BY_LINE: _by_line}


def _check_named(case: TaxCase, named: bool) -> None:
    if case.tax and not named:
        raise Held(
            Hold(
                NO_TAX_CODE,
                f"The invoice has {case.tax} of tax, and no line says which: set the taxes of its lines.",
            )
        )


def _marks(case: TaxCase) -> tuple[str, ...]:
    default = case.default if case.default in MARKS else UNTAXED
    return tuple(_mark(case, line, default) for line in case.invoice.lines)


def _mark(case: TaxCase, line: sales.Line, default: str) -> str:
    if _counting(case, line):
        return TAXED
    return UNTAXED if line.tax_ids else default


def _counting(case: TaxCase, line: sales.Line) -> frozenset[str]:
    """The taxes of a line that come to something; one that we do not know does."""
    if not case.tax:
        return frozenset()
    return frozenset(tax_id for tax_id in line.tax_ids if tax_id not in case.taxes or case.taxes[tax_id].rate)


def _line_code(case: TaxCase, tax_ids: Sequence[str]) -> str:
    if not tax_ids:
        return settled(untaxed_code(case.refs.codes, case.default))
    if len(tax_ids) == 1:
        return _in_use(case, case.refs.find(TAX, tax_ids[0]))
    return _code(case, tax_ids)


def _in_use(case: TaxCase, code_id: str) -> str:
    if not is_active(code_id, case.refs.codes):
        raise Held(
            Hold(NO_TAX_CODE, f"The tax code {code_id} of its tax is not active in QuickBooks: make it active there.")
        )
    return code_id


def _code(case: TaxCase, tax_ids: Sequence[str]) -> str:
    linked = case.refs.remote.get((TAX, tax_ids[0]), "") if len(tax_ids) == 1 else ""
    if is_active(linked, case.refs.codes):
        return linked
    return settled(code_for([case.taxes[tax_id] for tax_id in tax_ids], case.refs.codes))
