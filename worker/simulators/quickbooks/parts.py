"""A batch whose items can each suffer a fault: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from worker.simulators.faults import Facts, Fault, Faults
from worker.simulators.quickbooks.company import Company
from worker.simulators.quickbooks.gateway import standard_fault
from worker.simulators.quickbooks.operations import part_name

Item = Mapping[str, Any]


def batch_answer(company: Company, items: Sequence[Item], faults: Faults, path: str) -> list[dict[str, Any]]:
    """What becomes of each item, in the order that the company gives them; those that suffered a fault come last."""
    if len(items) > company.switches.batch_most:
        return company.batch(items)  # which refuses them all
    suffered = {place: fault for place, item in enumerate(items) if (fault := _fault(faults, path, place, item))}
    carried_out = [item for place, item in enumerate(items) if place not in suffered or suffered[place].carried_out]
    hidden = {str(items[place].get("bId")) for place in suffered}
    answers = [one for one in company.batch(carried_out) if one.get("bId") not in hidden] if carried_out else []
    return answers + [_faulty(items[place], fault) for place, fault in suffered.items()]


def _fault(faults: Faults, path: str, place: int, item: Item) -> Fault | None:
    fault = faults.take(Facts("POST", path, "", part_name(item), place))
    return fault if fault is not None and fault.status is not None else None


def _faulty(item: Item, fault: Fault) -> dict[str, Any]:
    body = fault.body if isinstance(fault.body, dict) else {"Fault": standard_fault(fault.reason or "6000")}
    return {"bId": item.get("bId"), **body}
