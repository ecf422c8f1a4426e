"""`POST /webhooks/fieldcamp/{account_id}` over real HTTP (contract §4.5)."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.house import ACCOUNT, FakeHouse, envelope, served, signature
from worker.core.errors import Invalid, Transient
from worker.web.app import make_web
from worker.web.bodies import Limits

LIMIT = 1024 * 1024
PATH = f"/webhooks/fieldcamp/{ACCOUNT}"


class Door:
    """The served app, its house and a client that signs."""

    def __init__(self, house: FakeHouse, url: str, client: httpx.Client) -> None:
        self.house, self.url, self.client = house, url, client
        self.rung: list[frozenset[str]] = []

    def post(self, body: bytes, *, path: str = PATH, **headers: str) -> httpx.Response:
        sent = {"X-FieldCamp-Signature": signature(body), **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.client.post(self.url + path, content=body, headers=sent)

    def raw(self, request: bytes, *, seconds: float = 10) -> bytes:
        host, port = self.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), seconds) as connection:
            connection.sendall(request)
            answer = b""
            while part := connection.recv(65536):
                answer += part
            return answer


@pytest.fixture
def door() -> Iterator[Door]:
    house = FakeHouse()
    rung: list[frozenset[str]] = []
    app = make_web(house, ring=rung.append, limits=Limits(body_seconds=1.0, store_seconds=1.0))
    with served(app) as url, httpx.Client(timeout=30) as client:
        door = Door(house, url, client)
        door.rung = rung
        yield door


def assert_refused(answer: httpx.Response, status: int, code: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["code"], body["success"]) == (status, code, False)
    assert set(body) == {"success", "error", "code", "details"}
    assert body["error"]


def test_an_event_is_answered_after_it_is_stored(door: Door) -> None:
    answer = door.post(envelope("evt_1"))
    assert answer.status_code == 202
    assert answer.json() == {"received": True, "event_id": "evt_1", "duplicate": False}
    assert [event.event_id for event in door.house.stored] == ["evt_1"]


def test_the_same_event_again_is_a_duplicate_and_does_nothing(door: Door) -> None:
    door.post(envelope("evt_1"))
    answer = door.post(envelope("evt_1"))
    assert (answer.status_code, answer.json()["duplicate"]) == (202, True)
    assert len(door.house.stored) == 1


def test_an_unknown_account_looks_just_like_a_wrong_signature(door: Door) -> None:
    wrong = door.post(envelope("evt_1"), X_FieldCamp_Signature="0" * 64)
    unknown = door.post(envelope("evt_1"), path="/webhooks/fieldcamp/acc_2")
    odd = door.post(envelope("evt_1"), path="/webhooks/fieldcamp/%00%ff")
    for answer in (wrong, unknown, odd):
        assert_refused(answer, 401, "UNAUTHORIZED")
        assert answer.content == wrong.content
        assert set(answer.headers) == set(wrong.headers)
    assert door.house.stored == []


def test_who_signed_nothing_is_told_nothing_about_the_body(door: Door) -> None:
    assert_refused(door.post(b"no json", X_FieldCamp_Signature=""), 401, "UNAUTHORIZED")


BAD_BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"id": "\xff"}',
    "UTF-16": envelope("evt_1").decode().encode("utf-16"),
    "two things": envelope("evt_1") + b"{}",
    "a list": b"[]",
    "no id": b'{"type": "visit.updated"}',
    "a key twice": b'{"id": "evt_1", "type": "visit.updated", "id": "evt_2"}',
    "NaN": b'{"id": "evt_1", "type": "visit.updated", "data": NaN}',
    "infinity": b'{"id": "evt_1", "type": "visit.updated", "data": -Infinity}',
    "a boundless number": b'{"id": "evt_1", "type": "visit.updated", "data": 1e999}',
    "endless digits": b'{"id": "evt_1", "type": "visit.updated", "data": ' + b"9" * 5000 + b"}",
    "half a character": b'{"id": "evt_1", "type": "visit.updated", "data": "\\ud800"}',
    "deep lists": b'{"id": "evt_1", "type": "visit.updated", "data": ' + b"[" * 100 + b"]" * 100 + b"}",
    "bottomless lists": b"[" * 200_000,
    "bottomless objects": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_what_is_no_event_is_refused_and_not_stored(door: Door, name: str) -> None:
    answer = door.post(BAD_BODIES[name])
    assert_refused(answer, 400, "VALIDATION_ERROR")
    assert answer.json()["details"]
    assert door.house.stored == []


def test_a_body_of_the_limit_passes_and_one_byte_more_does_not(door: Door) -> None:
    room = LIMIT - len(envelope("evt_1", pad=""))
    assert door.post(envelope("evt_1", pad="x" * room)).status_code == 202
    assert_refused(door.post(envelope("evt_2", pad="x" * (room + 1))), 413, "PAYLOAD_TOO_LARGE")
    assert len(door.house.stored) == 1


def test_a_large_body_in_chunks_without_a_length_is_refused_too(door: Door) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(32):
            yield b"x" * 65536

    assert_refused(door.client.post(door.url + PATH, content=chunks()), 413, "PAYLOAD_TOO_LARGE")


def test_an_event_in_chunks_is_taken(door: Door) -> None:
    body = envelope("evt_1")
    pieces = (body[at : at + 10] for at in range(0, len(body), 10))
    headers = {"X-FieldCamp-Signature": signature(body)}
    assert door.client.post(door.url + PATH, content=pieces, headers=headers).status_code == 202


def test_a_body_that_says_it_is_huge_is_refused_unread(door: Door) -> None:
    huge = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {1024 * LIMIT}\r\n\r\n".encode()
    assert b" 413 " in door.raw(huge, seconds=2).split(b"\r\n")[0]


def test_a_body_without_end_is_cut_off(door: Door) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 1024 * LIMIT:
            sent += 65536
            yield b"x" * 65536

    with contextlib.suppress(httpx.WriteError, httpx.ReadError):  # cut off while it was still sending
        assert_refused(door.client.post(door.url + PATH, content=endless()), 413, "PAYLOAD_TOO_LARGE")
    assert sent < 64 * LIMIT


def test_a_slow_body_is_taken_and_one_that_never_ends_is_given_up(door: Door) -> None:
    body = envelope("evt_1")

    def slowly(pause: float) -> Iterator[bytes]:
        for at in range(0, len(body), 40):
            time.sleep(pause)
            yield body[at : at + 40]

    headers = {"X-FieldCamp-Signature": signature(body), "Content-Length": str(len(body))}
    assert door.client.post(door.url + PATH, content=slowly(0.05), headers=headers).status_code == 202
    stuck = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode()
    assert b" 408 " in door.raw(stuck).split(b"\r\n")[0]


def test_a_client_that_hangs_up_harms_nobody(door: Door) -> None:
    host, port = door.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode())
    assert door.post(envelope("evt_1")).status_code == 202


def test_while_the_store_is_away_nothing_is_accepted(door: Door) -> None:
    door.house.trouble = Transient("the database is away", retry_after=7.2)
    answer = door.post(envelope("evt_1"))
    assert_refused(answer, 503, "UNAVAILABLE")
    assert answer.headers["Retry-After"] == "8"
    door.house.trouble = None
    assert door.post(envelope("evt_1")).json()["duplicate"] is False


def test_a_stuck_writer_is_answered_for_in_time(door: Door) -> None:
    door.house.gate = threading.Event()
    began = time.monotonic()
    answer = door.post(envelope("evt_1"))
    assert_refused(answer, 503, "UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) > 0
    assert time.monotonic() - began < 5
    door.house.gate.set()


def test_a_bug_in_the_store_is_a_500_that_tells_nothing(door: Door) -> None:
    door.house.trouble = RuntimeError("secret of the house")
    answer = door.post(envelope("evt_1"))
    assert_refused(answer, 500, "INTERNAL_ERROR")
    assert "secret" not in answer.text
    door.house.trouble = None
    assert door.post(envelope("evt_2")).status_code == 202


def test_hundreds_at_once_share_transactions_and_are_each_answered_right(door: Door) -> None:
    door.house.commit_seconds = 0.02
    limits = httpx.Limits(max_connections=200)
    with httpx.Client(timeout=30, limits=limits) as client, ThreadPoolExecutor(50) as pool:
        door.client = client
        answers = list(pool.map(lambda n: door.post(envelope(f"evt_{n % 150}")), range(200)))
    assert {answer.status_code for answer in answers} == {202}
    assert sum(not answer.json()["duplicate"] for answer in answers) == 150
    assert [answer.json()["event_id"] for answer in answers] == [f"evt_{n % 150}" for n in range(200)]
    assert len(door.house.stored) == 150
    assert len(door.house.batches) < 100
    assert max(door.house.batches) > 1


def test_one_event_that_cannot_be_stored_fails_alone(door: Door) -> None:
    door.house.gate = threading.Event()
    door.house.poison = {"evt_3": RuntimeError("unstorable"), "evt_5": Invalid("no such account")}
    with ThreadPoolExecutor(9) as pool:
        answers = [pool.submit(door.post, envelope(f"evt_{n}")) for n in range(9)]
        time.sleep(0.3)
        door.house.gate.set()
        statuses = [answer.result().status_code for answer in answers]
    assert statuses == [202, 202, 202, 500, 202, 400, 202, 202, 202]
    assert len(door.house.stored) == 7


def test_the_accounts_of_new_events_are_rung_after_the_answer(door: Door) -> None:
    door.post(envelope("evt_1"))
    deadline = time.monotonic() + 2
    while not door.rung and time.monotonic() < deadline:
        time.sleep(0.01)
    door.post(envelope("evt_1"))
    time.sleep(0.1)
    assert door.rung == [frozenset({ACCOUNT})]


def test_a_stop_answers_what_was_taken() -> None:
    house = FakeHouse(commit_seconds=0.3)
    with httpx.Client(timeout=10) as client, ThreadPoolExecutor(5) as pool:
        with served(make_web(house)) as url:
            door = Door(house, url, client)
            answers = [pool.submit(door.post, envelope(f"evt_{n}")) for n in range(5)]
            time.sleep(0.2)
        assert [answer.result().status_code for answer in answers] == [202] * 5
    assert len(house.stored) == 5


@pytest.fixture(scope="module")
def standing_door() -> Iterator[Door]:
    house = FakeHouse()
    with served(make_web(house)) as url, httpx.Client(timeout=30) as client:
        yield Door(house, url, client)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ids = json_values | st.just("evt_1")
types = json_values | st.just("visit.updated")
events = st.fixed_dictionaries({}, optional={"id": ids, "type": types, "data": json_values})
bodies = st.binary(max_size=300) | events.map(lambda value: json.dumps(value).encode())
header_values = st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_categories=["Cc"]), max_size=80)
header_names = st.sampled_from(
    ["X-FieldCamp-Signature", "webhook-id", "webhook-timestamp", "webhook-signature", "Content-Type", "X-Request-Id"]
)


paths = st.sampled_from([PATH, PATH + "x"])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    bodies, st.dictionaries(header_names, header_values, max_size=3), st.booleans(), st.sampled_from([PATH, PATH + "x"])
)
def test_whatever_comes_nothing_is_stored_but_what_was_accepted(
    standing_door: Door, body: bytes, headers: dict[str, str], signed: bool, path: str
) -> None:
    before = len(standing_door.house.stored)
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    if signed:
        sent["X-FieldCamp-Signature"] = signature(body).encode()
    answer = standing_door.client.post(standing_door.url + path, content=body, headers=sent)
    assert answer.status_code in (202, 400, 401, 413)
    assert answer.headers["X-Request-Id"]
    stored = len(standing_door.house.stored) - before
    if answer.status_code == 202:
        assert stored == int(not answer.json()["duplicate"])
    else:
        assert stored == 0
        assert answer.json()["success"] is False
