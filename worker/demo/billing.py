"""What happens to money in the demo: bills, payments, a bookkeeper at work, and lost answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.core.jobs import ACTIVE
from worker.demo.books import HELD, REALM, client, record_of
from worker.demo.company import API_KEY
from worker.demo.stage import QUICKBOOKS, Stage
from worker.simulators.faults import Fault
from worker.sync.matches import accept

AT_FIRST, AT_ONCE = 16, 24
"""Invoices before the books are connected, and while a worker is killed."""

MOST_VISITS = 10
MEMO = "Agreed on the telephone: pay by Friday."

Step = tuple[str, Callable[[], str]]


@dataclass
class Billing:
    """The part of the story that is about money. ``memos`` is what the bookkeeper wrote, by invoice."""

    stage: Stage
    memos: dict[str, str] = field(default_factory=dict)

    def beginning(self) -> Sequence[Step]:
        """How the books are opened: a headline, and what to do for it."""
        return (
            (f"The books are opened: {AT_FIRST} invoices, some clients known to the bookkeeper", self.open),
            ("A person says who a client is", self.say_who),
        )

    def later(self) -> Sequence[Step]:
        """What happens to the money after that."""
        return (
            ("Clients pay: in part, over two invoices, and one payment is voided", self.pay),
            ("QuickBooks loses answers, and the bookkeeper edits an invoice while we write", self.disturb),
        )

    def open(self) -> str:
        for _ in range(AT_FIRST):
            self.stage.books.bill()
        self.stage.open_books()
        self.stage.sync(QUICKBOOKS)
        self.stage.settle()
        held = len(self.stage.wiring.store.matches.open(self.stage.account_id))
        return f"{self._posted()} invoices, {held} client held for a person"

    def say_who(self) -> str:
        """The bookkeeper's customer of the same name is the client; what is held for them is posted then."""
        house, account_id = self.stage.wiring.house, self.stage.account_id
        [question] = house.store.matches.open(account_id)
        accept(house, account_id, question.id, question.choices[0].remote_id)
        assert question.local_id == client(HELD)
        self.stage.settle()
        return f"{self._posted()} invoices"

    def bill_what_is_done(self) -> int:
        """Bill some of the visits that are completed; how many."""
        done = [one for one in self.stage.town.fieldcamp.visits(API_KEY) if one["visitStatus"] == "completed"]
        for visit in done[:MOST_VISITS]:
            self.bill_visit(visit)
        return len(done[:MOST_VISITS])

    def bill_visit(self, visit: dict[str, Any]) -> dict[str, Any]:
        return self.stage.books.bill(visit["clientId"], visitId=visit["id"], jobId=visit["jobId"])

    def pay(self) -> str:
        books = self.stage.books
        first, second, third, fourth, *_ = self._unpaid()
        books.pay(first, "0.5")
        books.pay(second)
        twice = [books.bill(third["clientId"]), books.bill(third["clientId"])]
        self.stage.settle()
        books.pay(first, "0.25")
        books.receive(fourth, share="0.3")
        books.receive(*twice)
        mistaken = books.receive(third)
        self.stage.settle()
        recorded = len(self.stage.town.fieldcamp.records(API_KEY, "payments"))
        self.stage.town.quickbooks.void(REALM, "Payment", mistaken["Id"])
        self.stage.settle()
        left = len(self.stage.town.fieldcamp.records(API_KEY, "payments"))
        return f"{recorded} at FieldCamp, {left} after the void"

    def disturb(self) -> str:
        """A lost answer for every third new invoice; then the bookkeeper is quicker than the update on its way."""
        books, faults = self.stage.books, self.stage.town.quickbooks.faults
        faults.add(Fault(operation="invoice.create", drop="after", times=2, every_nth=2))
        faults.add(Fault(operation="query", status=503, times=1, skip=2))
        for _ in range(6):
            books.bill()
        self.stage.settle()
        late = faults.add(Fault(operation="batch", delay=1.5))
        edited = self._unpaid()[-1]
        books.change(edited)
        self.stage.wait_until("an update to be on its way", lambda: faults.fired(late) == 1)
        books.annotate(edited, MEMO)
        self.memos[edited["id"]] = MEMO
        self.stage.settle()
        return f"{faults.fired()} faults met, the bookkeeper's words are there"

    def begin_posting(self) -> Callable[[], bool]:
        """Many new invoices for books that are slow; the answer tells whether some are there, and more are to come."""
        there = self._posted()
        self.stage.town.quickbooks.set(latency=0.5)
        for _ in range(AT_ONCE):
            self.stage.books.bill()
        return lambda: self._is_active() and there < self._posted() < there + AT_ONCE - 5

    def go_on(self, visit: dict[str, Any]) -> str:
        """A completed visit is billed, and the oldest bill is paid, to the office or to the bank; tells which."""
        billed = self.bill_visit(visit)
        oldest, *_ = self._unpaid()
        in_books = self._is_in_books(oldest) and int(billed["number"].rpartition("-")[2]) % 2
        pay = self.stage.books.receive if in_books else self.stage.books.pay
        pay(oldest)
        return f"billed with {billed['number']}, {oldest['number']} is paid {'in QuickBooks' if in_books else 'here'}"

    def writes(self) -> int:
        """What was written to the books; a batch counts as what is in it."""
        counts = self.stage.town.quickbooks.counters()
        alone = sum(number for name, number in counts.items() if "." in name)
        return int(alone + counts["parts"])

    def _posted(self) -> int:
        return len(self.stage.town.quickbooks.objects(REALM, "Invoice"))

    def _is_in_books(self, invoice: dict[str, Any]) -> bool:
        found = self.stage.town.quickbooks.objects(REALM, "Invoice")
        return any(record_of(one) == invoice["id"] for one in found)

    def _is_active(self) -> bool:
        return any(job.integration == QUICKBOOKS and job.status in ACTIVE for job in self.stage.jobs()[:6])

    def _unpaid(self) -> list[dict[str, Any]]:
        return [one for one in self.stage.books.invoices() if one["status"] == "unpaid" and one["balanceDue"]]
