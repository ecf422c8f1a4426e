"""The whole engine with Outlook behind it: after it falls quiet, two syncs bring both sides together."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from tests.providers.outlook import Outlook, served_outlook
from tests.sync.memory import START, Died
from tests.sync.outlook_house import CALENDARS, OutlookHouse, meaning, meant, no_waiting, sides
from tests.sync.outlook_weather import EXPIRY, LAG, PART_FAULTS, WEATHER
from tests.sync.small_house import TWO
from worker.core.documents import Times
from worker.core.jobs import Mode
from worker.core.records import Record
from worker.core.visits import VisitStatus
from worker.sync.run import run_job

VISITS = [f"vis_{number}" for number in range(5)]
TEAMS = [(), ("usr_1",), ("usr_2",), ("usr_1", "usr_2")]
MEMORY = Path("/dev/shm")
CALENDAR, PLACE, HOURS, MODE = st.sampled_from(CALENDARS), st.integers(0, 9), st.integers(0, 6), st.sampled_from(Mode)
CONFIRMED = {"confirm_mass_change": True}
NOTES = st.sampled_from(["Ring <twice> & wait\n\n  Gate 7", ""])
LONG_AFTER = timedelta(days=900)
"""Outside of every window."""


def at(hours: int) -> Times:
    start = START + timedelta(hours=hours)
    return Times.span(start, start + timedelta(hours=1))


class Engine(RuleBasedStateMachine):
    """Visits change, people edit, copy, put away and delete, links expire, answers are lost, workers die and wake."""

    outlook: ClassVar[Outlook]
    undelivered = Bundle("undelivered")

    @initialize(
        delegated=st.booleans(),
        on_remote_delete=st.sampled_from(["restore", "flag", "unschedule"]),
        on_both_changed=st.sampled_from(["fieldcamp", "calendar"]),
        remote_reschedule=st.booleans(),
    )
    def open(self, **preferences: Any) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="outlook", dir=MEMORY if MEMORY.is_dir() else None))
        self.there = OutlookHouse(self.folder / "sync.db", self.outlook, **preferences)
        for hours, local_id in enumerate(VISITS):
            self.visit_is_moved_and_told(local_id, hours, team=TEAMS[1 + hours % 3], notes="Gate <7>")
        self.run(Mode.INCREMENTAL)

    def teardown(self) -> None:
        if hasattr(self, "there"):
            try:
                self.fall_quiet()
            finally:
                self.there.close()
                shutil.rmtree(self.folder)

    @rule(
        target=undelivered,
        local_id=st.sampled_from(VISITS),
        status=st.sampled_from(list(VisitStatus)),
        team=st.sampled_from(TEAMS),
        hours=HOURS,
        any_time=st.booleans(),
        notes=NOTES,
    )
    def visit_changes(self, local_id: str, hours: int, **fields: Any) -> Record:
        times = at(hours)
        return self.there.visit(local_id, start=times.start, end=times.end, **fields)

    @rule(local_id=st.sampled_from(VISITS), team=st.sampled_from(TEAMS[1:]), hours=HOURS, notes=NOTES)
    def visit_is_moved_and_told(self, local_id: str, hours: int, **fields: Any) -> None:
        times = at(hours)
        scheduled = {"status": VisitStatus.SCHEDULED, "any_time": False}
        self.there.arrive(local_id, start=times.start, end=times.end, **scheduled, **fields)

    @rule(target=undelivered, local_id=st.sampled_from(VISITS))
    def visit_is_deleted(self, local_id: str) -> Record:
        return self.there.source.tell(None, local_id)

    @rule(record=consumes(undelivered))
    def event_arrives(self, record: Record) -> None:
        self.there.deliver(record)

    @rule(record=undelivered)
    def event_arrives_and_will_again(self, record: Record) -> None:
        self.there.deliver(record)

    @rule(calendar=CALENDAR, place=PLACE, hours=HOURS)
    def person_moves(self, calendar: str, place: int, hours: int) -> None:
        self.there.edit(calendar, place, **sides(at(hours)))

    @rule(calendar=CALENDAR, place=PLACE)
    def person_moves_far_away(self, calendar: str, place: int) -> None:
        self.there.edit(calendar, place, **sides(Times.span(START + LONG_AFTER, START + LONG_AFTER * 1.01)))

    @rule(calendar=CALENDAR, place=PLACE)
    def person_retitles(self, calendar: str, place: int) -> None:
        self.there.edit(calendar, place, subject="Mine")

    @rule(calendar=CALENDAR, place=PLACE)
    def person_deletes(self, calendar: str, place: int) -> None:
        self.there.delete(calendar, place)

    @rule(calendar=CALENDAR, place=PLACE)
    def person_copies(self, calendar: str, place: int) -> None:
        self.there.copy(calendar, place)

    @rule(calendar=CALENDAR, place=PLACE)
    def person_puts_away(self, calendar: str, place: int) -> None:
        self.there.put_away(calendar, place)

    @rule(calendar=CALENDAR, hours=HOURS)
    def person_adds_an_appointment(self, calendar: str, hours: int) -> None:
        self.there.add(calendar, at(hours))

    @rule(weather=WEATHER)
    def outlook_has_another_mood(self, weather: dict[str, Any]) -> None:
        self.there.simulator.set(**weather)

    @rule(expiry=EXPIRY)
    def delta_links_expire(self, expiry: dict[str, Any]) -> None:
        self.there.simulator.set(**expiry)
        self.there.simulator.expire_delta_links()

    @rule()
    def access_tokens_expire(self) -> None:
        self.there.simulator.expire_access_tokens()

    @rule(days=st.sampled_from([0.1, 40]))
    def time_passes(self, days: float) -> None:
        """Transactions are forgotten; after many days the windows of delta links are used up."""
        self.there.tick(days * 86_400)
        self.there.simulator.pass_time(2 * 3600)

    @rule(local_id=st.sampled_from(VISITS))
    def source_refuses_moves_of(self, local_id: str) -> None:
        self.there.source.refuse_moves.add(local_id)

    @rule()
    def calendar_is_dropped_or_named_again(self) -> None:
        self.recover()
        if self.there.routes.pop(TWO, None) is None:
            self.there.routes[TWO] = frozenset({"usr_2"})
        self.there.reconnect()

    @rule(mode=MODE, confirm=st.booleans())
    def sync(self, mode: Mode, confirm: bool) -> None:
        self.run(mode, confirm)

    @rule(mode=MODE)
    def dry_run(self, mode: Mode) -> None:
        self.recover()
        writes = self.there.writes
        self.there.sync(mode, dry_run=True)
        assert self.there.writes == writes

    @rule(mode=MODE, drop=st.sampled_from(["before", "after"]), skip=st.integers(0, 6), times=st.integers(1, 6))
    def sync_with_lost_answers(self, mode: Mode, **how: Any) -> None:
        self.run_with_fault(mode, reset=True, **how)

    @rule(mode=MODE, fault=PART_FAULTS, skip=st.integers(0, 3), times=st.integers(1, 8))
    def sync_while_parts_are_refused(self, mode: Mode, fault: dict[str, Any], skip: int, times: int) -> None:
        self.run_with_fault(mode, skip=skip, times=times, **{"parts": True, **fault})

    @rule(mode=MODE, status=st.sampled_from([429, 503, 504]), skip=st.integers(0, 6), times=st.integers(1, 8))
    def sync_while_graph_is_busy(self, mode: Mode, **how: Any) -> None:
        self.run_with_fault(mode, **how)

    @rule(mode=MODE, request=st.integers(0, 9), answered=st.booleans())
    def sync_of_a_worker_that_dies_at_a_request(self, mode: Mode, request: int, answered: bool) -> None:
        self.recover()
        self.there.fate.left, self.there.fate.answered = request, answered
        self.run_doomed(mode)

    @rule(mode=MODE, batch=st.integers(0, 2), before=st.booleans())
    def sync_of_a_zombie(self, mode: Mode, batch: int, before: bool) -> None:
        """The worker sleeps past its lease; another takes over and ends; then the first wakes and goes on."""
        self.recover()
        fate = self.there.fate
        hooks = fate.before_apply if before else fate.after_apply
        hooks.extend([lambda: None] * batch + [self.take_over])
        self.run_doomed(mode)
        self.recover()

    @rule(calendar=CALENDAR, place=PLACE, hours=HOURS, batch=st.integers(0, 1))
    def sync_while_a_person_edits(self, calendar: str, place: int, hours: int, batch: int) -> None:
        self.recover()
        hooks = [lambda: None] * batch + [lambda: self.there.edit(calendar, place, **sides(at(hours)))]
        self.there.fate.before_apply.extend(hooks)
        self.run_doomed(Mode.INCREMENTAL)

    @invariant()
    def outlook_has_no_reason_to_complain(self) -> None:
        if hasattr(self, "there"):
            self.there.assert_manners()

    def run(self, mode: Mode, confirm: bool = True) -> None:
        self.recover()
        self.run_doomed(mode, confirm)

    def run_with_fault(self, mode: Mode, **how: Any) -> None:
        self.recover()
        self.outlook.fault(**how)
        self.run_doomed(mode)

    def run_doomed(self, mode: Mode, confirm: bool = True) -> None:
        """One sync; whatever was ordered for it holds no longer."""
        job = self.there.queue(mode, confirm_mass_change=confirm)
        try:
            run_job(self.there.house, job.id, "worker")
        except Died:
            pass
        finally:
            self.there.fate.clear()
            self.there.simulator.faults.clear()

    def recover(self) -> None:
        self.there.fate.clear()
        self.there.recover()

    def take_over(self) -> None:
        self.there.expire_leases()
        self.there.store.jobs.requeue_lost(self.there.clock)
        active = self.there.store.jobs.active(self.there.connection.id)
        if active is not None:
            run_job(self.there.house, active.id, "the next one")

    def fall_quiet(self) -> None:
        """No more faults, every event delivered; two syncs bring both sides together, a third writes nothing."""
        there = self.there
        there.simulator.pass_time(2 * LAG)
        self.recover()
        self.deliver_all()
        there.sync(**CONFIRMED)
        there.simulator.pass_time(2 * LAG)
        self.deliver_all()  # a refused or accepted edit is one more event
        there.sync(**CONFIRMED)
        there.simulator.pass_time(2 * LAG)
        writes = there.writes
        third = there.sync(**CONFIRMED)
        assert there.writes == writes, third
        assert there.store.plans.pending(there.connection.id) == [], "something is looked at again and again"
        assert there.connection.next_look_at is not None
        assert there.connection.next_look_at > there.clock + timedelta(minutes=20), "there is nothing to hurry for"
        self.assert_agreement()
        there.assert_manners()
        assert there.source.edited <= there.touched, "a visit was moved that nobody touched"
        there.sync(Mode.FULL, **CONFIRMED)
        assert there.writes == writes, "a full sync finds nothing that an incremental one missed"

    def deliver_all(self) -> None:
        for local_id in self.there.source.times:
            self.there.deliver(self.there.source.current(local_id))

    def assert_agreement(self) -> None:
        """Both sides show the same, but for the deletions that a person was to look at."""
        there = self.there
        for name in CALENDARS:
            wanted, ours = there.wanted(name), there.ours(name)
            links = there.store.plans.links_of(there.connection.id, list({*wanted, *ours}))
            for local_id in {*wanted, *ours}:
                [link] = [each for each in links.get(local_id, ()) if each.stream == name] or [None]
                shown, should = ours.get(local_id), wanted.get(local_id)
                if link is not None and link.reason is not None and should is not None:
                    assert link.refused == should.fingerprint()
                    continue
                assert should is not None, f"{local_id} should not be on {name}"
                assert shown is not None, f"{local_id} is missing on {name}"
                assert meaning(shown) == meant(should), f"{local_id}: {meaning(shown)} {meant(should)}"


@pytest.fixture(scope="module", autouse=True)
def outlook() -> Iterator[Outlook]:
    with served_outlook() as served, no_waiting():
        Engine.outlook = served
        yield served


TestEngine = Engine.TestCase
TestEngine.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # an example takes seconds, and making one smaller takes hundreds of them
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
