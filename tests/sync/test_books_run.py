"""One sync of a company's books, from claim to end, over HTTP on both sides."""

import pytest

from tests.sync.books_house import REALM, BooksHouse
from tests.sync.filled_books import ENTITIES, bill, fill, the_books
from worker.core.jobs import CREATED, DELETED, FAILED, UPDATED, Job, JobRequest, JobStatus, Mode, Trigger, named
from worker.core.records import INVOICE
from worker.simulators.faults import Fault


def assert_adds_up(there: BooksHouse, job: Job) -> None:
    """Records, tallies, counts and progress tell the same."""
    assert job.done == job.total
    words = [record.outcome for record in there.records(job)]
    tallied = [sum(tally.get(word, 0) for tally in job.tallies.values()) for word in (CREATED, UPDATED, DELETED)]
    assert job.counts.pushed == sum(tallied) == sum(words.count(word) for word in (CREATED, UPDATED, DELETED))
    assert job.counts.failed == words.count(FAILED)


class TestJobs:
    def test_everything_is_posted_in_one_sync_and_adds_up(self, there: BooksHouse) -> None:
        ours = [bill(there, 100), bill(there, 50)]
        there.payment(ours[0], 30)
        there.item()
        job = there.sync()
        assert job.status is JobStatus.SUCCEEDED
        found = {kind: tally.get(CREATED) for kind, tally in job.tallies.items()}
        assert found == {"clients": 1, "items": 2, "invoices": 2, "payments": 1}
        assert_adds_up(there, job)
        there.assert_agreement()

    @pytest.mark.parametrize("mode", Mode)
    def test_a_sync_with_nothing_to_do_adds_up(self, there: BooksHouse, mode: Mode) -> None:
        fill(there)
        job = there.sync(mode)
        assert (job.counts.pushed, job.counts.failed) == (0, 0)
        assert_adds_up(there, job)

    def test_a_sync_with_nothing_to_do_is_one_request_of_cdc_and_two_queries_of_taxes(self, there: BooksHouse) -> None:
        fill(there)
        there.sync()
        there.quickbooks.journal.clear()
        assert there.sync().status is JobStatus.SUCCEEDED
        assert sorted(entry.operation for entry in there.quickbooks.journal.entries()) == ["cdc", "query", "query"]

    @pytest.mark.parametrize(
        ("scope", "filled"),
        [
            ("taxes", ()),
            ("customers", ("Customer",)),
            ("items", ("Item",)),
            ("invoices", ("Customer", "Item", "Invoice")),
            ("payments", ENTITIES),
            ("all", ENTITIES),
        ],
    )
    def test_a_scope_runs_with_what_it_depends_on_and_nothing_else(
        self, there: BooksHouse, scope: str, filled: tuple[str, ...]
    ) -> None:
        there.item()
        there.payment(bill(there), 30)
        job = there.sync(scope=scope)
        assert job.status is JobStatus.SUCCEEDED
        assert tuple(entity for entity, found in the_books(there).items() if found) == filled
        assert_adds_up(there, job)
        assert there.sync().status is JobStatus.SUCCEEDED
        there.assert_agreement()

    def test_a_dry_run_writes_nothing_anywhere_and_shows_what_would_be_done(self, there: BooksHouse) -> None:
        ours = fill(there)
        [one, *_] = there.objects("Invoice")
        there.quickbooks.record_payment(REALM, one["CustomerRef"]["value"], 10, {one["Id"]: 10})
        there.change("invoices", ours[1], notes="Thank you")
        there.change("invoices", ours[2], status="void")
        there.client("Grace Hopper")
        before, told = the_books(there), there.told("payments")
        there.fieldcamp.journal.clear()
        there.quickbooks.journal.clear()
        job = there.sync(dry_run=True)
        assert job.status is JobStatus.SUCCEEDED
        assert (the_books(there), there.told("payments")) == (before, told)
        assert {entry.method for entry in there.fieldcamp.journal.entries()} == {"GET"}
        assert {entry.operation for entry in there.quickbooks.journal.entries()} <= {"query", "cdc", "preferences"}
        words = {(record.kind, record.outcome) for record in there.records(job)} - {("payment", "unchanged")}
        assert words == {
            ("client", CREATED),
            ("invoice", UPDATED),
            ("invoice", DELETED),
            ("payment", CREATED),
        }
        assert there.sync().status is JobStatus.SUCCEEDED
        assert len(there.told("payments")) == 2
        there.assert_agreement()

    def test_a_mass_of_voids_is_held_until_somebody_confirms_it(self, there: BooksHouse) -> None:
        ours = fill(there, 12)
        for invoice in ours[1:]:
            there.change("invoices", invoice, status="void")
        before = the_books(there)
        job = there.sync()
        assert job.status is JobStatus.FAILED
        assert job.error is not None
        assert job.error["code"] == "MASS_CHANGE_HELD"
        assert the_books(there) == before
        assert there.sync(confirm_mass_change=True).status is JobStatus.SUCCEEDED
        assert len(there.live("Invoice")) == 1

    def test_a_retry_takes_the_failed_records_alone(self, there: BooksHouse) -> None:
        fill(there)
        there.quickbooks.faults.add(Fault(operation="invoice.create", status=400, reason="6000", times=None))
        refused = bill(there, 11)
        assert there.sync().status is JobStatus.PARTIAL
        there.quickbooks.faults.clear()
        there.client("Grace Hopper")
        job = there.sync(trigger=Trigger.RETRY, only=(named(INVOICE, refused),))
        assert (job.status, job.tallies) == (JobStatus.SUCCEEDED, {"invoices": {CREATED: 1}})
        assert_adds_up(there, job)
        assert len(there.objects("Customer")) == 1


def test_a_job_of_the_books_asks_for_no_more_than_one_sync(there: BooksHouse) -> None:
    """A request names its scope and its mode, and the job shows them."""
    job = there.sync(Mode.FULL, scope="customers")
    assert job.request == JobRequest(Mode.FULL, "customers", Trigger.CLI)
