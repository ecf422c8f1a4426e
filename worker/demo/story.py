"""What happens in the demo: the days of a field-service company, its mishaps included."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.core.jobs import Mode
from worker.demo.billing import Billing
from worker.demo.calendars import Shown, places
from worker.demo.company import API_KEY, FIRST_NAMES, TECHNICIANS, calendar, mailbox, stamp, technician
from worker.demo.reviews import Reviews
from worker.demo.sales import Sales
from worker.demo.stage import GOOGLE, QUICKBOOKS, REVIEWS, SELL, Stage
from worker.simulators.faults import Fault
from worker.simulators.google_calendar import GoogleCalendarSimulator
from worker.simulators.outlook_calendar import OutlookCalendarSimulator

AT_FIRST, IN_ALL = 120, 200
WITH_OUTLOOK = (8, 9, 10)
MOVES = 11
"""Technicians whose calendar is in Outlook, and one who moves there from Google."""

WAY = ("in_transit", "arrived", "in_progress", "paused", "in_progress", "completed")
BURST = 500
Step = tuple[str, Callable[[], str]]


@dataclass
class Story:
    """The scenario of ``--once``: each step does something, waits until the house is quiet, and tells what it was."""

    stage: Stage
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - a scenario, the same each time
    billing: Billing = field(init=False)
    reviews: Reviews = field(init=False)
    sales: Sales = field(init=False)

    def __post_init__(self) -> None:
        self.billing = Billing(self.stage)
        self.reviews = Reviews(self.stage, self.billing)
        self.sales = Sales(self.stage)

    def steps(self) -> Sequence[Step]:
        """What happens, in order: a headline, and what to do for it."""
        return (
            (f"{TECHNICIANS} technicians, {len(WITH_OUTLOOK)} with Outlook, have {AT_FIRST} visits", self.first_sync),
            ("The company joins a campaign for reviews", self.reviews.open),
            ("Two technicians sell, too: their sales visits are connected", self.sales.open),
            *self.billing.beginning(),
            (f"{IN_ALL - AT_FIRST} more visits are planned", self.plan_more),
            ("Technicians work: visits go through their states, and what is done is billed", self.live),
            *self.billing.later(),
            ("Visits are completed and paid, one is done twice; ReviewRover loses answers", self.reviews.finish),
            ("Reps log, correct and delete sales visits", self.sales.go_on),
            ("Dispatch reassigns and reschedules", self.reshuffle),
            ("Dispatch cancels and deletes", self.call_off),
            ("Technicians move and delete events, and add private ones", self.touch_calendars),
            (f"{FIRST_NAMES[MOVES]} moves from Google to Outlook", self.change_calendars),
            ("A worker is killed while it writes to Google and posts invoices", self.kill_a_worker),
            ("Google's sync tokens and Outlook's delta links expire", self.expire_cursors),
            (f"{BURST} events arrive in one burst", self.burst),
            ("Google and Outlook drop answers and refuse parts of batches", self.drop_answers),
            ("A last look at everything", self.full_look),
        )

    def first_sync(self) -> str:
        self.stage.open_account()
        self.sync()
        self.settle()
        return f"{self._ours()} events"

    def plan_more(self) -> str:
        for number in range(AT_FIRST, IN_ALL):
            self.stage.town.fieldcamp.add_visit(API_KEY, **self.stage.company.next_visit(number))
        self.settle()
        return f"{self._ours()} events"

    def live(self) -> str:
        moved = 0
        for number in range(0, 60):
            for status in WAY[: self.chance.randint(1, len(WAY))]:
                self._change(f"vis_{number}", visitStatus=status)
                moved += 1
        billed = self.billing.bill_what_is_done()
        self.settle()
        return f"{moved} changes of state, {billed} invoices"

    def reshuffle(self) -> str:
        for number in range(60, 75):
            self._change(f"vis_{number}", teamId=[technician(self.chance.randrange(TECHNICIANS))])
        for number in range(75, 95):
            start = self._visit(f"vis_{number}")["scheduledStart"]
            moved = datetime.fromisoformat(start) + timedelta(days=30)
            fields = {"scheduledStart": stamp(moved), "scheduledEnd": stamp(moved + timedelta(minutes=45))}
            self._change(f"vis_{number}", **fields)
        self._change("vis_95", teamId=[technician(0), technician(1)])
        self.settle()
        return "16 reassigned, 20 rescheduled"

    def call_off(self) -> str:
        for number in range(100, 115):
            self._change(f"vis_{number}", visitStatus="cancelled")
        for number in range(115, 121):
            self.stage.town.fieldcamp.delete_visit(API_KEY, f"vis_{number}")
        self.settle()
        return "15 cancelled, 6 deleted"

    def touch_calendars(self) -> str:
        mine = self._events_of(range(130, 150))
        for event in mine[:8]:
            assert event.start is not None
            start = event.start + timedelta(days=60)
            self._hands(event).person_moves(event.place, event.event_id, *_texts(start))
        for event in mine[8:14]:
            self._hands(event).person_deletes(event.place, event.event_id)
        for number in range(TECHNICIANS):
            begins, ends = _texts(self.stage.company.tomorrow + timedelta(hours=22))
            if number in self.stage.company.on_outlook:
                self.stage.town.outlook.person_creates(mailbox(number), subject="Dentist", start=begins, end=ends)
            else:
                self.stage.town.google.person_creates(calendar(number), summary="Dentist", start=begins, end=ends)
        self.sync()
        self.settle()
        return "8 moved, 6 deleted, 12 private appointments"

    def change_calendars(self) -> str:
        self.stage.company.on_outlook.add(MOVES)
        self.stage.connect_calendars()
        self.sync()
        self.settle()
        moved = sum(1 for event in self._events() if event.visit_id and event.place == mailbox(MOVES))
        return f"{moved} events went along"

    def kill_a_worker(self) -> str:
        self.stage.town.google.set(latency=0.8)
        for number in range(121, IN_ALL):
            self._change(f"vis_{number}", notes="Call half an hour before.")
        is_posting = self.billing.begin_posting()
        self.stage.kill_worker(lambda: self.stage.is_writing(GOOGLE) and is_posting())
        self.stage.town.google.set(latency=0.0)
        self.stage.town.quickbooks.set(latency=0.0)
        self.settle()
        return "taken over by the next one"

    def expire_cursors(self) -> str:
        self.stage.town.google.expire_sync_tokens()
        self.stage.town.outlook.expire_delta_links()
        for event in self._events_of(range(150, 156)):
            self._hands(event).person_deletes(event.place, event.event_id)
        self.sync()
        self.settle()
        return "everything was read again"

    def burst(self) -> str:
        for number in range(BURST):
            self._change(f"vis_{121 + number % 79}", notes=f"Note {number}")
        self.settle()
        return f"{self._syncs()} syncs so far"

    def drop_answers(self) -> str:
        town = self.stage.town
        for faults in (town.google.faults, town.outlook.faults):
            faults.add(Fault(operation="batch", drop="after", times=2))
            faults.add(Fault(operation="batch", drop="before", times=1, skip=3))
            faults.add(Fault(parts=True, status=503, reason="backendError", every_nth=7, times=6))
        for number in range(121, 181):
            self._change(f"vis_{number}", notes="Gate code 4711.")
        self.settle()
        return f"{town.google.faults.fired() + town.outlook.faults.fired()} faults met"

    def full_look(self) -> str:
        before = self._writes()
        self.sync(Mode.FULL, QUICKBOOKS, REVIEWS, SELL)
        self.settle()
        return f"{self._writes() - before} writes were missing"

    def settle(self) -> None:
        """Wait until every event is delivered and no sync runs or is due."""
        self.stage.settle()

    def sync(self, mode: Mode = Mode.INCREMENTAL, *more: str) -> None:
        """Ask for a sync of each calendar, and of what more is named, as an operator does, and wait for its end."""
        self.settle()
        for integration in (*self.stage.calendars, *more):
            self.stage.sync(integration, mode)

    def _change(self, visit_id: str, **fields: Any) -> None:
        self.reviews.change(visit_id, **fields)

    def _visit(self, visit_id: str) -> dict[str, Any]:
        return next(visit for visit in self.stage.town.fieldcamp.visits(API_KEY) if visit["id"] == visit_id)

    def _events(self) -> list[Shown]:
        return [event for _, _, events in places(self.stage.town) for event in events]

    def _events_of(self, numbers: range) -> list[Shown]:
        wanted = {f"vis_{number}" for number in numbers}
        return [event for event in self._events() if event.visit_id in wanted]

    def _hands(self, event: Shown) -> GoogleCalendarSimulator | OutlookCalendarSimulator:
        """Whose app the technician has open."""
        town = self.stage.town
        return town.outlook if event.place == mailbox(event.technician) else town.google

    def _ours(self) -> int:
        return sum(event.is_ours for event in self._events())

    def _writes(self) -> int:
        town = self.stage.town
        calendars = int(town.google.counters()["writes"]) + int(town.outlook.counters()["writes"])
        return calendars + self.billing.writes() + self.reviews.writes()

    def _syncs(self) -> int:
        return len(self.stage.jobs())


def _texts(start: datetime) -> tuple[str, str]:
    """An hour from then, as a calendar takes it."""
    return start.astimezone(UTC).isoformat(), (start + timedelta(hours=1)).astimezone(UTC).isoformat()
