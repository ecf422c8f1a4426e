"""An invoice that somebody owes for, and what is done about it at the simulated FieldCamp."""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.sources.place import KEY, Place, failure
from worker.core.edits import Edit, Edited, RecordPayment
from worker.core.errors import Rejected
from worker.core.records import Record
from worker.sources.fieldcamp.account import FieldCamp

DAY = date(2026, 5, 29)
PAID = RecordPayment("inv_1", Decimal("30.10"), "qb-realm-7", DAY, "card", "4711")


def payments(books: Place) -> list[dict[str, Any]]:
    return books.simulator.records(KEY, "payments")


def invoice(books: Place) -> dict[str, Any]:
    return next(each for each in books.simulator.records(KEY, "invoices") if each["id"] == "inv_1")


def edited(source: FieldCamp, edit: Edit) -> Record:
    [outcome] = source.apply([edit])
    assert isinstance(outcome, Edited), outcome
    return outcome.record


def refused(source: FieldCamp, edit: Edit) -> Rejected:
    error = failure(source.apply([edit])[0])
    assert isinstance(error, Rejected)
    return error
