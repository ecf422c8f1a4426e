"""Company files of the simulated QuickBooks for tests, without HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from worker.simulators.quickbooks.company import Company
from worker.simulators.quickbooks.refusal import Refused

Json = dict[str, Any]


class Desk:
    """A company file, a clock that stands still, and short ways to write; every change is in `heard`."""

    def __init__(self, preset: str = "us_no_tax", **switches: Any) -> None:
        self.time = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
        self.company = Company("9130350000000001", preset, lambda: self.time, **switches)
        self.heard: list[tuple[str, str, str, str]] = []
        self.company.on_change = lambda *change: self.heard.append(change)

    def pass_time(self, **span: float) -> None:
        self.time += timedelta(**span)

    def customer(self, name: str = "Ada Lovelace", **fields: Any) -> Json:
        return self.company.create("customer", {"DisplayName": name, **fields})

    def item(self, name: str = "Repair", **fields: Any) -> Json:
        account = {"IncomeAccountRef": {"value": "79"}}
        return self.company.create("item", {"Name": name, "Type": "Service", **account, **fields})

    def invoice(self, customer: Json, *lines: Json, **fields: Any) -> Json:
        body = {"CustomerRef": {"value": customer["Id"]}, "Line": list(lines), **fields}
        return self.company.create("invoice", body)

    def payment(self, customer: Json, total: Any, applied: dict[str, Any], **fields: Any) -> Json:
        return self.company.create("payment", payment_body(customer, total, applied, **fields))

    def again(self, entity: str, held: Json) -> Json:
        return self.company.read(entity, held["Id"])


def sale(item: Json, amount: Any, code: str | None = None, **detail: Any) -> Json:
    """A sales line."""
    taxed = {"TaxCodeRef": {"value": code}} if code else {}
    whole = {"ItemRef": {"value": item["Id"]}, **taxed, **detail}
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": whole}


def discount(amount: Any = None, percent: Any = None) -> Json:
    """A discount line."""
    if percent is not None:
        detail = {"PercentBased": True, "DiscountPercent": percent}
        return {"DetailType": "DiscountLineDetail", "DiscountLineDetail": detail}
    return {"Amount": amount, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}}


def payment_body(customer: Json, total: Any, applied: dict[str, Any], **fields: Any) -> Json:
    lines = [
        {"Amount": amount, "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
        for invoice_id, amount in applied.items()
    ]
    return {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": total, "Line": lines, **fields}


def version(held: Json, **fields: Any) -> Json:
    """A sparse change of what is held."""
    return {"Id": held["Id"], "SyncToken": held["SyncToken"], "sparse": True, **fields}


@contextmanager
def refused(code: str, words: str = "") -> Iterator[None]:
    """The block ends in this fault, with status 400."""
    with pytest.raises(Refused) as caught:
        yield
    assert (caught.value.status, caught.value.code) == (400, code), str(caught.value)
    assert words in caught.value.detail
