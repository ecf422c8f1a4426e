"""What has gone wrong elsewhere between field service and QuickBooks, and does not here."""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from copy import copy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.sync.books_house import BOOKS, KEY, REALM, BooksHouse, line
from worker.core.connections import Connection
from worker.core.jobs import JobStatus, Mode
from worker.core.ports import Operation, Outcome, Provider, Stream
from worker.core.reconcile import BOTH_CHANGED, EDITED_AT_PROVIDER
from worker.core.records import INVOICE
from worker.simulators.faults import Fault
from worker.store import open_store

Opened = Callable[..., BooksHouse]
DAY = 86_400


def bill(there: BooksHouse, client: str, price: float = 100, **fields: Any) -> str:
    return there.invoice(client, line(None, price), **fields)


def pass_days(there: BooksHouse, days: int) -> None:
    there.quickbooks.pass_time(days * DAY)
    there.ahead += timedelta(days=days)


def assert_quiet(there: BooksHouse) -> None:
    """Three more syncs and a full one succeed and write nothing."""
    writes = there.quickbooks.counters()
    for mode in (*[Mode.INCREMENTAL] * 3, Mode.FULL):
        job = there.sync(mode)
        assert (job.status, job.counts.pushed, job.counts.failed) == (JobStatus.SUCCEEDED, 0, 0)
    now = there.quickbooks.counters()
    assert [now[name] for name in ("batches", "parts")] == [writes[name] for name in ("batches", "parts")]
    assert {n: count for n, count in now.items() if "." in n} == {n: c for n, c in writes.items() if "." in n}


class Meddled:
    """A provider behind which somebody writes just before our first operations on a stream."""

    def __init__(self, provider: Provider, kind: str, deed: Callable[[], object]) -> None:
        self._provider = provider
        self._kind = kind
        self._deeds = [deed]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def apply(self, stream: Stream, operations: Sequence[Operation]) -> Sequence[Outcome]:
        if stream.kind == self._kind and self._deeds:
            self._deeds.pop()()
        return self._provider.apply(stream, operations)


def meddle(there: BooksHouse, deed: Callable[[], object], kind: str = INVOICE) -> None:
    """In the next sync somebody does this between our read and our write."""

    def opened(connection: Connection) -> Provider:
        return Meddled(there.open_provider(connection), kind, deed)  # type: ignore[return-value]

    there.house = replace(there.house, open_provider=opened)


@pytest.mark.parametrize("drop", ["after", "mid"])
@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize("number", ["INV-1", None])
def test_quickbooks_creates_the_invoice_the_answer_is_lost_exactly_one_invoice_after_the_retry(
    there: BooksHouse, drop: Any, forgotten: bool, number: str | None
) -> None:
    """Lesson 6."""
    bill(there, there.client(email="ada@example.com"), **({"number": number} if number else {}))
    lost = there.quickbooks.faults.add(Fault(operation="invoice.create", drop=drop, times=9))
    there.sync()
    assert there.quickbooks.faults.fired(lost) > 0
    there.quickbooks.faults.clear()
    if forgotten:
        there.quickbooks.forget_request_ids()
    assert there.sync().status is JobStatus.SUCCEEDED
    assert len(there.objects("Invoice")) == 1
    there.assert_agreement()
    assert_quiet(there)


@pytest.mark.parametrize("forgotten", [False, True])
def test_created_deleted_in_quickbooks_pushed_again_a_new_invoice_not_a_replay_of_the_old_answer(
    there: BooksHouse, forgotten: bool
) -> None:
    """Lesson 7: twice, then it is flagged until it changes."""
    ours = bill(there, there.client(email="ada@example.com"), number="INV-1")
    there.sync()
    seen = set()
    for _ in range(2):
        [invoice] = there.objects("Invoice")
        seen.add(invoice["Id"])
        there.quickbooks.delete(REALM, "Invoice", invoice["Id"])
        if forgotten:
            there.quickbooks.forget_request_ids()
        assert there.sync().tallies["invoices"] == {"created": 1}
        there.assert_agreement()
    [invoice] = there.objects("Invoice")
    assert invoice["Id"] not in seen
    there.quickbooks.delete(REALM, "Invoice", invoice["Id"])
    assert there.sync().counts.conflicts == 1
    assert_quiet(there)
    assert there.objects("Invoice") == []
    there.change("invoices", ours, notes="Once more")
    assert there.sync().tallies["invoices"] == {"created": 1}
    there.assert_agreement()


def test_1_500_invoices_changed_since_the_cursor_all_are_seen(there: BooksHouse) -> None:
    """Lesson 8: CDC stops at 1,000 without a word."""
    client = there.client(email="ada@example.com")
    first, last = bill(there, client, number="INV-1"), bill(there, client, number="INV-2")
    there.sync()
    customer = there.live("Customer")[0]["Id"]
    item = there.live("Item")[0]["Id"]
    ours = {one["DocNumber"]: one["Id"] for one in there.objects("Invoice")}
    pass_days(there, 1)
    there.quickbooks.edit_invoice(REALM, ours["INV-1"], PrivateNote="by hand")
    detail = {"ItemRef": {"value": item}}
    lines = [{"Amount": 1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}]
    for number in range(1_498):
        told = {"CustomerRef": {"value": customer}, "Line": lines, "DocNumber": f"X{number}"}
        there.quickbooks.add(REALM, "Invoice", **told)
    there.quickbooks.record_payment(REALM, customer, 100, {ours["INV-2"]: 100})
    job = there.sync()
    assert job.status is JobStatus.SUCCEEDED
    assert job.counts.pulled >= 1_499
    connection = there.connection.id
    numbers = {f"number:X{number}" for number in range(1_498)}
    assert len(there.store.directory.search(connection, INVOICE, numbers)) == 1_498
    assert {one["id"]: one["status"] for one in there.told("invoices")} == {first: "unpaid", last: "paid"}


def test_the_cursor_is_45_days_old_a_full_query_no_silent_gap(there: BooksHouse) -> None:
    """Lesson 9: CDC reaches back 30 days, and tells of no deletion before that."""
    client = there.client(email="ada@example.com")
    edited, gone, paid = (bill(there, client, number=f"INV-{n}") for n in range(3))
    there.sync()
    ours = {one["DocNumber"]: one["Id"] for one in there.objects("Invoice")}
    there.quickbooks.edit_invoice(REALM, ours["INV-0"], DueDate="2027-01-31")
    there.quickbooks.delete(REALM, "Invoice", ours["INV-1"])
    there.quickbooks.record_payment(REALM, there.live("Customer")[0]["Id"], 100, {ours["INV-2"]: 100})
    pass_days(there, 45)
    job = there.sync()
    assert job.status is JobStatus.SUCCEEDED
    there.assert_agreement()
    after = {one["DocNumber"]: one for one in there.objects("Invoice")}
    assert after["INV-0"]["DueDate"] == "2027-01-31"
    assert after["INV-1"]["Id"] != ours["INV-1"]
    statuses = {one["id"]: one["status"] for one in there.told("invoices")}
    assert statuses == {edited: "unpaid", gone: "unpaid", paid: "paid"}
    assert_quiet(there)


def test_two_processes_refresh_a_rotating_token_at_once_one_refresh_both_go_on(there: BooksHouse) -> None:
    """Lesson 14: Intuit ends a consent whose token comes twice at once."""
    there.sync()
    there.quickbooks.set(kill_chain_on_concurrent_reuse=True, latency=0.05)
    there.quickbooks.expire_access_tokens()
    before = there.quickbooks.counters()
    connection, at_once = there.connection, threading.Barrier(2)
    read: list[int] = []

    def process() -> None:
        other = copy(there)
        other.store = open_store(f"sqlite:///{there.path}", [KEY])
        with closing(other), closing(other.open_provider(connection)) as provider:
            at_once.wait()
            read.append(sum(len(page.changes) for page in provider.changes(provider.streams()[1], None)))

    both = [threading.Thread(target=process) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    after = there.quickbooks.counters()
    assert len(read) == 2
    assert after["refreshes"] - before["refreshes"] == 1
    assert after["concurrent_refreshes"] == before["concurrent_refreshes"] == 0
    assert there.sync().status is JobStatus.SUCCEEDED


def test_one_record_is_refused_for_good_the_others_go_on(there: BooksHouse) -> None:
    """Lesson 18: it is offered again only when it changes, and it is in the job's records."""
    client = there.client(email="ada@example.com")
    other = bill(there, client, 50, number="INV-1")
    there.sync()
    refused = bill(there, client, number="INV-2")
    there.change("invoices", other, notes="Thank you")
    there.client("Grace Hopper")
    there.quickbooks.faults.add(Fault(operation="invoice.create", status=400, reason="6000", times=None))
    job = there.sync()
    assert job.status is JobStatus.PARTIAL
    assert [r.local_id for r in there.records(job) if r.outcome == "failed"] == [refused]
    assert (job.tallies["invoices"]["updated"], job.tallies["clients"]["created"]) == (1, 1)
    tries = len(there.quickbooks.journal.entries("invoice.create"))
    for mode in Mode:
        there.sync(mode)
    assert len(there.quickbooks.journal.entries("invoice.create")) == tries
    assert sum(there.store.feed.attention(there.connection.id).values()) == 1
    there.quickbooks.faults.clear()
    there.change("invoices", refused, notes="Corrected")
    assert there.sync().tallies["invoices"] == {"created": 1}
    assert there.store.feed.attention(there.connection.id) == {}
    there.assert_agreement()


@pytest.mark.parametrize("preset", ["us_no_tax", "us_ast"])
def test_quickbooks_adds_a_subtotal_line_and_rewrites_the_country_of_an_address_no_update_loop(
    company: Opened, preset: str
) -> None:
    """Lesson 24: nor where somebody opens the customer and saves it as it is."""
    there = company(preset)
    address = {"street": "Main St", "houseNumber": "1", "city": "Boston", "state": "MA", "country": "United States"}
    client = there.client(email="ada@example.com", billingAddress=address)
    bill(there, client)
    there.sync()
    [invoice] = there.objects("Invoice")
    assert "SubTotalLineDetail" in [one["DetailType"] for one in invoice["Line"]]
    [customer] = there.live("Customer")
    assert customer["BillAddr"]["Country"] == "USA"
    assert_quiet(there)
    there.quickbooks.edit(REALM, "Customer", customer["Id"], BillAddr=customer["BillAddr"])
    assert_quiet(there)


@pytest.mark.parametrize("entity", ["Vendor", "Employee"])
def test_a_customer_with_the_same_name_exists_as_a_vendor_suffixed(there: BooksHouse, entity: str) -> None:
    """Lesson 25: never a dead end (6240)."""
    there.quickbooks.add(REALM, entity, DisplayName="Ada Lovelace", GivenName="Ada")
    bill(there, there.client(email="ada@example.com"))
    assert there.sync().status is JobStatus.SUCCEEDED
    [customer] = there.live("Customer")
    assert customer["DisplayName"] != "Ada Lovelace"
    assert customer["DisplayName"].startswith("Ada Lovelace")
    there.assert_agreement()
    assert_quiet(there)


@pytest.mark.parametrize("deleted_suffix", [True, False])
def test_a_customer_with_the_same_name_exists_inactive_found_or_named_beside_it(
    company: Opened, deleted_suffix: bool
) -> None:
    """Lesson 25."""
    there = company(switches={"deleted_suffix": deleted_suffix})
    old = there.quickbooks.add_customer(REALM, "Ada Lovelace", PrimaryEmailAddr={"Address": "ada@example.com"})
    there.quickbooks.deactivate(REALM, "Customer", old["Id"])
    bill(there, there.client(email="ada@example.com"))
    assert there.sync().status is JobStatus.SUCCEEDED
    [invoice] = there.objects("Invoice")
    [customer] = there.live("Customer")
    assert invoice["CustomerRef"]["value"] == customer["Id"] == old["Id"]
    there.assert_agreement()
    assert_quiet(there)


def test_automated_sales_tax_changes_the_total_by_a_cent_recorded_as_a_variance_not_an_error_not_a_loop(
    company: Opened,
) -> None:
    """Lesson 26."""
    there = company("us_ast", switches={"ast_overrides_totals": True})
    tax = there.add("taxes", name="Sales tax", rate=0.0776)
    item = there.item(taxIds=[tax])
    there.invoice(there.client(email="ada@example.com"), line(item, 100))
    job = there.sync()
    assert job.status is JobStatus.SUCCEEDED
    [record] = [one for one in there.records(job) if one.kind == INVOICE]
    assert (record.outcome, record.reason) == ("created", "tax_variance")
    assert there.totals()["invoices"] == "107.75"
    assert [str(one["total"]) for one in there.told("invoices")] == ["107.76"]
    assert_quiet(there)
    there.quickbooks.edit_invoice(REALM, there.objects("Invoice")[0]["Id"], PrivateNote="Seen")
    assert_quiet(there)


MEMO = {"CustomerMemo": {"value": "Net 30"}}
DUE = {"DueDate": "2027-01-31"}


@pytest.mark.parametrize("theirs", [MEMO, DUE])
def test_an_invoice_edited_by_the_bookkeeper_between_our_read_and_our_write_is_read_again_and_decided_again(
    there: BooksHouse, theirs: dict[str, Any]
) -> None:
    """Lesson 28: their edit is not erased."""
    ours = bill(there, there.client(email="ada@example.com"), notes="Thank you", dueDate="2026-12-31")
    there.sync()
    [invoice] = there.objects("Invoice")
    there.change("invoices", ours, lineItems=[line(None, 120)])
    meddle(there, lambda: there.quickbooks.edit_invoice(REALM, invoice["Id"], **theirs))
    job = there.sync()
    assert job.status is JobStatus.SUCCEEDED
    [after] = there.objects("Invoice")
    assert (after["Id"], Decimal(after["TotalAmt"])) == (invoice["Id"], 120)
    assert {name: after[name] for name in theirs} == theirs
    there.assert_agreement()
    assert_quiet(there)


def test_lines_that_both_sides_changed_stay_as_the_bookkeeper_has_them_and_are_told(there: BooksHouse) -> None:
    """Lesson 28."""
    ours = bill(there, there.client(email="ada@example.com"))
    there.sync()
    [invoice] = there.objects("Invoice")
    there.change("invoices", ours, lineItems=[line(None, 120)])
    item = invoice["Line"][0]["SalesItemLineDetail"]["ItemRef"]
    sold = {"Amount": 90, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": item}}
    meddle(there, lambda: there.quickbooks.edit_invoice(REALM, invoice["Id"], Line=[sold]))
    job = there.sync()
    assert job.counts.conflicts == 1
    assert there.totals()["invoices"] == "90.00"
    [reason] = there.store.feed.attention(there.connection.id)
    assert reason in (BOTH_CHANGED, EDITED_AT_PROVIDER)
    assert_quiet(there)
    assert there.totals()["invoices"] == "90.00"
    there.change("invoices", ours, lineItems=[line(None, 90)])
    there.sync()
    assert there.store.feed.attention(there.connection.id) == {}
    there.assert_agreement()


def test_a_payment_that_arrives_between_our_read_and_our_write_is_no_obstacle(there: BooksHouse) -> None:
    """Lesson 28: it makes a new version of the invoice."""
    ours = bill(there, there.client(email="ada@example.com"))
    there.sync()
    [invoice] = there.objects("Invoice")
    there.change("invoices", ours, lineItems=[line(None, 120)])
    customer = invoice["CustomerRef"]["value"]
    meddle(there, lambda: there.quickbooks.record_payment(REALM, customer, 100, {invoice["Id"]: 100}))
    there.sync()
    there.sync()
    there.assert_agreement()
    assert [one["status"] for one in there.told("invoices")] == ["partial"]
    assert_quiet(there)


def test_reconnecting_after_a_disconnect_makes_no_second_set_of_customers_or_invoices(there: BooksHouse) -> None:
    """Lesson 29."""
    client = there.client(email="ada@example.com")
    ours = bill(there, client)
    there.payment(ours, 40)
    there.sync()
    before = {entity: there.objects(entity) for entity in ("Customer", "Item", "Invoice", "Payment")}
    there.store.connections.disconnect(there.account_id, BOOKS, there.now())
    there.connect()
    assert_quiet(there)
    assert {entity: there.objects(entity) for entity in before} == before


def test_what_happened_while_it_was_disconnected_is_made_up_for(there: BooksHouse) -> None:
    """Lesson 29."""
    client = there.client(email="ada@example.com")
    ours = bill(there, client)
    there.sync()
    [invoice] = there.objects("Invoice")
    there.store.connections.disconnect(there.account_id, BOOKS, there.now())
    there.quickbooks.record_payment(REALM, invoice["CustomerRef"]["value"], 30, {invoice["Id"]: 30})
    there.change("invoices", ours, notes="Thank you")
    bill(there, client, 25)
    there.connect()
    there.sync()
    there.assert_agreement()
    assert_quiet(there)


def test_another_companys_books_are_begun_anew_and_the_first_stay_as_they_are(there: BooksHouse) -> None:
    """Lesson 29."""
    bill(there, there.client(email="ada@example.com"))
    there.sync()
    before = there.objects("Invoice")
    there.quickbooks.add_company("999")
    grants = {"": {"realm_id": "999", "refresh_token": there.quickbooks.grant("999")}}
    there.store.connections.connect(there.account_id, BOOKS, there.settings, grants, there.now(), realm="999")
    job = there.sync()
    assert (job.status, job.tallies["invoices"]) == (JobStatus.SUCCEEDED, {"created": 1})
    assert there.quickbooks.totals("999") == there.totals()
    assert there.objects("Invoice") == before
    there.connect()
    there.sync(Mode.FULL)
    there.assert_agreement()
    assert len(there.objects("Customer")) == 1
