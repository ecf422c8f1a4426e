"""The simulated company file: payments, and what they do to invoices and to what a customer owes."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.quickbooks_books import Desk, Json, payment_body, refused, sale, version
from worker.simulators.quickbooks.refusal import Refused

AMOUNTS = st.decimals(min_value=0, max_value=5000, places=2)


class TestPayments:
    @pytest.fixture
    def desk(self) -> Desk:
        return Desk()

    @pytest.fixture
    def ada(self, desk: Desk) -> Json:
        return desk.customer()

    @pytest.fixture
    def bill(self, desk: Desk, ada: Json) -> Json:
        return desk.invoice(ada, sale(desk.item(), 100), DocNumber="1")

    def test_ripples_to_its_invoice_and_its_customer(self, desk: Desk, ada: Json, bill: Json) -> None:
        desk.pass_time(minutes=1)
        paid = desk.payment(ada, 50, {bill["Id"]: 40}, PaymentRefNum="77")
        after = desk.again("invoice", bill)
        assert (after["Balance"], after["SyncToken"]) == (60, "1")
        assert after["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "Payment"}]
        assert after["MetaData"]["LastUpdatedTime"] > bill["MetaData"]["LastUpdatedTime"]
        assert (paid["UnappliedAmt"], paid["DepositToAccountRef"]) == (10, {"value": "4"})
        assert desk.again("customer", ada)["Balance"] == 50
        assert desk.heard[-2:] == [("Payment", paid["Id"], "Create", ""), ("Invoice", bill["Id"], "Update", "")]
        names = {note["value"]["Name"]: note["value"]["Value"] for note in paid["Line"][0]["LineEx"]["any"]}
        assert names == {"txnId": bill["Id"], "txnOpenBalance": "100.00", "txnReferenceNumber": "1"}

    def test_a_void_one_opens_its_invoice(self, desk: Desk, ada: Json, bill: Json) -> None:
        paid = desk.payment(ada, 100, {bill["Id"]: 100}, PrivateNote="key")
        gone = desk.company.void("payment", version(paid))
        assert (gone["TotalAmt"], gone["UnappliedAmt"], gone["Line"], gone["PrivateNote"]) == (0, 0, [], "Voided - key")
        assert (desk.again("invoice", bill)["Balance"], desk.again("invoice", bill)["LinkedTxn"]) == (100, [])
        assert desk.again("customer", ada)["Balance"] == 100

    def test_a_deleted_one_opens_its_invoice(self, desk: Desk, ada: Json, bill: Json) -> None:
        desk.company.delete("payment", version(desk.payment(ada, 100, {bill["Id"]: 100})))
        assert desk.again("invoice", bill)["Balance"] == 100
        assert [change[0] for change in desk.heard[-2:]] == ["Payment", "Invoice"]

    def test_a_full_update_without_lines_opens_all_its_invoices(self, desk: Desk, ada: Json, bill: Json) -> None:
        paid = desk.payment(ada, 100, {bill["Id"]: 100})
        body = {"Id": paid["Id"], "SyncToken": "0", "TotalAmt": 100, "CustomerRef": {"value": ada["Id"]}}
        assert desk.company.update("payment", body)["UnappliedAmt"] == 100
        assert desk.again("invoice", bill)["Balance"] == 100

    def test_a_sparse_change_of_something_else_touches_no_invoice(self, desk: Desk, ada: Json, bill: Json) -> None:
        paid = desk.payment(ada, 100, {bill["Id"]: 100})
        desk.company.update("payment", version(paid, PrivateNote="x"))
        assert desk.again("invoice", bill)["SyncToken"] == "1"

    @pytest.mark.parametrize("write", ["void", "delete"])
    def test_a_paid_invoice_is_not_taken_back(self, desk: Desk, ada: Json, bill: Json, write: str) -> None:
        desk.payment(ada, 1, {bill["Id"]: 1})
        with refused("6000", "linked"):
            getattr(desk.company, write)("invoice", version(desk.again("invoice", bill)))

    def test_an_invoice_that_shrinks_sets_money_free(self, desk: Desk, ada: Json, bill: Json) -> None:
        first, last = (desk.payment(ada, 50, {bill["Id"]: 50}) for _ in range(2))
        smaller = version(desk.again("invoice", bill), Line=[sale({"Id": "1"}, 30)])
        after = desk.company.update("invoice", smaller)
        assert (after["Balance"], [link["TxnId"] for link in after["LinkedTxn"]]) == (0, [first["Id"]])
        assert desk.again("payment", first)["UnappliedAmt"] == 20
        assert desk.again("payment", last)["UnappliedAmt"] == 50
        assert desk.again("customer", ada)["Balance"] == -70

    @pytest.mark.parametrize(
        ("total", "applied", "fields", "code"),
        [
            (200, 101, {}, "6000"),
            (50, 60, {}, "6000"),
            (50, 0, {}, "2030"),
            (-1, None, {}, "2030"),
            (None, None, {}, "2020"),
            ("5", None, {}, "2010"),
            (5, None, {"CustomerRef": {"value": "9"}}, "2500"),
            (5, None, {"DepositToAccountRef": {"value": "79"}}, "6000"),
            (5, None, {"PaymentMethodRef": {"value": "9"}}, "2500"),
            (5, None, {"PaymentRefNum": "1" * 22}, "2050"),
        ],
    )
    def test_is_refused_for(
        self, desk: Desk, ada: Json, bill: Json, total: object, applied: object, fields: Json, code: str
    ) -> None:
        with refused(code):
            desk.payment(ada, total, {} if applied is None else {bill["Id"]: applied}, **fields)
        assert desk.company.objects("payment") == []
        assert desk.again("invoice", bill) == bill

    def test_pays_no_unknown_and_nobody_elses_invoice(self, desk: Desk, bill: Json) -> None:
        with refused("6000", "another customer"):
            desk.payment(desk.customer("Bea"), 5, {bill["Id"]: 5})
        with refused("2500"):
            desk.payment(desk.customer("Cid"), 5, {"99": 5})

    def test_the_customer_of_a_paid_invoice_stays(self, desk: Desk, ada: Json, bill: Json) -> None:
        desk.payment(ada, 1, {bill["Id"]: 1})
        other = {"value": desk.customer("Bea")["Id"]}
        with refused("6000", "customer"):
            desk.company.update("invoice", version(desk.again("invoice", bill), CustomerRef=other))


MOVES = st.tuples(
    st.sampled_from(["bill", "pay", "repay", "void", "delete", "edit"]),
    AMOUNTS,
    AMOUNTS,
    st.integers(0, 9),
    st.integers(0, 9),
)


@given(st.lists(MOVES, max_size=25))
@settings(max_examples=60, deadline=None)
def test_payments_and_balances_make_the_totals_whatever_is_done(
    moves: list[tuple[str, Decimal, Decimal, int, int]],
) -> None:
    desk = Desk()
    ada = desk.customer()
    desk.item()
    desk.invoice(ada, sale({"Id": "1"}, 100))
    for move, one, other, which, target in moves:
        with suppress(Refused):
            _make(desk, ada, move, (one, other, which, target))
        _check_books(desk, ada)


def _make(desk: Desk, ada: Json, move: str, numbers: tuple[Decimal, Decimal, int, int]) -> None:
    one, other, which, target = numbers
    bills, paid = desk.company.objects("invoice"), desk.company.objects("payment")
    bill = bills[target % len(bills)] if bills else {"Id": "none"}
    if move == "bill":
        desk.invoice(ada, sale({"Id": "1"}, one))
    elif move == "pay":
        desk.payment(ada, one, {bill["Id"]: min(one, other)})
    elif move == "edit" and bills:
        desk.company.update("invoice", version(bill, Line=[sale({"Id": "1"}, one)]))
    elif paid:
        held = paid[which % len(paid)]
        if move == "repay":
            desk.company.update("payment", version(held, **payment_body(ada, one, {bill["Id"]: min(one, other)})))
        else:
            getattr(desk.company, move if move == "void" else "delete")("payment", version(held))


def _check_books(desk: Desk, ada: Json) -> None:
    bills, paid = desk.company.objects("invoice"), desk.company.objects("payment")
    gone_to: dict[str, Decimal] = {}
    for one in paid:
        for line in one["Line"]:
            gone_to[line["LinkedTxn"][0]["TxnId"]] = (
                gone_to.get(line["LinkedTxn"][0]["TxnId"], Decimal(0)) + line["Amount"]
            )
        assert one["TotalAmt"] == one["UnappliedAmt"] + sum(line["Amount"] for line in one["Line"])
        assert one["UnappliedAmt"] >= 0
    for bill in bills:
        assert bill["Balance"] >= 0
        assert bill["Balance"] + gone_to.get(bill["Id"], Decimal(0)) == bill["TotalAmt"]
    owed = sum(bill["Balance"] for bill in bills) - sum(one["UnappliedAmt"] for one in paid)
    assert desk.again("customer", ada)["Balance"] == owed
