"""Payments go to the simulated FieldCamp over HTTP: each exactly once, whatever happens to the answers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.sources.debts import DAY, PAID, edited, invoice, payments, refused
from tests.sources.place import KEY, Place, failure, stamp
from worker.core.codec import decode
from worker.core.edits import AmendPayment, TakeBackPayment
from worker.core.errors import ConnectionRevoked, RateLimited, Transient, Uncertain
from worker.core.records import PAYMENT, Record
from worker.core.sales import Payment
from worker.simulators.server import serve


def test_a_payment_is_recorded_and_the_invoice_follows(owed: Place) -> None:
    record = edited(owed.open(), PAID)
    [found] = payments(owed)
    assert (found["invoiceId"], found["amount"], found["date"]) == ("inv_1", 30.1, "2026-05-29")
    assert (found["externalId"], found["reference"], found["method"]) == ("qb-realm-7", "4711", "card")
    assert (invoice(owed)["status"], invoice(owed)["balanceDue"]) == ("partial", 41.86)
    assert (record.kind, record.local_id, record.deleted) == (PAYMENT, found["id"], False)
    assert decode(Payment, record.content) == Payment(
        found["id"], "inv_1", "cli_1", Decimal("30.10"), "card", DAY, "qb-realm-7", "4711"
    )
    assert record.source_time == datetime.fromisoformat(found["updatedAt"])
    assert [entry.method for entry in owed.simulator.journal.entries()] == ["GET", "POST"]


def test_the_last_cent_is_paid(owed: Place) -> None:
    source = owed.open()
    for number, amount in enumerate(("0.01", "30.10", "41.85")):
        edited(source, replace(PAID, amount=Decimal(amount), external_id=f"qb-{number}"))
    assert (invoice(owed)["status"], invoice(owed)["balanceDue"]) == ("paid", 0)


def test_what_was_recorded_before_is_not_recorded_again(owed: Place) -> None:
    first = edited(owed.open(), PAID)
    second = edited(owed.open(), PAID)
    assert (first.local_id, first.content) == (second.local_id, second.content)
    assert len(payments(owed)) == 1
    assert len(owed.asked("payments.create")) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"drop": "before"}, Uncertain),
        ({"drop": "after"}, Uncertain),
        ({"drop": "mid", "reset": True}, Uncertain),
        ({"status": 500, "carried_out": True}, Transient),
        ({"status": 503}, Transient),
        ({"status": 200, "body": "<html>", "carried_out": True}, Uncertain),
        ({"status": 404, "body": "<html>no such host</html>"}, Transient),
    ],
)
@pytest.mark.parametrize("remembers", [True, False])
def test_a_lost_answer_is_followed_by_exactly_one_payment(
    owed: Place, fault: dict[str, Any], error: type, remembers: bool
) -> None:
    if not remembers:
        owed.simulator.configure(idempotency_hours=0)
    owed.fault(operation="payments.create", **fault)
    assert type(failure(owed.open().apply([PAID])[0])) is error
    record = edited(owed.open(), PAID)
    [found] = payments(owed)
    assert (record.local_id, invoice(owed)["amountPaid"]) == (found["id"], 30.1)


@pytest.mark.parametrize("filter_", ["refused", "ignored"])
def test_without_the_filter_the_external_id_is_found_in_the_list(owed: Place, filter_: str) -> None:
    lost = edited(owed.open(), PAID)
    owed.simulator.configure(idempotency_hours=0)
    others = [
        {"id": f"pay_{n}", "invoiceId": "inv_1", "amount": Decimal("30.10"), "externalId": None if n % 2 else f"qb-{n}"}
        for n in range(120)
    ]
    owed.simulator.load(KEY, "payments", others)
    owed.fault(operation="payments.list", query="externalId", times=None, **_filter(owed, filter_))
    assert edited(owed.open(), PAID).local_id == lost.local_id
    edited(owed.open(), replace(PAID, external_id="qb-realm-8"))
    assert len(payments(owed)) == 122


def _filter(owed: Place, how: str) -> dict[str, Any]:
    if how == "refused":
        return {"status": 400}
    return {"status": 200, "body": {"success": True, "data": {"payments": payments(owed)}}}


def test_another_payment_of_the_same_amount_is_another_payment(owed: Place) -> None:
    source = owed.open()
    ours = [edited(source, replace(PAID, external_id=f"qb-{number}")).local_id for number in range(2)]
    assert len(set(ours)) == len(payments(owed)) == 2


def test_where_it_cannot_be_looked_for_nothing_is_sent(owed: Place) -> None:
    owed.fault(operation="payments.list", status=503, times=None)
    assert isinstance(failure(owed.open().apply([PAID])[0]), Transient)
    assert owed.asked("payments.create") == []


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_refused_payment_is_told_in_fieldcamp_s_words(owed: Place, status: int) -> None:
    owed.fault(operation="payments.create", status=status, reason="the invoice is locked")
    error = refused(owed.open(), PAID)
    assert error.code == "PAYMENT_REFUSED"
    assert "crew" not in error.message
    assert status == 404 or "the invoice is locked" in error.message
    assert payments(owed) == []


def test_a_void_or_unknown_invoice_takes_no_payment(owed: Place) -> None:
    source = owed.open()
    owed.simulator.change(KEY, "invoices", "inv_1", status="void")
    assert refused(source, PAID).code == "PAYMENT_REFUSED"
    assert refused(source, replace(PAID, invoice_id="inv_9", external_id="qb-9")).code == "PAYMENT_REFUSED"
    assert payments(owed) == []


def test_what_somebody_else_sent_in_between_is_no_refusal(owed: Place) -> None:
    recorded = edited(owed.open(), PAID)
    owed.fault(operation="payments.list", status=200, body={"success": True, "data": {"payments": []}})
    again = edited(owed.open(), replace(PAID, reference="other"))
    assert again.local_id == recorded.local_id
    assert len(payments(owed)) == 1


def test_an_answer_given_again_never_hides_that_the_payment_was_deleted(owed: Place) -> None:
    owed.simulator.configure(clock_offset_seconds=-3600)
    source = owed.open()
    recorded = edited(source, PAID)
    owed.simulator.remove(KEY, "payments", recorded.local_id)
    assert type(failure(source.apply([PAID])[0])) is Transient
    owed.simulator.configure(idempotency_hours=0)
    assert edited(source, PAID).local_id != recorded.local_id
    assert len(payments(owed)) == 1


def test_a_refused_key_stops_everything(owed: Place) -> None:
    source = owed.open("fc_live_gone")
    for edit in (PAID, AmendPayment("pay_1", Decimal(5), "t1"), TakeBackPayment("pay_1", "t1")):
        with pytest.raises(ConnectionRevoked):
            source.apply([edit])


def test_a_used_up_limit_spares_the_payments_behind(owed: Place) -> None:
    owed.fault(operation="payments.create", status=429, headers={"Retry-After": "9"})
    outcomes = owed.open().apply([PAID, replace(PAID, external_id="qb-8")])
    assert [type(failure(outcome)) for outcome in outcomes] == [RateLimited, RateLimited]
    assert len(owed.asked()) == 2


# Answers of other shapes

Answers = Callable[[Request], Any]


def recorded_at(place: Place, posted: Any, fetched: Any = None) -> Record:
    """What a FieldCamp that answers a POST with ``posted`` and knows no payment but ``fetched`` tells of ours."""

    async def listed(request: Request) -> Response:
        data = {"payments": []} if request.method == "GET" else posted
        return JSONResponse({"success": True, "data": data})

    async def one(request: Request) -> Response:
        if fetched is None:
            return JSONResponse({"success": False, "error": "no route"}, 404)
        return JSONResponse({"success": True, "data": {"payment": fetched}})

    routes = [
        Route("/api/v1/payments", listed, methods=["GET", "POST"]),
        Route("/api/v1/payments/{payment_id}", one),
    ]
    with serve(Starlette(routes=routes)) as server:
        return edited(place.open(url=server.url), PAID)


def shown(**fields: Any) -> dict[str, Any]:
    return {"id": "pay_9", "updatedAt": stamp(datetime.now(UTC)), **fields}


@pytest.mark.parametrize(
    "posted",
    [
        lambda: {"payment": shown()},
        lambda: {"payment": shown(externalId=None, amount=30.1)},
        lambda: {"paymentId": "pay_9", "payment": shown(id=None)},
        lambda: {"payment": shown(amount="plenty")},
        shown,
        lambda: shown(id=None, paymentId="pay_9"),
    ],
)
def test_what_the_answer_leaves_out_is_what_we_sent(place: Place, posted: Callable[[], Any]) -> None:
    record = recorded_at(place, posted())
    assert (record.kind, record.local_id) == (PAYMENT, "pay_9")
    assert decode(Payment, record.content) == Payment(
        "pay_9", "inv_1", None, Decimal("30.10"), "card", DAY, "qb-realm-7", "4711"
    )


def test_an_answer_with_an_id_alone_is_followed_by_a_look(place: Place) -> None:
    record = recorded_at(place, {"paymentId": "pay_9"}, shown(amount=30.1, clientId="cli_7", externalId=None))
    assert (record.content["client_id"], record.content["external_id"]) == ("cli_7", "qb-realm-7")


def test_an_answer_that_names_no_payment_may_have_been_carried_out(owed: Place) -> None:
    body = {"success": True, "data": {"payment": {"amount": 30.1}}}
    owed.fault(operation="payments.create", status=201, body=body)
    assert type(failure(owed.open().apply([PAID])[0])) is Uncertain
    owed.fault(operation="payments.create", status=201, body=body, carried_out=True)
    assert edited(owed.open(), PAID).local_id == payments(owed)[0]["id"]
