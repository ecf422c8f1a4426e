"""Lines to a simulated company, without the patience that the real one asks for."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.providers.suite import MemoryGrant
from tests.simulators.quickbooks import CLIENT, REALM, Books
from worker.http.limits import Limits
from worker.http.slots import Slots
from worker.providers.quickbooks.line import Line
from worker.providers.quickbooks.service import SLOT_LEASE, TOKEN_PATH, QuickBooksSettings, Rates
from worker.simulators.faults import Fault

Told = dict[str, Any]
ADA = {"DisplayName": "Ada Lovelace"}
FREE = Rates(per_minute=1e6, batches_per_minute=1e6, per_second=1e5)


def settings_for(books: Books, rates: Rates = FREE) -> QuickBooksSettings:
    return QuickBooksSettings(books.url, books.url + TOKEN_PATH, *CLIENT, rates=rates)


def grant_for(books: Books, **credentials: Any) -> MemoryGrant:
    return MemoryGrant({"realm_id": REALM, "refresh_token": books.refresh_token, **credentials})


@dataclass
class House:
    """What all workers share: the limits and the slots, here without patience."""

    books: Books
    limits: Limits = field(default_factory=lambda: Limits(patience=0))
    slots: Slots = field(default_factory=lambda: Slots(lease=SLOT_LEASE))

    @contextmanager
    def line(self, rates: Rates = FREE, credentials: Mapping[str, Any] | None = None) -> Iterator[Line]:
        grant = grant_for(self.books, **(credentials or {}))
        line = Line(settings_for(self.books, rates), grant, self.limits, self.slots, "acc_1")
        yield line
        line.close()

    def asked(self, operation: str | None = None) -> int:
        """The requests that came to the company, those of an operation alone where it is named."""
        entries = self.books.simulator.journal.entries(operation)
        return len([one for one in entries if one.operation != "token"])

    def order(self, **how: Any) -> None:
        """A fault for what is asked of the company."""
        self.books.simulator.faults.add(Fault(**{"path": "^/v3/", **how}))


def reading(line: Line) -> object:
    return line.query("SELECT * FROM Customer")


def writing(line: Line) -> object:
    return line.write("Customer", ADA)


def batched(line: Line) -> object:
    return line.batch([{"bId": "1", "operation": "create", "Customer": ADA}])


def asking(line: Line) -> object:
    return line.batch([{"bId": "1", "Query": "SELECT * FROM Customer"}])
