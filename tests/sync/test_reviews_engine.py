"""The whole engine with ReviewRover behind it: whatever happens, no client is asked twice, and both sides agree."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.sync.memory import Died
from tests.sync.reviews_house import FC_KEY, TENANT, ReviewsHouse, Street, street, to_the_second
from worker.core.jobs import Mode
from worker.simulators.faults import Fault
from worker.sync.connect import disconnect
from worker.sync.run import run_job

MEMORY = Path("/dev/shm")
PLACE, MODE = st.integers(0, 3), st.sampled_from(Mode)
STATES = st.sampled_from(["scheduled", "in_progress", "completed", "cancelled"])
CONFIRMED: dict[str, Any] = {"confirm_mass_change": True}


class Engine(RuleBasedStateMachine):
    """Visits change, are paid and deleted, people meddle, answers are lost, workers die and wake."""

    both: ClassVar[Street]

    @initialize(create_on=st.sampled_from(["completed", "scheduled"]), second=st.sampled_from(["refused", "created"]))
    def open(self, create_on: str, second: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="reviews", dir=MEMORY if MEMORY.is_dir() else None))
        self.there = ReviewsHouse(self.both, self.folder / "sync.db", {"create_on": create_on})
        self.there.rover.configure(second_external_id=second)
        self.clients = [self.there.client(f"client{place}@example.com" if place else None) for place in range(3)]
        self.visits = [self.there.visit(self.clients[place % 3], "scheduled", place) for place in range(4)]
        self.invoices = [self.there.paid(visit) for visit in self.visits]
        self.deleted_here: set[str] = set()
        self.deleted_there: set[str] = set()
        self.deliver()

    def teardown(self) -> None:
        if hasattr(self, "there"):
            try:
                self.fall_quiet()
            finally:
                self.there.close()
                shutil.rmtree(self.folder)

    # FieldCamp

    @rule(place=PLACE, state=STATES)
    def visit_moves_on(self, place: int, state: str) -> None:
        if self.visits[place] not in self.deleted_here:
            self.there.fieldcamp.change_visit(FC_KEY, self.visits[place], visitStatus=state)

    @rule(place=PLACE)
    def visit_is_deleted(self, place: int) -> None:
        if self.visits[place] not in self.deleted_here:
            self.there.fieldcamp.delete_visit(FC_KEY, self.visits[place])
            self.deleted_here.add(self.visits[place])

    @rule(place=PLACE, amount=st.sampled_from([10.10, 0.05]))
    def something_is_paid(self, place: int, amount: float) -> None:
        self.there.fieldcamp.add_payment(FC_KEY, invoiceId=self.invoices[place], amount=amount)

    @rule(place=st.integers(0, 2), name=st.sampled_from(["ada", "bob"]))
    def client_has_another_address(self, place: int, name: str) -> None:
        self.there.fieldcamp.change(FC_KEY, "clients", self.clients[place], email=f"{name}@example.com")

    @rule()
    def events_arrive(self) -> None:
        self.deliver()

    # ReviewRover

    @rule(place=PLACE, amount=st.sampled_from(["1.00", ""]), completed=st.sampled_from(["", None]))
    def person_edits(self, place: int, amount: str, completed: str | None) -> None:
        if self.visits[place] in self.there.there:
            told = {} if completed is None else {"time_completed": completed}
            self.there.rover.edit_visit(TENANT, self.visits[place], amount_collected=amount, **told)

    @rule(place=PLACE)
    def person_deletes(self, place: int) -> None:
        if self.visits[place] in self.there.there:
            self.there.rover.delete_visit(TENANT, self.visits[place])
            self.deleted_there.add(self.visits[place])

    # Syncs

    @rule(mode=MODE)
    def sync(self, mode: Mode) -> None:
        self.run(mode)

    @rule(mode=MODE)
    def dry_run(self, mode: Mode) -> None:
        self.there.recover()
        writes = self.there.writes
        self.there.sync(mode, dry_run=True)
        assert self.there.writes == writes

    @rule(mode=MODE, drop=st.sampled_from(["before", "after", "mid"]), skip=st.integers(0, 4), times=st.integers(1, 4))
    def sync_with_lost_answers(self, mode: Mode, **how: Any) -> None:
        self.there.recover()
        self.there.rover.faults.add(Fault(path="^/v1/", **how))
        self.run(mode)

    @rule(mode=MODE, status=st.sampled_from([500, 502]), skip=st.integers(0, 4), carried_out=st.booleans())
    def sync_while_reviewrover_is_broken(self, mode: Mode, **how: Any) -> None:
        self.there.recover()
        self.there.rover.faults.add(Fault(path="^/v1/", times=3, body="<html>", **how))
        self.run(mode)

    @rule(mode=MODE, batch=st.integers(0, 2), before=st.booleans())
    def sync_of_a_worker_that_dies(self, mode: Mode, batch: int, before: bool) -> None:
        self.there.recover()
        self._hooks(before).extend([lambda: None] * batch + [self.there.fate.dies])
        self.run(mode)

    @rule(mode=MODE, batch=st.integers(0, 2))
    def sync_of_a_zombie(self, mode: Mode, batch: int) -> None:
        """The worker sleeps past its lease once its batch is sent; another takes over; then the first wakes."""
        self.there.recover()
        self._hooks(before=False).extend([lambda: None] * batch + [self.there.recover])
        self.run(mode)

    @rule()
    def somebody_reconnects(self) -> None:
        self.there.recover()
        disconnect(self.there.house, self.there.account_id, "review_rover", lambda _: None)
        self.there.connect()

    @invariant()
    def nobody_is_asked_twice(self) -> None:
        if hasattr(self, "there"):
            twice = [visit for visit, times in Counter(self.there.asked).items() if times > 1]
            assert twice == []

    def _hooks(self, before: bool) -> list[Any]:
        return self.there.fate.before_apply if before else self.there.fate.after_apply

    def run(self, mode: Mode) -> None:
        """One sync; whatever was ordered for it holds no longer."""
        self.there.recover()
        job = self.there.queue(mode, **CONFIRMED)
        try:
            run_job(self.there.house, job.id, "worker")
        except Died:
            pass
        finally:
            for hooks in (self._hooks(before=True), self._hooks(before=False)):
                hooks.clear()
            self.there.rover.faults.clear()

    def deliver(self) -> None:
        self.there.deliver()

    def fall_quiet(self) -> None:
        """No more faults, every event delivered; a full sync brings both sides together, the next writes nothing."""
        there = self.there
        there.recover()
        self.deliver()
        for _ in range(2):
            there.full(**CONFIRMED)
        writes = there.writes
        there.full(**CONFIRMED)
        there.sync(**CONFIRMED)
        assert there.writes == writes
        assert there.store.plans.pending(there.connection.id) == [], "something is looked at again and again"
        self.nobody_is_asked_twice()
        self.assert_agreement()

    def assert_agreement(self) -> None:
        there = self.there
        told = {one["id"]: one for one in there.fieldcamp.visits(FC_KEY)}
        emails = {one["id"]: one["email"] for one in there.fieldcamp.records(FC_KEY, "clients")}
        contacts = {one["id"]: one["email"] for one in there.rover.contacts(TENANT)}
        assert there.there.keys() <= told.keys(), "a deleted visit is there"
        assert not there.there.keys() & self.deleted_there, "what people deleted came back"
        for visit_id, visit in told.items():
            shown = there.there.get(visit_id)
            if shown is None:
                due = visit["visitStatus"] == "completed" and emails[visit["clientId"]]
                assert not due or visit_id in self.deleted_there, "a completed visit is missing"
                continue
            assert contacts[shown["contact_id"]] == emails[visit["clientId"]]
            assert to_the_second(shown["time_scheduled"]) == to_the_second(visit["scheduledStart"])
            assert (shown["date_cancelled"] is not None) == (visit["visitStatus"] == "cancelled")
            assert shown["time_completed"] or visit["visitStatus"] != "completed"
            assert shown["amount_collected"] == self._paid(visit_id)
            asked = visit_id in there.asked
            assert asked == (shown["time_completed"] is not None)

    def _paid(self, visit_id: str) -> str:
        invoice = self.invoices[self.visits.index(visit_id)]
        payments = self.there.fieldcamp.records(FC_KEY, "payments")
        return f"{sum(round(one['amount'] * 100) for one in payments if one['invoiceId'] == invoice) / 100:.2f}"


@pytest.fixture(scope="module", autouse=True)
def served() -> Iterator[None]:
    with street() as both:
        Engine.both = both
        yield


TestEngine = Engine.TestCase
TestEngine.settings = settings(
    max_examples=10,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # an example takes seconds, and making one smaller takes hundreds of them
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
