"""Workers at one house's books: one sync each, whatever becomes of them, and the next one takes over."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.sync.books_fate import FATE, free_tokens
from tests.sync.books_house import BOOKS, FC_KEY, BooksHouse
from tests.sync.memory import Died
from worker.core.jobs import JobRequest, Mode, Trigger
from worker.http.limits import Limits
from worker.simulators.faults import Fault
from worker.sources.fieldcamp.events import parse_event
from worker.sync.receive import receive_events
from worker.sync.request import request_sync
from worker.sync.run import run_job


@dataclass
class Shift:
    """``waiting`` are the places of FieldCamp's events that are under way, ``known`` how many set out so far."""

    there: BooksHouse
    waiting: list[int] = field(default_factory=list)
    known: int = 0

    def run(self, mode: Mode = Mode.INCREMENTAL, trigger: Trigger = Trigger.CLI, **request: Any) -> None:
        self.doomed(FATE.clear, mode, trigger, **request)

    def run_with(self, mode: Mode, in_quickbooks: Sequence[Fault] = (), at_fieldcamp: Sequence[Fault] = ()) -> None:
        def decree() -> None:
            for fault in in_quickbooks:
                self.there.quickbooks.faults.add(fault)
            for fault in at_fieldcamp:
                self.there.fieldcamp.faults.add(fault)

        self.doomed(decree, mode)

    def doomed(
        self,
        decree: Callable[[], None],
        mode: Mode = Mode.INCREMENTAL,
        trigger: Trigger = Trigger.CLI,
        **request: Any,
    ) -> None:
        """One sync under what ``decree`` orders; that holds no longer after it."""
        self.recover()
        if not self.there.connection.connected:
            self.there.connect()
        wanted = JobRequest(mode, trigger=trigger, confirm_mass_change=True, **request)
        job = request_sync(self.there.house, self.there.account_id, BOOKS, wanted)
        decree()
        try:
            run_job(self.there.house, job.id, "worker")
        except Died:
            pass
        finally:
            self._calm_down()

    def recover(self) -> None:
        """The leases of the dead run out, and what they had begun comes to its end."""
        self._calm_down()
        free_tokens(self.there.path)
        self.there.recover()

    def take_over(self) -> None:
        """The lease runs out, and another worker does all of the job."""
        self.there.expire_leases()
        self.there.store.jobs.requeue_lost(self.there.now())
        active = self.there.store.jobs.active(self.there.connection.id)
        if active is not None:
            run_job(self.there.house, active.id, "the next one")

    def deliver(self, order: random.Random, *, twice: bool, lost: bool) -> None:
        """Half of the events arrive, in any order; the rest later, or never where it is ``lost`` and no deletion."""
        events = self._under_way()
        order.shuffle(self.waiting)
        coming = self.waiting[: len(self.waiting) // 2 + 1]
        rest = self.waiting[len(coming) :]
        self._received([events[place] for place in coming] * (2 if twice else 1))
        self.waiting = [place for place in rest if not lost or events[place]["type"].endswith(".deleted")]

    def deliver_all(self) -> None:
        events = self._under_way()
        self._received([events[place] for place in self.waiting])
        self.waiting = []

    def _under_way(self) -> list[dict[str, Any]]:
        events = self.there.fieldcamp.events(FC_KEY)
        self.waiting.extend(range(self.known, len(events)))
        self.known = len(events)
        return events

    def _received(self, events: list[dict[str, Any]]) -> None:
        receive_events(self.there.house, [parse_event(one, self.there.account_id) for one in events])

    def _calm_down(self) -> None:
        FATE.clear()
        self.there.quickbooks.faults.clear()
        self.there.fieldcamp.faults.clear()
        self.there.limits = Limits(patience=0.0)
