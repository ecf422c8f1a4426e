"""The loopback server, its cut connections, the faults on order and the journal."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from worker.simulators.faults import Facts, Fault, FaultMiddleware, Faults
from worker.simulators.journal import Journal
from worker.simulators.server import App, Served, serve


class Counter:
    """A little app behind the middleware: POST counts, GET tells the count in a body of 1,000 bytes."""

    def __init__(self) -> None:
        self.count = 0
        self.latency = 0.0
        self.faults = Faults(seed=1)
        self.journal = Journal()
        routes = [Route("/count", self.add, methods=["POST"]), Route("/count", self.show, methods=["GET"])]
        self.app: App = FaultMiddleware(
            Starlette(routes=routes),
            self.faults,
            self.journal,
            error_body=lambda status, reason: {"code": status, "reason": reason},
            operation=lambda method, path: "count.add" if method == "POST" else "count.show",
            latency=lambda: self.latency,
        )

    async def add(self, request: Request) -> Response:
        await request.body()
        self.count += 1
        return JSONResponse({"count": self.count})

    async def show(self, request: Request) -> Response:
        return JSONResponse({"count": self.count, "padding": "x" * 1000})


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def served(counter: Counter) -> Iterator[Served]:
    with serve(counter.app) as server:
        yield server


def post(served: Served) -> httpx.Response:
    return httpx.post(f"{served.url}/count", content=b"{}")


def test_it_starts_and_stops_within_half_a_second(counter: Counter) -> None:
    begun = time.monotonic()
    server = serve(counter.app)
    with httpx.Client() as client:
        assert client.get(f"{server.url}/count").status_code == 200
        server.stop()
    assert time.monotonic() - begun < 0.5
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/count")


def test_it_stops_promptly_while_a_request_is_still_waiting(counter: Counter) -> None:
    counter.faults.add(Fault(delay=30))
    with serve(counter.app) as server:
        waiting = socket.create_connection((server.host, server.port))
        waiting.sendall(b"GET /count HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.05)
        begun = time.monotonic()
    assert time.monotonic() - begun < 0.5
    waiting.close()


def test_a_port_in_use_is_refused(served: Served, counter: Counter) -> None:
    with pytest.raises(OSError, match="in use"):
        serve(counter.app, port=served.port)


@pytest.mark.parametrize(("reset", "error"), [(False, http.client.RemoteDisconnected), (True, ConnectionResetError)])
@pytest.mark.parametrize(("drop", "count"), [("before", 0), ("after", 1)])
def test_a_connection_cut_before_or_after_the_request_is_carried_out(
    served: Served, counter: Counter, drop: str, reset: bool, error: type[Exception], count: int
) -> None:
    counter.faults.add(Fault(drop=drop, reset=reset))  # type: ignore[arg-type]
    with closing(http.client.HTTPConnection(served.host, served.port)) as connection:
        connection.request("POST", "/count", body=b"{}" * 1000)
        with pytest.raises(error) as caught:
            connection.getresponse()
    assert type(caught.value) is error
    assert counter.count == count
    assert counter.journal.entries()[-1].status is None
    assert post(served).status_code == 200


@pytest.mark.parametrize(("reset", "error"), [(False, http.client.IncompleteRead), (True, ConnectionResetError)])
def test_a_connection_cut_in_the_middle_of_the_answer(
    served: Served, counter: Counter, reset: bool, error: type[Exception]
) -> None:
    counter.faults.add(Fault(drop="mid", reset=reset))
    with closing(http.client.HTTPConnection(served.host, served.port)) as connection:
        connection.request("GET", "/count")
        with connection.getresponse() as answer:
            assert answer.status == 200
            with pytest.raises(error):
                answer.read()


def test_an_ordered_status_is_answered_in_the_place_of_the_request(served: Served, counter: Counter) -> None:
    counter.faults.add(Fault(method="POST", status=503, reason="down", headers={"Retry-After": "2"}, times=2))
    first, second, third = post(served), post(served), post(served)
    assert [first.status_code, second.status_code, third.status_code] == [503, 503, 200]
    assert first.json() == {"code": 503, "reason": "down"}
    assert first.headers["retry-after"] == "2"
    assert counter.count == 1


def test_an_ordered_status_can_hide_that_the_request_was_carried_out(served: Served, counter: Counter) -> None:
    counter.faults.add(Fault(status=502, body="<html>Bad Gateway</html>", carried_out=True))
    answer = post(served)
    assert (answer.status_code, answer.text, counter.count) == (502, "<html>Bad Gateway</html>", 1)
    assert answer.headers["content-type"].startswith("text/html")


def test_faults_choose_by_path_query_and_operation(served: Served, counter: Counter) -> None:
    counter.faults.add(Fault(path="/other", status=500))
    counter.faults.add(Fault(query="page=2", status=500))
    counter.faults.add(Fault(operation="count.add", status=500))
    assert httpx.get(f"{served.url}/count?page=1").status_code == 200
    assert httpx.get(f"{served.url}/count?page=2").status_code == 500
    assert post(served).status_code == 500


def test_faults_skip_and_repeat_until_cleared(served: Served, counter: Counter) -> None:
    fault = counter.faults.add(Fault(status=500, skip=1, every_nth=2, times=None))
    assert [post(served).status_code for _ in range(6)] == [200, 200, 500, 200, 500, 200]
    assert counter.faults.fired(fault) == counter.faults.fired() == 2
    counter.faults.clear(fault)
    assert [post(served).status_code for _ in range(3)] == [200, 200, 200]


def test_faults_by_probability_are_the_same_for_the_same_seed() -> None:
    def pattern(seed: int) -> list[bool]:
        counter = Counter()
        counter.faults = Faults(seed)
        counter.faults.add(Fault(status=500, probability=0.5, times=None))
        return [counter.faults.take(Facts("GET", "/")) is not None for _ in range(20)]

    assert pattern(3) == pattern(3) != pattern(4)
    assert 0 < sum(pattern(3)) < 20


def test_latency_runs_in_parallel(served: Served, counter: Counter) -> None:
    counter.latency = 0.2
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: post(served).status_code, range(8)))
    assert statuses == [200] * 8
    assert 0.2 <= time.monotonic() - begun < 1.0


def test_the_journal_tells_what_was_asked_and_keeps_no_secrets(served: Served, counter: Counter) -> None:
    httpx.post(f"{served.url}/count?a=1", content=b"private", headers={"Authorization": "Bearer secret"})
    httpx.get(f"{served.url}/count")
    first, second = counter.journal.entries()
    assert (first.method, first.path, first.query, first.status, first.parts) == ("POST", "/count", "a=1", 200, 1)
    assert counter.journal.entries("count.show") == [second]
    assert first.duration < 1
    assert abs(first.started - time.time()) < 10
    assert "secret" not in str(first.as_json())
    assert "private" not in str(first.as_json())


def test_paths_are_told_below_the_mount(counter: Counter) -> None:
    counter.faults.add(Fault(path="^/count$", status=418))
    with serve(Starlette(routes=[Mount("/inner", app=counter.app)])) as server:
        assert httpx.get(f"{server.url}/inner/count").status_code == 418
    assert counter.journal.entries()[0].path == "/count"
