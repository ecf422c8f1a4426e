"""What has gone wrong elsewhere between a calendar in Outlook and the visits, and does not here."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.providers.outlook import Outlook, served_outlook
from tests.sync.outlook_house import OutlookHouse, no_waiting, sides
from tests.sync.small_house import ONE, TWO
from worker.core.documents import Times
from worker.core.jobs import JobStatus, Mode
from worker.core.visits import VisitStatus

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MANY = 1_000


@pytest.fixture(scope="module")
def outlook() -> Iterator[Outlook]:
    with served_outlook() as served, no_waiting():
        yield served


@pytest.fixture
def there(tmp_path: Path, outlook: Outlook) -> Iterator[OutlookHouse]:
    house = OutlookHouse(tmp_path / "sync.db", outlook)
    yield house
    house.assert_manners()
    house.close()


def run_on(there: OutlookHouse, days: int) -> None:
    """So many days go by, with a sync in each month of them."""
    while days > 0:
        step = min(days, 30)
        there.tick(step * 86_400)
        there.simulator.pass_time(step * 86_400)
        assert there.sync().status is JobStatus.SUCCEEDED
        days -= step


@pytest.mark.parametrize("days", [0, 30, 100, 200])
@pytest.mark.parametrize("ahead", [60, 360])
def test_a_visit_ahead_created_after_connecting_arrives_also_after_months_of_running(
    there: OutlookHouse, days: int, ahead: int
) -> None:
    """Lesson 3: the window of a delta link is fixed. What a person makes of the visit is seen, too."""
    there.simulator.set(tell_outside=False)
    there.sync()
    run_on(there, days)
    start = there.clock.replace(minute=0, second=0) + ahead * DAY
    there.arrive("vis_far", start=start, end=start + HOUR)
    there.sync()
    there.assert_agreement()

    moved = Times.span(start + 2 * HOUR, start + 3 * HOUR)
    there.edit(ONE, 0, **sides(moved))
    there.sync()
    assert there.source.visits["vis_far"].start == moved.start
    there.assert_agreement()


@pytest.mark.parametrize("days", [100, 200])
def test_a_move_of_a_visit_that_was_far_ahead_from_the_first_day_on_is_seen(there: OutlookHouse, days: int) -> None:
    """Lesson 3: it comes from outside the first window into a later one."""
    there.simulator.set(tell_outside=False)
    start = there.clock.replace(hour=12, minute=0, second=0) + 500 * DAY
    there.arrive("vis_far", start=start, end=start + HOUR)
    there.sync()
    run_on(there, days)
    moved = Times.span(start + DAY, start + DAY + HOUR)
    there.edit(ONE, 0, **sides(moved))
    there.sync()
    assert there.source.visits["vis_far"].start == moved.start
    there.assert_agreement()


def test_technician_a_to_b_the_event_moves_the_visit_survives(there: OutlookHouse) -> None:
    """Lesson 10."""
    there.arrive("vis_1")
    there.sync()
    there.arrive("vis_1", team=("usr_2",))
    there.sync()
    assert there.simulator.events(ONE) == []
    assert list(there.ours(TWO)) == ["vis_1"]
    assert there.source.edits == 0
    assert there.source.visits["vis_1"].status is VisitStatus.SCHEDULED
    there.assert_agreement()


def test_a_technician_deletes_the_event_on_the_phone_the_visit_survives(there: OutlookHouse) -> None:
    """Lesson 11; restored at most twice, then flagged."""
    there.arrive("vis_1")
    there.sync()
    for _ in range(2):
        there.delete(ONE, 0)
        there.sync()
        there.assert_agreement()
    there.delete(ONE, 0)
    assert there.sync().counts.conflicts == 1
    assert there.simulator.events(ONE) == []
    assert there.source.edits == 0
    assert there.source.visits["vis_1"].status is VisitStatus.SCHEDULED
    writes = there.writes
    there.sync(Mode.FULL)
    assert there.writes == writes


def test_first_full_sync_of_1_000_events_no_invitation_mail_to_anyone(there: OutlookHouse) -> None:
    """Lesson 19. A person has guests at an appointment of theirs, and hears nothing of it either."""
    there.add(ONE, Times.span(there.clock, there.clock + HOUR))
    [dentist] = there.private
    guest = {"emailAddress": {"address": "client@example.com"}}
    there._keep(there.simulator.person_edits(ONE, dentist, attendees=[guest]))
    records = []
    for number in range(MANY):
        start = there.clock.replace(hour=8, minute=0, second=0) + number % 300 * DAY + number // 300 * 2 * HOUR
        team = ("usr_1",) if number % 2 else ("usr_2",)
        records.append(there.visit(f"vis_{number}", team=team, start=start, end=start + HOUR))
    there.deliver(*records)
    job = there.sync(Mode.FULL)
    assert (job.status, job.counts.pushed) == (JobStatus.SUCCEEDED, MANY)
    assert there.simulator.counters()["create"] == MANY
    assert there.simulator.counters()["mails"] == 0
    assert [one for one in there.outlook.recorder.calls() if "attendees" in (one.body or {})] == []
    there.assert_agreement()


@pytest.mark.parametrize("month", [3, 11])
def test_a_visit_across_a_change_of_the_clocks_keeps_its_local_time(there: OutlookHouse, month: int) -> None:
    """Lesson 20: 9 o'clock in New York on the day before the clocks change, and again a week later."""
    before = {3: datetime(2026, 3, 7, 14, tzinfo=UTC), 11: datetime(2026, 10, 31, 13, tzinfo=UTC)}[month]
    after = {3: datetime(2026, 3, 14, 13, tzinfo=UTC), 11: datetime(2026, 11, 7, 14, tzinfo=UTC)}[month]
    there.arrive("vis_1", start=before, end=before + HOUR)
    there.sync()
    there.arrive("vis_1", start=after, end=after + HOUR)
    there.sync()
    there.assert_agreement()
    sent = [one.body["start"] for one in there.outlook.recorder.calls() if "start" in (one.body or {})]
    assert [(side["dateTime"][11:], side["timeZone"]) for side in sent] == [("09:00:00", "America/New_York")] * 2
    writes = there.writes
    there.sync(Mode.FULL)
    assert there.writes == writes


def test_outlook_rewrites_the_html_of_the_body_no_update_loop(there: OutlookHouse) -> None:
    """Lesson 23: nor where a person opens the event and saves it as it is."""
    there.arrive("vis_1", notes="Ring <twice> & wait\n\n  Gate 7\thttps://fieldcamp.example/v/1?a=1&b=2")
    there.sync()
    [event] = there.simulator.events(ONE)
    assert "<html>" in event["body"]["content"]
    writes = there.writes
    for mode in Mode:
        there.simulator.person_edits(ONE, event["id"], body=event["body"])
        job = there.sync(mode)
        assert (job.status, job.counts.pushed, there.writes) == (JobStatus.SUCCEEDED, 0, writes)
    assert there.source.edits == 0
    there.assert_agreement()


def test_an_idle_sync_is_one_request_for_each_mailbox(there: OutlookHouse) -> None:
    for number in range(30):
        there.arrive(f"vis_{number}", team=("usr_1", "usr_2"))
    there.sync()
    there.sync()
    before = there.outlook.requests()
    assert there.sync().status is JobStatus.SUCCEEDED
    assert there.outlook.requests() - before == 2


@pytest.mark.parametrize("on_remote_delete", ["restore", "flag"])
def test_an_event_that_a_person_put_into_another_calendar_counts_as_deleted_whatever_the_sync(
    tmp_path: Path, outlook: Outlook, on_remote_delete: str
) -> None:
    """Found by the state machine: delta says that it is removed and its id still finds it, yet no listing of the
    calendar does; so a full sync published it anew where an incremental one had seen nothing."""
    there = OutlookHouse(tmp_path / "sync.db", outlook, on_remote_delete=on_remote_delete)
    there.arrive("vis_1")
    there.sync()
    there.put_away(ONE, 0)
    there.sync()
    assert list(there.ours(ONE)) == (["vis_1"] if on_remote_delete == "restore" else [])
    writes = there.writes
    there.sync(Mode.FULL)
    assert there.writes == writes
    there.assert_manners()
    there.close()
