"""Puts FieldCamp and the books side by side, to the cent, as an auditor would."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from worker.demo.books import REALM, record_of
from worker.demo.company import API_KEY
from worker.simulators.town import Town

Record = Mapping[str, Any]
Row = tuple[str, int, Decimal, int, Decimal]


@dataclass(frozen=True, slots=True)
class Audit:
    """One row for invoices, for those that are open, and for what was paid on each: how many and how much at FieldCamp,
    then in QuickBooks; and each difference in words."""

    rows: list[Row]
    differences: list[str]

    @property
    def agree(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Sides:
    """What counts on both sides: nothing void, nobody inactive."""

    clients: Sequence[Record]
    billed: Sequence[Record]
    paid: Sequence[Record]
    customers: Sequence[Record]
    invoices: Sequence[Record]
    payments: Sequence[Record]


def audit(town: Town, memos: Mapping[str, str] | None = None) -> Audit:
    """What both sides say of the same money. ``memos`` is what the bookkeeper wrote on invoices, by FieldCamp's ids,
    and what has to be there still."""
    sides = _sides(town)
    rows = [
        ("invoices", *_sum(sides.billed, "total"), *_sum(sides.invoices, "TotalAmt")),
        ("open", *_sum(_open(sides.billed, "balanceDue"), "balanceDue"), *_sum(_open(sides.invoices), "Balance")),
        ("paid", *_sum(sides.paid, "amount"), *_sum(_lines(sides.payments), "Amount")),
    ]
    found = [f"{name}: {one} at FieldCamp, {other} in QuickBooks" for name, _, one, _, other in rows if one != other]
    found += [*_invoices(sides), *_payments(sides), *_customers(sides), *_memos(sides, memos or {})]
    return Audit(rows, found)


def _sides(town: Town) -> Sides:
    at_fieldcamp, in_books = town.fieldcamp.records, town.quickbooks.objects
    return Sides(
        clients=[one for one in at_fieldcamp(API_KEY, "clients") if not one["isDeleted"]],
        billed=[one for one in at_fieldcamp(API_KEY, "invoices") if not one["voidedAt"]],
        paid=at_fieldcamp(API_KEY, "payments"),
        customers=[one for one in in_books(REALM, "Customer") if one["Active"]],
        invoices=[one for one in in_books(REALM, "Invoice") if not _is_void(one)],
        payments=[one for one in in_books(REALM, "Payment") if not _is_void(one)],
    )


def _is_void(found: Record) -> bool:
    return str(found.get("PrivateNote") or "").startswith("Voided")


def _open(found: Iterable[Record], name: str = "Balance") -> list[Record]:
    return [one for one in found if _money(one[name])]


def _sum(found: Sequence[Record], name: str) -> tuple[int, Decimal]:
    return len(found), sum((_money(one[name]) for one in found), Decimal("0.00"))


def _money(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def _invoices(sides: Sides) -> list[str]:
    """Each is there once, over the same amount, and as much of it is open."""
    times = Counter(record_of(one) for one in sides.invoices)
    there = {record_of(one): one for one in sides.invoices}
    found = [f"invoice {one}: is {number} times in QuickBooks" for one, number in times.items() if number > 1]
    wanted = {one["id"]: one for one in sides.billed}
    found += [f"invoice {one}: is missing in QuickBooks" for one in wanted.keys() - there.keys()]
    found += [f"invoice {one}: should not be in QuickBooks" for one in there.keys() - wanted.keys()]
    for one in wanted.keys() & there.keys():
        for ours, theirs in (("total", "TotalAmt"), ("balanceDue", "Balance")):
            here, books = _money(wanted[one][ours]), _money(there[one][theirs])
            found += [f"invoice {one}: {ours} is {here} at FieldCamp, {books} in QuickBooks"] if here != books else []
    return found


def _payments(sides: Sides) -> list[str]:
    """Each of the office's is in the books once, and each part of one of the bookkeeper's is once at FieldCamp."""
    ours = Counter(one["id"] for one in sides.paid if not one["externalId"])
    posted = Counter(record_of(one) for one in sides.payments if record_of(one))
    parts = Counter(part for one in sides.payments if not record_of(one) for part in _parts(one))
    recorded = Counter(one["externalId"] for one in sides.paid if one["externalId"])
    found = [f"payment {one}: is {posted[one]} times in QuickBooks" for one in _unequal(ours, posted)]
    return found + [f"payment {one}: is {recorded[one]} times at FieldCamp" for one in _unequal(parts, recorded)]


def _parts(payment: Record) -> list[str]:
    linked = [link["TxnId"] for line in _lines([payment]) for link in line["LinkedTxn"]]
    return [f"quickbooks:{payment['Id']}:{invoice}" for invoice in linked]


def _lines(payments: Iterable[Record]) -> list[Record]:
    """FieldCamp has a payment for each invoice, and the books one for several."""
    return [line for payment in payments for line in payment.get("Line", ())]


def _unequal(one: Counter[str], other: Counter[str]) -> list[str]:
    return [name for name in one.keys() | other.keys() if one[name] != 1 or other[name] != 1]


def _customers(sides: Sides) -> list[str]:
    """Each client is one customer, known by the e-mail address, or by name where there is none."""
    there = Counter(_address(one) or one["DisplayName"] for one in sides.customers)
    known_by = {one["id"]: str(one["email"] or one["companyName"]) for one in sides.clients}
    known_by = {client: name.lower() if "@" in name else name for client, name in known_by.items()}
    return [f"client {client}: is {there[name]} customers" for client, name in known_by.items() if there[name] != 1]


def _address(customer: Record) -> str:
    return str(customer.get("PrimaryEmailAddr", {}).get("Address", "")).lower()


def _memos(sides: Sides, memos: Mapping[str, str]) -> list[str]:
    shown = {record_of(one): one.get("CustomerMemo", {}).get("value") for one in sides.invoices}
    return [f"invoice {one}: lost the bookkeeper's words" for one, memo in memos.items() if shown.get(one) != memo]
