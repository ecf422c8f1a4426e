"""Google Calendar against its simulator, behind a path prefix."""

import gc
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.providers.suite import (
    MOVED,
    VISIT,
    MemoryGrant,
    ProviderContract,
    creates,
    done,
    error,
    key,
    publish,
    read,
    read_one,
)
from worker.core.errors import (
    ConnectionRevoked,
    CursorExpired,
    NotConnected,
    RateLimited,
    Rejected,
    Transient,
    Uncertain,
)
from worker.core.ports import Create, Delete, Operation, Stream, Update
from worker.core.preferences import CalendarPreferences
from worker.http.limits import Limits
from worker.providers.google_calendar import MANIFEST, GoogleCalendar, GoogleSettings, revoke
from worker.simulators.faults import Fault
from worker.simulators.google_calendar import GoogleCalendarSimulator
from worker.simulators.server import serve

TECH, OTHER = "tech1@example.com", "tech2@example.com"
API = r"^/(batch|calendar)"
CLOCK = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."


@dataclass
class Google:
    """The remote side: the simulator, where it is served, and what was made to reach it."""

    simulator: GoogleCalendarSimulator
    settings: GoogleSettings
    made: list[GoogleCalendar] = field(default_factory=list)

    def connected(
        self,
        grants: Mapping[str, MemoryGrant] | None = None,
        calendars: Mapping[str, str] | None = None,
        settings: GoogleSettings | None = None,
        limits: Limits | None = None,
    ) -> GoogleCalendar:
        preferences = CalendarPreferences(calendars=calendars or {})
        grants = grants or {"": self.grant()}
        provider = GoogleCalendar(settings or self.settings, preferences, grants, limits or Limits(), "acc_1")
        self.made.append(provider)
        return provider

    def grant(self, user: str = TECH) -> MemoryGrant:
        return MemoryGrant({"refresh_token": self.simulator.add_user(user)})

    def fault(self, **how: Any) -> int:
        return self.simulator.faults.add(Fault(**{"path": API, **how}))

    def requests(self, operation: str | None = None) -> int:
        return len([one for one in self.simulator.journal.entries(operation) if one.operation != "token"])

    def counted(self, name: str) -> int:
        return self.simulator.counters()[name]


class GooglePeople:
    """People in the first technician's calendar."""

    def __init__(self, simulator: GoogleCalendarSimulator) -> None:
        self._simulator = simulator

    def live(self) -> list[str]:
        return [event["id"] for event in self._simulator.events(TECH)]

    def move(self, remote_id: str, start: datetime, end: datetime) -> None:
        self._simulator.person_moves(TECH, remote_id, start.isoformat(), end.isoformat())

    def retitle(self, remote_id: str, title: str) -> None:
        self._simulator.person_edits(TECH, remote_id, summary=title)

    def delete(self, remote_id: str) -> None:
        self._simulator.person_deletes(TECH, remote_id)

    def create(self, title: str, start: datetime, end: datetime) -> str:
        made = self._simulator.person_creates(TECH, summary=title, start=start.isoformat(), end=end.isoformat())
        return str(made["id"])

    def copy(self, remote_id: str) -> str:
        content = {name: value for name, value in self.event(remote_id).items() if name not in ("id", "iCalUID")}
        return str(self._simulator.person_creates(TECH, **content)["id"])

    def invite(self, remote_id: str, address: str) -> None:
        self._simulator.person_edits(TECH, remote_id, attendees=[{"email": address}])

    def guests(self, remote_id: str) -> list[str]:
        return [guest["email"] for guest in self.event(remote_id)["attendees"]]

    def mails(self) -> int:
        counters = self._simulator.counters()
        return counters["mails"] + counters["without_send_updates"]

    def event(self, remote_id: str) -> dict[str, Any]:
        return next(event for event in self._simulator.events(TECH) if event["id"] == remote_id)


class GoogleFaults:
    """What goes wrong at Google."""

    def __init__(self, google: Google) -> None:
        self._google = google
        self._simulator = google.simulator

    def requests(self) -> int:
        return self._google.requests()

    def lose_answers(self, times: int | None = 1, *, carried_out: bool = True) -> None:
        self._google.fault(drop="after" if carried_out else "before", reset=True, times=times)

    def fail_part(self, index: int, times: int) -> None:
        self._google.fault(part_index=index, status=503, times=times)

    def expire_cursors(self) -> None:
        self._simulator.expire_sync_tokens()

    def revoke(self) -> None:
        self._simulator.revoke(TECH)

    def send_empty_pages(self) -> None:
        self._simulator.set(empty_pages=True, page_cap=2)


@pytest.fixture
def google() -> Iterator[Google]:
    simulator = GoogleCalendarSimulator(seed=1)
    with serve(Starlette(routes=[Mount("/google", app=simulator.app)])) as served:
        base = f"{served.url}/google"
        google = Google(simulator, GoogleSettings(base, f"{base}/token", "client-id", "client-secret"))
        yield google
        for provider in google.made:
            provider.close()


@pytest.fixture
def provider(google: Google) -> GoogleCalendar:
    return google.connected()


@pytest.fixture
def stream(provider: GoogleCalendar) -> Stream:
    [stream] = provider.streams()
    return stream


@pytest.fixture
def people(google: Google) -> GooglePeople:
    return GooglePeople(google.simulator)


@pytest.fixture
def faults(google: Google) -> GoogleFaults:
    return GoogleFaults(google)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are noted, not waited."""
    waits: list[float] = []
    monkeypatch.setattr("worker.providers.google_calendar.line.time", SimpleNamespace(sleep=waits.append))
    monkeypatch.setattr("worker.providers.google_calendar.line.PAUSE", 0.01)
    return waits


class TestContract(ProviderContract):
    """All that a provider promises."""


def test_the_manifest_names_the_integration_as_the_contract_does() -> None:
    assert (MANIFEST.name, MANIFEST.slug, MANIFEST.direction) == ("google_calendar", "google-calendar", "bidirectional")
    assert MANIFEST.batch_size == 50


class TestStreams:
    def test_two_members_on_one_calendar_share_a_stream(self, google: Google) -> None:
        streams = google.connected(calendars={"usr_1": TECH, "usr_2": OTHER, "usr_3": TECH}).streams()
        assert streams == [
            Stream(TECH, TECH, frozenset({"usr_1", "usr_3"})),
            Stream(OTHER, OTHER, frozenset({"usr_2"})),
        ]

    def test_each_grant_of_a_member_reaches_the_calendar_of_that_member(self, google: Google) -> None:
        grants = {"usr_1": google.grant(TECH), "usr_2": google.grant(OTHER)}
        streams = google.connected(grants, calendars={"usr_2": OTHER, "usr_9": "nobody@example.com"}).streams()
        assert sorted(streams, key=lambda stream: stream.name) == [
            Stream(OTHER, OTHER, frozenset({"usr_2"}), grant="usr_2"),
            Stream("usr_1:primary", "primary", frozenset({"usr_1"}), grant="usr_1"),
        ]

    def test_another_kind_of_grant_makes_no_second_set_of_events(self, google: Google) -> None:
        """Lesson 29, for a connection that goes from one grant to one for each member, and back."""
        calendars = {"usr_1": TECH}
        one = google.connected({"": google.grant(TECH)}, calendars=calendars)
        own = google.connected({"usr_1": google.grant(TECH)}, calendars=calendars)
        assert [stream.name for stream in one.streams()] == [stream.name for stream in own.streams()]
        publish(one, one.streams()[0])
        publish(own, own.streams()[0])
        assert len(google.simulator.events(TECH)) == 1

    def test_what_was_published_where_the_settings_no_longer_point_can_still_be_taken_away(
        self, google: Google
    ) -> None:
        for calendars in ({}, {"usr_1": TECH}):
            provider = google.connected({"usr_1": google.grant()}, calendars=calendars)
            [stream] = provider.streams()
            made = publish(provider, stream)
            retired = Stream(stream.name, stream.name, live=False)
            done(google.connected({"usr_1": google.grant()}).apply(retired, [Delete(key(1), made.remote_id, None)])[0])
            assert google.simulator.events(TECH) == []

    def test_members_with_grants_of_their_own_publish_to_their_own_calendars(self, google: Google) -> None:
        provider = google.connected({"usr_1": google.grant(TECH), "usr_2": google.grant(OTHER)})
        for stream in provider.streams():
            publish(provider, stream)
        assert [len(google.simulator.events(user)) for user in (TECH, OTHER)] == [1, 1]

    def test_a_stream_that_no_grant_reaches_is_not_connected(self, google: Google) -> None:
        provider = google.connected({"usr_1": google.grant()})
        with pytest.raises(NotConnected):
            list(provider.changes(Stream("x", "x", grant="usr_2"), None))

    def test_the_second_run_is_incremental_for_both_calendars_of_a_connection(self, google: Google) -> None:
        """Lesson 2."""
        google.simulator.add_user(TECH)
        google.simulator.add_calendar("second", TECH)
        provider = google.connected(calendars={"usr_1": TECH, "usr_2": "second"})
        cursors = {}
        for stream in provider.streams():
            provider.apply(stream, creates(3))
            cursors[stream] = read(provider, stream)[1].cursor
        google.simulator.person_creates("second", summary="Dentist", start="2026-06-01", end="2026-06-02")
        found = {stream.name: read(provider, stream, cursor)[0] for stream, cursor in cursors.items()}
        assert {name: len(changes) for name, changes in found.items()} == {TECH: 0, "second": 1}
        assert all("syncToken" in one.query for one in google.simulator.journal.entries("events.list")[-2:])


class TestListing:
    def test_a_listing_asks_for_everything_and_the_same_each_time(
        self, google: Google, provider: GoogleCalendar, stream: Stream
    ) -> None:
        cursor = read(provider, stream)[1].cursor
        read(provider, stream, cursor)
        full, incremental = (
            {part.partition("=")[0] for part in one.query.split("&")}
            for one in google.simulator.journal.entries("events.list")
        )
        assert full == {"alt", "fields", "maxResults", "prettyPrint"}
        assert incremental - full == {"syncToken"}

    def test_pages_come_lazily(self, google: Google, provider: GoogleCalendar, stream: Stream) -> None:
        provider.apply(stream, creates(5))
        google.simulator.set(page_cap=2)
        pages = provider.changes(stream, None)
        assert len(next(pages).changes) == 2
        assert google.requests("events.list") == 1
        assert [len(page.changes) for page in pages] == [2, 1]

    def test_a_listing_without_a_sync_token_is_never_taken_as_whole(
        self, google: Google, provider: GoogleCalendar, stream: Stream
    ) -> None:
        google.fault(operation="events.list", status=200, body={"items": []}, times=None)
        with pytest.raises(Transient, match="without a sync token"):
            list(provider.changes(stream, None))

    def test_a_listing_that_goes_round_in_circles_ends(
        self, google: Google, provider: GoogleCalendar, stream: Stream
    ) -> None:
        google.fault(operation="events.list", status=200, body={"items": [], "nextPageToken": "same"}, times=None)
        with pytest.raises(Transient, match="circles"):
            list(provider.changes(stream, None))

    @pytest.mark.parametrize(
        ("status", "body", "expected"),
        [
            (410, {"error": {"errors": [{"reason": "fullSyncRequired"}], "code": 410}}, CursorExpired),
            (410, {"error": {"errors": [{"reason": "updatedMinTooLongAgo"}], "code": 410}}, CursorExpired),
            (410, "<html>Gone</html>", CursorExpired),
            (403, {"error": {"errors": [{"reason": "forbidden"}], "code": 403}}, Rejected),
            (403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "No"}}, Rejected),
            (403, {"error": {"errors": [{"reason": "quotaExceeded"}], "code": 403}}, RateLimited),
            (503, "<html>Busy</html>", Transient),
        ],
    )
    def test_a_refused_listing_says_what_to_do(
        self,
        google: Google,
        provider: GoogleCalendar,
        stream: Stream,
        status: int,
        body: Any,
        expected: type[Exception],
    ) -> None:
        google.fault(operation="events.list", status=status, body=body, times=None)
        with pytest.raises(expected) as caught:
            list(provider.changes(stream, "some cursor"))
        assert type(caught.value) is expected

    def test_a_sync_token_that_google_cannot_read_heals_like_an_expired_one(
        self, provider: GoogleCalendar, stream: Stream
    ) -> None:
        with pytest.raises(CursorExpired):
            list(provider.changes(stream, "nonsense"))

    def test_a_calendar_that_is_not_shared_says_what_to_do(self, google: Google) -> None:
        provider = google.connected(calendars={"usr_1": "elsewhere@example.com"})
        [stream] = provider.streams()
        with pytest.raises(Rejected, match="Share it") as caught:
            list(provider.changes(stream, None))
        assert caught.value.code == "notFound"
        for count in (1, 2):
            assert {type(error(one)) for one in provider.apply(stream, creates(count))} == {Rejected}

    def test_passing_trouble_is_overcome_while_reading(
        self, google: Google, provider: GoogleCalendar, stream: Stream
    ) -> None:
        publish(provider, stream)
        google.fault(operation="events.list", status=503)
        google.fault(operation="events.list", drop="after", reset=True)
        google.fault(operation="events.list", drop="mid")
        assert read_one(provider, stream).key == key(1)

    def test_strangers_of_every_kind_are_told(self, google: Google, provider: GoogleCalendar, stream: Stream) -> None:
        cursor = read(provider, stream)[1].cursor
        side = {"dateTime": "2026-06-01T09:00:00", "timeZone": "Europe/Berlin"}
        later = side | {"dateTime": "2026-06-01T10:00:00"}
        google.simulator.person_creates(TECH, start=side, end=later, recurrence=["RRULE:FREQ=DAILY"], colorId="3")
        gone = google.simulator.person_creates(TECH, summary="Gone", start="2026-06-01", end="2026-06-02")
        google.simulator.person_deletes(TECH, gone["id"])
        daily, deleted = read(provider, stream, cursor)[0]
        assert daily.document is not None
        assert (daily.key, daily.document.title, daily.document.colour) == (None, "", "other")
        assert daily.shown == {
            "summary": "",
            "start": "2026-06-01T07:00:00Z",
            "end": "2026-06-01T08:00:00Z",
            "status": "confirmed",
        }
        assert (deleted.remote_id, deleted.deleted, deleted.key) == (gone["id"], True, None)


class TestWriting:
    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            (403, "rateLimitExceeded"),
            (403, "userRateLimitExceeded"),
            (409, "conflict"),
            (429, "rateLimitExceeded"),
            (500, "backendError"),
            (503, "backendError"),
        ],
    )
    def test_parts_that_failed_for_now_are_sent_again_alone(
        self, google: Google, provider: GoogleCalendar, stream: Stream, status: int, reason: str
    ) -> None:
        for index in (0, 17, 49):
            google.fault(part_index=index, status=status, reason=reason)
        outcomes = provider.apply(stream, creates(50))
        assert len({done(one).remote_id for one in outcomes}) == 50
        assert [one.parts for one in google.simulator.journal.entries("batch")] == [50, 3]
        assert google.counted("insert") == 50

    def test_a_part_that_keeps_failing_fails_alone(
        self, google: Google, provider: GoogleCalendar, stream: Stream, patience: list[float]
    ) -> None:
        google.fault(part_index=1, status=403, reason="rateLimitExceeded")
        google.fault(operation="events.insert", parts=False, status=403, reason="rateLimitExceeded", times=None)
        one, stuck, other = provider.apply(stream, creates(3))
        assert isinstance(error(stuck), RateLimited)
        there = {event["id"] for event in google.simulator.events(TECH)}
        assert there == {done(one).remote_id, done(other).remote_id}
        assert google.requests() == 4
        assert [round(wait, 1) >= least for wait, least in zip(patience, (0.2, 0.6, 1.8), strict=True)] == [True] * 3

    def test_a_long_retry_after_is_not_waited_for(
        self, google: Google, provider: GoogleCalendar, stream: Stream
    ) -> None:
        google.fault(operation="events.insert", status=429, headers={"Retry-After": "40"}, times=None)
        [outcome] = provider.apply(stream, creates(1))
        limited = error(outcome)
        assert isinstance(limited, RateLimited)
        assert limited.retry_after == 40
        assert google.requests() == 1
        with pytest.raises(RateLimited):
            provider.apply(stream, creates(1))
        assert google.requests() == 1, "the pause holds for everybody who shares the limit"

    def test_a_limit_met_half_way_leaves_what_is_done_done(self, google: Google, stream: Stream) -> None:
        provider = google.connected(limits=Limits(patience=0))
        google.fault(part_index=1, status=403, reason="userRateLimitExceeded", headers={"Retry-After": "2"})
        one, limited, other = provider.apply(stream, creates(3))
        assert isinstance(error(limited), RateLimited)
        assert {done(one).remote_id, done(other).remote_id} == {event["id"] for event in google.simulator.events(TECH)}
        assert google.requests() == 1

    def test_a_grant_revoked_half_way_leaves_what_is_done_done(
        self, google: Google, provider: GoogleCalendar, stream: Stream
    ) -> None:
        google.fault(part_index=1, status=503)
        google.fault(operation="events.insert", parts=False, status=401, times=None)
        one, refused, other = provider.apply(stream, creates(3))
        assert isinstance(error(refused), ConnectionRevoked)
        assert all(done(outcome) for outcome in (one, other))

    def test_a_token_that_is_refused_even_when_renewed_is_a_revoked_grant(
        self, google: Google, provider: GoogleCalendar, stream: Stream
    ) -> None:
        google.fault(parts=True, status=401, times=None)
        with pytest.raises(ConnectionRevoked):
            provider.apply(stream, creates(3))
        assert google.simulator.events(TECH) == []

    def test_reconnecting_makes_no_second_set_of_events(self, google: Google) -> None:
        """Lesson 29."""
        for uncertain in (False, True):
            provider = google.connected()
            [stream] = provider.streams()
            assert all(done(one) for one in provider.apply(stream, creates(3, uncertain=uncertain)))
        assert len(google.simulator.events(TECH)) == 3

    def test_the_usage_limit_of_a_calendar_is_given_a_long_rest(
        self, google: Google, provider: GoogleCalendar, stream: Stream
    ) -> None:
        google.fault(operation="events.insert", status=403, reason="quotaExceeded")
        limited = error(provider.apply(stream, creates(1))[0])
        assert isinstance(limited, RateLimited)
        assert limited.retry_after == 900

    def test_a_batch_refused_as_a_whole_is_sent_again(
        self, google: Google, provider: GoogleCalendar, stream: Stream
    ) -> None:
        google.fault(operation="batch", status=503)
        assert len([done(one) for one in provider.apply(stream, creates(3))]) == 3
        assert google.counted("insert") == 3

    @pytest.mark.parametrize("count", [1, 3])
    def test_a_gateway_that_hides_what_was_carried_out_makes_nothing_twice(
        self, google: Google, provider: GoogleCalendar, stream: Stream, count: int
    ) -> None:
        google.fault(status=502, body="<html>Bad Gateway</html>", carried_out=True)
        assert len([done(one) for one in provider.apply(stream, creates(count))]) == count
        assert google.counted("insert") == count

    @pytest.mark.parametrize("count", [1, 3])
    def test_what_may_have_been_carried_out_by_a_failing_server_stays_uncertain(
        self, google: Google, provider: GoogleCalendar, stream: Stream, count: int
    ) -> None:
        google.fault(status=502, body="<html>Bad Gateway</html>", carried_out=True, times=None)
        assert {type(error(one)) for one in provider.apply(stream, creates(count))} == {Uncertain}

    @pytest.mark.parametrize("count", [1, 3])
    def test_the_silent_resend_of_httplib2_makes_nothing_twice(
        self, google: Google, provider: GoogleCalendar, stream: Stream, count: int
    ) -> None:
        publish(provider, stream, number=99)
        google.fault(drop="after", reset=False)
        made = [done(one) for one in provider.apply(stream, creates(count))]
        assert google.counted("insert") == count + 1
        updates = [Update(key(number), one.remote_id, one.version, MOVED) for number, one in enumerate(made)]
        google.fault(drop="after", reset=False)
        assert len([done(one) for one in provider.apply(stream, updates)]) == count
        assert google.counted("patch") == count

    def test_an_answer_cut_in_the_middle_is_a_lost_one(
        self, google: Google, provider: GoogleCalendar, stream: Stream
    ) -> None:
        google.fault(operation="batch", drop="mid")
        assert len({done(one).remote_id for one in provider.apply(stream, creates(4))}) == 4
        assert google.counted("insert") == 4

    @pytest.mark.parametrize("body", ["not multipart", "--x\r\n\r\n--x--"])
    def test_an_answer_that_cannot_be_read_is_a_lost_one(
        self, google: Google, provider: GoogleCalendar, stream: Stream, body: str
    ) -> None:
        headers = {"Content-Type": "multipart/mixed; boundary=x"}
        google.fault(operation="batch", status=200, body=body, headers=headers, carried_out=True)
        assert len({done(one).remote_id for one in provider.apply(stream, creates(4))}) == 4
        assert google.counted("insert") == 4

    def test_nothing_listening_raises_transient_and_not_uncertain(self, google: Google) -> None:
        provider = google.connected(
            {"": MemoryGrant({"access_token": "ya29.x"})}, settings=GoogleSettings("http://127.0.0.1:9/google")
        )
        [stream] = provider.streams()
        for count in (1, 3):
            with pytest.raises(Transient) as caught:
                provider.apply(stream, creates(count))
            assert type(caught.value) is Transient

    def test_a_batch_of_mixed_operations_is_one_request(
        self, google: Google, provider: GoogleCalendar, stream: Stream
    ) -> None:
        made = [done(one) for one in provider.apply(stream, creates(3))]
        provider.apply(
            stream,
            [
                Update(key(0), made[0].remote_id, made[0].version, MOVED),
                Delete(key(1), made[1].remote_id, made[1].version),
                Create(key(7), VISIT),
                Create(key(2), VISIT, uncertain=True),
            ],
        )
        assert [one.parts for one in google.simulator.journal.entries("batch")] == [3, 4]

    def test_what_people_added_to_our_event_survives_an_update(
        self, google: Google, provider: GoogleCalendar, stream: Stream, people: GooglePeople
    ) -> None:
        made = publish(provider, stream)
        reminders = {"useDefault": False, "overrides": [{"method": "popup", "minutes": 3}]}
        google.simulator.person_edits(TECH, made.remote_id, reminders=reminders, visibility="private")
        version = read_one(provider, stream).version
        done(provider.apply(stream, [Update(key(1), made.remote_id, version, MOVED)])[0])
        event = people.event(made.remote_id)
        assert (event["reminders"], event["visibility"]) == (reminders, "private")

    def test_a_calendar_that_went_out_of_sight_is_not_mistaken_for_deleted_events(self, google: Google) -> None:
        google.simulator.add_user(TECH)
        google.simulator.add_user(OTHER)
        google.simulator.share(OTHER, TECH, "writer")
        provider = google.connected(calendars={"usr_1": OTHER})
        [stream] = provider.streams()
        made = publish(provider, stream)
        google.simulator.share(OTHER, TECH, None)
        changes: list[Operation] = [
            Update(key(1), made.remote_id, made.version, MOVED),
            Delete(key(1), made.remote_id, made.version),
        ]
        assert [type(error(one)) for one in provider.apply(stream, changes)] == [Rejected, Rejected]
        google.simulator.share(OTHER, TECH, "reader")
        codes = {getattr(error(one), "code", None) for one in provider.apply(stream, changes)}
        assert codes == {"requiredAccessLevel"}

    def test_the_first_sync_of_a_thousand_events_sends_no_mail_and_takes_twenty_requests(
        self, google: Google, stream: Stream
    ) -> None:
        """Lesson 19."""
        settings = replace(google.settings, user_per_minute=60_000, project_per_minute=60_000)
        provider = google.connected(settings=settings)
        operations = creates(1000)
        for begin in range(0, 1000, 50):
            assert all(done(one) for one in provider.apply(stream, operations[begin : begin + 50]))
        counters = google.simulator.counters()
        assert (counters["insert"], counters["mails"], counters["without_send_updates"]) == (1000, 0, 0)
        assert google.requests() == 20

    def test_several_threads_write_to_several_calendars_at_once(self, google: Google) -> None:
        google.simulator.add_user(TECH)
        names = [f"calendar{number}" for number in range(6)]
        for name in names:
            google.simulator.add_calendar(name, TECH)
        provider = google.connected(calendars={name: name for name in names})
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda stream: provider.apply(stream, creates(10)), provider.streams()))
            found = list(pool.map(lambda stream: read(provider, stream)[0], provider.streams()))
        assert [len(changes) for changes in found] == [10] * 6
        assert google.counted("refreshes") == 1


class TestLimits:
    def test_our_own_limit_is_kept_and_told_before_anything_is_sent(
        self, google: Google, provider: GoogleCalendar, stream: Stream
    ) -> None:
        provider = google.connected(settings=replace(google.settings, user_per_minute=40))
        provider.apply(stream, creates(10))
        before = google.requests()
        with pytest.raises(RateLimited) as caught:
            provider.apply(stream, creates(10))
        assert caught.value.retry_after is not None
        assert 10 < caught.value.retry_after < 60
        assert google.requests() == before

    def test_a_patch_counts_three_times(self, google: Google, stream: Stream) -> None:
        provider = google.connected(settings=replace(google.settings, user_per_minute=40), limits=Limits(patience=0))
        made = [done(one) for one in provider.apply(stream, creates(4))]
        updates = [Update(key(number), one.remote_id, one.version, MOVED) for number, one in enumerate(made)]
        provider.apply(stream, updates[:2])
        with pytest.raises(RateLimited):
            provider.apply(stream, updates[2:3])
        google.simulator.set(user_limit=10)
        assert google.simulator.api.quota.used(TECH, google.simulator.world.now()) == 10

    def test_technicians_do_not_wait_for_each_other(self, google: Google) -> None:
        provider = google.connected(
            {"usr_1": google.grant(TECH), "usr_2": google.grant(OTHER)},
            settings=replace(google.settings, user_per_minute=40),
            limits=Limits(patience=0),
        )
        one, other = provider.streams()
        provider.apply(one, creates(10))
        with pytest.raises(RateLimited):
            provider.apply(one, creates(1))
        provider.apply(other, creates(10))


class TestTokens:
    def test_one_refresh_serves_many_threads(self, google: Google) -> None:
        grant = google.grant()
        provider = google.connected({"": grant})
        [stream] = provider.streams()
        google.simulator.expire_access_tokens()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: read(provider, stream), range(8)))
        assert (grant.refreshes, google.counted("refreshes")) == (1, 1)

    @pytest.mark.parametrize("count", [1, 3])
    def test_a_token_that_died_early_is_renewed_once_and_the_request_goes_through(
        self, google: Google, provider: GoogleCalendar, stream: Stream, count: int
    ) -> None:
        publish(provider, stream, number=9)
        google.simulator.expire_access_tokens()
        assert all(done(one) for one in provider.apply(stream, creates(count)))
        assert google.counted("refreshes") == 2

    def test_a_rotated_refresh_token_is_kept(self, google: Google) -> None:
        google.simulator.set(rotate_refresh_tokens=True)
        grant = google.grant()
        first = grant.credentials["refresh_token"]
        provider = google.connected({"": grant})
        [stream] = provider.streams()
        for _ in range(3):
            google.simulator.expire_access_tokens()
            read(provider, stream)
        assert grant.refreshes == 3
        assert grant.credentials["refresh_token"] != first

    @pytest.mark.parametrize("expiry", [None, "2099-01-01T00:00:00Z"])
    def test_an_access_token_in_the_credentials_is_used_until_it_dies(self, google: Google, expiry: str | None) -> None:
        refresh = google.simulator.add_user(TECH)
        token = google.simulator.access_token(TECH)
        grant = MemoryGrant({"refresh_token": refresh, "access_token": token, "expires_at": expiry})
        provider = google.connected({"": grant})
        [stream] = provider.streams()
        read(provider, stream)
        assert google.counted("refreshes") == 0
        google.simulator.expire_access_tokens()
        read(provider, stream)
        assert google.counted("refreshes") == 1

    def test_an_access_token_close_to_its_end_is_renewed_before_use(self, google: Google) -> None:
        soon = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
        refresh = google.simulator.add_user(TECH)
        token = google.simulator.access_token(TECH)
        grant = MemoryGrant({"refresh_token": refresh, "access_token": token, "expires_at": soon})
        provider = google.connected({"": grant})
        [stream] = provider.streams()
        read(provider, stream)
        assert google.counted("refreshes") == 1
        assert google.requests("events.list") == 1

    def test_a_dead_access_token_alone_cannot_be_renewed(self, google: Google) -> None:
        google.simulator.add_user(TECH)
        provider = google.connected({"": MemoryGrant({"access_token": "ya29.dead"})})
        [stream] = provider.streams()
        with pytest.raises(ConnectionRevoked, match="connect again"):
            read(provider, stream)

    @pytest.mark.parametrize("wrong", [{"client_id": "unknown"}, {"client_secret": "wrong"}])
    def test_a_wrong_oauth_client_disconnects_nobody(self, google: Google, wrong: dict[str, str]) -> None:
        provider = google.connected(settings=replace(google.settings, **wrong))  # type: ignore[arg-type]
        [stream] = provider.streams()
        with pytest.raises(Rejected) as caught:
            read(provider, stream)
        assert caught.value.code == "OAUTH_CLIENT_INVALID"
        with pytest.raises(Transient) as passing:
            provider.apply(stream, creates(2))
        assert passing.value.code == "OAUTH_CLIENT_INVALID"

    def test_a_token_endpoint_in_trouble_is_passing(self, google: Google, provider: GoogleCalendar) -> None:
        [stream] = provider.streams()
        google.simulator.faults.add(Fault(operation="token", status=503, body="<html>", times=None))
        with pytest.raises(Transient) as busy:
            read(provider, stream)
        assert type(busy.value) is Transient
        google.simulator.faults.clear()
        google.simulator.faults.add(Fault(operation="token", status=429, headers={"Retry-After": "7"}, body="{}"))
        with pytest.raises(RateLimited) as limited:
            read(provider, stream)
        assert limited.value.retry_after == 7

    def test_disconnecting_gives_the_grant_back(self, google: Google) -> None:
        grant = google.grant()
        provider = google.connected({"": grant})
        [stream] = provider.streams()
        read(provider, stream)
        revoke(grant, google.settings)
        revoke(grant, google.settings)
        assert google.counted("revocations") == 1
        with pytest.raises(ConnectionRevoked):
            read(provider, stream)

    def test_giving_back_a_grant_to_a_server_in_trouble_can_be_tried_again(self, google: Google) -> None:
        google.simulator.faults.add(Fault(operation="revoke", status=503))
        with pytest.raises(Transient):
            revoke(google.grant(), google.settings)

    def test_an_answer_without_a_refresh_token_or_a_life_keeps_the_one_we_have(self, google: Google) -> None:
        google.simulator.add_user(TECH)
        token = google.simulator.access_token(TECH)
        google.simulator.faults.add(Fault(operation="token", status=200, body={"access_token": token}))
        grant = MemoryGrant({"refresh_token": "1//mine"})
        provider = google.connected({"": grant})
        [stream] = provider.streams()
        read(provider, stream)
        assert grant.credentials["refresh_token"] == "1//mine"

    def test_no_message_shows_a_token_or_an_address(self, google: Google) -> None:
        grant = google.grant()
        provider = google.connected({"": grant}, calendars={"usr_1": "secret.person@example.com"})
        [stream] = provider.streams()
        body = {"error": {"code": 400, "message": "Bad calendar secret.person@example.com, Bearer ya29.abcdefghijk"}}
        google.fault(operation="events.list", status=400, body=body)
        with pytest.raises(Rejected) as caught:
            read(provider, stream)
        assert "secret.person" not in caught.value.message
        assert "ya29" not in caught.value.message


@pytest.fixture(scope="module")
def signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def delegated(google: Google, signing_key: rsa.RSAPrivateKey) -> Callable[..., MemoryGrant]:
    """A service account that may act for the named users."""

    def make(*subjects: str) -> MemoryGrant:
        public = signing_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        private = signing_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        google.simulator.add_service_account("robot@project.iam.gserviceaccount.com", public.decode(), subjects)
        info = {
            "type": "service_account",
            "project_id": "project",
            "private_key": private.decode(),
            "client_email": "robot@project.iam.gserviceaccount.com",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
        return MemoryGrant({"service_account": info})

    return make


class TestServiceAccount:
    def test_it_acts_for_each_technician_on_their_own_quota(
        self, google: Google, delegated: Callable[..., MemoryGrant]
    ) -> None:
        for user in (TECH, OTHER):
            google.simulator.add_user(user)
        grant = delegated(TECH, OTHER)
        provider = google.connected({"": grant}, calendars={"usr_1": TECH, "usr_2": OTHER})
        for stream in provider.streams():
            publish(provider, stream, number=9)
            provider.apply(stream, creates(2))
            read(provider, stream)
        assert [len(google.simulator.events(user)) for user in (TECH, OTHER)] == [3, 3]
        assert google.counted("assertions") == 2
        assert grant.refreshes == 0
        listings = [one.query for one in google.simulator.journal.entries("events.list")]
        payers = {part.partition("=")[2] for query in listings for part in query.split("&") if "quotaUser" in part}
        assert len(payers) == 2
        assert all(len(payer) <= 40 and "@" not in payer and "%" not in payer for payer in payers)

    def test_its_token_is_minted_once_for_many_threads_and_again_when_it_dies(
        self, google: Google, delegated: Callable[..., MemoryGrant]
    ) -> None:
        google.simulator.add_user(TECH)
        provider = google.connected({"": delegated(TECH)}, calendars={"usr_1": TECH})
        [stream] = provider.streams()
        barrier = threading.Barrier(6)

        def one(_: int) -> None:
            barrier.wait()
            read(provider, stream)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(one, range(6)))
        assert google.counted("assertions") == 1
        google.simulator.expire_access_tokens()
        read(provider, stream)
        assert google.counted("assertions") == 2

    def test_a_delegation_that_was_taken_back_is_a_revoked_grant(
        self, google: Google, delegated: Callable[..., MemoryGrant]
    ) -> None:
        google.simulator.add_user(TECH)
        provider = google.connected({"": delegated(OTHER)}, calendars={"usr_1": TECH})
        [stream] = provider.streams()
        with pytest.raises(ConnectionRevoked):
            read(provider, stream)

    def test_an_address_that_google_does_not_know_disconnects_nobody(
        self, google: Google, delegated: Callable[..., MemoryGrant]
    ) -> None:
        provider = google.connected({"": delegated("gone@example.com")}, calendars={"usr_1": "gone@example.com"})
        [stream] = provider.streams()
        with pytest.raises(Rejected) as caught:
            read(provider, stream)
        assert caught.value.code == "GOOGLE_USER_UNKNOWN"

    def test_it_needs_to_be_told_the_calendars(self, google: Google, delegated: Callable[..., MemoryGrant]) -> None:
        provider = google.connected({"": delegated(TECH)})
        [stream] = provider.streams()
        with pytest.raises(Rejected) as caught:
            read(provider, stream)
        assert caught.value.code == "CALENDAR_NOT_NAMED"

    def test_a_key_that_is_none_is_refused_without_its_text(self, google: Google) -> None:
        grant = MemoryGrant({"service_account": {"client_email": "a@b.example", "private_key": "top secret"}})
        provider = google.connected({"": grant}, calendars={"usr_1": TECH})
        [stream] = provider.streams()
        with pytest.raises(Rejected) as caught:
            read(provider, stream)
        assert caught.value.code == "OAUTH_KEY_INVALID"
        assert "top secret" not in caught.value.message

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            ({"drop": "before", "reset": True}, Transient),
            ({"status": 400, "body": {"error": "invalid_grant", "error_description": CLOCK}}, Transient),
            ({"status": 400, "body": {"error": "invalid_grant", "error_description": "Bad"}}, ConnectionRevoked),
            ({"status": 400, "body": {"error": "invalid_scope", "error_description": "Bad"}}, Rejected),
        ],
    )
    def test_what_the_token_endpoint_says_decides(
        self, google: Google, delegated: Callable[..., MemoryGrant], answer: dict[str, Any], expected: type[Exception]
    ) -> None:
        provider = google.connected({"": delegated(TECH)}, calendars={"usr_1": TECH})
        [stream] = provider.streams()
        google.simulator.faults.add(Fault(operation="token", times=None, **answer))
        with pytest.raises(expected) as caught:
            read(provider, stream)
        assert type(caught.value) is expected

    def test_it_has_nothing_to_give_back(self, google: Google, delegated: Callable[..., MemoryGrant]) -> None:
        revoke(delegated(TECH), google.settings)
        assert google.simulator.journal.entries("revoke") == []


def test_connections_are_closed_with_the_last_reference_to_a_provider(google: Google) -> None:
    """An open socket would be an error here: warnings are."""
    provider = google.connected()
    [stream] = provider.streams()
    provider.apply(stream, creates(2))
    google.made.clear()
    del provider
    gc.collect()


def test_a_closed_provider_can_be_used_again(google: Google) -> None:
    with google.connected() as provider:
        [stream] = provider.streams()
        publish(provider, stream)
    assert read_one(provider, stream).key == key(1)


def test_the_base_url_moves_single_calls_and_batches_alike(google: Google, provider: GoogleCalendar) -> None:
    [stream] = provider.streams()
    publish(provider, stream, number=9)
    provider.apply(stream, creates(2))
    assert [one.path for one in google.simulator.journal.entries() if one.operation != "token"] == [
        "/calendar/v3/calendars/primary/events",
        "/batch/calendar/v3",
    ]
