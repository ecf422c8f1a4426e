"""What every calendar provider promises: one class, to which a provider adds its fixtures.

Subclass ``ProviderContract`` in a test module and give it the fixtures ``provider``, ``stream``, ``people`` and
``faults`` (see the protocols below), each new for each test, with the simulated remote side behind them.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import pytest

from worker.core.documents import CalendarEvent, Times
from worker.core.errors import ConnectionRevoked, CursorExpired, Gone, Rejected, Uncertain, VersionConflict
from worker.core.ports import Change, Create, Delete, Done, Failed, Key, Outcome, Page, Provider, Stream, Update

NINE = datetime(2026, 6, 1, 13, 0, tzinfo=UTC)
VISIT = CalendarEvent(
    "Ada Lovelace – Boiler",
    Times.span(NINE, NINE + timedelta(hours=1)),
    location="1 Main St",
    description="Job 7\nhttps://fieldcamp.example/v/1",
    time_zone="America/New_York",
)
MOVED = VISIT.moved_to(Times.span(NINE + timedelta(hours=3), NINE + timedelta(hours=4)))
REFUSED = VISIT.moved_to(Times.span(NINE, NINE - timedelta(hours=1)))
"""Ends before it starts: no calendar takes it."""


class People(Protocol):
    """What people do in the calendar of ``stream``, and what they see there."""

    def live(self) -> list[str]:
        """The ids of what is there."""

    def move(self, remote_id: str, start: datetime, end: datetime) -> None: ...
    def retitle(self, remote_id: str, title: str) -> None: ...
    def delete(self, remote_id: str) -> None: ...
    def create(self, title: str, start: datetime, end: datetime) -> str: ...
    def copy(self, remote_id: str) -> str:
        """Duplicates an event with all that is on it; the id of the copy."""

    def invite(self, remote_id: str, address: str) -> None: ...
    def guests(self, remote_id: str) -> list[str]: ...
    def mails(self) -> int:
        """How many invitations went out by what *we* did."""


class Faults(Protocol):
    """What can go wrong, on order; ``requests`` counts the HTTP requests to the API, token endpoint aside."""

    def requests(self) -> int: ...
    def lose_answers(self, times: int | None = 1, *, carried_out: bool = True) -> None:
        """The next requests are cut before their answer, carried out or not."""

    def fail_part(self, index: int, times: int) -> None:
        """One part of a batch answers that the server is busy."""

    def expire_cursors(self) -> None: ...
    def revoke(self) -> None: ...
    def send_empty_pages(self) -> None: ...


class MemoryGrant:
    """A Grant as the store keeps one, in memory: one refresh at a time, committed before use."""

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._lock = threading.Lock()
        self.credentials = credentials
        self.refreshes = 0

    def read(self) -> Mapping[str, Any]:
        return self.credentials

    def renew(self, stale: str | None, refresh: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Mapping[str, Any]:
        with self._lock:
            if self.credentials.get("access_token") == stale:
                self.credentials = refresh(self.credentials)
                self.refreshes += 1
            return self.credentials


def key(number: int, generation: int = 0) -> Key:
    return Key(f"vis_{number}", generation)


def creates(count: int, *, uncertain: bool = False) -> list[Create]:
    return [Create(key(number), replace(VISIT, title=f"Visit {number}"), uncertain) for number in range(count)]


def done(outcome: Outcome) -> Done:
    assert isinstance(outcome, Done), outcome
    return outcome


def error(outcome: Outcome) -> Exception:
    assert isinstance(outcome, Failed), outcome
    return outcome.error


def publish(provider: Provider, stream: Stream, document: CalendarEvent = VISIT, number: int = 1) -> Done:
    [outcome] = provider.apply(stream, [Create(key(number), document)])
    return done(outcome)


def read(provider: Provider, stream: Stream, cursor: str | None = None) -> tuple[list[Change], Page]:
    """All changes, and the last page."""
    pages = list(provider.changes(stream, cursor))
    assert all(page.cursor is None and not page.complete for page in pages[:-1])
    assert pages[-1].cursor
    return [change for page in pages for change in page.changes], pages[-1]


def read_one(provider: Provider, stream: Stream, cursor: str | None = None) -> Change:
    [change] = read(provider, stream, cursor)[0]
    return change


def meanings(changes: Sequence[Change]) -> dict[Key | None, str | None]:
    return {change.key: change.document.fingerprint() if change.document else None for change in changes}


class ProviderContract:
    """The promises, each a sentence."""

    def test_what_was_created_is_listed_with_our_key_and_our_meaning(self, provider: Provider, stream: Stream) -> None:
        made = publish(provider, stream)
        change = read_one(provider, stream)
        assert (change.remote_id, change.version, change.key) == (made.remote_id, made.version, key(1))
        assert change.document is not None
        assert change.document.fingerprint() == VISIT.fingerprint()

    def test_an_update_shows_the_new_document(self, provider: Provider, stream: Stream) -> None:
        made = publish(provider, stream)
        plain = CalendarEvent("Now without anything", MOVED.times, busy=False, colour="paused")
        [outcome] = provider.apply(stream, [Update(key(1), made.remote_id, made.version, plain)])
        change = read_one(provider, stream)
        assert done(outcome).version == change.version != made.version
        assert meanings([change]) == {key(1): plain.fingerprint()}

    def test_an_update_without_a_known_version_is_carried_out(self, provider: Provider, stream: Stream) -> None:
        made = publish(provider, stream)
        [outcome] = provider.apply(stream, [Update(key(1), made.remote_id, None, MOVED)])
        assert done(outcome).version == read_one(provider, stream).version
        assert meanings(read(provider, stream)[0]) == {key(1): MOVED.fingerprint()}

    def test_a_deletion_of_ours_is_told_and_leaves_nothing(
        self, provider: Provider, stream: Stream, people: People
    ) -> None:
        made = publish(provider, stream)
        cursor = read(provider, stream)[1].cursor
        [outcome] = provider.apply(stream, [Delete(key(1), made.remote_id, made.version)])
        change = read_one(provider, stream, cursor)
        assert done(outcome).remote_id == change.remote_id == made.remote_id
        assert change.deleted
        assert people.live() == []

    def test_a_deletion_by_a_person_is_told(self, provider: Provider, stream: Stream, people: People) -> None:
        made = publish(provider, stream)
        cursor = read(provider, stream)[1].cursor
        people.delete(made.remote_id)
        change = read_one(provider, stream, cursor)
        assert (change.remote_id, change.deleted) == (made.remote_id, True)

    def test_an_edit_by_a_person_is_told_with_our_key(self, provider: Provider, stream: Stream, people: People) -> None:
        made = publish(provider, stream)
        cursor = read(provider, stream)[1].cursor
        start, end = MOVED.times.start, MOVED.times.end
        assert start is not None
        assert end is not None
        people.move(made.remote_id, start, end)
        change = read_one(provider, stream, cursor)
        assert change.document is not None
        assert (change.key, change.document.times) == (key(1), MOVED.times)
        assert change.version != made.version
        assert change.changed_at is not None
        assert change.shown["start"] == "2026-06-01T16:00:00Z"

    @pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
    def test_times_written_back_in_another_zone_make_no_update_loop(
        self, provider: Provider, stream: Stream, zone: str
    ) -> None:
        """Lesson 22."""
        publish(provider, stream, replace(VISIT, time_zone=zone))
        assert meanings([read_one(provider, stream)]) == {key(1): VISIT.fingerprint()}

    @pytest.mark.parametrize("hours", range(-2, 4))
    @pytest.mark.parametrize("day", [datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)])
    def test_a_visit_across_a_change_of_the_clocks_keeps_its_time(
        self, provider: Provider, stream: Stream, day: datetime, hours: int
    ) -> None:
        """Lesson 20: the instants around 2 o'clock in New York, in both directions."""
        start = day + timedelta(hours=hours)
        wanted = VISIT.moved_to(Times.span(start, start + timedelta(minutes=90)))
        publish(provider, stream, wanted)
        assert meanings([read_one(provider, stream)]) == {key(1): wanted.fingerprint()}

    def test_whole_days_come_back_as_whole_days(self, provider: Provider, stream: Stream) -> None:
        wanted = VISIT.moved_to(Times.days(date(2026, 3, 8), date(2026, 3, 10)))
        publish(provider, stream, wanted)
        change = read_one(provider, stream)
        assert meanings([change]) == {key(1): wanted.fingerprint()}
        assert (change.shown["start"], change.shown["end"]) == ("2026-03-08", "2026-03-10")

    def test_an_event_changes_between_hours_and_whole_days_and_back(self, provider: Provider, stream: Stream) -> None:
        made = publish(provider, stream)
        for wanted in (VISIT.moved_to(Times.days(date(2026, 6, 1))), VISIT):
            [outcome] = provider.apply(stream, [Update(key(1), made.remote_id, made.version, wanted)])
            made = done(outcome)
            assert meanings([read_one(provider, stream)]) == {key(1): wanted.fingerprint()}

    def test_the_same_create_again_makes_no_second_object(
        self, provider: Provider, stream: Stream, people: People
    ) -> None:
        first, second = publish(provider, stream), publish(provider, stream)
        assert people.live() == [first.remote_id]
        assert first == second

    def test_a_create_that_finds_its_object_changed_makes_it_show_the_document(
        self, provider: Provider, stream: Stream, people: People
    ) -> None:
        made = publish(provider, stream)
        people.retitle(made.remote_id, "Something else")
        publish(provider, stream)
        assert people.live() == [made.remote_id]
        assert meanings([read_one(provider, stream)]) == {key(1): VISIT.fingerprint()}

    @pytest.mark.parametrize("carried_out", [True, False])
    @pytest.mark.parametrize("count", [1, 5])
    def test_a_lost_answer_leaves_exactly_one_object(
        self, provider: Provider, stream: Stream, people: People, faults: Faults, count: int, carried_out: bool
    ) -> None:
        faults.lose_answers(carried_out=carried_out)
        outcomes = provider.apply(stream, creates(count))
        assert all(isinstance(one, Done) or isinstance(error(one), Uncertain) for one in outcomes)
        again = provider.apply(stream, creates(count, uncertain=True))
        assert sorted(done(one).remote_id for one in again) == sorted(people.live())
        assert len(people.live()) == count

    @pytest.mark.parametrize("carried_out", [True, False])
    def test_lost_answers_to_updates_and_deletions_are_found_out(
        self, provider: Provider, stream: Stream, people: People, faults: Faults, carried_out: bool
    ) -> None:
        one, other = (publish(provider, stream, number=number) for number in (1, 2))
        faults.lose_answers(carried_out=carried_out)
        outcomes = provider.apply(
            stream, [Update(key(1), one.remote_id, one.version, MOVED), Delete(key(2), other.remote_id, other.version)]
        )
        updated, deleted = map(done, outcomes)
        assert people.live() == [updated.remote_id] == [one.remote_id]
        assert deleted.remote_id == other.remote_id
        change = read_one(provider, stream)
        assert (change.version, meanings([change])) == (updated.version, {key(1): MOVED.fingerprint()})

    def test_when_no_answer_comes_at_all_the_outcome_is_uncertain(
        self, provider: Provider, stream: Stream, people: People, faults: Faults
    ) -> None:
        faults.lose_answers(times=None)
        outcomes = provider.apply(stream, creates(2))
        assert [type(error(one)) for one in outcomes] == [Uncertain, Uncertain]

    def test_a_key_is_used_up_by_a_deletion_and_the_next_generation_is_not(
        self, provider: Provider, stream: Stream, people: People
    ) -> None:
        made = publish(provider, stream)
        people.delete(made.remote_id)
        [same] = provider.apply(stream, [Create(key(1), VISIT)])
        assert isinstance(error(same), Gone)
        [following] = provider.apply(stream, [Create(key(1, 1), VISIT)])
        assert people.live() == [done(following).remote_id] != [made.remote_id]
        assert read_one(provider, stream).key == key(1, 1)

    def test_a_stale_version_is_a_conflict_and_the_edit_of_a_person_is_not_erased(
        self, provider: Provider, stream: Stream, people: People
    ) -> None:
        one, other = (publish(provider, stream, number=number) for number in (1, 2))
        people.retitle(one.remote_id, "Mine")
        people.retitle(other.remote_id, "Mine too")
        outcomes = provider.apply(
            stream, [Update(key(1), one.remote_id, one.version, MOVED), Delete(key(2), other.remote_id, other.version)]
        )
        assert [type(error(outcome)) for outcome in outcomes] == [VersionConflict, VersionConflict]
        titles = {change.document.title for change in read(provider, stream)[0] if change.document}
        assert titles == {"Mine", "Mine too"}

    def test_an_update_that_somebody_made_already_is_done(self, provider: Provider, stream: Stream) -> None:
        made = publish(provider, stream)
        update = Update(key(1), made.remote_id, made.version, MOVED)
        first, second = (done(provider.apply(stream, [update])[0]) for _ in range(2))
        assert first == second

    def test_an_update_of_what_is_gone_says_so_and_a_deletion_of_it_is_done(
        self, provider: Provider, stream: Stream, people: People
    ) -> None:
        made = publish(provider, stream)
        people.delete(made.remote_id)
        update = Update(key(1), made.remote_id, made.version, MOVED)
        delete = Delete(key(1), made.remote_id, made.version)
        assert isinstance(error(provider.apply(stream, [update])[0]), Gone)
        assert isinstance(error(provider.apply(stream, [replace(update, version=None)])[0]), Gone)
        assert done(provider.apply(stream, [delete])[0]).remote_id == made.remote_id
        assert done(provider.apply(stream, [replace(delete, version=None)])[0]).remote_id == made.remote_id

    def test_refused_content_does_not_stop_its_neighbours(
        self, provider: Provider, stream: Stream, people: People
    ) -> None:
        documents = [VISIT, REFUSED, VISIT]
        one, bad, other = provider.apply(stream, [Create(key(place), what) for place, what in enumerate(documents)])
        refusal = error(bad)
        assert isinstance(refusal, Rejected)
        assert refusal.message
        assert sorted(people.live()) == sorted([done(one).remote_id, done(other).remote_id])

    def test_failed_parts_alone_are_sent_again(
        self, provider: Provider, stream: Stream, people: People, faults: Faults
    ) -> None:
        faults.fail_part(2, times=1)
        before = faults.requests()
        outcomes = provider.apply(stream, creates(5))
        assert len({done(one).remote_id for one in outcomes}) == len(people.live()) == 5
        assert faults.requests() - before == 2

    def test_an_incremental_reading_tells_only_what_changed(
        self, provider: Provider, stream: Stream, people: People
    ) -> None:
        outcomes = provider.apply(stream, creates(3))
        _, page = read(provider, stream)
        assert page.complete
        assert read(provider, stream, page.cursor)[0] == []
        changed = done(outcomes[1]).remote_id
        people.retitle(changed, "Mine")
        changes, later = read(provider, stream, page.cursor)
        assert [change.remote_id for change in changes] == [changed]
        assert not later.complete

    def test_a_lost_cursor_is_told_and_the_full_reading_shows_changes_and_lacks_what_was_deleted(
        self, provider: Provider, stream: Stream, people: People, faults: Faults
    ) -> None:
        """Lesson 1."""
        one, other = (publish(provider, stream, number=number) for number in (1, 2))
        cursor = read(provider, stream)[1].cursor
        people.delete(one.remote_id)
        people.retitle(other.remote_id, "Mine")
        faults.expire_cursors()
        with pytest.raises(CursorExpired):
            list(provider.changes(stream, cursor))
        changes, page = read(provider, stream)
        assert page.complete
        assert [(change.key, change.document and change.document.title) for change in changes] == [(key(2), "Mine")]

    def test_an_empty_page_with_more_to_come_is_not_the_end(
        self, provider: Provider, stream: Stream, people: People, faults: Faults
    ) -> None:
        """Lesson 21."""
        cursor = read(provider, stream)[1].cursor
        provider.apply(stream, creates(7))
        faults.send_empty_pages()
        assert any(not page.changes for page in provider.changes(stream, None))
        for since in (None, cursor):
            changes, page = read(provider, stream, since)
            assert {change.key for change in changes} == {key(number) for number in range(7)}
            assert page.complete is (since is None)

    def test_the_events_of_strangers_have_no_key(self, provider: Provider, stream: Stream, people: People) -> None:
        made = publish(provider, stream)
        theirs = people.create("Dentist", NINE, NINE + timedelta(hours=1))
        copied = people.copy(made.remote_id)
        keys = {change.remote_id: change.key for change in read(provider, stream)[0]}
        assert keys == {made.remote_id: key(1), theirs: None, copied: None}

    def test_nobody_gets_mail_and_guests_stay_invited(self, provider: Provider, stream: Stream, people: People) -> None:
        made = publish(provider, stream)
        people.invite(made.remote_id, "guest@elsewhere.example")
        version = read_one(provider, stream).version
        [updated] = provider.apply(stream, [Update(key(1), made.remote_id, version, MOVED)])
        assert people.guests(made.remote_id) == ["guest@elsewhere.example"]
        provider.apply(stream, [Delete(key(1), made.remote_id, done(updated).version)])
        assert people.live() == []
        assert people.mails() == 0

    def test_a_full_batch_is_one_request(
        self, provider: Provider, stream: Stream, people: People, faults: Faults
    ) -> None:
        before = faults.requests()
        outcomes = provider.apply(stream, creates(50))
        assert faults.requests() - before == 1
        assert len({done(one).remote_id for one in outcomes}) == len(people.live()) == 50

    def test_outcomes_come_in_the_order_of_the_operations(self, provider: Provider, stream: Stream) -> None:
        wanted = creates(20)
        outcomes = provider.apply(stream, wanted)
        keys = {change.remote_id: change.key for change in read(provider, stream)[0]}
        assert [keys[done(one).remote_id] for one in outcomes] == [create.key for create in wanted]

    def test_a_revoked_grant_is_told_as_such(self, provider: Provider, stream: Stream, faults: Faults) -> None:
        cursor = read(provider, stream)[1].cursor
        faults.revoke()
        with pytest.raises(ConnectionRevoked):
            list(provider.changes(stream, cursor))
        with pytest.raises(ConnectionRevoked):
            provider.apply(stream, creates(1))
        with pytest.raises(ConnectionRevoked):
            provider.apply(stream, creates(3))
