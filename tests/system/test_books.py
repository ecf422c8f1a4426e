"""Real processes keep a company's books: money arrives once, whoever dies, and both sides say the same to the cent."""

import json
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.system.books import QUICKBOOKS, SOON, TAKEN_OVER, WithBooks
from tests.system.system import FIELDCAMP, free_port, intervals
from worker.core.jobs import JobStatus, Trigger
from worker.demo.books import REALM
from worker.demo.company import API_KEY
from worker.simulators.fieldcamp.signing import signature_headers
from worker.simulators.quickbooks.envelopes import ENVELOPES, Format, Told
from worker.simulators.town import CLIENT_ID
from worker.sync.connect import connect
from worker.wiring import now

MANY, EACH = 40, 20
SHARED_REALM = "4620816365777"
AT_ONCE = 10
"""Requests that Intuit answers at the same time for one company."""
LONG_DEBOUNCE = 60.0


def test_an_invoice_of_an_event_ends_in_the_books(books: WithBooks) -> None:
    invoice = books.books.bill()
    books.in_the_books(invoice)
    assert Trigger.EVENT in {job.request.trigger for job in books.book_jobs()}
    books.assert_equal_to_the_cent()


def test_an_invoice_is_posted_at_once_when_its_visit_is_completed(books: WithBooks) -> None:
    """Where events are gathered for a minute, the invoice's own event waits, and the completion does not."""
    port = free_port()
    patient = books.start("web", PORT=str(port), SYNC_DEBOUNCE_SECONDS=str(LONG_DEBOUNCE))
    books.wait_until("it to answer", lambda: _answers(port), SOON)
    books.town.fieldcamp.pause_deliveries()
    try:
        [visit_id] = books.add_visits(1)
        invoice = books.books.bill(visitId=visit_id)
        _tell(books, port, books.events_of(invoice["id"])[-1])
        time.sleep(2)
        assert not books.posted(invoice)
        books.change(visit_id, visitStatus="completed")
        _tell(books, port, books.envelope(visit_id))
        books.in_the_books(invoice)
    finally:
        books.town.fieldcamp.resume_deliveries()
        patient.kill()
    books.ended(books.request())  # the calendars would look after that minute
    books.assert_equal_to_the_cent()


@pytest.mark.parametrize("form", ["legacy", "cloudevents"])
def test_what_the_bookkeeper_receives_is_paid_at_fieldcamp(books: WithBooks, form: Format) -> None:
    """Lesson 27: recorded there once, though our own writes echo."""
    books.listen(form)
    invoice = books.books.bill()
    books.in_the_books(invoice)
    books.settle()
    payment = books.books.receive(invoice)
    books.wait_until("the invoice to be paid", lambda: books.told(invoice)["status"] == "paid", SOON)
    books.assert_equal_to_the_cent()
    books.ended(books.request_books())
    recorded = [one for one in books.town.fieldcamp.records(API_KEY, "payments") if one["invoiceId"] == invoice["id"]]
    assert [one["externalId"].split(":")[1] for one in recorded] == [payment["Id"]]
    assert Trigger.PUSH in {job.request.trigger for job in books.book_jobs()}
    assert {notice["status"] for notice in books.town.quickbooks.notifications()} == {200}


def test_a_payment_at_fieldcamp_is_in_the_books(books: WithBooks) -> None:
    invoice = books.books.bill()
    books.in_the_books(invoice)
    books.books.pay(invoice, "0.5")
    books.assert_equal_to_the_cent()
    assert books.told(invoice)["status"] == "partial"


@pytest.mark.parametrize("form", ["legacy", "cloudevents"])
def test_a_message_of_intuits_is_answered_within_a_second_and_starts_a_sync(books: WithBooks, form: Format) -> None:
    known = len(books.book_jobs())
    answer, took = books.knock(ENVELOPES[form]([Told(REALM, "Invoice", "1", "Update", "2026-11-20T10:00:00Z")]))
    assert answer.status_code == 200
    assert took < 1
    books.wait_until("a sync", lambda: len(books.book_jobs()) > known, SOON)


def test_a_message_that_intuit_did_not_sign_is_refused(books: WithBooks) -> None:
    known = len(books.book_jobs())
    message = ENVELOPES["legacy"]([Told(REALM, "Invoice", "1", "Update", "2026-11-20T10:00:00Z")])
    answer, took = books.knock(message, signed=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    assert took < 1
    _assert_nothing_follows(books, known)


@pytest.mark.parametrize("content", [{"hello": "books"}, "text", 7, {"eventNotifications": {}}])
def test_a_message_in_neither_format_is_refused(books: WithBooks, content: object) -> None:
    known = len(books.book_jobs())
    answer, took = books.knock(content)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert took < 1
    _assert_nothing_follows(books, known)


def test_a_worker_is_killed_in_the_middle_of_posting_and_no_invoice_is_there_twice(books: WithBooks) -> None:
    """Lessons 4 and 14: what the dead one had sent is looked up before anything is sent again."""
    job = books.caught_posting(MANY)
    books.worker_of(job).kill()
    in_flight = {one["Id"] for one in books.town.quickbooks.objects(REALM, "Invoice")}
    books.hurry()
    books.have(worker=1)
    books.wait_until("another worker to take over", lambda: books.job(job.id).attempts == 2, TAKEN_OVER)
    assert books.ended(job, 60).status is JobStatus.SUCCEEDED
    books.assert_equal_to_the_cent()
    after = books.town.quickbooks.objects(REALM, "Invoice")
    assert in_flight < {one["Id"] for one in after}
    assert len(after) == len(books.books.invoices())


def test_two_workers_keep_the_limits_of_a_company_together(books: WithBooks) -> None:
    """Two accounts keep their invoices in one company's books, and neither touches what is the other's."""
    books.have(worker=0)
    workers = [books.start("worker", "--concurrency", "1") for _ in range(2)]
    books.town.quickbooks.add_company(SHARED_REALM)
    accounts = [_account_in(books, SHARED_REALM, prefix) for prefix in ("A", "B")]
    books.town.quickbooks.set(latency=1.5)
    asked = [books.request_books(account_id) for account_id in accounts]
    books.wait_until("both to run", lambda: all(books.job(job.id).status is JobStatus.RUNNING for job in asked), SOON)
    owners = [books.owner(job) for job in asked]
    assert all(any(worker.owns(owner) for owner in owners) for worker in workers)
    ended = [books.ended(job, 90) for job in asked]
    assert [job.status for job in ended] == [JobStatus.SUCCEEDED, JobStatus.SUCCEEDED]
    (_, first_ended), (second_began, _) = intervals(ended)
    assert second_began < first_ended
    counts = books.town.quickbooks.counters()
    assert counts["refused"] == {}
    assert AT_ONCE - 2 < counts["highest"][SHARED_REALM] <= AT_ONCE
    books.hurry()
    for account_id in accounts:
        assert books.ended(books.request_books(account_id)).status is JobStatus.SUCCEEDED
        books.wiring.store.connections.disconnect(account_id, QUICKBOOKS, now())
    there = books.town.quickbooks.objects(SHARED_REALM, "Invoice")
    assert len({one["DocNumber"] for one in there}) == len(there) == len(accounts) * EACH
    assert not [one for one in there if one["PrivateNote"].startswith("Voided")]


def _account_in(books: WithBooks, realm: str, prefix: str) -> str:
    """Another workspace with clients, invoices and numbers of its own, in a company's books."""
    key = f"fc_live_{uuid4().hex}"
    client = f"cli_{prefix}"
    books.town.fieldcamp.add_account(key)
    books.town.fieldcamp.add_client(key, id=client, name=f"{prefix} Ltd", email=f"{prefix}@next-door.example")
    for number in range(EACH):
        line = {"name": "Work", "quantity": 1, "price": 10 + number, "taxIds": []}
        books.town.fieldcamp.add_invoice(key, clientId=client, lineItems=[line], number=f"{prefix}-{number}")
    account = books.wiring.store.accounts.create(f"{prefix} Ltd", now())[0]
    connect(books.wiring.house, account.id, FIELDCAMP, {"api_key": key})
    grant = {"realm_id": realm, "refresh_token": books.town.quickbooks.grant(realm, CLIENT_ID)}
    connect(books.wiring.house, account.id, QUICKBOOKS, grant, books.books.settings)
    return account.id


def _assert_nothing_follows(books: WithBooks, known: int) -> None:
    time.sleep(1)
    books.settle()
    assert len(books.book_jobs()) == known


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _tell(books: WithBooks, port: int, envelope: dict[str, Any]) -> None:
    """Deliver an event by hand to one web process."""
    body = json.dumps(envelope).encode()
    signed = signature_headers("t_v1", books.secret, envelope["id"], int(time.time()), body)
    answer = httpx.post(f"http://127.0.0.1:{port}/webhooks/fieldcamp/{books.account_id}", content=body, headers=signed)
    assert answer.status_code == 202, answer.text
