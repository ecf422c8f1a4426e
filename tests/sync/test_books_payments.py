"""Payments go both ways: what one side records, the other has once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.sync.books_house import REALM, BooksHouse, line
from worker.core.jobs import UNCHANGED, Job, JobStatus, Mode
from worker.core.reconcile import DELETED_AT_PROVIDER
from worker.core.records import PAYMENT
from worker.simulators.faults import Fault


def bill(there: BooksHouse, client: str | None = None, price: float = 100, **fields: Any) -> str:
    return there.invoice(client or there.client(email="ada@example.com"), line(None, price), **fields)


def posted(there: BooksHouse, *prices: float) -> tuple[list[str], list[dict[str, Any]]]:
    """Invoices of one client on both sides: FieldCamp's ids, QuickBooks' objects."""
    client = there.client(email="ada@example.com")
    ours = [bill(there, client, price, number=f"INV-{n}") for n, price in enumerate(prices)]
    assert there.sync().status is JobStatus.SUCCEEDED
    theirs = sorted(there.objects("Invoice"), key=lambda one: str(one["DocNumber"]))
    return ours, theirs


def paid_there(there: BooksHouse, invoices: dict[str, Any], amount: str | None = None) -> str:
    customer = there.live("Customer")[0]["Id"]
    total = amount or str(sum(Decimal(str(part)) for part in invoices.values()))
    return str(there.quickbooks.record_payment(REALM, customer, total, invoices)["Id"])


def recorded(there: BooksHouse) -> list[tuple[str, Decimal]]:
    return sorted((one["invoiceId"], Decimal(str(one["amount"]))) for one in there.told("payments"))


def statuses(there: BooksHouse) -> dict[str, str]:
    return {one["id"]: one["status"] for one in there.told("invoices")}


def outcomes(there: BooksHouse, job: Job) -> list[str]:
    """What became of payments; one that FieldCamp just recorded is right already when its turn comes."""
    words = [record.outcome for record in there.records(job) if record.kind == PAYMENT]
    return [word for word in words if word != UNCHANGED]


def settle(there: BooksHouse) -> None:
    """Three more syncs and a full one write nothing on either side."""
    writes, ours = there.quickbooks.counters(), there.told("payments")
    for mode in (*[Mode.INCREMENTAL] * 3, Mode.FULL):
        job = there.sync(mode)
        assert (job.status, job.counts.pushed) == (JobStatus.SUCCEEDED, 0)
    assert there.quickbooks.counters() == writes
    assert there.told("payments") == ours


class TestRecordedInQuickBooks:
    def test_a_payment_recorded_in_quickbooks_marks_the_invoice_paid_at_the_source_once(
        self, there: BooksHouse
    ) -> None:
        """Lesson 27: the echo makes no second payment."""
        [ours], [theirs] = posted(there, 100)
        payment = paid_there(there, {theirs["Id"]: 100})
        job = there.sync()
        assert (job.status, outcomes(there, job)) == (JobStatus.SUCCEEDED, ["created"])
        assert recorded(there) == [(ours, Decimal(100))]
        assert statuses(there) == {ours: "paid"}
        assert there.told("payments")[0]["externalId"] == f"quickbooks:{payment}:{theirs['Id']}"
        settle(there)
        assert len(there.objects("Payment")) == 1
        there.assert_agreement()

    def test_its_event_that_comes_back_makes_no_second_payment(self, there: BooksHouse) -> None:
        _, [theirs] = posted(there, 100)
        known = there.deliver()
        paid_there(there, {theirs["Id"]: 100})
        there.sync()
        assert there.deliver(known) > known
        settle(there)
        assert len(there.objects("Payment")) == len(there.told("payments")) == 1

    def test_a_part_of_it_is_a_part_there(self, there: BooksHouse) -> None:
        [ours], [theirs] = posted(there, 100)
        paid_there(there, {theirs["Id"]: "33.34"})
        there.sync()
        assert statuses(there) == {ours: "partial"}
        there.assert_agreement()

    def test_a_payment_over_three_invoices_is_one_for_each(self, there: BooksHouse) -> None:
        ours, theirs = posted(there, 100, 50, 25.50)
        paid_there(there, {one["Id"]: amount for one, amount in zip(theirs, ("100", "20", "25.50"), strict=True)})
        there.sync()
        assert recorded(there) == sorted(zip(ours, map(Decimal, ("100", "20", "25.5")), strict=True))
        assert list(statuses(there).values()) == ["paid", "partial", "paid"]
        settle(there)
        there.assert_agreement()

    def test_an_amended_payment_is_amended_to_and_fro(self, there: BooksHouse) -> None:
        [ours], [theirs] = posted(there, 100)
        payment = paid_there(there, {theirs["Id"]: 100})
        there.sync()
        for amount in (90, 100, 90, 100):
            lines = [{"Amount": amount, "LinkedTxn": [{"TxnId": theirs["Id"], "TxnType": "Invoice"}]}]
            there.quickbooks.edit(REALM, "Payment", payment, TotalAmt=amount, Line=lines)
            job = there.sync()
            assert (job.status, outcomes(there, job)) == (JobStatus.SUCCEEDED, ["updated"])
            assert recorded(there) == [(ours, Decimal(amount))]
        settle(there)
        there.assert_agreement()

    def test_a_part_that_moves_to_another_invoice_moves(self, there: BooksHouse) -> None:
        ours, theirs = posted(there, 100, 100)
        payment = paid_there(there, {theirs[0]["Id"]: 100})
        there.sync()
        lines = [{"Amount": 100, "LinkedTxn": [{"TxnId": theirs[1]["Id"], "TxnType": "Invoice"}]}]
        there.quickbooks.edit(REALM, "Payment", payment, Line=lines)
        there.sync()
        assert recorded(there) == [(ours[1], Decimal(100))]
        settle(there)
        there.assert_agreement()

    @pytest.mark.parametrize("deed", ["void", "delete"])
    def test_what_is_voided_or_deleted_there_is_taken_back(self, there: BooksHouse, deed: str) -> None:
        [ours], [theirs] = posted(there, 100)
        payment = paid_there(there, {theirs["Id"]: 100})
        there.sync()
        getattr(there.quickbooks, deed)(REALM, "Payment", payment)
        job = there.sync()
        assert (job.status, outcomes(there, job)) == (JobStatus.SUCCEEDED, ["deleted"])
        assert there.told("payments") == []
        assert statuses(there) == {ours: "unpaid"}
        settle(there)
        there.assert_agreement()

    def test_money_for_invoices_of_others_is_left_alone(self, there: BooksHouse) -> None:
        posted(there, 100)
        stranger = there.quickbooks.add_customer(REALM, "Somebody else")["Id"]
        there.quickbooks.record_payment(REALM, stranger, 70)
        there.sync()
        assert there.told("payments") == []

    @pytest.mark.parametrize("drop", ["before", "after"])
    def test_a_lost_answer_of_fieldcamp_makes_no_second_payment(self, there: BooksHouse, drop: Any) -> None:
        [ours], [theirs] = posted(there, 100)
        paid_there(there, {theirs["Id"]: 100})
        lost = there.fieldcamp.faults.add(Fault(operation="payments.create", drop=drop, times=9))
        there.sync()
        assert there.fieldcamp.faults.fired(lost) > 0
        there.fieldcamp.faults.clear()
        assert there.sync().status is JobStatus.SUCCEEDED
        assert recorded(there) == [(ours, Decimal(100))]
        settle(there)

    def test_one_that_is_amended_while_its_answer_was_lost_is_amended_at_fieldcamp(self, there: BooksHouse) -> None:
        [ours], [theirs] = posted(there, 100)
        payment = paid_there(there, {theirs["Id"]: 100})
        there.fieldcamp.faults.add(Fault(operation="payments.create", drop="after", times=9))
        there.sync()
        there.fieldcamp.faults.clear()
        assert recorded(there) == [(ours, Decimal(100))]
        lines = [{"Amount": 90, "LinkedTxn": [{"TxnId": theirs["Id"], "TxnType": "Invoice"}]}]
        there.quickbooks.edit(REALM, "Payment", payment, TotalAmt=90, Line=lines)
        for _ in range(2):
            there.sync()
        assert recorded(there) == [(ours, Decimal(90))]
        settle(there)
        there.assert_agreement()

    def test_while_fieldcamp_is_away_the_payment_waits(self, there: BooksHouse) -> None:
        [ours], [theirs] = posted(there, 100)
        paid_there(there, {theirs["Id"]: 100})
        there.fieldcamp.faults.add(Fault(operation="payments.create", status=503, times=99))
        job = there.sync()
        assert (job.status, outcomes(there, job)) == (JobStatus.PARTIAL, ["failed"])
        there.fieldcamp.faults.clear()
        there.sync()
        assert statuses(there) == {ours: "paid"}

    def test_a_payment_of_an_invoice_that_becomes_ours_later_is_recorded_then(self, there: BooksHouse) -> None:
        """Somebody entered the invoice by hand and took the money, before FieldCamp was connected."""
        client = there.client(email="ada@example.com")
        there.sync()
        item = there.quickbooks.add(REALM, "Item", Name="Work", Type="Service", IncomeAccountRef={"value": "79"})
        detail = {"ItemRef": {"value": item["Id"]}}
        lines = [{"Amount": 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}]
        customer = {"value": there.live("Customer")[0]["Id"]}
        theirs = there.quickbooks.add(REALM, "Invoice", DocNumber="INV-7", CustomerRef=customer, Line=lines)
        paid_there(there, {theirs["Id"]: 100})
        ours = bill(there, client, 100, number="INV-7")
        there.sync()
        there.sync()
        assert len(there.objects("Invoice")) == 1
        assert recorded(there) == [(ours, Decimal(100))]
        settle(there)
        there.assert_agreement()


class TestRecordedAtFieldCamp:
    def test_a_part_and_then_the_rest(self, there: BooksHouse) -> None:
        [ours], [theirs] = posted(there, 100)
        there.payment(ours, 33.34, method="Check", reference="12")
        assert there.sync().tallies["payments"] == {"created": 1}
        there.payment(ours, 66.66)
        there.sync()
        [invoice] = there.objects("Invoice")
        assert (invoice["Id"], Decimal(invoice["Balance"])) == (theirs["Id"], 0)
        linked = [one["Line"][0]["LinkedTxn"][0]["TxnId"] for one in there.objects("Payment")]
        assert linked == [invoice["Id"]] * 2
        there.assert_agreement()
        settle(there)

    def test_an_amended_one_is_amended(self, there: BooksHouse) -> None:
        [ours], _ = posted(there, 100)
        payment = there.payment(ours, 100)
        there.sync()
        there.change("payments", payment, amount=60, reference="cheque 12")
        assert there.sync().tallies["payments"] == {"updated": 1}
        [one] = there.objects("Payment")
        assert (Decimal(one["TotalAmt"]), one["PaymentRefNum"]) == (60, "cheque 12")
        there.assert_agreement()
        settle(there)

    def test_a_deleted_one_is_voided_and_stays_in_the_books(self, there: BooksHouse) -> None:
        [ours], _ = posted(there, 100)
        payment = there.payment(ours, 100)
        there.sync()
        there.remove("payments", payment)
        there.deliver()
        assert there.sync().tallies["payments"] == {"deleted": 1}
        [one] = there.objects("Payment")
        assert (Decimal(one["TotalAmt"]), there.live("Payment")) == (0, [])
        there.assert_agreement()
        settle(there)

    @pytest.mark.parametrize("deed", ["void", "delete"])
    def test_one_that_a_bookkeeper_takes_away_is_flagged_and_not_posted_again(
        self, there: BooksHouse, deed: str
    ) -> None:
        [ours], _ = posted(there, 100)
        there.payment(ours, 100)
        there.sync()
        [one] = there.objects("Payment")
        getattr(there.quickbooks, deed)(REALM, "Payment", one["Id"])
        assert there.sync().counts.conflicts == 1
        assert there.store.feed.attention(there.connection.id) == {DELETED_AT_PROVIDER: 1}
        assert recorded(there) == [(ours, Decimal(100))]
        settle(there)
        assert there.live("Payment") == []

    def test_what_is_more_than_its_invoice_comes_to_by_now_is_the_customers_credit(self, there: BooksHouse) -> None:
        [ours], _ = posted(there, 100)
        there.payment(ours, 100)
        there.sync()
        there.change("invoices", ours, lineItems=[line(None, 80)])
        assert there.sync().status is JobStatus.SUCCEEDED
        there.sync()
        [one] = there.objects("Payment")
        assert (Decimal(one["TotalAmt"]), Decimal(one["UnappliedAmt"])) == (100, 20)
        assert Decimal(there.objects("Invoice")[0]["TotalAmt"]) == 80
        settle(there)

    def test_a_payment_waits_for_its_invoice(self, there: BooksHouse) -> None:
        there.settings.pop("income_account")
        there.connect()
        ours = bill(there)
        there.payment(ours, 100)
        job = there.sync()
        assert job.tallies["payments"] == {"held": 1}
        assert there.objects("Payment") == []
        there.settings["income_account"] = "79"
        there.connect()
        assert there.sync().tallies["payments"] == {"created": 1}
        there.assert_agreement()

    @pytest.mark.parametrize("drop", ["before", "after", "mid"])
    def test_a_lost_answer_makes_no_second_payment(self, there: BooksHouse, drop: Any) -> None:
        [ours], _ = posted(there, 100)
        there.payment(ours, 100)
        there.quickbooks.faults.add(Fault(operation="payment.create", drop=drop, times=9))
        there.sync()
        there.quickbooks.faults.clear()
        there.quickbooks.forget_request_ids()
        there.ahead += timedelta(minutes=5)
        there.sync()
        assert len(there.objects("Payment")) == 1
        there.assert_agreement()
        settle(there)
