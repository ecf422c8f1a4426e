"""One envelope for every refusal of the real site, with an id and the safety headers; and nothing to ask for HTTPS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.redis import RedisServer
from tests.web.house import served
from tests.web.office import API, JOBS, SYNC, refused
from tests.web.premises import Premises, premises
from worker import broker
from worker.reception import Reception
from worker.web.api import api_routes
from worker.web.app import make_web
from worker.web.keys import Doorkeeper
from worker.web.quota import Quota

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
HERE = "tests-request-1"
LARGE = b" " * (1024 * 1024 + 1)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Premises, str]]:
    with premises(tmp_path_factory.mktemp("site") / "visit-sync.db") as found, served(found.site) as url:
        yield found, url


@pytest.fixture(scope="module")
def client(site: tuple[Premises, str]) -> Iterator[httpx.Client]:
    with calling(site[1], site[0].key) as client:
        yield client


@contextmanager
def calling(url: str, key: str | None = None) -> Iterator[httpx.Client]:
    headers = {"X-Request-Id": HERE, **({"Authorization": f"Bearer {key}"} if key else {})}
    with httpx.Client(base_url=url, headers=headers, timeout=20) as client:
        yield client


def assert_dressed(answer: httpx.Response) -> None:
    """The id that the request brought, the safety headers, JSON, and no HSTS."""
    assert answer.headers["X-Request-Id"] == HERE
    assert {name: answer.headers.get(name) for name in SAFE} == SAFE
    assert answer.headers["Content-Type"] == "application/json"
    assert "Strict-Transport-Security" not in answer.headers


def assert_refused(answer: httpx.Response, status: int, code: str) -> Any:
    body = refused(answer, status, code)
    assert_dressed(answer)
    return body


REFUSED: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "an address that there is not": ("GET", "/nowhere", {}, 404, "NOT_FOUND"),
    "an integration that there is not": ("GET", f"{API}/pigeons/status", {}, 404, "NOT_FOUND"),
    "a job that there is not": ("GET", f"{JOBS}/syn_1", {}, 404, "NOT_FOUND"),
    "a slash too many": ("GET", f"{API}/", {}, 404, "NOT_FOUND"),
    "a path that is no text": ("GET", "/%ff%fe", {}, 404, "NOT_FOUND"),
    "a method that it does not take": ("DELETE", SYNC, {}, 405, "METHOD_NOT_ALLOWED"),
    "a method of another protocol": ("PROPFIND", SYNC, {}, 405, "METHOD_NOT_ALLOWED"),
    "bad JSON": ("POST", SYNC, {"content": b"{"}, 400, "VALIDATION_ERROR"),
    "bad UTF-8": ("POST", SYNC, {"content": b'{"mode": "\xff"}'}, 400, "VALIDATION_ERROR"),
    "another encoding": ("POST", SYNC, {"content": "{}".encode("utf-16")}, 400, "VALIDATION_ERROR"),
    "no object": ("POST", SYNC, {"content": b"[]"}, 400, "VALIDATION_ERROR"),
    "an unknown field": ("POST", SYNC, {"json": {"speed": 1}}, 400, "VALIDATION_ERROR"),
    "an unknown parameter": ("GET", f"{SYNC}?speed=1", {}, 400, "VALIDATION_ERROR"),
    "a parameter out of bounds": ("GET", f"{SYNC}?limit=0", {}, 400, "VALIDATION_ERROR"),
    "a query that is no text": ("GET", f"{SYNC}?cursor=%ff", {}, 400, "VALIDATION_ERROR"),
    "a header too long": ("POST", SYNC, {"headers": {"Idempotency-Key": "k" * 256}}, 400, "VALIDATION_ERROR"),
    "too large a body": ("POST", SYNC, {"content": LARGE}, 413, "PAYLOAD_TOO_LARGE"),
    "too large an event": ("POST", "/webhooks/fieldcamp/acc_1", {"content": LARGE}, 413, "PAYLOAD_TOO_LARGE"),
    "too large a message": ("POST", "/webhooks/google-calendar", {"content": LARGE}, 413, "PAYLOAD_TOO_LARGE"),
    "an event that nobody signed": ("POST", "/webhooks/fieldcamp/acc_1", {"content": b"{}"}, 401, "UNAUTHORIZED"),
    "a message that nobody asked for": ("POST", "/webhooks/google-calendar", {}, 401, "UNAUTHORIZED"),
    "a file that there is not": ("GET", "/docs/files/nothing.js", {}, 404, "NOT_FOUND"),
    "a file that leads out": ("GET", "/docs/files/%2e%2e/%2e%2e/x", {}, 404, "NOT_FOUND"),
    "a method that files do not take": ("POST", "/docs/files/swagger-ui.css", {}, 405, "METHOD_NOT_ALLOWED"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_gets_the_one_envelope(client: httpx.Client, name: str) -> None:
    method, path, sent, status, code = REFUSED[name]
    body = assert_refused(client.request(method, path, **sent), status, code)
    assert bool(body["details"]) == (status == 400)


def test_who_brings_no_key_is_a_stranger_everywhere_under_the_api(site: tuple[Premises, str]) -> None:
    with calling(site[1]) as stranger:
        for method, path in (("GET", API), ("GET", JOBS), ("POST", SYNC), ("GET", f"{JOBS}/syn_1")):
            answer = stranger.request(method, path)
            assert_refused(answer, 401, "UNAUTHORIZED")
            assert answer.headers["WWW-Authenticate"] == "Bearer"


UNROUTED = (
    *(("GET", "/api/"), ("GET", "/api/v2"), ("GET", f"{API}/"), ("GET", f"{JOBS}/a/b"), ("POST", f"{API}/pigeon/sync")),
    *(("DELETE", SYNC), ("HEAD", SYNC), ("PUT", JOBS), ("PROPFIND", API), ("GET", f"{JOBS}/syn_1/cancel")),
)


@pytest.mark.parametrize(("method", "path"), UNROUTED)
def test_a_stranger_does_not_learn_what_there_is_under_the_api(
    site: tuple[Premises, str], method: str, path: str
) -> None:
    for key in (None, "vs_live_unknown"):
        with calling(site[1], key) as stranger:
            answer = stranger.request(method, path)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "Allow" not in answer.headers
        assert method == "HEAD" or answer.json()["code"] == "UNAUTHORIZED"


@pytest.mark.parametrize(("method", "path"), UNROUTED)
def test_whoever_has_a_key_learns_it_whatever_the_key_may_do(
    site: tuple[Premises, str], method: str, path: str
) -> None:
    for key in (site[0].key, site[0].reader):
        with calling(site[1], key) as caller:
            answer = caller.request(method, path)
        assert answer.status_code in (404, 405)
        assert bool(answer.headers.get("Allow")) == (answer.status_code == 405)


@pytest.mark.parametrize("host", ["x?", "x#", "x/y", "[", ""])
def test_no_host_header_hides_that_it_is_the_api(site: tuple[Premises, str], host: str) -> None:
    with calling(site[1]) as stranger:
        for path in ("/api/", f"{API}/pigeon/sync", "/%61pi/v1"):
            assert_refused(stranger.get(path, headers={"Host": host}), 401, "UNAUTHORIZED")


def test_what_is_not_there_beside_the_api_needs_no_key(site: tuple[Premises, str]) -> None:
    with calling(site[1]) as stranger:
        for path in ("/api", "/apis/", "/nowhere", "//api/v1"):
            assert_refused(stranger.get(path), 404, "NOT_FOUND")


def test_who_may_only_read_is_told_so(site: tuple[Premises, str]) -> None:
    with calling(site[1], site[0].reader) as reader:
        assert "sync:write" in assert_refused(reader.post(SYNC), 403, "FORBIDDEN")["error"]


def test_who_uses_the_quota_up_is_told_when_to_come_back(tmp_path: Path, own_redis: RedisServer) -> None:
    with premises(tmp_path / "visit-sync.db") as found, broker.connect(own_redis.url) as server:
        keeper = Doorkeeper(found.wiring.callers.find, Quota(server, 2, patience=10))
        site = make_web(Reception(found.wiring), more=api_routes(found.wiring.house, keeper), keeper=keeper)
        with served(site) as url, calling(url, found.key) as client:
            assert [client.get(API).status_code for _ in range(2)] == [200, 200]
            answer = client.get(API)
            assert_refused(answer, 429, "RATE_LIMITED")
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
            assert_refused(client.post(SYNC, content=b"{"), 429, "RATE_LIMITED")
            assert_refused(client.get(f"{API}/"), 404, "NOT_FOUND")


def test_while_the_database_is_away_nothing_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "visit-sync.db"
    with premises(path) as found, served(found.site) as url, calling(url, found.key) as client:
        found.wiring.callers.flush(10)
        jobs = found.wiring.store.jobs.listed(found.account_id, None, None, 100, None)
        with away(found, path):
            for method, address in (
                ("GET", API),
                ("GET", f"{API}/"),
                ("GET", JOBS),
                ("POST", SYNC),
                ("GET", "/readyz"),
            ):
                answer = client.request(method, address)
                assert_refused(answer, 503, "UNAVAILABLE")
                assert int(answer.headers["Retry-After"]) >= 1
                assert str(path) not in answer.text
            event = client.post(f"/webhooks/fieldcamp/{found.account_id}", json={"id": "evt_1"})
            assert_refused(event, 503, "UNAVAILABLE")
            assert client.get("/healthz").status_code == 200
        assert found.wiring.store.jobs.listed(found.account_id, None, None, 100, None) == jobs
        assert client.get(API).status_code == 200


@contextmanager
def away(found: Premises, path: Path) -> Iterator[None]:
    """While the block lasts, the database is somewhere else."""
    found.wiring.store.dispose()
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    try:
        yield
    finally:
        path.rmdir()
        path.with_suffix(".away").rename(path)


@pytest.mark.parametrize(
    "given", [b"a b", b"", b"\xff", b"x" * 101, b"<script>", b"a,b", b"a;b", b"%0d%0a", "é".encode()]
)
def test_an_id_that_is_not_sane_is_replaced(site: tuple[Premises, str], given: bytes) -> None:
    for path in ("/nowhere", "/healthz", API):
        headers: Any = [(b"X-Request-Id", given)]
        answer = httpx.get(site[1] + path, headers=headers)
        assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Request-Id"]), path


def test_ids_are_made_for_those_who_bring_none_each_another(site: tuple[Premises, str]) -> None:
    made = {httpx.get(site[1] + "/nowhere").headers["X-Request-Id"] for _ in range(5)}
    assert len(made) == 5


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", API, JOBS])
def test_what_is_served_is_dressed_as_well(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert_dressed(answer)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/healthz", {"GET", "HEAD"}),
        ("/readyz", {"GET", "HEAD"}),
        (SYNC, {"GET", "POST"}),
        (API, {"GET"}),
        (f"{JOBS}/syn_1/cancel", {"POST"}),
        ("/webhooks/fieldcamp/acc_1", {"POST"}),
        ("/docs/files/swagger-ui.css", {"GET", "HEAD"}),
    ],
)
def test_every_other_method_is_told_which_there_are(client: httpx.Client, path: str, allowed: set[str]) -> None:
    for method in METHODS:
        answer = client.request(method, path)
        if method in allowed:
            assert answer.status_code != 405, method
            continue
        assert answer.status_code == 405, method
        assert set(answer.headers["Allow"].split(", ")) == allowed
        assert answer.headers["X-Request-Id"] == HERE
        body = answer.content
        assert not body if method == "HEAD" else json.loads(body)["code"] == "METHOD_NOT_ALLOWED"
