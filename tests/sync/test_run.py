"""One sync, from claim to end, and what may happen in between."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.sync.memory import START, Died
from tests.sync.small_house import ONE, TWO, SmallHouse
from worker.core.documents import CalendarEvent, Times
from worker.core.errors import ConnectionRevoked, NotConnected, RateLimited, SyncInProgress, Transient
from worker.core.jobs import JobStatus, Mode
from worker.core.records import CLIENT, JOB, MEMBER, Record
from worker.core.visits import VisitStatus
from worker.sync.connect import connect
from worker.sync.heartbeat import Heartbeat
from worker.sync.run import run_job
from worker.sync.sweep import sweep


def times(hours: float) -> Times:
    start = START + timedelta(hours=hours)
    return Times.span(start, start + timedelta(hours=1))


def test_a_visit_appears_moves_and_goes(small: SmallHouse) -> None:
    small.arrive("vis_1")
    first = small.sync()
    assert (first.status, first.counts.pushed) == (JobStatus.SUCCEEDED, 1)
    assert first.tallies["visits"]["created"] == 1
    small.assert_agreement()
    small.arrive("vis_1", start=START + timedelta(hours=3), end=START + timedelta(hours=4))
    assert small.sync().tallies["visits"] == {"updated": 1}
    small.assert_agreement()
    small.arrive("vis_1", status=VisitStatus.CANCELLED)
    assert small.sync().tallies["visits"] == {"deleted": 1}
    assert small.calendars.live(ONE) == {}


def test_a_third_sync_writes_nothing(small: SmallHouse) -> None:
    for number in range(7):
        small.arrive(f"vis_{number}")
    small.sync()
    writes = small.calendars.writes
    again, full = small.sync(), small.sync(Mode.FULL)
    assert small.calendars.writes == writes
    assert (again.counts.skipped, full.counts.skipped) == (0, 7)
    assert again.status is full.status is JobStatus.SUCCEEDED


def test_technician_a_to_b_the_event_moves_the_visit_survives(small: SmallHouse) -> None:
    """Lesson 10."""
    small.arrive("vis_1")
    small.sync()
    small.arrive("vis_1", team=("usr_2",))
    small.sync()
    assert small.calendars.live(ONE) == {}
    assert list(small.calendars.ours(TWO)) == ["vis_1"]
    assert small.source.edits == 0
    assert small.source.visits["vis_1"].status is VisitStatus.SCHEDULED


def test_a_technician_deletes_the_event_on_the_phone_the_visit_survives(small: SmallHouse) -> None:
    """Lesson 11; restored at most twice, then flagged."""
    small.arrive("vis_1")
    small.sync()
    for _ in range(2):
        [remote_id] = small.calendars.live(ONE)
        small.calendars.person_deletes(ONE, remote_id)
        small.sync()
        small.assert_agreement()
    [remote_id] = small.calendars.live(ONE)
    small.calendars.person_deletes(ONE, remote_id)
    flagged = small.sync()
    assert flagged.counts.conflicts == 1
    assert small.calendars.live(ONE) == {}
    assert small.store.feed.attention(small.connection.id) == {"DELETED_AT_PROVIDER": 1}
    assert small.source.visits["vis_1"].status is VisitStatus.SCHEDULED
    small.sync(Mode.FULL)
    assert small.calendars.live(ONE) == {}
    small.arrive("vis_1", notes="Call before")
    small.sync()
    small.assert_agreement()
    assert small.store.feed.attention(small.connection.id) == {}


def test_a_person_moves_an_event_and_the_visit_follows(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    [remote_id] = small.calendars.live(ONE)
    small.calendars.person_moves(ONE, remote_id, times(5))
    moved = small.sync()
    assert small.source.visits["vis_1"].start == times(5).start
    assert moved.counts.pulled == 1
    small.assert_agreement()
    writes = small.calendars.writes
    small.deliver(small.source.told[-1])
    small.sync()
    assert small.calendars.writes == writes


def test_a_move_that_the_source_refuses_is_put_back_and_recorded(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    small.source.refuse_moves.add("vis_1")
    [remote_id] = small.calendars.live(ONE)
    small.calendars.person_moves(ONE, remote_id, times(5))
    job = small.sync()
    assert job.counts.conflicts == 1
    [conflict] = [r for _, r in small.store.jobs.records(job.id) if r.outcome == "conflict"]
    assert (conflict.reason, conflict.target) == ("CREW_BOOKED", ONE)
    small.assert_agreement()
    assert small.source.visits["vis_1"].start == START


def test_a_move_waits_while_the_source_is_away_and_is_not_overwritten(
    small: SmallHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.arrive("vis_1")
    small.sync()
    [remote_id] = small.calendars.live(ONE)
    small.calendars.person_moves(ONE, remote_id, times(5))

    def away(edits: object) -> None:
        raise Transient("FieldCamp is away")

    with monkeypatch.context() as patch:
        patch.setattr(small.source, "apply", away)
        assert small.sync().status is JobStatus.PARTIAL
    assert small.calendars.live(ONE)[remote_id].event.times == times(5)  # type: ignore[union-attr]
    small.sync()
    assert small.source.visits["vis_1"].start == times(5).start
    small.assert_agreement()


def test_a_changed_title_is_put_back(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    [remote_id] = small.calendars.live(ONE)
    small.calendars.person_retitles(ONE, remote_id, "Lunch")
    small.sync()
    small.assert_agreement()
    assert small.source.edits == 0


def test_a_lost_sync_token_hides_neither_changes_nor_deletions(small: SmallHouse) -> None:
    """Lesson 1: a lost sync token (Google 410): changes and deletions made in the gap appear."""
    for number in range(12):
        small.arrive(f"vis_{number}", start=START + timedelta(hours=number), end=START + timedelta(hours=number + 1))
    small.sync()
    moved, deleted, *_ = small.calendars.live(ONE)
    small.calendars.person_moves(ONE, moved, times(40))
    small.calendars.person_deletes(ONE, deleted)
    small.calendars.expire_cursors()
    job = small.sync()
    assert job.counts.pulled == 2
    assert small.source.edits == 1
    small.assert_agreement()


def test_two_calendars_on_one_connection_are_both_incremental_the_second_time(small: SmallHouse) -> None:
    """Lesson 2."""
    small.arrive("vis_1")
    small.arrive("vis_2", team=("usr_2",))
    small.sync()
    states = small.store.streams.all(small.connection.id)
    assert all(states[name].cursor for name in (ONE, TWO))
    assert small.sync().counts.pulled == 0


def test_killed_between_reading_and_writing_nothing_is_lost_nothing_doubled(small: SmallHouse) -> None:
    """Lesson 4."""
    for number in range(8):
        small.arrive(f"vis_{number}")
    small.calendars.before_apply.append(lambda: None)
    small.calendars.before_apply.append(_die)
    job = small.queue()
    with pytest.raises(Died):
        run_job(small.house, job.id, "doomed")
    small.recover()
    small.assert_agreement()
    ended = small.store.jobs.get(job.id)
    assert ended is not None
    assert (ended.status, ended.attempts) == (JobStatus.SUCCEEDED, 2)


def test_killed_between_writing_and_noting_it_nothing_is_doubled(small: SmallHouse) -> None:
    for number in range(8):
        small.arrive(f"vis_{number}")
    small.calendars.after_apply.append(_die)
    job = small.queue()
    with pytest.raises(Died):
        run_job(small.house, job.id, "doomed")
    small.recover()
    small.assert_agreement()
    assert small.sync(Mode.FULL).counts.pushed == 0


def test_the_next_request_is_accepted_once_the_lease_ran_out(small: SmallHouse) -> None:
    """Lesson 12: killed outright while a sync runs: not answered 409 for ever."""
    small.arrive("vis_1")
    small.calendars.before_apply.append(_die)
    job = small.queue()
    with pytest.raises(Died):
        run_job(small.house, job.id, "doomed")
    with pytest.raises(SyncInProgress) as refused:
        small.queue()
    assert refused.value.active_job_id == job.id
    small.recover()
    assert small.sync().status is JobStatus.SUCCEEDED


def test_an_old_worker_wakes_after_its_lease_went_and_writes_nothing(small: SmallHouse) -> None:
    """Lesson 13: its writes and its cursor are refused."""
    small.arrive("vis_1")

    def sleep_too_long() -> None:
        small.expire_leases()
        small.store.jobs.requeue_lost(small.clock)
        active = small.store.jobs.active(small.connection.id)
        assert active is not None
        run_job(small.house, active.id, "the next one")

    small.calendars.before_apply.append(sleep_too_long)
    job = small.queue()
    assert run_job(small.house, job.id, "sleeper") is None
    ended = small.store.jobs.get(job.id)
    assert ended is not None
    assert (ended.status, ended.counts.pushed) == (JobStatus.SUCCEEDED, 1)
    small.sync()
    small.assert_agreement()


def test_the_same_task_delivered_twice_is_one_sync(small: SmallHouse) -> None:
    """Lesson 16."""
    small.arrive("vis_1")
    job = small.queue()
    assert run_job(small.house, job.id, "first") is JobStatus.SUCCEEDED
    assert run_job(small.house, job.id, "second") is None
    assert small.calendars.writes == 1


def test_completed_then_a_late_in_progress_stays_completed(small: SmallHouse) -> None:
    """Lesson 17."""
    late = small.visit("vis_1", status=VisitStatus.IN_PROGRESS)
    small.arrive("vis_1", status=VisitStatus.COMPLETED)
    small.deliver(late)
    small.sync()
    [event] = small.calendars.ours(ONE).values()
    assert event.title.startswith("✓")
    assert not event.busy


def test_one_record_is_refused_for_good_and_the_others_go_on(small: SmallHouse) -> None:
    """Lesson 18: offered again only when it changes, and it is in the job's records."""
    small.calendars.refuse_titles.add("In transit: Visit")
    small.arrive("vis_1", status=VisitStatus.IN_TRANSIT)
    for number in range(2, 6):
        small.arrive(f"vis_{number}")
    job = small.sync()
    assert (job.status, job.counts.pushed, job.counts.failed) == (JobStatus.PARTIAL, 4, 1)
    [refused] = [r for _, r in small.store.jobs.records(job.id, outcome="failed")]
    assert (refused.local_id, refused.reason) == ("vis_1", "invalid")
    writes = small.calendars.writes
    assert small.sync().status is JobStatus.SUCCEEDED
    small.sync(Mode.FULL)
    assert small.calendars.writes == writes
    small.arrive("vis_1", status=VisitStatus.ARRIVED)
    small.sync()
    small.assert_agreement()


def test_a_lost_answer_is_not_a_failure(small: SmallHouse) -> None:
    small.calendars.lose_answers = 1
    for number in range(3):
        small.arrive(f"vis_{number}")
    assert small.sync().status is JobStatus.PARTIAL
    writes = small.calendars.writes
    small.sync()
    small.assert_agreement()
    assert small.calendars.writes == writes


def test_an_empty_listing_after_a_fault_deletes_nothing(small: SmallHouse) -> None:
    """Lesson 5: the provider answers 200 with nothing: the cursor stays, nothing is deleted."""
    for number in range(12):
        small.arrive(f"vis_{number}")
    small.sync()
    kept = small.calendars.entries[ONE]
    before = small.store.streams.all(small.connection.id)[ONE].cursor
    small.calendars.entries[ONE] = {}
    held = small.sync(Mode.FULL)
    assert held.status is JobStatus.FAILED
    assert held.error is not None
    assert held.error["code"] == "MASS_CHANGE_HELD"
    assert small.store.streams.all(small.connection.id)[ONE].cursor == before
    small.calendars.entries[ONE] = kept
    writes = small.calendars.writes
    assert small.sync(Mode.FULL).status is JobStatus.SUCCEEDED
    assert small.calendars.writes == writes


def test_a_mass_change_is_held_until_somebody_confirms_it(small: SmallHouse) -> None:
    for number in range(10):
        small.arrive(f"vis_{number}")
    small.sync()
    for number in range(4):
        small.arrive(f"vis_{number}", status=VisitStatus.CANCELLED)
    writes = small.calendars.writes
    held = small.sync()
    assert held.error is not None
    assert held.error["code"] == "MASS_CHANGE_HELD"
    assert small.calendars.writes == writes
    assert small.sync(confirm_mass_change=True).status is JobStatus.SUCCEEDED
    small.assert_agreement()


def test_a_dry_run_writes_nothing_and_says_what_it_would_do(small: SmallHouse) -> None:
    for number in range(3):
        small.arrive(f"vis_{number}")
    job = small.sync(dry_run=True)
    assert small.calendars.writes == 0
    assert job.counts.pushed == 0
    assert [r.outcome for _, r in small.store.jobs.records(job.id)] == ["created"] * 3
    assert small.sync().counts.pushed == 3


def test_a_cancelled_run_keeps_what_was_done(small: SmallHouse) -> None:
    for number in range(9):
        small.arrive(f"vis_{number}")
    job = small.queue()
    small.calendars.after_apply.append(
        lambda: small.store.jobs.cancel(small.account_id, job.id, small.clock, small.clock) and None
    )
    assert run_job(small.house, job.id, "test") is JobStatus.CANCELLED
    ended = small.store.jobs.get(job.id)
    assert ended is not None
    assert ended.counts.pushed == 3
    assert len(small.calendars.live(ONE)) == 3
    small.sync()
    small.assert_agreement()


def test_progress_is_recorded_as_it_goes(small: SmallHouse) -> None:
    for number in range(7):
        small.arrive(f"vis_{number}")
    job = small.queue()
    seen: list[tuple[int, int]] = []

    def look() -> None:
        current = small.store.jobs.get(job.id)
        assert current is not None
        seen.append((current.counts.pushed, current.total))

    small.calendars.before_apply.extend([look, look, look])
    run_job(small.house, job.id, "test")
    assert seen == [(0, 7), (3, 7), (6, 7)]


def test_a_visit_deleted_without_an_event_is_found_by_a_full_sync(small: SmallHouse) -> None:
    for number in range(5):
        small.arrive(f"vis_{number}")
    small.sync()
    small.source.tell(None, "vis_3")
    small.sync(Mode.FULL)
    small.assert_agreement()


def test_a_second_object_with_our_key_is_removed(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    [entry] = small.calendars.live(ONE).values()
    assert entry.key is not None
    twin = replace(entry, remote_id="twin", key=replace(entry.key, generation=5))
    small.calendars.put(ONE, twin)
    small.sync()
    assert list(small.calendars.live(ONE)) == [entry.remote_id]
    small.sync()
    small.assert_agreement()


def test_reconnecting_makes_no_second_set_of_events(small: SmallHouse) -> None:
    """Lesson 29."""
    for number in range(5):
        small.arrive(f"vis_{number}")
    small.sync()
    writes = small.calendars.writes
    small.store.connections.disconnect(small.account_id, "google_calendar", small.clock)
    with pytest.raises(NotConnected):
        small.queue()
    connect(small.house, small.account_id, "google_calendar", {"refresh_token": "new"})
    small.sync()
    assert small.calendars.writes == writes
    small.assert_agreement()


def test_a_calendar_that_the_settings_no_longer_name_is_cleared(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.arrive("vis_2", team=("usr_2",))
    small.sync()
    del small.routes[TWO]
    small.sync(Mode.FULL)
    assert small.calendars.live(TWO) == {}
    assert len(small.calendars.live(ONE)) == 1


def test_a_revoked_grant_stops_quietly(small: SmallHouse) -> None:
    small.arrive("vis_1")

    def revoked() -> None:
        raise ConnectionRevoked("Google no longer accepts the grant.")

    small.calendars.before_apply.append(revoked)
    job = small.sync()
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert job.error["code"] == "INTEGRATION_NOT_CONNECTED"
    assert not small.connection.connected
    assert small.connection.next_look_at is None
    with pytest.raises(NotConnected):
        small.queue()


def test_a_limit_holds_a_batch_back_until_its_turn(small: SmallHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr(Heartbeat, "rest", lambda _, seconds: rests.append(seconds))

    def limited() -> None:
        raise RateLimited("not yet", retry_after=7)

    small.arrive("vis_1")
    small.calendars.before_apply.extend([limited, limited])
    assert small.sync().status is JobStatus.SUCCEEDED
    assert rests == [7, 7]


def test_private_appointments_show_in_the_feed_and_are_left_alone(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.calendars.person_adds(ONE, CalendarEvent("Dentist", times(9)))
    small.sync()
    small.sync(Mode.FULL)
    [change] = small.store.feed.changes(small.connection.id)
    assert (change.entry.action, change.entry.local_id, change.target) == ("created", None, ONE)
    assert len(small.calendars.live(ONE)) == 2


def test_ten_changes_end_in_one_sync(small: SmallHouse) -> None:
    small.sync()
    for number in range(10):
        small.arrive(f"vis_{number}")
        small.clock -= timedelta(seconds=0.9)
    assert sweep(small.house).due == 0
    small.tick(3)
    assert sweep(small.house).due == 1
    assert sweep(small.house).due == 0
    active = small.store.jobs.active(small.connection.id)
    assert active is not None
    run_job(small.house, active.id, "test")
    small.assert_agreement()


def test_what_arrives_during_a_run_is_picked_up_by_the_next(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.calendars.before_apply.append(lambda: small.arrive("vis_2"))
    small.sync()
    small.tick(5)
    assert sweep(small.house).due == 1
    active = small.store.jobs.active(small.connection.id)
    assert active is not None
    run_job(small.house, active.id, "test")
    small.assert_agreement()


@pytest.mark.parametrize("lost", ["the worker", "the answer"])
def test_our_own_write_is_never_taken_for_a_persons_move(tmp_path: Path, lost: str) -> None:
    """Nobody noted the write, the visit moves on, and the calendar wins conflicts: still FieldCamp's move stands."""
    small = SmallHouse(tmp_path / "calendar.db", on_both_changed="calendar")
    small.arrive("vis_1")
    small.sync()
    small.arrive("vis_1", start=times(2).start, end=times(2).end)
    if lost == "the worker":
        small.calendars.after_apply.append(_die)
        job = small.queue()
        with pytest.raises(Died):
            run_job(small.house, job.id, "doomed")
    else:
        small.calendars.lose_answers = 1
        small.sync()
    small.arrive("vis_1", start=times(6).start, end=times(6).end)
    small.recover()
    small.sync()
    assert small.source.edits == 0
    assert small.source.visits["vis_1"].start == times(6).start
    small.assert_agreement()
    small.close()


def _die() -> None:
    raise Died


def _blunder() -> None:
    raise IndexError


def test_a_worker_that_is_told_to_stop_gives_its_job_back(small: SmallHouse) -> None:
    for number in range(9):
        small.arrive(f"vis_{number}")
    stopping: list[bool] = []
    small.calendars.after_apply.append(lambda: stopping.append(True))
    job = small.queue()
    house = replace(small.house, stopping=lambda: bool(stopping))
    assert run_job(house, job.id, "stopping") is None
    waiting = small.store.jobs.get(job.id)
    assert waiting is not None
    assert (waiting.status, waiting.counts.pushed) == (JobStatus.QUEUED, 3)
    run_job(small.house, job.id, "the next one")
    small.assert_agreement()
    assert small.calendars.writes == 9


def test_a_bug_fails_the_job_loudly_and_lets_go(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.calendars.before_apply.append(_blunder)
    job = small.queue()
    with pytest.raises(IndexError):
        run_job(small.house, job.id, "test")
    failed = small.store.jobs.get(job.id)
    assert failed is not None
    assert failed.status is JobStatus.FAILED
    assert failed.error is not None
    assert failed.error["message"] == "Internal error: IndexError"
    assert small.sync().status is JobStatus.SUCCEEDED
    small.assert_agreement()


def test_events_alone_are_enough_where_fieldcamp_is_not_connected(small: SmallHouse) -> None:
    small.arrive("vis_1", job_id="job_1")
    house = replace(small.house, open_source=lambda *_: None)
    for pushed in (1, 0):
        job = small.queue()
        assert run_job(house, job.id, "test") is JobStatus.SUCCEEDED
        ended = small.store.jobs.get(job.id)
        assert ended is not None
        assert ended.counts.pushed == pushed
    assert small.connection.next_look_at is not None
    assert small.connection.next_look_at > small.clock + timedelta(minutes=20)


def test_visits_are_published_though_their_jobs_cannot_be_fetched_and_again_when_they_can(small: SmallHouse) -> None:
    small.arrive("vis_1", job_id="job_1")
    small.source.away = True
    assert small.sync().status is JobStatus.FAILED
    assert list(small.calendars.ours(ONE)) == ["vis_1"]
    small.source.away = False
    small.source.others[(JOB, "job_1")] = Record(JOB, "job_1", {"id": "job_1", "title": "Boiler"}, START, START)
    small.sync()
    [event] = small.calendars.ours(ONE).values()
    assert event.title == "Boiler"


def test_one_calendar_that_cannot_be_read_does_not_stop_the_other(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.arrive("vis_2", team=("usr_2",))
    small.calendars.unreadable = {ONE}
    job = small.sync()
    assert job.status is JobStatus.PARTIAL
    assert job.error is not None
    assert job.error["code"] == "notFound"
    assert list(small.calendars.ours(TWO)) == ["vis_2"]
    assert small.calendars.live(ONE) == {}
    small.calendars.unreadable = set()
    assert small.sync().status is JobStatus.SUCCEEDED
    small.assert_agreement()


def test_a_sync_of_fieldcamp_alone_is_news_to_the_others(small: SmallHouse) -> None:
    small.visit("vis_1")
    assert small.sync_of("fieldcamp").counts.pulled == 1
    assert sweep(small.house).due >= 1
    active = small.store.jobs.active(small.connection.id)
    assert active is not None
    run_job(small.house, active.id, "test")
    small.assert_agreement()


def test_a_list_that_visits_are_merely_shown_with_does_not_stop_them(small: SmallHouse) -> None:
    small.source.refused_lists = {MEMBER, JOB, CLIENT}
    small.visit("vis_1")
    assert small.sync(Mode.FULL).status is JobStatus.SUCCEEDED
    small.assert_agreement()


def test_what_people_keep_changing_under_our_hands_is_said_to_be_left_and_waits_longer(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    [remote_id] = small.calendars.live(ONE)
    waits = []
    for number in range(3):
        small.arrive("vis_1", notes=f"Note {number}")
        titles = [f"Mine {number}.{look}" for look in range(3)]
        for title in titles:
            small.calendars.before_apply.append(
                lambda title=title: small.calendars.person_retitles(ONE, remote_id, title)
            )
        job = small.sync()
        assert (job.status, job.counts.failed) == (JobStatus.PARTIAL, 1)
        assert small.connection.next_look_at is not None
        waits.append((small.connection.next_look_at - small.clock).total_seconds())
    assert waits == [5.25, 10.5, 21.0]
    assert small.sync().status is JobStatus.SUCCEEDED
    small.assert_agreement()


def test_an_edited_event_on_a_calendar_that_is_no_longer_named_goes_all_the_same(small: SmallHouse) -> None:
    small.arrive("vis_2", team=("usr_2",))
    small.sync()
    [remote_id] = small.calendars.live(TWO)
    small.calendars.person_retitles(TWO, remote_id, "Mine")
    del small.routes[TWO]
    small.reconnect()
    assert small.sync().status is JobStatus.SUCCEEDED
    assert small.calendars.live(TWO) == {}


def test_a_lost_creation_on_a_calendar_that_is_no_longer_named_is_found_and_taken_away(small: SmallHouse) -> None:
    """Found by the state machine."""
    small.arrive("vis_2", team=("usr_2",))
    small.calendars.lose_answers = 1
    small.sync()
    del small.routes[TWO]
    small.reconnect()
    small.sync()
    assert small.calendars.live(TWO) == {}
    reads = small.calendars.reads
    small.sync()
    assert small.calendars.reads == reads + 1, "nobody reads it any more"


def test_a_calendar_that_is_no_longer_named_nor_reached_bothers_nobody(small: SmallHouse) -> None:
    small.arrive("vis_2", team=("usr_2",))
    small.sync()
    del small.routes[TWO]
    small.reconnect()
    small.calendars.unreadable = {TWO}
    small.sync()
    assert small.sync().status is JobStatus.SUCCEEDED
    assert small.store.feed.attention(small.connection.id) == {}


def test_progress_ends_where_it_said_it_would(small: SmallHouse) -> None:
    for number in range(5):
        small.arrive(f"vis_{number}")
    small.sync()
    small.arrive("vis_1", notes="x")
    [remote_id] = [entry.remote_id for entry in small.calendars.live(ONE).values() if "vis_1" in str(entry.key)]
    small.calendars.before_apply.append(lambda: small.calendars.person_retitles(ONE, remote_id, "Mine"))
    job = small.sync(Mode.FULL)
    assert (job.done, job.total) == (5, 5)


def test_a_repeated_failure_waits_longer_each_time(small: SmallHouse) -> None:
    small.arrive("vis_1")

    def away() -> None:
        raise Transient("Google is away")

    waits = []
    for _ in range(3):
        small.calendars.before_apply.append(away)
        small.sync()
        assert small.connection.next_look_at is not None
        waits.append((small.connection.next_look_at - small.clock).total_seconds())
    assert waits == [5.25, 10.5, 21.0]
