"""Batches, limits and faults of the Outlook simulator."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.simulators.outlook import (
    IMMUTABLE,
    OTHER,
    TECH,
    WINDOW,
    Graph,
    code,
    creation,
    event,
    served_outlook,
)
from worker.simulators.faults import Fault
from worker.simulators.outlook_calendar import OutlookCalendarSimulator
from worker.simulators.server import serve


@pytest.fixture(scope="module")
def server() -> Iterator[Graph]:
    with served_outlook() as graph:
        yield graph


@pytest.fixture
def graph(server: Graph) -> Graph:
    server.start_over()
    return server


def chained(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each waits for the one before."""
    first, *rest = requests
    return [first, *({**one, "dependsOn": [before["id"]]} for one, before in zip(rest, requests, strict=False))]


def statuses(answers: dict[str, dict[str, Any]]) -> dict[str, int]:
    return {name: answer["status"] for name, answer in answers.items()}


def post(graph: Graph, *requests: dict[str, Any]) -> httpx.Response:
    return graph.client.post("/$batch", json={"requests": list(requests)})


class TestBatches:
    def test_each_call_has_an_answer_of_its_own(self, graph: Graph) -> None:
        made = graph.create().json()
        url = f"/me/events/{quote(made['id'], safe='')}"
        patch: dict[str, Any] = {"method": "PATCH", "url": url, "headers": {"Content-Type": "application/json"}}
        answers = graph.batch(
            creation(1),
            {**patch, "id": "2", "body": {"subject": "Pump"}, "headers": {**patch["headers"], "If-Match": 'W/"old"'}},
            {"id": "3", "method": "GET", "url": url},
            {"id": "4", "method": "DELETE", "url": "/me/events/nonsense"},
        )
        assert statuses(answers) == {"1": 201, "2": 412, "3": 200, "4": 400}
        assert answers["3"]["body"]["subject"] == "Boiler"
        assert answers["2"]["body"]["error"]["code"] == "ErrorIrresolvableConflict"

    def test_an_answer_without_content_has_no_body(self, graph: Graph) -> None:
        made = graph.create().json()["id"]
        answers = graph.batch({"id": "a", "method": "DELETE", "url": f"/me/events/{quote(made, safe='')}"})
        assert answers["a"]["status"] == 204
        assert "body" not in answers["a"]

    def test_answers_come_in_another_order(self, graph: Graph) -> None:
        answer = post(graph, *(creation(number) for number in range(20))).json()["responses"]
        ids = [one["id"] for one in answer]
        assert ids != [str(number) for number in range(20)]
        assert sorted(ids, key=int) == [str(number) for number in range(20)]

    def test_headers_are_those_of_the_call_itself(self, graph: Graph) -> None:
        graph.client.headers["prefer"] = IMMUTABLE
        own = {**creation(2), "headers": {"Content-Type": "application/json", "Prefer": IMMUTABLE}}
        answers = graph.batch(creation(1), own)
        immutable = {one["id"] for one in graph.simulator.events(TECH)}
        assert answers["1"]["body"]["id"] not in immutable
        assert answers["2"]["body"]["id"] in immutable

    @pytest.mark.parametrize(
        "requests",
        [
            [creation(number) for number in range(21)],
            [creation(1), creation(1)],
            [{**creation(1), "id": 1}],
            [{**creation(1), "headers": {}}],
            [{**creation(1), "url": "https://graph.microsoft.com/v1.0/me/events"}],
            [{**creation(1), "url": "/v1.0/me/events"}],
            [{**creation(1), "verb": "POST"}],
            [{**creation(1), "dependsOn": ["9"]}],
            [],
        ],
    )
    def test_an_envelope_that_is_not_as_it_must_be_is_refused_whole(self, graph: Graph, requests: list[Any]) -> None:
        assert code(post(graph, *requests)) == (400, "BadRequest")
        assert graph.simulator.events(TECH) == []

    def test_without_a_token_the_whole_is_refused(self, graph: Graph) -> None:
        del graph.client.headers["authorization"]
        assert code(post(graph, creation(1))) == (401, "InvalidAuthenticationToken")

    def test_the_journal_and_the_counters_know_the_parts(self, graph: Graph) -> None:
        graph.batch(*(creation(number) for number in range(7)))
        assert [entry.parts for entry in graph.simulator.journal.entries("batch")] == [7]
        assert graph.simulator.counters()["parts"] == graph.simulator.counters()["create"] == 7

    def test_a_batch_reads_delta_and_its_links_lead_back_here(self, graph: Graph) -> None:
        query = "&".join(f"{name}={value}" for name, value in WINDOW.items())
        answers = graph.batch({"id": "d", "method": "GET", "url": f"/me/calendarView/delta?{query}"})
        assert graph.round(answers["d"]["body"]["@odata.deltaLink"])[0] == []

    def test_everything_works_below_a_mount(self) -> None:
        simulator = OutlookCalendarSimulator()
        with serve(Starlette(routes=[Mount("/outlook", app=simulator.app)])) as served:
            mounted = Graph(simulator, served)
            mounted.client.base_url = httpx.URL(f"{served.url}/outlook/v1.0")
            assert statuses(mounted.batch(creation(1))) == {"1": 201}
            items, link = mounted.round()
            mounted.client.close()
        assert len(items) == 1
        assert link.startswith(f"{served.url}/outlook/v1.0/me/calendarView/delta?")


class TestDependencies:
    def test_chained_calls_run_one_after_the_other(self, graph: Graph) -> None:
        requests = [creation(number, subject=str(number)) for number in range(20)]
        graph.batch(*chained(requests))
        assert [one["subject"] for one in graph.simulator.events(TECH)] == [str(number) for number in range(20)]
        assert graph.simulator.counters()["highest"] == {TECH: 1}

    def test_what_waits_for_a_call_that_failed_fails_with_it(self, graph: Graph) -> None:
        requests = [creation(0), creation(1, showAs="never"), creation(2), creation(3)]
        answers = graph.batch(*chained(requests))
        assert statuses(answers) == {"0": 201, "1": 400, "2": 424, "3": 424}
        assert answers["2"]["body"]["error"]["code"] == "FailedDependency"
        assert len(graph.simulator.events(TECH)) == 1

    def test_all_may_wait_for_the_same_one(self, graph: Graph) -> None:
        requests = [creation(0), *({**creation(number), "dependsOn": ["0"]} for number in (1, 2)), creation(3)]
        assert set(statuses(graph.batch(*requests)).values()) == {201}

    @pytest.mark.parametrize(
        "afters",
        [
            {"1": ["0"], "3": ["2"]},
            {"1": ["0"], "2": ["0", "1"]},
            {"0": ["1"], "1": ["0"]},
            {"1": ["1"]},
            {"2": ["1"], "1": ["0"]},
        ],
    )
    def test_other_patterns_are_refused(self, graph: Graph, afters: dict[str, list[str]]) -> None:
        requests = [{**creation(number), "dependsOn": afters.get(str(number), [])} for number in range(4)]
        assert code(post(graph, *requests)) == (400, "BadRequest")
        assert graph.simulator.events(TECH) == []


class TestLimits:
    def test_four_calls_of_a_batch_run_at_once_whatever_their_mailboxes(self, graph: Graph) -> None:
        graph.simulator.set(latency=0.02)
        graph.act_as_application()
        began = time.monotonic()
        mailboxes = [f"/users/{TECH}", f"/users/{OTHER}"]
        graph.batch(*(creation(number, mailbox=mailboxes[number % 2]) for number in range(20)))
        assert time.monotonic() - began >= 20 / 4 * 0.02
        highest = graph.simulator.counters()["highest"]
        assert max(highest.values()) <= 4
        assert sum(highest.values()) >= 4

    def test_two_batches_for_one_mailbox_are_too_much(self, graph: Graph) -> None:
        graph.simulator.set(latency=0.05)
        batches = [[creation(10 * first + number) for number in range(4)] for first in range(2)]
        with ThreadPoolExecutor() as pool:
            answers = list(pool.map(lambda requests: graph.batch(*requests), batches))
        refused = [one for told in answers for one in told.values() if one["status"] == 429]
        assert len(refused) == graph.simulator.counters()["concurrency"] > 0
        assert {one["body"]["error"]["code"] for one in refused} == {"ApplicationThrottled"}
        assert {one["headers"]["Retry-After"] for one in refused} == {"1"}
        assert graph.simulator.counters()["highest"] == {TECH: 4}

    def test_calls_of_their_own_count_like_those_of_a_batch(self, graph: Graph) -> None:
        graph.simulator.set(latency=0.1)
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: graph.create(), range(6)))
        assert sorted(answer.status_code for answer in answers) == [201] * 4 + [429] * 2
        assert "MailboxConcurrency" in next(one for one in answers if one.status_code == 429).text

    def test_one_mailbox_does_not_slow_another(self, graph: Graph) -> None:
        graph.simulator.set(latency=0.1)
        graph.act_as_application()
        mailboxes = [f"/users/{TECH}"] * 4 + [f"/users/{OTHER}"] * 4
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda owner: graph.client.post(f"{owner}/events", json=event()), mailboxes))
        assert {answer.status_code for answer in answers} == {201}
        assert graph.simulator.counters()["highest"] == {TECH: 4, OTHER: 4}

    def test_calls_of_ten_minutes_are_limited_and_refused_ones_count(self, graph: Graph) -> None:
        graph.simulator.set(mailbox_limit=3)
        assert [graph.create().status_code for _ in range(4)] == [201, 201, 201, 429]
        refused = graph.create()
        assert code(refused) == (429, "TooManyRequests")
        assert 590 < int(refused.headers["retry-after"]) <= 600
        assert refused.json()["error"]["innerError"]["status"] == "429"
        graph.simulator.pass_time(601)
        assert graph.create().status_code == 201
        assert graph.simulator.counters()["limit"] == 2

    def test_calls_that_were_refused_use_up_the_limit_too(self, graph: Graph) -> None:
        graph.simulator.set(mailbox_limit=3)
        assert [graph.create().status_code for _ in range(3)] == [201, 201, 201]
        graph.simulator.pass_time(300)
        assert [graph.create().status_code for _ in range(2)] == [429, 429]
        graph.simulator.pass_time(301)
        assert [graph.create().status_code for _ in range(2)] == [201, 429]


class TestFaults:
    def test_a_call_of_a_batch_can_fail_alone(self, graph: Graph) -> None:
        graph.simulator.faults.add(Fault(parts=True, part_index=1, status=429, headers={"Retry-After": "7"}))
        graph.simulator.faults.add(Fault(parts=True, part_index=2, status=503))
        answers = graph.batch(*(creation(number) for number in range(4)))
        assert statuses(answers) == {"0": 201, "1": 429, "2": 503, "3": 201}
        assert answers["1"]["headers"]["Retry-After"] == "7"
        assert answers["1"]["body"]["error"]["code"] == "TooManyRequests"

    def test_a_version_conflict_can_be_spurious(self, graph: Graph) -> None:
        made = graph.create().json()
        graph.simulator.faults.add(Fault(operation="events.update", status=412))
        assert code(graph.patch(made["id"], subject="Pump")) == (412, "ErrorIrresolvableConflict")
        assert graph.get(made["id"]).json()["changeKey"] == made["changeKey"]
        assert graph.patch(made["id"], subject="Pump").status_code == 200

    def test_a_call_can_be_carried_out_and_its_answer_lost(self, graph: Graph) -> None:
        graph.simulator.faults.add(Fault(operation="batch", drop="after"))
        with pytest.raises(httpx.HTTPError):
            post(graph, creation(1, transactionId="visit-1"))
        graph.simulator.faults.add(Fault(parts=True, status=504, carried_out=True))
        assert statuses(graph.batch(creation(1, transactionId="visit-2"))) == {"1": 504}
        assert len(graph.simulator.events(TECH)) == 2

    def test_faults_choose_by_the_name_of_the_call(self, graph: Graph) -> None:
        graph.simulator.faults.add(Fault(operation="delta", status=410, reason="resyncRequired"))
        assert graph.create().status_code == 201
        assert code(graph.delta()) == (410, "resyncRequired")
        assert graph.simulator.faults.fired() == 1
