"""Invoices and items go to the books, and what bookkeepers do there stays."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.sync.books_house import BOOKS, FC_KEY, REALM, SETTINGS, BooksHouse, line
from tests.sync.filled_books import EMAIL, bill, fill, the_books
from worker.core.jobs import CREATED, DELETED, FAILED, UPDATED, JobStatus, Mode, Trigger
from worker.core.posting import INCOME_ACCOUNT_MISSING
from worker.core.reconcile import DELETED_AT_PROVIDER
from worker.core.records import ITEM
from worker.sources.fieldcamp.events import parse_event
from worker.sync.connect import connect
from worker.sync.receive import receive_events

Opened = Callable[..., BooksHouse]


class TestInvoices:
    def test_what_is_edited_at_fieldcamp_is_edited_there_in_one_request(self, there: BooksHouse) -> None:
        ours = fill(there)
        before = {one["DocNumber"]: one for one in there.objects("Invoice")}
        there.change("invoices", ours[1], lineItems=[line(None, 33.33, 3)], dueDate="2027-01-31")
        there.quickbooks.journal.clear()
        assert there.sync().tallies["invoices"] == {UPDATED: 1}
        assert len([one for one in there.quickbooks.journal.entries() if one.operation == "batch"]) == 1
        after = {one["DocNumber"]: one for one in there.objects("Invoice")}
        assert (after["INV-1"]["DueDate"], Decimal(after["INV-1"]["TotalAmt"])) == ("2027-01-31", Decimal("99.99"))
        assert {number: after[number] for number in ("INV-0", "INV-2")} == {
            number: before[number] for number in ("INV-0", "INV-2")
        }
        there.assert_agreement()

    def test_what_a_bookkeeper_added_stays_where_an_edit_is_sent(self, there: BooksHouse) -> None:
        ours = fill(there)
        invoice = next(one for one in there.objects("Invoice") if one["DocNumber"] == "INV-1")
        address = {"Line1": "By hand"}
        there.quickbooks.edit_invoice(REALM, invoice["Id"], ShipAddr=address, CustomerMemo={"value": "Net 30"})
        there.change("invoices", ours[1], dueDate="2027-01-31")
        there.sync()
        after = next(one for one in there.objects("Invoice") if one["DocNumber"] == "INV-1")
        assert (after["DueDate"], after["CustomerMemo"]["value"]) == ("2027-01-31", "Net 30")
        assert after["ShipAddr"]["Line1"] == "By hand"

    @pytest.mark.parametrize("deed", ["void", "delete"])
    def test_void_or_deleted_at_fieldcamp_is_void_there_and_stays(self, there: BooksHouse, deed: str) -> None:
        ours = fill(there)
        if deed == "void":
            there.change("invoices", ours[1], status="void")
        else:
            there.remove("invoices", ours[1])
            there.deliver()
        assert there.sync().tallies["invoices"] == {DELETED: 1}
        assert (len(there.objects("Invoice")), len(there.live("Invoice"))) == (3, 2)
        before = the_books(there)
        assert there.sync(Mode.FULL).counts.pushed == 0
        assert the_books(there) == before

    def test_a_paid_one_that_is_void_at_fieldcamp_is_void_there_once_its_payment_went(self, there: BooksHouse) -> None:
        ours = fill(there)
        [payment] = there.told("payments")
        there.remove("payments", payment["id"])
        there.change("invoices", ours[0], status="void")
        there.deliver()
        job = there.sync()
        assert job.status is JobStatus.SUCCEEDED
        assert (len(there.live("Invoice")), there.live("Payment")) == (2, [])
        assert there.sync(Mode.FULL).counts.pushed == 0
        there.assert_agreement()

    def test_a_paid_one_that_is_void_leaves_the_money_as_the_customers_credit(self, there: BooksHouse) -> None:
        ours = fill(there)
        there.change("invoices", ours[0], status="void")
        assert there.sync().status is JobStatus.SUCCEEDED
        assert len(there.live("Invoice")) == 2
        totals = there.totals()
        assert (totals["payments"], totals["unapplied"]) == ("40.00", "40.00")
        assert there.sync(Mode.FULL).counts.pushed == 0

    def test_void_in_quickbooks_is_flagged_not_posted_again_and_fieldcamp_is_untouched(self, there: BooksHouse) -> None:
        ours = bill(there)
        there.sync()
        told = there.told("invoices")
        there.quickbooks.void(REALM, "Invoice", there.objects("Invoice")[0]["Id"])
        assert there.sync().counts.conflicts == 1
        assert there.store.feed.attention(there.connection.id) == {DELETED_AT_PROVIDER: 1}
        for mode in Mode:
            assert there.sync(mode).counts.pushed == 0
        assert (there.live("Invoice"), len(there.objects("Invoice"))) == ([], 1)
        assert there.told("invoices") == told
        there.change("invoices", ours, number="INV-2")
        there.sync()
        assert there.store.feed.attention(there.connection.id) == {}
        there_now = [one["TotalAmt"] for one in there.live("Invoice")]
        assert list(map(Decimal, there_now)) == [100]

    def test_of_which_an_event_tells_only_a_part_the_rest_is_asked_for(self, there: BooksHouse) -> None:
        fill(there)
        known = len(there.fieldcamp.events(FC_KEY))
        bill(there, 25, number="INV-9")
        [event] = [one for one in there.fieldcamp.events(FC_KEY)[known:] if one["type"] == "invoice.created"]
        whole = event["data"]["object"]
        part = {name: whole[name] for name in ("id", "number", "clientId", "updatedAt")}
        sent = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        told = {**event, "created_at": sent, "data": {"object": part}}
        receive_events(there.house, [parse_event(told, there.account_id)])
        there.fieldcamp.journal.clear()
        assert there.sync(trigger=Trigger.EVENT).tallies["invoices"] == {CREATED: 1}
        assert "invoices.list" not in {entry.operation for entry in there.fieldcamp.journal.entries()}
        there.assert_agreement()

    def test_a_second_of_one_number_is_not_posted_and_says_why(self, there: BooksHouse) -> None:
        customer = there.quickbooks.add_customer(REALM, "Somebody")["Id"]
        item = there.quickbooks.add(REALM, "Item", Name="W", Type="Service", IncomeAccountRef={"value": "79"})["Id"]
        detail = {"ItemRef": {"value": item}}
        lines = [{"Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}]
        there.quickbooks.add(REALM, "Invoice", DocNumber="7", CustomerRef={"value": customer}, Line=lines)
        ours = bill(there, number="7")
        job = there.sync()
        assert (job.status, job.tallies["invoices"]) == (JobStatus.PARTIAL, {FAILED: 1})
        assert len(there.objects("Invoice")) == 1
        there.change("invoices", ours, number="8")
        assert there.sync().tallies["invoices"] == {CREATED: 1}


class TestItems:
    def test_income_goes_where_the_category_says(self, there: BooksHouse) -> None:
        there.item("Boiler service", category="Plumbing")
        there.item("Consulting", category="Talk")
        there.sync()
        accounts = {one["Name"]: one["IncomeAccountRef"]["value"] for one in there.objects("Item")}
        assert accounts == {"Boiler service": "80", "Consulting": "79"}

    def test_a_missing_account_fails_that_record_alone_and_says_once_what_to_set(self, company: Opened) -> None:
        there = company(settings={"item_accounts": SETTINGS["item_accounts"]})
        there.item("Boiler service", category="Plumbing")
        lost = there.item("Consulting", category="Talk")
        job = there.sync()
        assert job.status is JobStatus.PARTIAL
        [record] = [one for one in there.records(job) if one.outcome == FAILED]
        assert (record.kind, record.local_id, record.reason) == (ITEM, lost, INCOME_ACCOUNT_MISSING)
        assert '"item_accounts": {"Talk": "<account id>"}' in (record.message or "")
        assert [one["Name"] for one in there.objects("Item")] == ["Boiler service"]
        again = there.sync()
        assert (again.counts.failed, [one.outcome for one in there.records(again)]) == (0, ["unchanged"])
        assert there.store.feed.attention(there.connection.id) == {INCOME_ACCOUNT_MISSING: 1}

    def test_once_it_is_set_by_reconnecting_the_item_and_what_waited_for_it_are_posted(self, company: Opened) -> None:
        there = company(settings={})
        item = there.item("Consulting", category="Talk")
        there.invoice(there.client(email=EMAIL), line(item, 80))
        assert there.sync().tallies["invoices"] == {"held": 1}
        grant = {"realm_id": REALM, "refresh_token": there.quickbooks.grant(REALM)}
        connect(there.house, there.account_id, BOOKS, grant, {"item_accounts": {"Talk": "81"}})
        job = there.sync()
        assert (job.status, job.tallies["items"], job.tallies["invoices"]) == (
            JobStatus.SUCCEEDED,
            {CREATED: 1},
            {CREATED: 1},
        )
        assert there.store.feed.attention(there.connection.id) == {}
        there.assert_agreement()

    def test_lines_without_an_item_share_one(self, there: BooksHouse) -> None:
        bill(there, 10)
        bill(there, 20)
        there.sync()
        bill(there, 30)
        there.sync()
        assert [one["Name"] for one in there.objects("Item")] == ["Other work"]
        there.assert_agreement()

    def test_an_item_that_is_there_is_taken_and_its_price_stays(self, there: BooksHouse) -> None:
        fields = {"Type": "Service", "IncomeAccountRef": {"value": "81"}, "UnitPrice": 90}
        found = there.quickbooks.add(REALM, "Item", Name="boiler SERVICE", **fields)
        there.item("Boiler service", price=100)
        there.sync()
        [after] = there.objects("Item")
        assert (after["Id"], after["IncomeAccountRef"]["value"]) == (found["Id"], "81")
        assert Decimal(after["UnitPrice"]) == 90
