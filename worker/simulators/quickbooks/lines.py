"""The lines of an invoice: what is sent is checked, numbered and completed, and a subtotal is put behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from worker.simulators.quickbooks import taxes
from worker.simulators.quickbooks.arithmetic import ZERO, cents, discount_of, net_of
from worker.simulators.quickbooks.books import Books
from worker.simulators.quickbooks.presets import DISCOUNTS
from worker.simulators.quickbooks.refusal import Json, business, missing, wrong_amount

SALES, WORDS, DISCOUNT, SUB_TOTAL = "SalesItemLineDetail", "DescriptionOnly", "DiscountLineDetail", "SubTotalLineDetail"
DISCOUNT_ACCOUNTS = {"Income", "Other Income", "Expense", "Other Expense", "Cost of Goods Sold"}


@dataclass(frozen=True)
class Lines:
    """`shown` are all lines in the order of the answer, `sold` those with something that is sold."""

    shown: Sequence[Json]
    sold: Sequence[Json]
    sub_total: Decimal
    discount: Decimal


def lines_of(books: Books, before: Json | None, fields: Json) -> Lines:
    """The lines of the invoice of these fields; refused for what does not add up."""
    sent = [line for line in fields.get("Line", ()) if line.get("DetailType") != SUB_TOTAL]
    _check(books, sent)
    plain = [_completed(books, fields, line) for line in sent if line["DetailType"] in (SALES, WORDS)]
    sold = [line for line in plain if line["DetailType"] == SALES]
    sub_total = sum((line["Amount"] for line in sold), ZERO)
    discounts = [_discount(books, line, sub_total) for line in sent if line["DetailType"] == DISCOUNT]
    middle: Json = {"Amount": sub_total, "DetailType": SUB_TOTAL, SUB_TOTAL: {}}
    numbered = _numbered([*plain, *discounts], before)
    shown = [*numbered[: len(plain)], middle, *numbered[len(plain) :]]
    return Lines(shown, sold, sub_total, sum((line["Amount"] for line in discounts), ZERO))


def voided(lines: Sequence[Json]) -> list[Json]:
    """The lines with nothing left in them."""
    return [_voided(line) for line in lines]


def _check(books: Books, sent: Sequence[Json]) -> None:
    if not sent:
        raise missing("Line")
    if len(sent) > books.switches.lines_most:
        raise business(f"A transaction has at most {books.switches.lines_most} lines.", "Line")
    for line in sent:
        if "DetailType" not in line:
            raise missing("Line.DetailType")
        if line["DetailType"] == "GroupLineDetail":
            raise business("Bundles are not simulated.", "Line.DetailType")
    if sum(line["DetailType"] == DISCOUNT for line in sent) > 1:
        raise business("A transaction has at most one discount line.", "Line")


def _completed(books: Books, fields: Json, line: Json) -> Json:
    if line["DetailType"] == WORDS:
        return {"DescriptionLineDetail": {}, **{name: value for name, value in line.items() if name != "Amount"}}
    if "Amount" not in line:
        raise missing("Line.Amount")
    detail = line.get(SALES, {})
    if "ItemRef" not in detail:
        raise missing("Line.SalesItemLineDetail.ItemRef")
    _check_product(line["Amount"], detail)
    return _sale(books, fields, line, detail)


def _check_product(amount: Decimal, detail: Json) -> None:
    if {"Qty", "UnitPrice"} <= detail.keys() and cents(detail["Qty"] * detail["UnitPrice"]) != amount:
        raise wrong_amount()


def _sale(books: Books, fields: Json, line: Json, detail: Json) -> Json:
    item = books.referred("Item", detail["ItemRef"], "ItemRef")
    if item["Type"] == "Category":
        raise business("A category cannot be sold.", "ItemRef")
    code = taxes.line_code(books.preset, fields, detail, taxable=item["Taxable"])
    whole = {
        **detail,
        "ItemRef": {"value": item["Id"], "name": item["Name"]},
        **({"ItemAccountRef": item["IncomeAccountRef"]} if "IncomeAccountRef" in item else {}),
        **({"TaxCodeRef": {"value": code}} if code else {}),
    }
    amount, priced = _priced(books, fields, line["Amount"], whole, code)
    return {**line, "Amount": amount, SALES: priced}


def _priced(books: Books, fields: Json, amount: Decimal, detail: Json, code: str | None) -> tuple[Decimal, Json]:
    """A price with the tax in it comes back as the net amount, and the gross one beside it."""
    gross = detail.get("TaxInclusiveAmt")
    if fields.get("GlobalTaxCalculation") != "TaxInclusive" or gross is None:
        return amount, {name: value for name, value in detail.items() if name != "TaxInclusiveAmt"}
    net = net_of(gross, taxes.rates_in_price(books.preset, code))
    return net, {**detail, **({"UnitPrice": _unit(net, detail["Qty"])} if detail.get("Qty") else {})}


def _unit(net: Decimal, quantity: Decimal) -> Decimal:
    return round(net / quantity, 7)


def _discount(books: Books, line: Json, sub_total: Decimal) -> Json:
    if not books.switches.allow_discount:
        raise business("Discounts are turned off in the company's preferences.", "DiscountLineDetail")
    detail = line.get(DISCOUNT, {})
    amount = _discount_amount(line, detail, sub_total)
    if amount > max(sub_total, ZERO) or amount < 0:
        raise business("The discount amount can't be greater than the subtotal.", "Line.Amount")
    account = books.referred("Account", detail.get("DiscountAccountRef", {"value": DISCOUNTS}), "DiscountAccountRef")
    if account["AccountType"] not in DISCOUNT_ACCOUNTS:
        raise business("You need to select a different type of account for this transaction.", "DiscountAccountRef")
    named = {"value": account["Id"], "name": account["Name"]}
    return {**line, "Amount": amount, DISCOUNT: {"PercentBased": False, **detail, "DiscountAccountRef": named}}


def _discount_amount(line: Json, detail: Json, sub_total: Decimal) -> Decimal:
    if detail.get("PercentBased"):
        if "DiscountPercent" not in detail:
            raise missing("Line.DiscountLineDetail.DiscountPercent")
        return discount_of(sub_total, detail["DiscountPercent"])
    if "Amount" not in line:
        raise missing("Line.Amount")
    return Decimal(line["Amount"])


def _numbered(lines: Sequence[Json], before: Json | None) -> list[Json]:
    """A line that is known keeps its id, any other gets a new one; a line comes twice under one id only once."""
    known = {line["Id"] for line in before["Line"] if "Id" in line} if before else set()
    highest = max((int(line_id) for line_id in known), default=0)
    numbered = []
    for place, line in enumerate(lines, 1):
        own = line.get("Id") if line.get("Id") in known else None
        known.discard(own)
        highest += own is None
        numbered.append({**line, "Id": own or str(highest), "LineNum": place})
    return numbered


def _voided(line: Json) -> Json:
    emptied = {**line, **({"Amount": ZERO} if "Amount" in line else {})}
    if SALES in line:
        emptied[SALES] = {**line[SALES], "Qty": Decimal(0)}
        emptied[SALES].pop("TaxInclusiveAmt", None)
    if DISCOUNT in line:
        emptied[DISCOUNT] = {**line[DISCOUNT], "PercentBased": False}
        emptied[DISCOUNT].pop("DiscountPercent", None)
    return emptied
