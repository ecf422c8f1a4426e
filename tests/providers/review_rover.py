"""ReviewRover behind its real provider, on the loopback and without patience."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.providers.suite import MemoryGrant
from worker.core.documents import ReviewVisit
from worker.core.errors import SyncError
from worker.core.ports import Change, Create, Delete, Done, Failed, Key, Operation, Page, Update
from worker.http.limits import Limits
from worker.providers.review_rover import ReviewRover
from worker.providers.review_rover.account import STREAM
from worker.simulators.faults import Fault
from worker.simulators.journal import Entry
from worker.simulators.review_rover import ReviewRoverSimulator
from worker.simulators.server import serve

TENANT, ADA = "acme", "ada@example.com"
NINE = datetime(2026, 6, 1, 9, tzinfo=UTC)
TEN = datetime(2026, 6, 1, 10, tzinfo=UTC)
DONE = ReviewVisit(ADA, "Ada", "Lovelace", "+15550100", scheduled=NINE, completed=TEN, amount=Decimal("10.10"))
PLANNED = ReviewVisit(ADA, "Ada", "Lovelace", scheduled=NINE)


@dataclass
class Campaign:
    """The simulator with one tenant, and providers for it."""

    simulator: ReviewRoverSimulator
    url: str
    limits: Limits = field(default_factory=lambda: Limits(patience=0))

    def __post_init__(self) -> None:
        self.simulator.reset()
        self.token = self.simulator.add_account(TENANT)
        self.provider = self.opened()

    def opened(self, token: Any = None, per_minute: float = 1e7) -> ReviewRover:
        grant = MemoryGrant({"token": self.token if token is None else token})
        return ReviewRover(self.url, grant, self.limits, per_minute=per_minute, sleep=lambda _: None)

    def reopen(self) -> None:
        """The provider of the next sync."""
        self.provider.close()
        self.provider = self.opened()

    # What we do

    def do(self, operation: Operation) -> Done:
        [outcome] = self.provider.apply(STREAM, [operation])
        assert isinstance(outcome, Done), outcome
        return outcome

    def refused(self, operation: Operation) -> SyncError:
        [outcome] = self.provider.apply(STREAM, [operation])
        assert isinstance(outcome, Failed), outcome
        return outcome.error

    def create(self, document: ReviewVisit = DONE, local_id: str = "vis_1", *, uncertain: bool = False) -> Done:
        return self.do(create(document, local_id, uncertain=uncertain))

    def update(
        self, made: Done, document: ReviewVisit, before: ReviewVisit | None = None, local_id: str = "vis_1"
    ) -> Done:
        return self.do(update(made, document, before, local_id))

    def read(self, cursor: str | None = None) -> tuple[list[Change], Page]:
        """All changes, and the last page."""
        pages = list(self.provider.changes(STREAM, cursor))
        assert all(page.cursor is None and not page.complete for page in pages[:-1])
        return [change for page in pages for change in page.changes], pages[-1]

    # What is there

    def fault(self, **how: Any) -> None:
        self.simulator.faults.add(Fault(**how))

    def visits(self) -> list[dict[str, Any]]:
        return self.simulator.visits(TENANT)

    def visit(self, local_id: str = "vis_1") -> dict[str, Any]:
        [found] = [one for one in self.visits() if one["external_id"] == local_id]
        return found

    def asked(self) -> list[str]:
        return [sent["external_id"] for sent in self.simulator.review_requests(TENANT)]

    def calls(self) -> list[str]:
        return [entry.operation for entry in self.entries()]

    def entries(self) -> list[Entry]:
        return self.simulator.journal.entries()

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """The operations that were asked for inside the block, once it is over."""
        before = len(self.entries())
        calls: list[str] = []
        yield calls
        calls.extend(self.calls()[before:])


def create(document: ReviewVisit = DONE, local_id: str = "vis_1", *, uncertain: bool = False) -> Create:
    return Create(Key(local_id), document, uncertain)


def update(made: Done, document: ReviewVisit, before: ReviewVisit | None = None, local_id: str = "vis_1") -> Update:
    return Update(Key(local_id), made.remote_id, made.version, document, before=before)


def delete(made: Done, local_id: str = "vis_1") -> Delete:
    return Delete(Key(local_id), made.remote_id, made.version)


@contextmanager
def served_campaigns() -> Iterator[Callable[[], Campaign]]:
    simulator = ReviewRoverSimulator(seed=7)
    with serve(simulator.app) as served:
        yield lambda: Campaign(simulator, served.url)
