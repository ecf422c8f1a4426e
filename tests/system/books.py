"""A system whose company also keeps books in QuickBooks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.servers.postgres import Postgres
from tests.system.system import LEASE, System
from worker.core.errors import SyncInProgress
from worker.core.jobs import ACTIVE, Job, JobRequest, Trigger
from worker.demo.audit import Audit, audit
from worker.demo.books import REALM, Books, record_of
from worker.demo.company import API_KEY
from worker.simulators.quickbooks.envelopes import SIGNATURE, Format, signature
from worker.simulators.town import WEBHOOK_VERIFIER
from worker.sync.connect import connect
from worker.sync.matches import accept
from worker.sync.request import request_sync

QUICKBOOKS = "quickbooks"
SOON = 20.0
"""Seconds; the timer of these systems looks once an hour."""
TAKEN_OVER = LEASE + 8.0


class WithBooks(System):
    """A system that FieldCamp and Intuit reach."""

    def __init__(self, folder: Path, database_url: str) -> None:
        super().__init__(folder, database_url, 8)

    def _open_account(self) -> None:
        self.books = Books(self.town)
        self.books.found()
        super()._open_account()
        self.listen("cloudevents")
        connect(self.wiring.house, self.account_id, QUICKBOOKS, self.books.credentials, self.books.settings)

    @property
    def door(self) -> str:
        """Where Intuit sends its messages."""
        return f"http://127.0.0.1:{self.port}/webhooks/quickbooks"

    def listen(self, form: Format) -> None:
        """Have Intuit send its messages in this format alone."""
        self.town.quickbooks.unsubscribe()
        self.town.quickbooks.subscribe(self.door, WEBHOOK_VERIFIER, form)

    def knock(self, content: object, signed: bool = True) -> tuple[httpx.Response, float]:
        """Send a message as Intuit would, or as a stranger; the answer, and the seconds until it came."""
        body = json.dumps(content).encode()
        headers = {SIGNATURE: signature(WEBHOOK_VERIFIER if signed else "guess", body)}
        started = time.monotonic()
        return httpx.post(self.door, content=body, headers=headers, timeout=10), time.monotonic() - started

    # What both sides show

    def audit(self) -> Audit:
        return audit(self.town)

    def posted(self, *invoices: dict[str, Any]) -> bool:
        """Whether the books have each of them, once."""
        there = [record_of(one) for one in self.town.quickbooks.objects(REALM, "Invoice")]
        return all(there.count(invoice["id"]) == 1 for invoice in invoices)

    def in_the_books(self, *invoices: dict[str, Any]) -> None:
        self.wait_until("the invoices to be posted", lambda: self.posted(*invoices), SOON)

    def told(self, invoice: dict[str, Any]) -> dict[str, Any]:
        """The invoice as FieldCamp has it now."""
        return next(one for one in self.books.invoices() if one["id"] == invoice["id"])

    def assert_equal_to_the_cent(self) -> None:
        """Once everything is quiet, both sides say the same, and nothing is there twice."""
        self.settle()
        found = self.audit()
        assert found.differences == []
        assert all(ours == theirs and here == there for _, here, ours, there, theirs in found.rows)

    def created(self, entity: str) -> int:
        """How many of an entity we have sent one by one, whatever became of them."""
        return len(self.town.quickbooks.journal.entries(f"{entity}.create"))

    # Jobs

    def book_jobs(self) -> Sequence[Job]:
        return self.wiring.store.jobs.listed(self.account_id, QUICKBOOKS, limit=1000)

    def request_books(self, account_id: str | None = None) -> Job:
        """Ask for a sync of the books; one that runs already is as good."""
        wanted = JobRequest(trigger=Trigger.CLI)
        try:
            return request_sync(self.wiring.house, account_id or self.account_id, QUICKBOOKS, wanted)
        except SyncInProgress as busy:
            return self.job(busy.active_job_id)

    def caught_posting(self, number: int) -> Job:
        """A sync that has posted some of so many new invoices; QuickBooks is slow from now on."""
        self.settle()
        before = self.created("invoice")
        self.town.quickbooks.set(latency=0.4)
        for _ in range(number):
            self.books.bill()
        self.wait_until("some invoices to be sent", lambda: before + 6 < self.created("invoice"), SOON)
        [job] = [job for job in self.book_jobs() if job.status in ACTIVE]
        assert self.created("invoice") < before + number
        return job

    def hurry(self) -> None:
        super().hurry()
        self.town.quickbooks.set(latency=0.0)
        self.town.quickbooks.faults.clear()

    def is_quiet(self) -> bool:
        return self.town.quickbooks.wait_until_delivered(0.01) and super().is_quiet()

    def look_now(self) -> None:
        """The first looks, without the ten seconds after which new connections are looked at."""
        for integration in ("fieldcamp", "google_calendar"):
            with suppress(SyncInProgress):
                request_sync(self.wiring.house, self.account_id, integration, JobRequest())
        self.ended(self.request_books(), SOON)
        self.say_who()

    def say_who(self) -> None:
        """The bookkeeper's customer with a client's name is the client."""
        for question in self.wiring.store.matches.open(self.account_id):
            accept(self.wiring.house, self.account_id, question.id, question.choices[0].remote_id)

    def events_of(self, record_id: str) -> list[dict[str, Any]]:
        return [one for one in self.town.fieldcamp.events(API_KEY) if one["data"]["object"]["id"] == record_id]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def with_books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WithBooks]:
    """Web, worker and beat, once on each database."""
    folder = tmp_path_factory.mktemp("books")
    url = f"sqlite:///{folder / 'visit-sync.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create(f"books_{uuid4().hex}")
    found = WithBooks(folder, url)
    try:
        found.have(web=1, worker=1, beat=1)
        found.look_now()
        yield found
    finally:
        found.close()


@pytest.fixture
def books(with_books: WithBooks) -> WithBooks:
    """Quiet, and with one worker."""
    with_books.hurry()
    with_books.have(web=1, worker=1, beat=1)
    with_books.settle()
    return with_books
