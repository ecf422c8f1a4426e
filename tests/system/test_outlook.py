"""Real processes keep technicians in Outlook, one grant for the whole tenant, beside others who are with Google."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.system.system import GOOGLE, LEASE, System
from worker.core.jobs import ACTIVE, Job, JobRequest, JobStatus, Trigger
from worker.demo.calendars import Shown, places
from worker.demo.company import API_KEY, calendar, mailbox, technician
from worker.demo.comparison import compare
from worker.http.slots import LEASE as LEASE_OF_SLOTS
from worker.sync.connect import connect
from worker.sync.request import request_sync

OUTLOOK = "outlook_calendar"
THEY = (0, 1, 2)
"""The technicians with Outlook; there are twelve."""
SOON = 15.0
"""Seconds; the timer of these systems looks once an hour."""
EACH = 50
"""New visits of each of them: three batches."""
HELD = LEASE_OF_SLOTS + 20
"""Seconds until what a dead worker held of a mailbox has come free, and was used: jobs here have a shorter lease."""


class InOutlook(System):
    """A system that Microsoft and Google reach."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, f"sqlite:///{folder / 'visit-sync.db'}", 24)
        self.variables["PUBLIC_URL"] = f"http://127.0.0.1:{self.port}"

    def _open_account(self) -> None:
        self.company.on_outlook.update(THEY)
        super()._open_account()
        self.connect_both()

    def connect_both(self) -> None:
        """Anew, as after a change of who is where."""
        house, company = self.wiring.house, self.company
        connect(house, self.account_id, GOOGLE, company.credentials, company.settings)
        connect(house, self.account_id, OUTLOOK, company.outlook_credentials, company.outlook_settings)

    def agrees(self) -> bool:
        return compare(self.town, self.company.on_outlook).agree

    def assert_agreement(self) -> None:
        self.settle()
        assert compare(self.town, self.company.on_outlook).differences == []

    def request_outlook(self) -> Job:
        return request_sync(self.wiring.house, self.account_id, OUTLOOK, JobRequest())

    def outlook_jobs(self) -> list[Job]:
        return self.wiring.store.jobs.listed(self.account_id, OUTLOOK, limit=1000)

    def events_of(self, visit_id: str) -> list[Shown]:
        """Wherever they are."""
        return [event for _, _, events in places(self.town) for event in events if event.visit_id == visit_id]

    def in_outlook(self) -> Shown:
        """A new visit's event, as soon as it is there."""
        visit_ids = self.add_visits(12)
        self.assert_agreement()
        found = [event for visit_id in visit_ids for event in self.events_of(visit_id)]
        return next(event for event in found if event.place in self.mailboxes)

    def plan_for_them(self) -> None:
        """Many visits of technicians in Outlook, silently."""
        they, visits = {technician(number) for number in THEY}, []
        while len(visits) < EACH * len(THEY):
            visit = self.company.next_visit(next(self._numbers))
            visits += [visit] if they.issuperset(visit["teamId"]) else []
        self.town.fieldcamp.load_visits(API_KEY, visits)

    @property
    def mailboxes(self) -> list[str]:
        return sorted(mailbox(number) for number in self.company.on_outlook)

    @property
    def watched(self) -> list[str]:
        return sorted(one["mailbox"] for one in self.town.outlook.subscriptions())

    @property
    def subscriptions(self) -> set[str]:
        return {one["id"] for one in self.town.outlook.subscriptions()}

    @property
    def channels_to_microsoft(self) -> list[str]:
        """The channels that we know of."""
        found = self.wiring.store.connections.find(self.account_id, OUTLOOK)
        assert found is not None
        return [channel.stream for channel in self.wiring.store.channels.of(found.id)]

    def see_to_channels(self) -> None:
        """Tick as beat does each minute."""
        self.stranger().send_task("visit_sync.watch", queue="syncs")

    def person_moves(self, event: Shown) -> datetime:
        """Somebody drags it to another day; its new start."""
        assert event.start is not None
        start = event.start + timedelta(days=30)
        ends = start.isoformat(), (start + timedelta(hours=1)).isoformat()
        self.town.outlook.person_moves(event.place, event.event_id, *ends)
        return start

    def starts(self, visit_id: str) -> datetime:
        return datetime.fromisoformat(self.visit(visit_id)["scheduledStart"])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InOutlook]:
    """Web, worker and beat with a public address, all channels open."""
    told = InOutlook(tmp_path_factory.mktemp("outlook"))
    try:
        told.have(web=1, worker=1, beat=1)
        told.wait_until("the first sync", told.agrees)
        told.see_to_channels()
        told.wait_until("a subscription for each mailbox", lambda: told.watched == told.mailboxes, SOON)
        told.settle()
        yield told
    finally:
        told.close()


def follows(told: InOutlook) -> None:
    event = told.in_outlook()
    moved = told.person_moves(event)
    told.wait_until("the visit to follow its event", lambda: told.starts(event.visit_id) == moved, SOON)
    told.assert_agreement()


def test_an_event_reaches_the_mailbox_within_seconds(told: InOutlook) -> None:
    event = told.in_outlook()
    asked = time.monotonic()
    told.change(event.visit_id, notes="Ring twice, then wait.")
    told.wait_until("the note to show", lambda: "then wait" in told.events_of(event.visit_id)[0].text, SOON)
    assert time.monotonic() - asked < SOON
    told.assert_agreement()


def test_a_person_moves_an_event_and_the_visit_follows_within_seconds(told: InOutlook) -> None:
    """The worker asked for the subscription, and the web answered Microsoft's handshake while it waited."""
    [address] = {one["notificationUrl"] for one in told.town.outlook.subscriptions()}
    assert address == f"http://127.0.0.1:{told.port}/webhooks/outlook-calendar"
    follows(told)
    assert Trigger.PUSH in {job.request.trigger for job in told.outlook_jobs()}
    assert {notice["status"] for notice in told.town.outlook.notifications()} == {202}


def test_a_subscription_that_microsoft_removed_is_replaced(told: InOutlook) -> None:
    before = told.subscriptions
    assert told.town.outlook.send_lifecycle("subscriptionRemoved") == len(THEY)
    told.wait_until("the notices to arrive", lambda: not told.channels_to_microsoft, SOON)
    told.see_to_channels()
    told.wait_until("other subscriptions", lambda: told.watched == told.mailboxes, SOON)
    assert not before & told.subscriptions
    follows(told)


def test_a_worker_is_killed_in_the_middle_and_nothing_shows_twice(told: InOutlook) -> None:
    """Lesson 4. What it held of a mailbox comes free by itself, so the next one may have to wait for it."""
    told.settle()
    told.plan_for_them()
    told.town.outlook.set(latency=0.3)
    job = told.request_outlook()
    told.wait_until("a sync to push something", lambda: told.job(job.id).counts.pushed > 0)
    assert told.job(job.id).status in ACTIVE
    told.worker_of(job).kill()
    told.town.outlook.set(latency=0.0)
    told.have(worker=1)
    told.wait_until("another worker to take over", lambda: told.job(job.id).attempts == 2, 4 * LEASE)
    assert told.ended(job, HELD).status in (JobStatus.SUCCEEDED, JobStatus.PARTIAL)
    told.wait_until("both sides to agree", lambda: told.agrees() and told.is_quiet(), HELD)
    told.assert_agreement()


def test_a_technician_moves_from_google_to_outlook_and_the_visits_are_untouched(told: InOutlook) -> None:
    number = max(THEY) + 1
    before = told.town.fieldcamp.visits(API_KEY)
    assert told.town.google.events(calendar(number)) != []
    told.company.on_outlook.add(number)
    told.connect_both()
    told.wait_until("both sides to agree", told.agrees, 3 * SOON)
    told.assert_agreement()
    assert told.town.google.events(calendar(number)) == []
    assert told.town.outlook.events(mailbox(number)) != []
    assert told.town.fieldcamp.visits(API_KEY) == before
