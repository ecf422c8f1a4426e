"""What a job tells of itself adds up, and what it leaves undone is looked at when it should be."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.sync.memory import START, Died
from tests.sync.small_house import GOOGLE, ONE, TWO, SmallHouse
from worker.core.documents import Times
from worker.core.errors import SyncInProgress, Transient
from worker.core.jobs import FAILED, UPDATED, Job, JobRecord, JobStatus, Mode
from worker.sync.jobs import cancel, retry
from worker.sync.run import run_job
from worker.sync.standing import standing

MOVED = Times.span(START + timedelta(hours=3), START + timedelta(hours=4))


def with_visits(small: SmallHouse, number: int, **fields: object) -> None:
    for each in range(number):
        small.arrive(f"vis_{each}", **fields)


def records(small: SmallHouse, job: Job) -> list[JobRecord]:
    return [record for _, record in small.store.jobs.records(job.id)]


def told(small: SmallHouse, job_id: str) -> Job:
    job = small.store.jobs.get(job_id)
    assert job is not None
    return job


def ended(small: SmallHouse, job: Job) -> Job:
    run_job(small.house, job.id, "test")
    return told(small, job.id)


def moved_by_a_person(small: SmallHouse) -> None:
    [remote_id] = small.calendars.live(ONE)
    small.calendars.person_moves(ONE, remote_id, MOVED)


def away() -> Transient:
    return Transient("Google is away", code="GOOGLE_AWAY")


def failing(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def note_cancel(small: SmallHouse, job: Job) -> None:
    assert cancel(small.house, small.account_id, job.id).status is JobStatus.RUNNING


# Progress


def test_progress_follows_what_was_settled(small: SmallHouse) -> None:
    with_visits(small, 9)
    job = small.queue()
    seen: list[tuple[int, int]] = []

    def note() -> None:
        seen.append((told(small, job.id).done, told(small, job.id).total))

    small.calendars.before_apply.extend([note, note, note])
    after = ended(small, job)
    assert seen == [(0, 9), (3, 9), (6, 9)]
    assert (after.done, after.total) == (9, 9)


def test_a_record_on_two_calendars_is_done_when_both_are(small: SmallHouse) -> None:
    small.arrive("vis_1", team=("usr_1", "usr_2"))
    after = small.sync()
    assert (after.done, after.total, after.counts.pushed) == (1, 1, 2)


def test_what_is_right_already_is_done_at_once(small: SmallHouse) -> None:
    with_visits(small, 4)
    small.sync()
    after = small.sync(Mode.FULL)
    assert (after.done, after.total, after.counts.skipped, after.counts.pushed) == (4, 4, 4, 0)


@pytest.mark.parametrize("mode", Mode)
def test_a_worker_that_dies_makes_nothing_count_twice(small: SmallHouse, mode: Mode) -> None:
    with_visits(small, 9)
    job = small.queue(mode)
    small.calendars.before_apply.extend([lambda: None, failing(Died())])
    with pytest.raises(Died):
        run_job(small.house, job.id, "test")
    small.recover()
    after = told(small, job.id)
    assert after.attempts == 2
    assert (after.done, after.total) == (9, 9)
    assert after.counts.pushed + after.counts.skipped + after.counts.failed == 9
    assert after.counts.pushed == 9
    assert len({record.local_id for record in records(small, after)}) == 9
    assert len(records(small, after)) == 9


def test_a_worker_that_dies_after_others_were_found_right_counts_each_once(small: SmallHouse) -> None:
    with_visits(small, 6)
    small.sync()
    for each in (0, 1, 2, 3):
        small.visit(f"vis_{each}", notes="New")
    small.tick()
    small.sync_of("fieldcamp")
    job = small.queue(Mode.FULL)
    small.calendars.before_apply.extend([lambda: None, failing(Died())])
    with pytest.raises(Died):
        run_job(small.house, job.id, "test")
    small.recover()
    after = told(small, job.id)
    assert (after.done, after.total, after.counts.pushed, after.counts.skipped) == (6, 6, 4, 2)


def test_an_edit_that_has_to_wait_is_done_for_this_job_and_failed(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    moved_by_a_person(small)
    small.source.away = True
    after = small.sync()
    assert (after.status, after.done, after.total, after.counts.failed) == (JobStatus.PARTIAL, 1, 1, 1)


def test_what_an_unreadable_calendar_holds_back_is_told_record_by_record(small: SmallHouse) -> None:
    small.sync()
    small.arrive("vis_1")
    small.arrive("vis_2", team=("usr_2",))
    small.calendars.unreadable.add(TWO)
    after = small.sync()
    failed = [record for record in records(small, after) if record.outcome == FAILED]
    assert {(record.kind, record.local_id) for record in failed} == {("stream", TWO), ("visit", "vis_2")}
    assert after.counts.failed == len(failed)
    assert (after.done, after.total) == (2, 2)


# What people did


def test_a_move_in_the_calendar_is_told_as_an_update_that_the_provider_did_not_take(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    moved_by_a_person(small)
    after = small.sync()
    [record] = records(small, after)
    assert (record.outcome, record.reason, record.target) == (UPDATED, "RESCHEDULED", ONE)
    assert (after.counts.pushed, after.counts.skipped) == (0, 0)
    assert small.source.visits["vis_1"].start == MOVED.start


def test_a_dry_run_shows_the_move_and_does_nothing(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    moved_by_a_person(small)
    after = small.sync(dry_run=True)
    assert [(record.outcome, record.reason) for record in records(small, after)] == [(UPDATED, "RESCHEDULED")]
    assert after.counts.pushed == 0
    assert small.source.edits == 0
    small.sync()
    assert small.source.visits["vis_1"].start == MOVED.start


def test_the_feed_tells_of_an_edit_and_of_its_being_taken_back(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    [remote_id] = small.calendars.live(ONE)
    before = small.calendars.entries[ONE][remote_id].event
    assert before is not None
    small.calendars.person_retitles(ONE, remote_id, "Mine")
    small.sync(dry_run=True)
    small.calendars.person_retitles(ONE, remote_id, before.title)
    small.sync(dry_run=True)
    changes = small.store.feed.changes(small.connection.id)
    assert [change.entry.action for change in changes] == ["updated", "updated"]


# When it is looked at again


def test_a_dry_run_does_not_do_what_is_due(small: SmallHouse) -> None:
    small.sync()
    small.arrive("vis_1")
    due = small.connection.next_look_at
    small.sync(dry_run=True)
    assert small.connection.next_look_at == due


def test_a_retry_does_not_do_what_is_due(small: SmallHouse) -> None:
    small.sync()
    small.arrive("vis_1")
    small.calendars.refuse_titles.add("Visit")
    failed = small.sync()
    small.calendars.refuse_titles.clear()
    small.arrive("vis_2")
    due = small.connection.next_look_at
    assert ended(small, retry(small.house, small.account_id, failed.id)).counts.pushed == 1
    assert small.connection.next_look_at == due


def test_whoever_cancels_a_running_sync_gets_quiet(small: SmallHouse) -> None:
    with_visits(small, 9)
    job = small.queue()
    small.calendars.after_apply.append(lambda: note_cancel(small, job))
    after = ended(small, job)
    assert (after.status, after.done, after.counts.pushed) == (JobStatus.CANCELLED, 3, 3)
    assert small.connection.next_look_at == small.clock + small.house.cadence


# Retries


def test_the_retry_of_a_dry_run_is_a_dry_run(small: SmallHouse) -> None:
    small.sync()
    small.arrive("vis_1")
    small.calendars.unreadable.add(TWO)
    partial = small.sync(dry_run=True)
    assert partial.status is JobStatus.PARTIAL
    small.calendars.unreadable.clear()
    again = ended(small, retry(small.house, small.account_id, partial.id))
    assert again.request.dry_run
    assert small.calendars.writes == 0


def test_the_retry_of_an_unreadable_calendar_looks_at_what_it_held_back_as_well(small: SmallHouse) -> None:
    small.sync()
    small.arrive("vis_1", team=("usr_2",))
    small.arrive("vis_2")
    small.calendars.unreadable.add(TWO)
    small.calendars.refuse_titles.add("Visit")
    partial = small.sync()
    small.calendars.unreadable.clear()
    small.calendars.refuse_titles.clear()
    ended(small, retry(small.house, small.account_id, partial.id))
    small.assert_agreement()


def test_a_job_that_has_not_ended_is_not_tried_again(small: SmallHouse) -> None:
    job = small.queue()
    with pytest.raises(SyncInProgress, match=job.id):
        retry(small.house, small.account_id, job.id)


# What is wrong now


def test_writes_that_fail_for_now_are_an_error_as_long_as_they_do(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.calendars.before_apply.append(failing(away()))
    small.sync()
    first = standing(small.house, small.account_id, GOOGLE).troubles
    assert [(trouble.code, trouble.message, trouble.since) for trouble in first] == [
        ("GOOGLE_AWAY", "Google is away", small.clock)
    ]
    small.calendars.before_apply.append(failing(away()))
    small.sync()
    assert standing(small.house, small.account_id, GOOGLE).troubles == first
    small.sync()
    assert standing(small.house, small.account_id, GOOGLE).troubles == []


def test_a_visit_that_fieldcamp_cannot_take_back_for_now_is_an_error(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    moved_by_a_person(small)
    small.source.away = True
    small.sync()
    assert [trouble.message for trouble in standing(small.house, small.account_id, GOOGLE).troubles] == [
        "FieldCamp is away"
    ]


def test_a_grant_that_a_dry_run_finds_revoked_is_told(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.calendars.revoked = True
    small.sync(dry_run=True)
    after = standing(small.house, small.account_id, GOOGLE)
    assert after.connection is not None
    assert not after.connection.connected
    assert [trouble.code for trouble in after.troubles] == ["INTEGRATION_NOT_CONNECTED"]


def test_a_visit_refused_on_two_calendars_waits_once(small: SmallHouse) -> None:
    small.calendars.refuse_titles.add("Visit")
    small.arrive("vis_1", team=("usr_1", "usr_2"))
    small.sync()
    after = standing(small.house, small.account_id, GOOGLE)
    assert (after.attention, len(after.troubles)) == (1, 1)


def test_nothing_waits_where_nothing_is_connected(small: SmallHouse) -> None:
    small.calendars.refuse_titles.add("Visit")
    small.arrive("vis_1")
    small.sync()
    small.store.connections.disconnect(small.account_id, GOOGLE, small.clock)
    after = standing(small.house, small.account_id, GOOGLE)
    assert (after.attention, after.conflicts, after.pending, list(after.troubles)) == (0, 0, 0, [])
