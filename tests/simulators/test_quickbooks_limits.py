"""Replays by `requestid`, throttling and ordered faults of the QuickBooks simulator."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.simulators.quickbooks import OTHER_REALM, REALM, Books, fault, gateway_fault, served_quickbooks, unwrapped
from worker.simulators.faults import Fault
from worker.simulators.quickbooks.front import Place
from worker.simulators.quickbooks.settings import Settings
from worker.simulators.quickbooks.throttle import Throttle
from worker.simulators.server import Message


@pytest.fixture(scope="module")
def server() -> Iterator[Books]:
    with served_quickbooks() as books:
        yield books


@pytest.fixture
def books(server: Books) -> Books:
    server.start_over()
    return server


def named(books: Books, name: str, **params: Any) -> httpx.Response:
    return books.post("customer", {"DisplayName": name}, **params)


def names(books: Books) -> list[str]:
    return [one["DisplayName"] for one in books.simulator.objects(REALM, "Customer")]


def creation(number: int | str, name: str) -> dict[str, Any]:
    return {"bId": str(number), "operation": "create", "Customer": {"DisplayName": name}}


class TestRequestIds:
    def test_a_repeat_brings_the_first_answer_word_for_word(self, books: Books) -> None:
        first = named(books, "Ada", requestid="r-1")
        again = named(books, "Ada", requestid="r-1")
        assert (again.status_code, again.content) == (200, first.content)
        assert again.headers["intuit_tid"] != first.headers["intuit_tid"]
        assert names(books) == ["Ada"]
        assert books.simulator.counters()["replays"] == 1

    def test_whatever_is_sent_with_it(self, books: Books) -> None:
        first = named(books, "Ada", requestid="r-1")
        assert books.post("item", {"Name": "Service"}, requestid="r-1").content == first.content
        assert books.simulator.objects(REALM, "Item") == []

    def test_also_when_the_object_has_changed_or_gone_since(self, books: Books) -> None:
        bill = books.billed()
        body = {"CustomerRef": bill["CustomerRef"], "TotalAmt": 10}
        paid = unwrapped(books.post("payment", body, requestid="r-1"))
        books.simulator.delete(REALM, "Payment", paid["Id"])
        assert unwrapped(books.post("payment", body, requestid="r-1")) == paid
        assert books.simulator.totals(REALM)["payment_count"] == 0

    def test_updates_are_replayed_and_not_stale(self, books: Books) -> None:
        made = books.customer()
        body = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "n"}
        first = books.post("customer", body, requestid="r-1")
        assert books.post("customer", body, requestid="r-1").content == first.content
        assert books.get("customer", made["Id"])["SyncToken"] == "1"

    def test_each_company_has_its_own(self, books: Books) -> None:
        named(books, "Ada", requestid="r-1")
        books.simulator.add_company(OTHER_REALM)
        books.act_for(OTHER_REALM)
        url = f"{books.url}/v3/company/{OTHER_REALM}/customer"
        books.client.post(url, json={"DisplayName": "Grace"}, params={"requestid": "r-1"})
        assert [one["DisplayName"] for one in books.simulator.objects(OTHER_REALM, "Customer")] == ["Grace"]

    def test_it_is_forgotten_in_the_end(self, books: Books) -> None:
        books.simulator.set(request_id_life=60, expires_in=1000)
        named(books, "Ada", requestid="r-1")
        books.simulator.pass_time(61)
        assert fault(named(books, "Ada", requestid="r-1"))[2] == "6240"

    def test_a_refusal_is_replayed_unless_switched_off(self, books: Books) -> None:
        refused = named(books, "A:B", requestid="r-1")
        assert named(books, "Ada", requestid="r-1").content == refused.content
        assert names(books) == []
        books.simulator.set(faults_replayed=False)
        assert named(books, "A:B", requestid="r-2").status_code == 400
        assert named(books, "Ada", requestid="r-2").status_code == 200

    def test_the_gateways_refusals_use_up_no_id(self, books: Books) -> None:
        books.simulator.faults.add(Fault(status=503))
        assert named(books, "Ada", requestid="r-1").status_code == 503
        books.simulator.expire_access_tokens()
        assert named(books, "Ada", requestid="r-1").status_code == 401
        books.act_for(REALM)
        assert named(books, "Ada", requestid="r-1").status_code == 200

    def test_fifty_characters_are_the_most(self, books: Books) -> None:
        assert fault(named(books, "Ada", requestid="x" * 51))[2] == "2050"
        assert names(books) == []
        assert named(books, "Ada", requestid="x" * 50).status_code == 200

    def test_a_batch_is_replayed_whole(self, books: Books) -> None:
        items = [creation(number, f"C{number}") for number in range(5)]
        first = books.batch(*items, requestid="b-1")
        assert books.batch(*items, requestid="b-1") == first
        assert len(names(books)) == 5

    def test_a_batch_takes_shorter_ids(self, books: Books) -> None:
        def status(request_id: str, bid: str) -> int:
            body = {"BatchItemRequest": [creation(bid, "Ada")]}
            return books.post("batch", body, requestid=request_id).status_code

        assert status("x" * 37, "1") == 400
        assert status("x" * 36, "12345678901") == 400
        assert names(books) == []
        assert status("y" * 36, "1234567890") == 200

    def test_many_at_once_create_one(self, books: Books) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: named(books, "Ada", requestid="r-1").content, range(8)))
        assert len(set(answers)) == 1
        assert names(books) == ["Ada"]


class TestThrottling:
    def test_so_many_in_a_sliding_minute(self, books: Books) -> None:
        books.simulator.set(minute_limit=3, expires_in=10_000)
        assert [books.client.get("/preferences").status_code for _ in range(4)] == [200, 200, 200, 429]
        answer = books.client.get("/preferences")
        assert gateway_fault(answer) == (429, "SERVICE", "3001")
        assert "retry-after" not in answer.headers
        books.simulator.pass_time(61)
        assert books.client.get("/preferences").status_code == 200
        assert books.simulator.counters()["refused"] == {"minute": 2}

    def test_batches_have_a_limit_of_their_own(self, books: Books) -> None:
        books.simulator.set(batch_minute_limit=1)
        books.batch(creation(1, "Ada"))
        answer = books.post("batch", {"BatchItemRequest": [creation(1, "Grace")]})
        assert gateway_fault(answer) == (429, "SERVICE", "3001")
        assert names(books) == ["Ada"]
        assert books.client.get("/preferences").status_code == 200

    def test_a_burst_can_be_limited_too(self, books: Books) -> None:
        books.simulator.set(second_limit=1)
        assert [named(books, name).status_code for name in ("Ada", "Grace")] == [200, 429]
        books.simulator.pass_time(1.5)
        assert named(books, "Grace").status_code == 200

    def test_ten_at_once_and_the_worst_is_remembered(self, books: Books) -> None:
        books.simulator.set(latency=0.3)
        with ThreadPoolExecutor(12) as pool:
            statuses = list(pool.map(lambda n: named(books, f"C{n}").status_code, range(12)))
        counts = books.simulator.counters()
        assert (statuses.count(200), statuses.count(429)) == (10, 2)
        assert counts["highest"] == {REALM: 12}
        assert counts["refused"] == {"concurrency": 2}
        assert len(names(books)) == 10

    def test_ten_one_after_the_other_are_one_at_once(self, books: Books) -> None:
        for number in range(10):
            named(books, f"C{number}")
        assert books.simulator.counters()["highest"] == {REALM: 1}

    def test_a_cut_connection_leaves_its_place(self, books: Books) -> None:
        books.simulator.set(concurrency=1)
        books.simulator.faults.add(Fault(drop="after", times=3))
        for number in range(3):
            with pytest.raises(httpx.RemoteProtocolError):
                named(books, f"C{number}")
        assert named(books, "Ada").status_code == 200

    def test_whoever_has_the_whole_answer_is_no_longer_in_flight(self) -> None:
        throttle, seen = Throttle(Settings()), []

        async def send(message: Message) -> None:
            seen.append(throttle.enter(REALM))
            throttle.leave(REALM)

        async def answer() -> None:
            watched = Place(throttle, REALM).watched(send)
            await watched({"type": "http.response.start", "status": 200})
            await watched({"type": "http.response.body", "body": b"{", "more_body": True})
            await watched({"type": "http.response.body", "body": b"}"})

        asyncio.run(answer())
        assert seen == [2, 2, 1]

    def test_limits_are_of_one_company(self, books: Books) -> None:
        books.simulator.set(minute_limit=1)
        assert [named(books, name).status_code for name in ("Ada", "Grace")] == [200, 429]
        books.simulator.add_company(OTHER_REALM)
        books.act_for(OTHER_REALM)
        assert books.client.get(f"{books.url}/v3/company/{OTHER_REALM}/preferences").status_code == 200


class TestFaults:
    def test_an_answer_gets_lost_and_the_object_is_there(self, books: Books) -> None:
        books.simulator.faults.add(Fault(operation="customer.create", drop="after"))
        with pytest.raises(httpx.RemoteProtocolError):
            named(books, "Ada", requestid="r-1")
        assert named(books, "Ada", requestid="r-1").status_code == 200
        assert names(books) == ["Ada"]

    def test_a_request_gets_lost_before_it_is_carried_out(self, books: Books) -> None:
        books.simulator.faults.add(Fault(operation="customer.create", drop="before"))
        with pytest.raises(httpx.RemoteProtocolError):
            named(books, "Ada")
        assert names(books) == []

    def test_the_one_after_so_many_fails(self, books: Books) -> None:
        books.simulator.faults.add(Fault(operation="customer.create", drop="after", skip=2))
        assert [named(books, name).status_code for name in ("A", "B")] == [200, 200]
        with pytest.raises(httpx.RemoteProtocolError):
            named(books, "C")
        assert names(books) == ["A", "B", "C"]

    def test_a_server_error_is_html(self, books: Books) -> None:
        books.simulator.faults.add(Fault(status=502, carried_out=True))
        answer = named(books, "Ada")
        assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
        assert answer.text.startswith("<html>")
        assert names(books) == ["Ada"]

    def test_a_fault_comes_inside_200(self, books: Books) -> None:
        books.simulator.faults.add(Fault(status=200, reason="10000"))
        assert fault(named(books, "Ada")) == (200, "SystemFault", "10000")
        assert names(books) == []

    def test_faults_come_in_both_casings(self, books: Books) -> None:
        books.simulator.faults.add(Fault(status=429))
        books.simulator.faults.add(Fault(status=400, reason="5010"))
        assert gateway_fault(named(books, "Ada")) == (429, "SERVICE", "3001")
        assert fault(named(books, "Ada")) == (400, "ValidationFault", "5010")
        books.simulator.set(gateway_casing="upper")
        books.simulator.faults.add(Fault(status=429))
        assert fault(named(books, "Ada")) == (429, "SERVICE", "3001")

    def test_a_slow_answer_comes_too_late_and_is_carried_out(self, books: Books) -> None:
        books.simulator.faults.add(Fault(operation="customer.create", delay=0.3))
        with pytest.raises(httpx.ReadTimeout):
            books.client.post("/customer", json={"DisplayName": "Ada"}, params={"requestid": "r-1"}, timeout=0.1)
        assert named(books, "Ada", requestid="r-1").status_code == 200
        assert unwrapped(named(books, "Ada", requestid="r-1"))["DisplayName"] == "Ada"

    def test_creating_and_updating_are_told_apart(self, books: Books) -> None:
        books.simulator.faults.add(Fault(operation="customer.update", status=503, times=None))
        made = books.customer()
        body = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "n"}
        assert books.post("customer", body).status_code == 503
        assert named(books, "Grace").status_code == 200

    def test_one_item_of_a_batch_fails(self, books: Books) -> None:
        books.simulator.faults.add(Fault(operation="customer.create", parts=True, part_index=1, status=400))
        told = books.batch(*(creation(number, f"C{number}") for number in range(3)))
        assert {bid for bid, one in told.items() if "Fault" in one} == {"1"}
        assert told["1"]["Fault"]["Error"][0]["code"] == "6000"
        assert sorted(names(books)) == ["C0", "C2"]

    def test_a_failing_item_does_not_make_room_for_one_more(self, books: Books) -> None:
        books.simulator.faults.add(Fault(parts=True, status=400))
        body = {"BatchItemRequest": [creation(number, f"C{number}") for number in range(31)]}
        assert fault(books.post("batch", body))[0] == 400
        assert names(books) == []

    def test_one_item_of_a_batch_fails_after_it_was_carried_out(self, books: Books) -> None:
        books.simulator.faults.add(Fault(parts=True, part_index=0, status=500, reason="10000", carried_out=True))
        told = books.batch(creation("a", "Ada"))
        assert told["a"]["Fault"]["type"] == "SystemFault"
        assert names(books) == ["Ada"]
