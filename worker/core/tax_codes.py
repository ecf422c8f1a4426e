"""Which of a company's tax codes stands for the taxes of a line, and which for none."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from worker.core import books, sales
from worker.core.holds import Hold
from worker.core.pricing import digits

NO_TAX_CODE = "NO_TAX_CODE"
ZERO = Decimal(0)
MARKS = (books.TAXED, books.UNTAXED)
"""Codes that say whether a line is taxed, and have no rate of their own."""

Codes = Mapping[str, books.TaxCode]


def is_active(code_id: str, codes: Codes) -> bool:
    """Whether the company has this code in use, and it has a rate of its own."""
    return code_id not in MARKS and code_id in codes and codes[code_id].active


def code_for(taxes: Sequence[sales.Tax], codes: Codes) -> str | Hold:
    """The active code whose rate is the sum of these taxes; the name decides among several."""
    rate = sum((tax.rate for tax in taxes), ZERO)
    names = [tax.name for tax in taxes]
    found = [code_id for code_id, code in codes.items() if is_active(code_id, codes) and code.rate == rate]
    if len(found) > 1:
        found = _named(names, found, codes) or found
    if len(found) == 1:
        return found[0]
    return _several(rate, names) if found else _none(rate, names)


def untaxed_code(codes: Codes, default: str) -> str | Hold:
    """The code of lines without tax: ``default`` where it is set, else the first by name of those with a rate of 0."""
    if default:
        return default if is_active(default, codes) else _unknown_default(default)
    free = [code_id for code_id, code in codes.items() if is_active(code_id, codes) and code.rate == ZERO]
    return min(free, key=lambda code_id: (codes[code_id].name.casefold(), code_id)) if free else _no_free_code()


def _named(names: Sequence[str], found: Sequence[str], codes: Codes) -> list[str]:
    folded = [name.casefold() for name in names]
    exact = [code_id for code_id in found if codes[code_id].name.casefold() == " + ".join(folded)]
    return exact or [code_id for code_id in found if all(name in codes[code_id].name.casefold() for name in folded)]


def _none(rate: Decimal, names: Sequence[str]) -> Hold:
    return Hold(NO_TAX_CODE, f"QuickBooks has no active tax code of {_percent(rate)} for {_quoted(names)}: add one.")


def _several(rate: Decimal, names: Sequence[str]) -> Hold:
    return Hold(
        NO_TAX_CODE,
        f"QuickBooks has several tax codes of {_percent(rate)}, and their names do not tell which of them is"
        f" {_quoted(names)}: give one of them that name.",
    )


def _unknown_default(default: str) -> Hold:
    return Hold(NO_TAX_CODE, f'The setting "default_tax_code" is "{default}", which is no active tax code there.')


def _no_free_code() -> Hold:
    return Hold(
        NO_TAX_CODE,
        "A line names no tax, and QuickBooks has no active tax code of 0 %:"
        ' set "default_tax_code": "<tax code id>" to the code of such lines.',
    )


def _percent(rate: Decimal) -> str:
    return f"{digits(rate * 100)} %"


def _quoted(names: Sequence[str]) -> str:
    return '"' + " + ".join(names) + '"'
