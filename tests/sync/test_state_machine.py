"""The whole engine under everything that can happen: after it falls quiet, two syncs bring both sides together."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from tests.sync.memory import START, Died
from tests.sync.small_house import ONE, TWO, SmallHouse
from worker.core.documents import CalendarEvent, Times
from worker.core.errors import Transient
from worker.core.jobs import Mode
from worker.core.records import Record
from worker.core.visits import VisitStatus
from worker.sync.run import run_job

VISITS = [f"vis_{number}" for number in range(3)]
TEAMS = [(), ("usr_1",), ("usr_2",), ("usr_1", "usr_2")]
MEMORY = Path("/dev/shm")
"""No test of durability: a database in memory lets more examples run."""
CALENDARS = st.sampled_from([ONE, TWO])
HOURS = st.integers(0, 6)
CONFIRMED = {"confirm_mass_change": True}
REFUSED_TITLE = "Arrived: Visit"


def at(hours: int) -> Times:
    start = START + timedelta(hours=hours)
    return Times.span(start, start + timedelta(hours=1))


class Engine(RuleBasedStateMachine):
    """Visits change, people edit and delete, cursors expire, answers are lost, workers die and wake late."""

    undelivered = Bundle("undelivered")

    @initialize(
        on_remote_delete=st.sampled_from(["restore", "flag", "unschedule"]),
        on_both_changed=st.sampled_from(["fieldcamp", "calendar"]),
        remote_reschedule=st.booleans(),
    )
    def open(self, **preferences: object) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="engine", dir=MEMORY if MEMORY.is_dir() else None))
        self.small = SmallHouse(self.folder / "sync.db", batch_size=2, **preferences)
        for hours, local_id in enumerate(VISITS):
            self.visit_is_moved_and_told(local_id, TEAMS[1 + hours % 3], hours)
        self.run(Mode.INCREMENTAL)

    def teardown(self) -> None:
        if hasattr(self, "small"):
            try:
                self.fall_quiet()
            finally:
                self.small.close()
                shutil.rmtree(self.folder)

    @rule(
        target=undelivered,
        local_id=st.sampled_from(VISITS),
        status=st.sampled_from(list(VisitStatus)),
        team=st.sampled_from(TEAMS),
        hours=HOURS,
    )
    def visit_changes(self, local_id: str, status: VisitStatus, team: tuple[str, ...], hours: int) -> Record:
        times = at(hours)
        return self.small.visit(local_id, status=status, team=team, start=times.start, end=times.end)

    @rule(local_id=st.sampled_from(VISITS), team=st.sampled_from(TEAMS[1:]), hours=HOURS)
    def visit_is_moved_and_told(self, local_id: str, team: tuple[str, ...], hours: int) -> None:
        times = at(hours)
        self.small.arrive(local_id, status=VisitStatus.SCHEDULED, team=team, start=times.start, end=times.end)

    @rule(target=undelivered, local_id=st.sampled_from(VISITS))
    def visit_is_deleted(self, local_id: str) -> Record:
        return self.small.source.tell(None, local_id)

    @rule(record=consumes(undelivered))
    def event_arrives(self, record: Record) -> None:
        self.small.deliver(record)

    @rule(record=undelivered)
    def event_arrives_and_will_again(self, record: Record) -> None:
        self.small.deliver(record)

    @rule(calendar=CALENDARS, place=st.integers(0, 9), hours=HOURS)
    def person_moves(self, calendar: str, place: int, hours: int) -> None:
        if remote_id := self.some_event(calendar, place):
            self.small.calendars.person_moves(calendar, remote_id, at(hours))

    @rule(calendar=CALENDARS, place=st.integers(0, 9))
    def person_retitles(self, calendar: str, place: int) -> None:
        if remote_id := self.some_event(calendar, place):
            self.small.calendars.person_retitles(calendar, remote_id, "Mine")

    @rule(calendar=CALENDARS, place=st.integers(0, 9))
    def person_deletes(self, calendar: str, place: int) -> None:
        if remote_id := self.some_event(calendar, place):
            self.small.calendars.person_deletes(calendar, remote_id)

    @rule(calendar=CALENDARS, hours=HOURS)
    def person_adds_an_appointment(self, calendar: str, hours: int) -> None:
        self.small.calendars.person_adds(calendar, CalendarEvent("Dentist", at(hours)))

    @rule()
    def cursors_expire(self) -> None:
        self.small.calendars.expire_cursors()

    @rule(local_id=st.sampled_from(VISITS))
    def source_refuses_moves_of(self, local_id: str) -> None:
        self.small.source.refuse_moves.add(local_id)

    @rule(refused=st.booleans())
    def provider_refuses_a_title(self, refused: bool) -> None:
        self.small.calendars.refuse_titles = {REFUSED_TITLE} if refused else set()

    @rule()
    def calendar_is_dropped_or_named_again(self) -> None:
        self.small.recover()
        if self.small.routes.pop(TWO, None) is None:
            self.small.routes[TWO] = frozenset({"usr_2"})
        self.small.reconnect()

    @rule(away=st.booleans())
    def source_goes_away_or_comes_back(self, away: bool) -> None:
        self.small.source.away = away

    @rule(mode=st.sampled_from(list(Mode)), confirm=st.booleans())
    def sync(self, mode: Mode, confirm: bool) -> None:
        self.run(mode, confirm)

    @rule(mode=st.sampled_from(list(Mode)))
    def dry_run(self, mode: Mode) -> None:
        self.small.recover()
        writes = self.small.calendars.writes
        self.small.sync(mode, dry_run=True)
        assert self.small.calendars.writes == writes

    @rule(mode=st.sampled_from(list(Mode)), lost=st.integers(1, 2))
    def sync_with_lost_answers(self, mode: Mode, lost: int) -> None:
        self.small.calendars.lose_answers = lost
        self.run(mode)
        self.small.calendars.lose_answers = 0

    @rule(mode=st.sampled_from(list(Mode)), batch=st.integers(0, 2), before=st.booleans())
    def sync_of_a_worker_that_dies(self, mode: Mode, batch: int, before: bool) -> None:
        self.after_batches(batch, before, _die)
        self.run(mode)

    @rule(mode=st.sampled_from(list(Mode)), batch=st.integers(0, 2), before=st.booleans())
    def sync_while_the_provider_fails(self, mode: Mode, batch: int, before: bool) -> None:
        self.after_batches(batch, before=True, hook=_fail)
        self.run(mode)

    @rule(mode=st.sampled_from(list(Mode)), batch=st.integers(0, 2), before=st.booleans())
    def sync_of_a_zombie(self, mode: Mode, batch: int, before: bool) -> None:
        """The worker sleeps past its lease; another takes over and ends; then the first wakes and goes on."""
        self.after_batches(batch, before, self.take_over)
        self.run(mode)
        self.small.recover()

    @rule(calendar=CALENDARS, place=st.integers(0, 9), hours=HOURS, batch=st.integers(0, 1))
    def sync_while_a_person_edits(self, calendar: str, place: int, hours: int, batch: int) -> None:
        def edit() -> None:
            if remote_id := self.some_event(calendar, place):
                self.small.calendars.person_moves(calendar, remote_id, at(hours))

        self.after_batches(batch, before=True, hook=edit)
        self.run(Mode.INCREMENTAL)

    @invariant()
    def no_visit_shows_twice_on_a_calendar_for_long(self) -> None:
        if hasattr(self, "small"):
            for name in (ONE, TWO):
                live = [entry.key for entry in self.small.calendars.live(name).values() if entry.key is not None]
                assert len(live) <= 2 * len({key.local_id for key in live})

    def some_event(self, calendar: str, place: int) -> str | None:
        ours = [entry.remote_id for entry in self.small.calendars.live(calendar).values() if entry.key is not None]
        return ours[place % len(ours)] if ours else None

    def after_batches(self, batch: int, before: bool, hook: object) -> None:
        calendars = self.small.calendars
        hooks = calendars.before_apply if before else calendars.after_apply
        hooks.extend([lambda: None] * batch)
        hooks.append(hook)  # type: ignore[arg-type]

    def run(self, mode: Mode, confirm: bool = True) -> None:
        calendars = self.small.calendars
        hooks = calendars.before_apply, calendars.after_apply
        calendars.before_apply, calendars.after_apply = [], []
        self.small.recover()
        calendars.before_apply, calendars.after_apply = hooks
        job = self.small.queue(mode, confirm_mass_change=confirm)
        try:
            run_job(self.small.house, job.id, "worker")
        except Died:
            pass
        finally:
            self.small.calendars.before_apply.clear()
            self.small.calendars.after_apply.clear()

    def take_over(self) -> None:
        self.small.expire_leases()
        self.small.store.jobs.requeue_lost(self.small.clock)
        active = self.small.store.jobs.active(self.small.connection.id)
        if active is not None:
            run_job(self.small.house, active.id, "the next one")

    def fall_quiet(self) -> None:
        """No more faults, every event delivered; two syncs bring both sides together, a third writes nothing."""
        small = self.small
        small.calendars.refuse_titles = set()
        small.source.away = False
        small.recover()
        for local_id in small.source.times:
            small.deliver(small.source.current(local_id))
        small.sync(**CONFIRMED)
        if small.source.edits:  # a refused or accepted edit is one more event
            for local_id in small.source.times:
                small.deliver(small.source.current(local_id))
        small.sync(**CONFIRMED)
        writes = small.calendars.writes
        third = small.sync(**CONFIRMED)
        assert small.calendars.writes == writes, third
        assert small.store.plans.pending(small.connection.id) == [], "something is looked at again and again"
        assert small.connection.next_look_at is not None
        assert small.connection.next_look_at > small.clock + timedelta(minutes=20), "there is nothing to hurry for"
        self.assert_agreement()
        assert small.source.edited <= small.calendars.touched, "a visit was moved that nobody touched"
        small.sync(Mode.FULL, **CONFIRMED)
        assert small.calendars.writes == writes, "a full sync finds nothing that an incremental one missed"

    def assert_agreement(self) -> None:
        """Both sides show the same, but for what a person was to look at: flagged deletions and refused content."""
        small = self.small
        for name in (ONE, TWO):
            wanted, ours = small.wanted(name), small.calendars.ours(name)
            links = small.store.plans.links_of(small.connection.id, list({*wanted, *ours}))
            for local_id in {*wanted, *ours}:
                [link] = [each for each in links.get(local_id, ()) if each.stream == name] or [None]
                there, should = ours.get(local_id), wanted.get(local_id)
                if link is not None and link.reason is not None and should is not None:
                    assert link.refused == should.fingerprint()
                    continue
                assert should is not None, f"{local_id} should not be on {name}"
                assert there is not None, f"{local_id} is missing on {name}"
                assert there.fingerprint() == should.fingerprint(), local_id


def _die() -> None:
    raise Died


def _fail() -> None:
    raise Transient("the provider is away")


TestEngine = Engine.TestCase
TestEngine.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
