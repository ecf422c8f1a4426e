"""Outlook against its simulator, behind a path prefix."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import redis
import structlog

from tests.providers.graph_description import Description
from tests.providers.outlook import (
    NOW,
    OTHER,
    TECH,
    TENANT,
    Outlook,
    OutlookFaults,
    OutlookPeople,
    served_outlook,
)
from tests.providers.suite import (
    MOVED,
    NINE,
    VISIT,
    Faults,
    MemoryGrant,
    People,
    ProviderContract,
    creates,
    done,
    error,
    key,
    meanings,
    publish,
    read,
    read_one,
)
from worker.core.documents import Times
from worker.core.errors import CursorExpired, NotConnected, RateLimited, Rejected, Transient
from worker.core.ports import Change, Create, Delete, Done, Provider, Stream, Update
from worker.http.limits import Limits
from worker.http.slots import Slots
from worker.providers.outlook_calendar import MANIFEST, OutlookCalendar
from worker.providers.outlook_calendar.cursors import cursor_of
from worker.simulators.faults import Fault

HOUR = timedelta(hours=1)


@pytest.fixture
def outlook() -> Iterator[Outlook]:
    with served_outlook() as outlook:
        yield outlook


@pytest.fixture
def provider(outlook: Outlook) -> OutlookCalendar:
    return outlook.connected()


@pytest.fixture
def stream(provider: OutlookCalendar) -> Stream:
    [stream] = provider.streams()
    return stream


@pytest.fixture
def people(outlook: Outlook) -> OutlookPeople:
    return OutlookPeople(outlook)


@pytest.fixture
def faults(outlook: Outlook) -> OutlookFaults:
    return OutlookFaults(outlook)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are noted, not waited."""
    waits: list[float] = []
    for module in ("account", "line"):
        monkeypatch.setattr(f"worker.providers.outlook_calendar.{module}.time", SimpleNamespace(sleep=waits.append))
    monkeypatch.setattr("worker.providers.outlook_calendar.line.PAUSE", 0.01)
    return waits


class TestContract(ProviderContract):
    """All that a provider promises."""

    def test_a_full_batch_is_one_request(
        self, provider: Provider, stream: Stream, people: People, faults: Faults
    ) -> None:
        """The same sentence with Graph's number: a batch has twenty calls there, and so has the manifest."""
        before = faults.requests()
        outcomes = provider.apply(stream, creates(MANIFEST.batch_size))
        assert faults.requests() - before == 1
        assert len({done(one).remote_id for one in outcomes}) == len(people.live()) == MANIFEST.batch_size == 20


def test_the_manifest_names_the_integration_as_the_contract_does() -> None:
    assert (MANIFEST.name, MANIFEST.slug, MANIFEST.direction) == (
        "outlook_calendar",
        "outlook-calendar",
        "bidirectional",
    )
    assert (MANIFEST.calendar, MANIFEST.pushes, MANIFEST.consents) == (True, True, True)


class TestMailboxes:
    def test_a_dropped_calendar_that_is_everybodys_own_is_nobody_elses(self, outlook: Outlook) -> None:
        provider = outlook.connected({"usr_2": outlook.grant(OTHER)})
        dropped = Stream("primary", "primary", live=False)
        with pytest.raises(NotConnected):
            provider.apply(dropped, [Delete(key(1), "e1", None)])
        assert outlook.requests() == 0

    def test_members_with_grants_of_their_own_publish_to_their_own_calendars(self, outlook: Outlook) -> None:
        provider = outlook.connected({"usr_1": outlook.grant(TECH), "usr_2": outlook.grant(OTHER)})
        for stream in provider.streams():
            publish(provider, stream)
        assert [len(outlook.simulator.events(user)) for user in (TECH, OTHER)] == [1, 1]
        assert {one.path for one in outlook.recorder.calls()} == {"/me/events"}

    def test_one_permission_of_a_tenant_reaches_all_its_technicians(self, outlook: Outlook) -> None:
        for user in (TECH, OTHER):
            outlook.simulator.add_user(user)
        outlook.simulator.add_tenant()
        provider = outlook.connected({"": MemoryGrant({"tenant_id": TENANT})}, {"usr_1": TECH, "usr_2": OTHER})
        for stream in provider.streams():
            publish(provider, stream)
            assert read_one(provider, stream).key == key(1)
        assert [len(outlook.simulator.events(user)) for user in (TECH, OTHER)] == [1, 1]
        assert not [one for one in outlook.recorder.calls() if one.path.startswith("/me")]
        assert outlook.counted("applications") == 1

    def test_a_permission_of_a_tenant_acts_for_named_people_alone(self, outlook: Outlook) -> None:
        provider = outlook.connected({"": MemoryGrant({"tenant_id": TENANT})})
        with pytest.raises(Rejected) as refused:
            provider.changes(provider.streams()[0], None)
        assert refused.value.code == "CALENDAR_NOT_NAMED"
        assert outlook.requests() == 0

    def test_one_persons_grant_reaches_the_calendars_shared_with_them_and_says_which_are_not(
        self, outlook: Outlook
    ) -> None:
        outlook.simulator.add_user(OTHER)
        provider = outlook.connected(calendars={"usr_2": OTHER})
        [stream] = provider.streams()
        [refused] = provider.apply(stream, [Create(key(1), VISIT)])
        assert isinstance(error(refused), Rejected)
        outlook.simulator.share(OTHER, TECH, "write")
        publish(provider, stream)
        assert len(outlook.simulator.events(OTHER)) == 1

    def test_an_address_without_a_mailbox_is_told_to_a_person(self, outlook: Outlook) -> None:
        outlook.simulator.add_user(OTHER, mailbox=False)
        outlook.simulator.add_tenant()
        calendars = {"usr_1": OTHER, "usr_2": "nobody@example.com"}
        provider = outlook.connected({"": MemoryGrant({"tenant_id": TENANT})}, calendars)
        for stream in provider.streams():
            with pytest.raises(Rejected, match="no mailbox"):
                list(provider.changes(stream, None))

    def test_another_kind_of_grant_makes_no_second_set_of_events(self, outlook: Outlook) -> None:
        """Lesson 29."""
        outlook.simulator.add_tenant()
        own = outlook.connected({"usr_1": outlook.grant(TECH)}, {"usr_1": TECH})
        all_ = outlook.connected({"": MemoryGrant({"tenant_id": TENANT})}, {"usr_1": TECH})
        assert own.streams()[0].name == all_.streams()[0].name
        assert publish(own, own.streams()[0]) == publish(all_, all_.streams()[0])

    def test_a_stream_that_no_grant_reaches_is_not_connected(self, outlook: Outlook) -> None:
        provider = outlook.connected({"usr_1": outlook.grant()})
        with pytest.raises(NotConnected):
            provider.changes(Stream("x", "x", grant="usr_2"), None)

    def test_what_was_published_where_the_settings_no_longer_point_can_still_be_taken_away(
        self, outlook: Outlook
    ) -> None:
        for calendars in ({}, {"usr_1": TECH}):
            provider = outlook.connected({"usr_1": outlook.grant()}, calendars)
            [stream] = provider.streams()
            made = publish(provider, stream)
            retired = Stream(stream.name, stream.name, live=False)
            done(
                outlook.connected({"usr_1": outlook.grant()}).apply(retired, [Delete(key(1), made.remote_id, None)])[0]
            )
            assert outlook.simulator.events(TECH) == []

    def test_a_technician_is_replaced_the_event_moves_and_nothing_else_is_sent(self, outlook: Outlook) -> None:
        """Lesson 10, the provider's part."""
        provider = outlook.connected({"usr_1": outlook.grant(TECH), "usr_2": outlook.grant(OTHER)})
        first, second = provider.streams()
        made = publish(provider, first)
        provider.apply(first, [Delete(key(1), made.remote_id, made.version)])
        publish(provider, second)
        assert [len(outlook.simulator.events(user)) for user in (TECH, OTHER)] == [0, 1]
        assert [one.method for one in outlook.recorder.calls()] == ["POST", "DELETE", "POST"]


class TestEveryCall:
    """What is true of all that we send."""

    def exercise(self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, faults: OutlookFaults) -> None:
        outcomes = [done(one) for one in provider.apply(stream, creates(3))]
        cursor = read(provider, stream)[1].cursor
        people.retitle(outcomes[0].remote_id, "Mine")
        people.create("Dentist", NINE, NINE + HOUR)
        people.delete(outcomes[1].remote_id)
        faults.lose_answers()
        provider.apply(stream, [Update(key(2), outcomes[2].remote_id, outcomes[2].version, MOVED), *creates(1)])
        read(provider, stream, cursor)
        provider.apply(stream, [Delete(key(0), outcomes[0].remote_id, outcomes[0].version)])
        provider.apply(stream, creates(2, uncertain=True))

    def test_asks_for_lasting_ids_and_for_utc(
        self,
        provider: OutlookCalendar,
        stream: Stream,
        people: OutlookPeople,
        faults: OutlookFaults,
        outlook: Outlook,
    ) -> None:
        self.exercise(provider, stream, people, faults)
        prefers = [one.headers["prefer"] for one in [*outlook.recorder.sent, *outlook.recorder.calls()]]
        assert len(prefers) > 15
        assert all('IdType="ImmutableId"' in prefer and 'outlook.timezone="UTC"' in prefer for prefer in prefers)

    def test_names_no_guest(
        self,
        provider: OutlookCalendar,
        stream: Stream,
        people: OutlookPeople,
        faults: OutlookFaults,
        outlook: Outlook,
    ) -> None:
        self.exercise(provider, stream, people, faults)
        assert "attendees" not in str([one.body for one in outlook.recorder.sent])
        assert outlook.counted("mails") == 0

    def test_keeps_tokens_and_addresses_out_of_what_is_logged(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, faults: OutlookFaults
    ) -> None:
        with structlog.testing.capture_logs() as logged:
            self.exercise(provider, stream, people, faults)
        refusals = [one for one in logged if one["event"] == "graph_refused"]
        assert refusals
        assert all(set(one) == {"event", "log_level", "status", "code", "request_id"} for one in refusals)

    def test_in_a_first_sync_of_a_thousand_visits_mails_nobody(self, outlook: Outlook) -> None:
        """Lesson 19."""
        provider = outlook.connected(settings=replace(outlook.settings, mailbox_per_minute=100_000))
        [stream] = provider.streams()
        visits = creates(1000)
        for start in range(0, len(visits), MANIFEST.batch_size):
            [done(one) for one in provider.apply(stream, visits[start : start + MANIFEST.batch_size])]
        assert (len(outlook.simulator.events(TECH)), outlook.counted("mails")) == (1000, 0)
        assert outlook.requests("batch") == 50

    def test_is_valid_by_the_description_of_graph_where_that_is_at_hand(
        self,
        provider: OutlookCalendar,
        stream: Stream,
        people: OutlookPeople,
        faults: OutlookFaults,
        outlook: Outlook,
    ) -> None:
        description = Description.at_hand()
        self.exercise(provider, stream, people, faults)
        for one in outlook.recorder.calls():
            description.check(one.method, one.path, one.body)


class TestCrowds:
    def test_eighty_four_visits_are_five_requests_and_never_more_than_four_calls_at_once(
        self, provider: OutlookCalendar, stream: Stream, outlook: Outlook
    ) -> None:
        outlook.simulator.set(latency=0.01)
        visits = creates(84)
        for start in range(0, 84, MANIFEST.batch_size):
            [done(one) for one in provider.apply(stream, visits[start : start + MANIFEST.batch_size])]
        assert outlook.requests() == outlook.requests("batch") == 5
        self.assert_nobody_was_in_the_way(outlook, 84)

    @pytest.mark.parametrize("shared", ["redis", "one process"])
    def test_two_workers_at_one_mailbox_are_never_more_than_four_calls_together(
        self, outlook: Outlook, shared: str, redis_url: str
    ) -> None:
        outlook.simulator.set(latency=0.01)
        here = Slots(sleep=time.sleep)
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(redis.Redis.from_url(redis_url)) for _ in range(3)]
            slots = [Slots(server) for server in servers] if shared == "redis" else [here] * 3
            workers = [outlook.connected(calendars={"usr_1": TECH}, slots=slots[place]) for place in range(3)]
            publishing = [threading.Thread(target=self.publish, args=(workers[place], place)) for place in range(2)]
            reading = [threading.Thread(target=self.read_often, args=(workers[2],))]
            for thread in publishing + reading:
                thread.start()
            for thread in publishing + reading:
                thread.join()
        self.assert_nobody_was_in_the_way(outlook, 80)

    def publish(self, worker: OutlookCalendar, place: int) -> None:
        [stream] = worker.streams()
        for batch in range(2):
            first = 40 * place + 20 * batch
            visits = [Create(key(number), VISIT) for number in range(first, first + 20)]
            [done(one) for one in worker.apply(stream, visits)]

    def read_often(self, worker: OutlookCalendar) -> None:
        for _ in range(5):
            read(worker, worker.streams()[0])

    def assert_nobody_was_in_the_way(self, outlook: Outlook, events: int) -> None:
        assert len(outlook.simulator.events(TECH)) == events
        assert outlook.counted("highest")[TECH] == 4, "a batch is to use what it may"
        assert outlook.counted("concurrency") == 0


class TestWindow:
    def test_a_visit_a_year_ahead_is_told_also_after_months_of_running(self, outlook: Outlook) -> None:
        """Lesson 3: Graph's window is fixed in its link."""
        clock = [NOW]
        provider = outlook.connected(now=lambda: clock[0])
        [stream] = provider.streams()
        cursor, rolled = read(provider, stream)[1].cursor, 0
        for month in range(6):
            clock[0] = NOW + timedelta(days=30 * month)
            start = clock[0] + timedelta(days=364)
            theirs = outlook.simulator.person_creates(
                TECH, subject="Dentist", start=start.isoformat(), end=(start + HOUR).isoformat()
            )
            try:
                changes, page = read(provider, stream, cursor)
            except CursorExpired:
                rolled += 1
                changes, page = read(provider, stream)
            cursor = page.cursor
            assert theirs["id"] in {change.remote_id for change in changes}, month
        assert rolled == 1

    def test_events_of_ours_are_listed_whatever_their_date(self, provider: OutlookCalendar, stream: Stream) -> None:
        """So that a complete listing is one."""
        for number, years in enumerate((-5, 0, 5)):
            start = NINE + timedelta(days=365 * years)
            publish(provider, stream, VISIT.moved_to(Times.span(start, start + HOUR)), number)
        changes, page = read(provider, stream)
        assert {change.key for change in changes} == {key(number) for number in range(3)}
        assert page.complete

    def test_an_event_that_leaves_the_window_is_not_deleted(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, outlook: Outlook
    ) -> None:
        made = publish(provider, stream)
        cursor = read(provider, stream)[1].cursor
        far = NINE + timedelta(days=3000)
        for reason in ("deleted", "changed"):
            outlook.simulator.set(outside_reason=reason)
            people.move(made.remote_id, far, far + HOUR)
            change = read_one(provider, stream, cursor)
            assert change.document is not None
            assert (change.key, change.document.times) == (key(1), Times.span(far, far + HOUR))

    def test_what_is_deleted_outside_the_window_is_told(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople
    ) -> None:
        far = NINE + timedelta(days=3000)
        made = publish(provider, stream, VISIT.moved_to(Times.span(far, far + HOUR)))
        cursor = read(provider, stream)[1].cursor
        people.delete(made.remote_id)
        assert read_one(provider, stream, cursor) == Change(made.remote_id, shown={"status": "cancelled"})


class TestDelta:
    def test_an_event_that_may_not_be_looked_up_stops_nothing_and_is_not_deleted(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, outlook: Outlook
    ) -> None:
        made = [done(one) for one in provider.apply(stream, creates(2))]
        cursor = read(provider, stream)[1].cursor
        people.delete(made[0].remote_id)
        people.retitle(made[1].remote_id, "Mine")
        outlook.simulator.faults.add(Fault(operation="events.get", status=403, reason="ErrorAccessDenied", times=1))
        changes, page = read(provider, stream, cursor)
        assert [change.remote_id for change in changes] == [made[1].remote_id]
        assert page.cursor != cursor

    def test_a_412_for_a_look_up_passes(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, outlook: Outlook
    ) -> None:
        made = publish(provider, stream)
        cursor = read(provider, stream)[1].cursor
        people.delete(made.remote_id)
        outlook.simulator.faults.add(Fault(operation="events.get", status=412, times=1))
        assert read_one(provider, stream, cursor).deleted

    def test_the_second_run_is_incremental_for_both_calendars_of_a_connection(self, outlook: Outlook) -> None:
        """Lesson 2."""
        provider = outlook.connected({"usr_1": outlook.grant(TECH), "usr_2": outlook.grant(OTHER)})
        cursors = {}
        for stream in provider.streams():
            provider.apply(stream, creates(3))
            cursors[stream] = read(provider, stream)[1].cursor
        outlook.simulator.person_creates(OTHER, subject="Dentist", start="2026-06-01", end="2026-06-02")
        told = [len(read(provider, stream, cursor)[0]) for stream, cursor in cursors.items()]
        assert told == [0, 1]

    @pytest.mark.parametrize("how", [{"repeat_items": True, "page_cap": 2}, {"replays": 5}, {"delta_lag": 0.2}])
    def test_repeats_and_replays_change_nothing(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, outlook: Outlook, how: dict[str, Any]
    ) -> None:
        outlook.simulator.set(**how)
        made = [done(one) for one in provider.apply(stream, creates(5))]
        people.delete(made[0].remote_id)
        time.sleep(how.get("delta_lag", 0) * 1.5)
        cursor = read(provider, stream)[1].cursor
        for _ in range(2):
            changes, page = read(provider, stream, cursor)
            told = {change.remote_id: (change.key, change.version) for change in changes if not change.deleted}
            assert told.items() <= {one.remote_id: (key(n), one.version) for n, one in enumerate(made)}.items()
            assert {change.remote_id for change in changes if change.deleted} <= {made[0].remote_id}
            cursor = page.cursor

    def test_a_delta_without_transactions_is_looked_up_twenty_at_a_time(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, outlook: Outlook
    ) -> None:
        outlook.simulator.set(transaction_in_delta=False)
        cursor = read(provider, stream)[1].cursor
        for start in (0, 20):
            provider.apply(stream, creates(25)[start : start + 20])
        before = outlook.requests()
        changes = read(provider, stream, cursor)[0]
        assert {change.key for change in changes} == {key(number) for number in range(25)}
        assert outlook.requests() - before == 3, "a page, and two batches of look-ups"

    def test_a_full_reading_looks_nothing_up(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, outlook: Outlook
    ) -> None:
        provider.apply(stream, creates(5))
        for number in range(5):
            people.create(f"Dentist {number}", NINE, NINE + HOUR)
        outlook.simulator.set(transaction_in_delta=False)
        before = outlook.requests()
        changes = read(provider, stream)[0]
        assert sorted(str(change.key) for change in changes) == ["None"] * 5 + [f"vis_{n}.0" for n in range(5)]
        assert outlook.requests() - before == 2

    def test_days_of_a_series_are_appointments_and_need_no_look(
        self, provider: OutlookCalendar, stream: Stream, outlook: Outlook
    ) -> None:
        cursor = read(provider, stream)[1].cursor
        outlook.simulator.person_creates(
            TECH,
            subject="Stand-up",
            start="2026-06-01T13:00:00Z",
            end="2026-06-01T13:15:00Z",
            recurrence={
                "pattern": {"type": "daily", "interval": 1},
                "range": {"type": "numbered", "startDate": "2026-06-01", "numberOfOccurrences": 3},
            },
        )
        before = outlook.requests()
        changes = read(provider, stream, cursor)[0]
        assert len(changes) == 4
        assert {change.key for change in changes} == {None}
        assert outlook.requests() - before == 1

    def test_a_deletion_on_the_phone_is_told_as_one_and_nothing_is_written(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, outlook: Outlook
    ) -> None:
        """Lesson 11, the provider's part."""
        made = publish(provider, stream)
        cursor = read(provider, stream)[1].cursor
        writes = outlook.counted("writes")
        people.delete(made.remote_id)
        assert read_one(provider, stream, cursor).deleted
        assert outlook.counted("writes") == writes

    @pytest.mark.parametrize("status", [400, 404, 410])
    @pytest.mark.parametrize("code", ["SyncStateNotFound", "syncStateNotFound", "resyncRequired", "SyncStateInvalid"])
    @pytest.mark.parametrize("location", [True, False])
    def test_a_dead_link_is_known_in_all_its_spellings(
        self, provider: OutlookCalendar, stream: Stream, outlook: Outlook, status: int, code: str, *, location: bool
    ) -> None:
        """Lesson 1."""
        cursor = read(provider, stream)[1].cursor
        outlook.simulator.set(expired_status=status, expired_code=code, expired_location=location)
        outlook.simulator.expire_delta_links()
        before = outlook.requests()
        with pytest.raises(CursorExpired):
            list(provider.changes(stream, cursor))
        assert outlook.requests() - before == 1

    def test_where_graph_says_to_begin_elsewhere_a_full_reading_does(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, outlook: Outlook
    ) -> None:
        people.create("Dentist", NINE, NINE + HOUR)
        there = f"{outlook.settings.graph_url}/me/calendarView/delta"
        window = "startDateTime=2026-05-01T00:00:00Z&endDateTime=2026-07-01T00:00:00Z"
        outlook.fault(operation="delta", status=410, headers={"Location": f"{there}?{window}"})
        changes, page = read(provider, stream)
        assert len(changes) == 1
        assert page.complete
        outlook.fault(operation="delta", status=410, headers={"Location": "https://elsewhere.example/x"})
        with pytest.raises(CursorExpired):
            list(provider.changes(stream, None))

    @pytest.mark.parametrize(
        "body", [{"value": []}, {}, {"@odata.deltaLink": "x"}, "[]", "", "<html>", {"value": [], "@odata.nextLink": ""}]
    )
    def test_an_answer_without_a_link_is_no_end(
        self, provider: OutlookCalendar, stream: Stream, outlook: Outlook, body: object
    ) -> None:
        """Lesson 5: the cursor stays, and nothing counts as absent."""
        publish(provider, stream)
        cursor = read(provider, stream)[1].cursor
        outlook.fault(operation="delta", status=200, body=body, times=None)
        for since in (None, cursor):
            pages = []
            with pytest.raises(Transient):
                pages.extend(provider.changes(stream, since))
            assert not any(page.complete or page.cursor for page in pages)

    def test_links_are_followed_whole_and_to_graph_alone(
        self, provider: OutlookCalendar, stream: Stream, outlook: Outlook
    ) -> None:
        cursor = read(provider, stream)[1].cursor
        assert cursor is not None
        elsewhere = {
            "value": [],
            "@odata.nextLink": "https://elsewhere.example/v1.0/me/calendarView/delta?$skiptoken=1",
        }
        outlook.fault(operation="delta", status=200, body=elsewhere)
        with pytest.raises(Transient, match="not Microsoft's"):
            list(provider.changes(stream, cursor))
        link = cursor_of(cursor).link
        round_ = {"value": [], "@odata.nextLink": link}
        outlook.fault(operation="delta", status=200, body=round_, times=None)
        with pytest.raises(Transient, match="circles"):
            list(provider.changes(stream, cursor))
        moved = cursor.replace(outlook.settings.graph_url, "https://graph.microsoft.com/v1.0")
        with pytest.raises(CursorExpired):
            list(provider.changes(stream, moved))
        verbatim = [one for one in outlook.simulator.journal.entries("delta") if one.query and "token" in one.query]
        assert {one.query for one in verbatim} == {link.partition("?")[2]}


class TestWrites:
    @pytest.mark.parametrize("answer", ["200", "201", "409"])
    @pytest.mark.parametrize("changed", [True, False])
    def test_the_same_create_again_finds_its_event_whatever_graph_answers(
        self,
        provider: OutlookCalendar,
        stream: Stream,
        people: OutlookPeople,
        outlook: Outlook,
        answer: str,
        *,
        changed: bool,
    ) -> None:
        outlook.simulator.set(duplicate_answer=answer)
        first = publish(provider, stream)
        people.copy(first.remote_id)
        if changed:
            people.retitle(first.remote_id, "Something else")
        again = publish(provider, stream)
        assert again.remote_id == first.remote_id
        assert len(people.live()) == 2
        assert people.event(first.remote_id)["subject"] == VISIT.title

    def test_a_transaction_that_graph_has_forgotten_makes_no_second_event_where_there_is_doubt(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, outlook: Outlook
    ) -> None:
        made = publish(provider, stream)
        outlook.simulator.set(transaction_life=0)
        [again] = provider.apply(stream, [Create(key(1), VISIT, uncertain=True)])
        assert done(again) == made
        assert people.live() == [made.remote_id]

    def test_a_spurious_conflict_is_tried_once_more_without_blame(
        self, provider: OutlookCalendar, stream: Stream, outlook: Outlook
    ) -> None:
        made = publish(provider, stream)
        outlook.fault(method="PATCH", status=412)
        [outcome] = provider.apply(stream, [Update(key(1), made.remote_id, made.version, MOVED)])
        moved = done(outcome)
        outlook.fault(method="DELETE", status=412)
        done(provider.apply(stream, [Delete(key(1), moved.remote_id, moved.version)])[0])
        assert outlook.simulator.events(TECH) == []

    def test_conflicts_without_end_are_left_to_a_later_sync(
        self, provider: OutlookCalendar, stream: Stream, outlook: Outlook
    ) -> None:
        made = publish(provider, stream)
        outlook.fault(method="PATCH", status=412, times=None)
        [outcome] = provider.apply(stream, [Update(key(1), made.remote_id, made.version, MOVED)])
        assert isinstance(error(outcome), Transient)

    @pytest.mark.parametrize("status", [424, 429, 503, 504])
    def test_a_part_that_is_refused_for_now_is_sent_again_alone_after_the_time_asked_for(
        self, provider: OutlookCalendar, stream: Stream, outlook: Outlook, patience: list[float], status: int
    ) -> None:
        outlook.fault(part_index=3, status=status, headers={"Retry-After": "1"})
        outcomes = provider.apply(stream, creates(6))
        assert len({done(one).remote_id for one in outcomes}) == 6
        assert [one.parts for one in outlook.simulator.journal.entries() if one.path.startswith("/v1.0/")] == [6, 1]
        assert 1.0 in patience

    def test_who_is_asked_to_wait_long_lets_go(
        self, provider: OutlookCalendar, stream: Stream, outlook: Outlook, patience: list[float]
    ) -> None:
        outlook.fault(part_index=0, status=429, headers={"Retry-After": "300"})
        refused, *others = provider.apply(stream, creates(3))
        problem = error(refused)
        assert isinstance(problem, RateLimited)
        assert problem.retry_after == 300
        assert [type(one) for one in others] == [Done, Done]
        assert patience == []

    def test_a_call_that_the_answer_leaves_out_is_found_out(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, outlook: Outlook
    ) -> None:
        for body in ({"responses": []}, {"responses": "x"}, {}, "<html>"):
            outlook.fault(operation="batch", status=200, body=body, carried_out=True)
            outcomes = provider.apply(stream, creates(3))
            assert sorted(done(one).remote_id for one in outcomes) == sorted(people.live())
        assert len(people.live()) == 3

    def test_a_batch_that_is_refused_whole_is_sent_again(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople, outlook: Outlook
    ) -> None:
        outlook.fault(operation="batch", status=503)
        assert [type(one) for one in provider.apply(stream, creates(3))] == [Done] * 3
        assert len(people.live()) == 3

    def test_a_token_that_graph_no_longer_takes_is_renewed_once(
        self, provider: OutlookCalendar, stream: Stream, outlook: Outlook
    ) -> None:
        read(provider, stream)
        outlook.simulator.expire_access_tokens()
        assert [type(one) for one in provider.apply(stream, creates(3))] == [Done] * 3
        assert outlook.counted("refreshes") == 2

    def test_fifty_operations_are_three_requests(
        self, provider: OutlookCalendar, stream: Stream, outlook: Outlook
    ) -> None:
        assert len({done(one).remote_id for one in provider.apply(stream, creates(50))}) == 50
        assert outlook.requests() == 3

    def test_no_update_follows_from_what_outlook_makes_of_the_html(
        self, provider: OutlookCalendar, stream: Stream, people: OutlookPeople
    ) -> None:
        """Lesson 23: also when the version rises by itself, the event shows what we wrote."""
        wanted = replace(VISIT, description="Ring <twice> & wait\n\n  Gate 7\thttps://fieldcamp.example/v/1?a=1&b=2")
        made = publish(provider, stream, wanted)
        cursor = read(provider, stream)[1].cursor
        body = people.event(made.remote_id)["body"]
        assert "<html>" in body["content"]
        people._simulator.person_edits(TECH, made.remote_id, body=body)
        change = read_one(provider, stream, cursor)
        assert change.version != made.version
        assert meanings([change]) == {key(1): wanted.fingerprint()}

    def test_a_hundred_requests_too_many_wait_for_their_turn(self, outlook: Outlook) -> None:
        settings = replace(outlook.settings, mailbox_per_minute=8)
        provider = outlook.connected(limits=Limits(patience=0), settings=settings)
        [stream] = provider.streams()
        provider.apply(stream, creates(20))
        with pytest.raises(RateLimited) as held:
            provider.apply(stream, creates(20))
        assert held.value.retry_after is not None
        assert outlook.requests() == 1
