"""Who is let into the API, and what those are told who are not."""

import inspect
import io
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends

from tests.servers.redis import RedisServer
from tests.statements import counted
from tests.store.things import NOON
from tests.web.house import FakeHouse, served
from worker import broker
from worker.core.connections import ApiKey
from worker.core.errors import StoreUnavailable
from worker.store import Store
from worker.sync.callers import Callers
from worker.web.app import make_web
from worker.web.keys import Caller, Doorkeeper
from worker.web.quota import Quota

BOTH = ("sync:read", "sync:write")
Headers = list[tuple[str, bytes]]


def routes(doorkeeper: Doorkeeper) -> APIRouter:
    """One route for each scope; each tells who called."""
    router = APIRouter()

    @router.get("/api/read")
    def read(caller: Annotated[Caller, Depends(doorkeeper.admit("sync:read"))]) -> dict[str, str]:
        return {"account": caller.account_id, "key": caller.key_id}

    @router.post("/api/write")
    async def write(caller: Annotated[Caller, Depends(doorkeeper.admit("sync:write"))]) -> dict[str, str]:
        return {"account": caller.account_id, "key": caller.key_id}

    return router


@contextmanager
def open_to(find: Any, quota: Quota) -> Iterator[httpx.Client]:
    app = make_web(FakeHouse(), more=[routes(Doorkeeper(find, quota))])
    with served(app) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@dataclass
class Door:
    """The API before a real store with one account, and a key of all scopes."""

    store: Store
    callers: Callers
    client: httpx.Client
    account_id: str
    raw_key: str

    def key(self, *scopes: str) -> tuple[ApiKey, str]:
        return self.store.keys.create(self.account_id, scopes or BOTH, NOON)

    def get(self, **headers: str) -> httpx.Response:
        return self.client.get("/api/read", headers={name.replace("_", "-"): text for name, text in headers.items()})

    def sent(self, headers: Headers) -> httpx.Response:
        return self.client.get("/api/read", headers=[(name.encode(), value) for name, value in headers])


@pytest.fixture
def door(store: Store) -> Iterator[Door]:
    account, raw_key, _ = store.accounts.create("Acme", NOON)
    callers = Callers(store.keys, lambda: NOON)
    with open_to(callers.find, Quota(None)) as client:
        yield Door(store, callers, client, account.id, raw_key)
    callers.flush(15)


def bearer(raw_key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {raw_key}"}


def assert_refused(answer: httpx.Response, status: int, code: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["code"], body["success"], body["details"]) == (status, code, False, {})
    assert set(body) == {"success", "error", "code", "details"}
    assert (answer.headers.get("WWW-Authenticate") == "Bearer") == (status == 401)


def lasting(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All of an answer but what differs from one to the next anyway."""
    passing = ("date", "x-request-id")
    return (answer.status_code, answer.content, {n: v for n, v in answer.headers.items() if n not in passing})


def test_a_key_is_taken_in_either_header(door: Door) -> None:
    key, raw_key = door.key()
    for headers in (
        {"Authorization": f"Bearer {raw_key}"},
        {"Authorization": f"bearer   {raw_key}"},
        {"X-API-Key": raw_key},
        {"x-api-key": raw_key, "Authorization": f"Bearer {raw_key}"},
        {"X-API-Key": raw_key, "Authorization": "Basic dXNlcjpwYXNz"},
    ):
        answer = door.get(**headers)
        assert (answer.status_code, answer.json()) == (200, {"account": door.account_id, "key": key.id})


def test_a_caller_is_of_the_account_of_the_key(door: Door) -> None:
    other, raw_key, _ = door.store.accounts.create("Other", NOON)
    assert door.get(X_API_Key=raw_key).json()["account"] == other.id
    assert door.get(X_API_Key=door.raw_key).json()["account"] == door.account_id


STRANGE: dict[str, Headers] = {
    "nothing": [],
    "another scheme": [("Authorization", b"Basic dXNlcjpwYXNz")],
    "no scheme": [("Authorization", b"vs_live_x")],
    "a scheme and no key": [("Authorization", b"Bearer")],
    "an empty key": [("X-API-Key", b"")],
    "a text that is not ASCII": [("X-API-Key", "vs_live_schlüssel".encode())],
    "bytes of no text": [("X-API-Key", b"\xff\xfe\x80")],
    "a key of 513 characters": [("X-API-Key", b"k" * 513)],
    "a key of 60,000 characters": [("X-API-Key", b"k" * 60_000)],
    "two words": [("Authorization", b"Bearer vs_live_a vs_live_b")],
    "a tab": [("X-API-Key", b"vs_live_a\tb")],
    "an unknown key": [("X-API-Key", b"vs_live_unknown")],
    "a longest unknown key": [("X-API-Key", b"k" * 512)],
}


@pytest.mark.parametrize("name", STRANGE)
def test_who_brings_no_key_of_ours_is_a_stranger(door: Door, name: str) -> None:
    assert_refused(door.sent(STRANGE[name]), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("odd", [b"\x00", b"\x01", b"\x7f", b"\r", b"\x1b[0m"])
def test_control_characters_are_refused_and_harm_nobody(door: Door, odd: bytes) -> None:
    host, port = door.client.base_url.host, door.client.base_url.port or 80
    with socket.create_connection((host, port), 10) as connection:
        head = b"GET /api/read HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: "
        connection.sendall(head + door.raw_key.encode() + odd + b"x\r\n\r\n")
        answer = connection.recv(65536)
    assert answer.split(b" ", 2)[1] in (b"400", b"401")


def test_two_different_keys_at_once_are_refused_though_both_are_good(door: Door) -> None:
    one, other = door.raw_key.encode(), door.key()[1].encode()
    for headers in (
        [("Authorization", b"Bearer " + one), ("X-API-Key", other)],
        [("X-API-Key", one), ("X-API-Key", other)],
        [("Authorization", b"Bearer " + one), ("Authorization", b"Bearer " + other)],
    ):
        answer = door.sent(headers)
        assert_refused(answer, 401, "UNAUTHORIZED")
        assert "different" in answer.json()["error"]
    same: Headers = [("X-API-Key", one), ("X-API-Key", one)]
    with_an_empty_one: Headers = [("Authorization", b"Bearer " + one), ("X-API-Key", b"")]
    for headers in (same, with_an_empty_one):
        assert door.sent(headers).status_code == 200


def test_a_revoked_key_is_refused_from_the_next_request_on(door: Door) -> None:
    key, raw_key = door.key()
    assert door.get(X_API_Key=raw_key).status_code == 200
    door.store.keys.revoke(door.account_id, key.id, NOON)
    assert_refused(door.get(X_API_Key=raw_key), 401, "UNAUTHORIZED")
    assert door.get(X_API_Key=door.raw_key).status_code == 200


def test_unknown_revoked_and_malformed_keys_get_the_same_answer_for_the_same_work(door: Door) -> None:
    key, revoked = door.key()
    door.store.keys.revoke(door.account_id, key.id, NOON)
    answers, work = [], []
    for raw_key in (revoked, "vs_live_" + "x" * 43, "x", "k" * 513, "two words"):
        with counted(door.store) as sent:
            answers.append(lasting(door.get(X_API_Key=raw_key)))
        work.append(sent)
    assert answers == [answers[0]] * 5
    assert work == [work[0]] * 5
    assert len([text for text in work[0] if text.startswith("SELECT")]) == 1


def test_what_cannot_be_a_key_is_not_looked_up_itself() -> None:
    looked_up: list[str] = []
    with open_to(looked_up.append, Quota(None)) as client:
        for value in (b"", b"k" * 513, b"\xff", b"two words", b"one\ttwo", b"k" * 512):
            client.get("/api/read", headers=[(b"X-API-Key", value)])
        client.get("/api/read")
    assert len(looked_up) == 5, "all but the requests that brought none"
    assert looked_up[-1] == "k" * 512
    assert len(set(looked_up[:-1])) == 1


def test_a_lacking_scope_is_named(door: Door) -> None:
    reader, writer = door.key("sync:read")[1], door.key("sync:write")[1]
    assert door.client.get("/api/read", headers=bearer(reader)).status_code == 200
    assert door.client.post("/api/write", headers=bearer(writer)).status_code == 200
    for answer, lacking in (
        (door.client.post("/api/write", headers=bearer(reader)), "sync:write"),
        (door.client.get("/api/read", headers=bearer(writer)), "sync:read"),
    ):
        assert_refused(answer, 403, "FORBIDDEN")
        assert lacking in answer.json()["error"]


def test_who_used_up_the_quota_is_told_when_to_come_back(door: Door, redis_url: str) -> None:
    with broker.connect(redis_url) as server, open_to(door.callers.find, Quota(server, 3, patience=10)) as client:
        statuses = [client.get("/api/read", headers=bearer(door.raw_key)).status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        refused = client.post("/api/write", headers={"X-API-Key": door.raw_key})
        assert_refused(refused, 429, "RATE_LIMITED")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.headers["Retry-After"] in refused.json()["error"]
        assert client.get("/api/read", headers=bearer(door.key()[1])).status_code == 200, "a key of its own"


def test_key_and_scope_are_checked_before_the_quota_and_use_none_of_it(door: Door, redis_url: str) -> None:
    key, reader = door.key("sync:read")
    with broker.connect(redis_url) as server, open_to(door.callers.find, Quota(server, 1, patience=10)) as client:
        asked = [client.post("/api/write", headers=bearer(reader)).status_code for _ in range(3)]
        asked += [client.get("/api/read", headers=bearer(reader)).status_code for _ in range(2)]
        assert asked == [403, 403, 403, 200, 429]
        assert_refused(client.post("/api/write", headers=bearer(reader)), 403, "FORBIDDEN")
        door.store.keys.revoke(door.account_id, key.id, NOON)
        assert_refused(client.get("/api/read", headers=bearer(reader)), 401, "UNAUTHORIZED")
        assert_refused(client.get("/api/read", headers=bearer("vs_live_x")), 401, "UNAUTHORIZED")


def test_while_redis_is_away_requests_pass(door: Door, own_redis: RedisServer) -> None:
    with broker.connect_in_passing(own_redis.url) as server, open_to(door.callers.find, Quota(server, 1)) as client:
        own_redis.pause()
        began = time.monotonic()
        assert [client.get("/api/read", headers=bearer(door.raw_key)).status_code for _ in range(5)] == [200] * 5
        assert time.monotonic() - began < 2
        own_redis.resume()


def test_a_use_is_noted(door: Door) -> None:
    door.get(X_API_Key=door.raw_key)
    door.callers.flush(15)
    assert [key.last_used_at for key in door.store.keys.of(door.account_id)] == [NOON]


def test_while_the_store_is_away_nobody_is_judged() -> None:
    def away(_: str) -> ApiKey:
        raise StoreUnavailable("The database is away: no route")

    with open_to(away, Quota(None)) as client:
        answer = client.get("/api/read", headers=bearer("vs_live_x"))
    assert_refused(answer, 503, "UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_key_stands_in_no_line_of_the_log_and_in_no_answer(door: Door, written: io.StringIO) -> None:
    def broken(_: str) -> ApiKey:
        raise RuntimeError("a bug")

    odd = (b"", b"x", b"\xfc", b" y", b"k" * 512)
    said = [door.sent([("X-API-Key", door.raw_key.encode() + more)]).text for more in odd]
    said.append(door.client.post("/api/write", headers=bearer(door.key("sync:read")[1])).text)
    with open_to(broken, Quota(None)) as client:
        answer = client.get("/api/read", headers=bearer(door.raw_key))
    assert answer.status_code == 500
    log = written.getvalue()
    assert "a bug" in log
    for text in (*said, answer.text, log):
        assert door.raw_key not in text
        assert door.raw_key[12:] not in text


def test_a_look_up_that_hangs_holds_up_nobody_else() -> None:
    gate = threading.Event()

    def hanging(_: str) -> None:
        gate.wait(20)

    with open_to(hanging, Quota(None)) as client, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.get, "/api/read", headers=bearer("vs_live_x"))
        began = time.monotonic()
        assert client.get("/healthz").status_code == 200
        assert time.monotonic() - began < 5
        assert not asked.done()
        gate.set()
        assert asked.result().status_code == 401


def test_admission_runs_in_a_thread() -> None:
    assert not inspect.iscoroutinefunction(Doorkeeper(lambda _: None, Quota(None)).admit("sync:read"))


def test_a_scope_that_there_is_not_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError):
        Doorkeeper(lambda _: None, Quota(None)).admit("sync:everything")


def test_both_ways_to_bring_a_key_are_described(door: Door) -> None:
    described = door.client.get("/openapi.json").json()
    schemes = described["components"]["securitySchemes"]
    assert {(each["type"], each.get("scheme"), each.get("name")) for each in schemes.values()} == {
        ("http", "bearer", None),
        ("apiKey", None, "X-API-Key"),
    }
    for path, method in (("/api/read", "get"), ("/api/write", "post")):
        assert described["paths"][path][method]["security"] == [{name: []} for name in schemes]
    assert "security" not in described["paths"]["/healthz"]["get"]
