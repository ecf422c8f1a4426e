"""What holds for every address: health, the envelope of errors, ids and safety headers."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from tests.web.house import FakeHouse, served
from worker.core.errors import Invalid, LeaseLost, NotConnected, RateLimited, SyncInProgress
from worker.web.app import make_web
from worker.web.server import serve

ROOT = Path(__file__).parents[2]

errors = {
    "invalid": Invalid("mode is wrong", {"mode": "expected full"}),
    "not-connected": NotConnected("google_calendar is not connected"),
    "busy": SyncInProgress("syn_1"),
    "limited": RateLimited("slow down", retry_after=30),
    "bug": LeaseLost("the password is hidden"),
}
more = APIRouter()


@more.get("/raise/{name}")
def fail(name: str) -> None:
    raise errors[name]


@more.get("/typed")
def typed(limit: int) -> dict[str, int]:
    return {"limit": limit}


@pytest.fixture(scope="module")
def house() -> FakeHouse:
    return FakeHouse()


@pytest.fixture(scope="module")
def web(house: FakeHouse) -> Iterator[httpx.Client]:
    with served(make_web(house, more=[more])) as url, httpx.Client(base_url=url, timeout=10) as client:
        yield client


def test_it_lives(web: httpx.Client) -> None:
    assert web.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_may_ask_with_head_and_gets_the_same_answer_without_a_body(web: httpx.Client, path: str) -> None:
    told, asked = web.get(path), web.head(path)
    assert (asked.status_code, asked.content) == (told.status_code, b"") == (200, b"")
    assert asked.headers["Content-Length"] == told.headers["Content-Length"]
    assert list(web.get("/openapi.json").json()["paths"][path]) == ["get"]


def test_it_is_ready_when_everything_answers(web: httpx.Client, house: FakeHouse) -> None:
    answer = web.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": house.checks})


def test_it_is_not_ready_when_something_does_not_answer(
    web: httpx.Client, house: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "checks", {"database": "ok", "broker": "does not answer"})
    answer = web.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert answer.json()["details"] == house.checks
    assert answer.headers["Retry-After"]
    assert web.head("/readyz").status_code == 503
    assert web.get("/healthz").status_code == 200


def test_a_check_that_hangs_is_a_no(web: httpx.Client, house: FakeHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(house, "gate", gate)
    assert web.get("/readyz").status_code == 503
    gate.set()


ANSWERS = [
    ("GET", "/nowhere", 404, "NOT_FOUND"),
    ("GET", "/healthz/", 404, "NOT_FOUND"),
    ("DELETE", "/healthz", 405, "METHOD_NOT_ALLOWED"),
    ("GET", "/webhooks/fieldcamp/acc_1", 405, "METHOD_NOT_ALLOWED"),
    ("GET", "/typed?limit=many", 400, "VALIDATION_ERROR"),
    ("GET", "/raise/invalid", 400, "VALIDATION_ERROR"),
    ("GET", "/raise/not-connected", 400, "INTEGRATION_NOT_CONNECTED"),
    ("GET", "/raise/busy", 409, "SYNC_IN_PROGRESS"),
    ("GET", "/raise/limited", 503, "UNAVAILABLE"),
    ("GET", "/raise/bug", 500, "INTERNAL_ERROR"),
    ("GET", "/raise/unheard-of", 500, "INTERNAL_ERROR"),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), ANSWERS)
def test_every_error_has_the_one_envelope(web: httpx.Client, method: str, path: str, status: int, code: str) -> None:
    answer = web.request(method, path)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    assert set(body) == {"success", "error", "code", "details"}
    assert body["success"] is False
    assert "hidden" not in answer.text
    assert answer.headers["X-Request-Id"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_errors_carry_what_their_reader_needs(web: httpx.Client) -> None:
    busy = web.get("/raise/busy")
    assert busy.json()["details"] == {"active_job_id": "syn_1"}
    assert int(busy.headers["Retry-After"]) > 0
    assert web.get("/raise/invalid").json()["details"] == {"mode": "expected full"}
    assert "limit" in str(web.get("/typed?limit=many").json()["details"])
    assert web.get("/raise/limited").headers["Retry-After"] == "30"
    assert web.delete("/healthz").headers["Allow"] == "GET, HEAD"


def test_an_id_that_the_caller_brings_is_kept_if_it_is_sane(web: httpx.Client) -> None:
    assert web.get("/healthz", headers={"X-Request-Id": "abc-123"}).headers["X-Request-Id"] == "abc-123"
    odd = web.get("/healthz", headers={"X-Request-Id": "a b<script>"}).headers["X-Request-Id"]
    assert re.fullmatch(r"[0-9a-f]{16}", odd)


def test_the_address_is_described(web: httpx.Client) -> None:
    paths = web.get("/openapi.json").json()["paths"]
    assert set(paths) >= {"/healthz", "/readyz", "/webhooks/fieldcamp/{account_id}"}
    assert web.get("/docs").status_code == 200


def test_a_taken_port_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Invalid, match=f"PORT name an address that cannot be had .*{port}") as refusal:
            serve(make_web(FakeHouse()), "127.0.0.1", port)
    assert "\n" not in refusal.value.message


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_the_server_says_where_it_listens_and_stops_cleanly(signum: signal.Signals) -> None:
    script = """
        from tests.web.house import FakeHouse
        from worker.web.app import make_web
        from worker.web.server import serve
        serve(make_web(FakeHouse()), "127.0.0.1", 0)
    """
    arguments = [sys.executable, "-W", "error", "-c", textwrap.dedent(script)]
    with subprocess.Popen(arguments, cwd=ROOT, env=dict(os.environ), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.match(r"listening on (http://127\.0\.0\.1:\d+)\n", process.stderr.readline())
        assert found
        answer = httpx.get(found[1] + "/healthz")
        assert answer.status_code == 200
        assert "server" not in answer.headers
        process.send_signal(signum)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""
