"""Batches, faults and quotas of the Google Calendar simulator."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.simulators.google import OTHER, TECH, Google, event, reason, served_google
from worker.simulators.faults import Fault
from worker.simulators.google_calendar import GoogleCalendarSimulator
from worker.simulators.server import serve


@pytest.fixture(scope="module")
def server() -> Iterator[Google]:
    with served_google() as google:
        yield google


@pytest.fixture
def google(server: Google) -> Google:
    server.start_over()
    return server


@pytest.fixture
def service(google: Google) -> Iterator[Any]:
    with google.service() as service:
        yield service


class Outcome:
    """What a batch through Google's own client came to, by the ids of its parts."""

    def __init__(self, service: Any, requests: dict[str, Any]) -> None:
        self.answers: dict[str, Any] = {}
        self.errors: dict[str, HttpError] = {}
        batch = service.new_batch_http_request(callback=self._take)
        for request_id, request in requests.items():
            batch.add(request, request_id=request_id)
        batch.execute()

    def _take(self, request_id: str, answer: Any, error: HttpError | None) -> None:
        if error is None:
            self.answers[request_id] = answer
        else:
            self.errors[request_id] = error

    def reasons(self) -> set[tuple[int, str]]:
        return {(error.status_code, error.error_details[0]["reason"]) for error in self.errors.values()}


def inserts(service: Any, count: int, prefix: str = "aaaa") -> dict[str, Any]:
    ids = [f"{prefix}{number:04d}" for number in range(count)]
    return {
        event_id: service.events().insert(calendarId="primary", body=event(id=event_id), sendUpdates="none")
        for event_id in ids
    }


def multipart(*parts: str, boundary: str = "sep") -> dict[str, Any]:
    """A hand-made batch of `parts`, each an HTTP request."""
    pieces = [
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: <item{number}>\r\n\r\n{part}\r\n"
        for number, part in enumerate(parts)
    ]
    return {
        "content": "".join(pieces) + f"--{boundary}--",
        "headers": {"content-type": f"multipart/mixed; boundary={boundary}"},
    }


class TestBatches:
    def test_each_part_has_its_own_answer(self, google: Google, service: Any) -> None:
        google.insert("aaaa0001")
        google.insert("bbbb0001")
        requests = inserts(service, 3)
        requests["gone"] = service.events().delete(calendarId="primary", eventId="bbbb0001")
        requests["read"] = service.events().get(calendarId="primary", eventId="fffff")
        requests["stale"] = service.events().update(calendarId="primary", eventId="aaaa0001", body=event())
        requests["stale"].headers["If-Match"] = '"old"'
        outcome = Outcome(service, requests)
        assert outcome.answers.keys() == {"aaaa0000", "aaaa0002", "gone"}
        assert outcome.answers["gone"] == ""
        assert outcome.reasons() == {(409, "duplicate"), (404, "notFound"), (412, "conditionNotMet")}

    def test_parts_are_carried_out_in_an_order_of_their_own(self, google: Google, service: Any) -> None:
        requests = inserts(service, 20)
        Outcome(service, requests)
        order = [one["id"] for one in google.simulator.events(TECH)]
        assert order != list(requests)
        assert sorted(order) == list(requests)

    def test_the_journal_and_the_counters_know_the_parts(self, google: Google, service: Any) -> None:
        Outcome(service, inserts(service, 7))
        assert [entry.parts for entry in google.simulator.journal.entries("batch")] == [7]
        assert google.simulator.journal.entries("events.insert") == []
        assert google.simulator.counters()["parts"] == google.simulator.counters()["insert"] == 7

    def test_more_than_fifty_parts_are_refused_unless_allowed(self, google: Google, service: Any) -> None:
        with pytest.raises(HttpError) as refused:
            Outcome(service, inserts(service, 51))
        assert refused.value.status_code == 400
        assert google.simulator.events(TECH) == []
        google.simulator.set(batch_limit=1000)
        assert len(Outcome(service, inserts(service, 51)).answers) == 51

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client leaves a socket open
    def test_parts_whose_token_expired_are_sent_again_after_a_refresh(self, google: Google, service: Any) -> None:
        service.events().list(calendarId="primary").execute()
        google.simulator.expire_access_tokens()
        assert len(Outcome(service, inserts(service, 3)).answers) == 3
        assert google.simulator.counters()["insert"] == 3

    def test_outer_headers_hold_for_each_part_that_has_none_of_its_own(self, google: Google) -> None:
        bad = "GET /calendar/v3/calendars/primary HTTP/1.1\r\nAuthorization: Bearer nonsense\r\n\r\n"
        good = "GET /calendar/v3/calendars/primary HTTP/1.1\r\n\r\n"
        answer = google.client.post("/batch/calendar/v3", **multipart(bad, good))
        found = re.findall(r"Content-ID: (.*)\r\n\r\nHTTP/1.1 (\d+)", answer.text)
        assert dict(found) == {"<response-item0>": "401", "<response-item1>": "200"}

    def test_parts_name_a_path_and_only_of_this_api(self, google: Google) -> None:
        absolute = f"GET {google.url}/calendar/v3/calendars/primary HTTP/1.1\r\n\r\n"
        other = "GET /drive/v3/files HTTP/1.1\r\n\r\n"
        answer = google.client.post("/batch/calendar/v3", **multipart(absolute, other)).text
        assert "HTTP/1.1 400 Bad Request" in answer
        assert "HTTP/1.1 404 Not Found" in answer

    @pytest.mark.parametrize("content_type", ["application/json", "multipart/mixed", "multipart/mixed; boundary=other"])
    def test_a_batch_that_cannot_be_read_is_refused(self, google: Google, content_type: str) -> None:
        batch = multipart("GET /calendar/v3/calendars/primary HTTP/1.1\r\n\r\n")
        batch["headers"] = {"content-type": content_type}
        answer = google.client.post("/batch/calendar/v3", **batch)
        assert reason(answer) == (400, "badRequest")

    def test_a_thousand_writes_in_twenty_batches_take_less_than_a_second(self, google: Google) -> None:
        lines = "POST /calendar/v3/calendars/primary/events?sendUpdates=none HTTP/1.1\r\n"
        head = f"{lines}Content-Type: application/json\r\n\r\n"
        body = (
            '{{"id": "{}", "summary": "Boiler", "start": {{"dateTime": "2026-12-01T14:00:00Z"}},'
            ' "end": {{"dateTime": "2026-12-01T15:00:00Z"}}}}'
        )
        batches = [
            multipart(*(head + body.format(f"abcde{50 * first + number:04d}") for number in range(50)))
            for first in range(20)
        ]
        began = time.monotonic()
        for batch in batches:
            google.client.post("/batch/calendar/v3", **batch)
        assert time.monotonic() - began < 1
        assert len(google.simulator.events(TECH)) == 1000

    def test_everything_works_below_a_mount(self) -> None:
        simulator = GoogleCalendarSimulator()
        with serve(Starlette(routes=[Mount("/google", app=simulator.app)])) as served:
            mounted = Google(simulator, served)
            mounted.url += "/google"
            with mounted.service() as service, mounted.client:
                assert len(Outcome(service, inserts(service, 2)).answers) == 2
        assert {entry.path for entry in simulator.journal.entries("batch")} == {"/batch/calendar/v3"}


class TestFaults:
    def test_a_part_can_fail_alone(self, google: Google, service: Any) -> None:
        google.simulator.faults.add(Fault(parts=True, part_index=1, status=403, reason="rateLimitExceeded"))
        google.simulator.faults.add(Fault(parts=True, part_index=2, status=503))
        outcome = Outcome(service, inserts(service, 4))
        assert outcome.errors.keys() == {"aaaa0001", "aaaa0002"}
        assert outcome.reasons() == {(403, "rateLimitExceeded"), (503, "backendError")}
        assert len(google.simulator.events(TECH)) == 2

    def test_parts_can_fail_by_chance(self, google: Google, service: Any) -> None:
        google.simulator.faults.add(Fault(operation="events.insert", probability=0.5, times=None, status=500))
        outcome = Outcome(service, inserts(service, 40))
        assert 5 < len(outcome.errors) < 35
        assert len(google.simulator.events(TECH)) == len(outcome.answers) == 40 - len(outcome.errors)

    def test_a_part_can_be_carried_out_and_its_answer_lost(self, google: Google, service: Any) -> None:
        google.simulator.faults.add(Fault(parts=True, status=503, carried_out=True))
        outcome = Outcome(service, inserts(service, 2))
        assert len(outcome.errors) == 1
        assert len(google.simulator.events(TECH)) == 2

    def test_writes_to_one_calendar_in_one_batch_can_collide(self, google: Google, service: Any) -> None:
        google.simulator.set(batch_conflict_every=3)
        outcome = Outcome(service, inserts(service, 7))
        assert (len(outcome.errors), outcome.reasons()) == (2, {(409, "conflict")})

    def test_a_whole_request_fails_in_googles_words(self, google: Google) -> None:
        google.simulator.faults.add(Fault(operation="events.list", status=500))
        google.simulator.faults.add(Fault(operation="events.list", status=403, reason="quotaExceeded"))
        assert reason(google.list()) == (500, "backendError")
        assert reason(google.list()) == (403, "quotaExceeded")
        assert google.list().status_code == 200

    def test_a_batch_whose_answer_is_lost_was_carried_out(self, google: Google, service: Any) -> None:
        google.simulator.faults.add(Fault(operation="batch", drop="after", reset=True))
        with pytest.raises(ConnectionResetError):
            Outcome(service, inserts(service, 5))
        assert len(google.simulator.events(TECH)) == 5

    def test_a_closed_connection_makes_the_client_send_the_insert_twice(self, google: Google, service: Any) -> None:
        service.events().list(calendarId="primary").execute()
        google.simulator.faults.add(Fault(operation="events.insert", drop="after"))
        with pytest.raises(HttpError) as duplicate:
            inserts(service, 1)["aaaa0000"].execute()
        assert duplicate.value.status_code == 409
        assert [entry.status for entry in google.simulator.journal.entries("events.insert")] == [None, 409]

    def test_latency_is_added_once_to_a_batch(self, google: Google, service: Any) -> None:
        service.events().list(calendarId="primary").execute()
        google.simulator.set(latency=0.1)
        began = time.monotonic()
        Outcome(service, inserts(service, 20))
        assert 0.1 <= time.monotonic() - began < 0.4


class TestQuotas:
    def test_a_user_over_the_limit_is_told_so_by_403_and_429_in_turn(self, google: Google) -> None:
        google.simulator.set(user_limit=2)
        answers = [google.list() for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 403, 429]
        assert reason(answers[2]) == (403, "userRateLimitExceeded")
        assert reason(answers[3]) == (429, "rateLimitExceeded")
        google.act_as(OTHER)
        assert google.list().status_code == 200

    def test_the_limit_of_the_project_counts_all_users(self, google: Google) -> None:
        google.simulator.set(project_limit=2, rate_answer="403")
        google.list()
        google.act_as(OTHER)
        google.list()
        assert reason(google.list()) == (403, "rateLimitExceeded")

    def test_quota_user_names_who_pays(self, google: Google) -> None:
        google.simulator.set(user_limit=1)
        assert [google.list(quotaUser=name).status_code for name in ("a", "b", "a")] == [200, 200, 403]
        by_header = google.events("GET", headers={"x-goog-quota-user": "c"})
        assert by_header.status_code == 200

    def test_the_window_slides(self, google: Google) -> None:
        google.simulator.set(user_limit=1, rate_answer="429")
        google.list()
        assert google.list().status_code == 429
        google.simulator.pass_time(61)
        google.act_as(TECH)
        assert google.list().status_code == 200

    def test_a_patch_costs_three(self, google: Google) -> None:
        google.insert("abcde")
        google.simulator.set(user_limit=4)
        patches = [google.events("PATCH", "/abcde", json={"summary": "x"}).status_code for _ in range(2)]
        assert patches == [200, 403]

    def test_each_part_of_a_batch_is_charged(self, google: Google, service: Any) -> None:
        google.simulator.set(user_limit=6, rate_answer="403")
        outcome = Outcome(service, inserts(service, 10))
        assert (len(outcome.answers), outcome.reasons()) == (6, {(403, "userRateLimitExceeded")})
