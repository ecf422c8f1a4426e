"""Payments that we recorded at FieldCamp are corrected and taken back there, or a person is told how."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.sources.debts import PAID, edited, invoice, payments, refused
from tests.sources.place import Place, failure
from worker.core.edits import AmendPayment, Edit, TakeBackPayment
from worker.core.errors import Transient
from worker.core.records import PAYMENT


def test_a_payment_is_corrected(owed: Place) -> None:
    source = owed.open()
    recorded = edited(source, PAID)
    record = edited(source, AmendPayment(recorded.local_id, Decimal("71.96"), "t1", date(2026, 5, 30)))
    [found] = payments(owed)
    assert (found["amount"], found["date"], invoice(owed)["status"]) == (71.96, "2026-05-30", "paid")
    assert (record.content["amount"], record.content["paid_on"]) == ("71.96", "2026-05-30")
    assert record.content["external_id"] == "qb-realm-7"


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409])
def test_a_payment_that_cannot_be_corrected_is_left_to_a_person(owed: Place, status: int) -> None:
    source = owed.open()
    recorded = edited(source, PAID)
    owed.fault(operation="payments.update", status=status)
    error = refused(source, AmendPayment(recorded.local_id, Decimal("71.9"), "t1", date(2026, 5, 30)))
    assert error.code == "PAYMENT_NOT_AMENDED"
    assert f"Set the amount of payment {recorded.local_id} to 71.90 and its date to 2026-05-30 by hand" in error.message
    assert payments(owed)[0]["amount"] == 30.1


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"status": 500, "carried_out": True}])
def test_a_lost_answer_to_a_correction_is_followed_by_the_same_correction(owed: Place, fault: dict[str, Any]) -> None:
    source = owed.open()
    edit = AmendPayment(edited(source, PAID).local_id, Decimal("71.96"), "t1")
    owed.fault(operation="payments.update", **fault)
    assert isinstance(failure(source.apply([edit])[0]), Transient)
    assert edited(source, edit).content["amount"] == "71.96"
    assert len(payments(owed)) == 1


def test_a_correction_without_the_payment_in_its_answer_is_followed_by_a_look(owed: Place) -> None:
    source = owed.open()
    edit = AmendPayment(edited(source, PAID).local_id, Decimal("71.96"), "t1")
    owed.fault(operation="payments.update", status=204, body="", carried_out=True)
    assert edited(source, edit).content["amount"] == "71.96"


def test_a_payment_is_taken_back(owed: Place) -> None:
    source = owed.open()
    recorded = edited(source, PAID)
    record = edited(source, TakeBackPayment(recorded.local_id, "t1"))
    assert (record.kind, record.local_id, record.deleted) == (PAYMENT, recorded.local_id, True)
    assert (payments(owed), invoice(owed)["status"]) == ([], "unpaid")
    assert record.source_time is not None
    assert record.source_time > datetime.now(UTC) - timedelta(seconds=5)


def test_a_payment_that_is_no_more_is_taken_back_already(owed: Place) -> None:
    assert edited(owed.open(), TakeBackPayment("pay_gone", "t1")).deleted


@pytest.mark.parametrize(
    "fault", [{"drop": "after"}, {"status": 500, "carried_out": True}, {"status": 204, "body": "", "carried_out": True}]
)
def test_a_lost_answer_to_a_taking_back_is_no_failure_in_the_end(owed: Place, fault: dict[str, Any]) -> None:
    source = owed.open()
    edit = TakeBackPayment(edited(source, PAID).local_id, "t1")
    owed.simulator.configure(idempotency_hours=0)
    owed.fault(operation="payments.delete", **fault)
    source.apply([edit])
    assert edited(source, edit).deleted
    assert payments(owed) == []


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409])
def test_a_payment_that_cannot_be_taken_back_is_left_to_a_person(owed: Place, status: int) -> None:
    source = owed.open()
    recorded = edited(source, PAID)
    owed.fault(operation="payments.delete", status=status, reason="not here")
    error = refused(source, TakeBackPayment(recorded.local_id, "t1"))
    assert error.code == "PAYMENT_NOT_TAKEN_BACK"
    assert f"Delete payment {recorded.local_id} by hand in FieldCamp." in error.message
    assert len(payments(owed)) == 1


@pytest.mark.parametrize("edit", [AmendPayment("pay_1", Decimal(5), "t1"), TakeBackPayment("pay_1", "t1")])
def test_a_gateway_s_404_is_passing_trouble(owed: Place, edit: Edit) -> None:
    owed.fault(path="/payments/", status=404, body="<html>no such host</html>")
    assert type(failure(owed.open().apply([edit])[0])) is Transient
