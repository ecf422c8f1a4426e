"""At most so many requests of a key in any minute; and while Redis is away, as many as come."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from tests.servers.redis import RedisServer
from tests.store.things import in_processes
from worker import broker
from worker.web import quota as module
from worker.web.quota import PER_MINUTE, Quota

KEY, OTHER = "key_0123456789abcdef", "key_fedcba9876543210"
FIRST = 0.25
"""Seconds that the first request may be held up."""
SLACK = 0.15
"""Seconds that a busy machine may add."""

MANY = """
import sys
from worker import broker
from worker.web.quota import Quota
with broker.connect(sys.argv[1]) as client:
    quota = Quota(client, patience=10)
    print(sum(quota.take(sys.argv[2]) == 0 for _ in range(450)))
"""


@contextmanager
def counting(url: str, per_minute: int = PER_MINUTE, *, minute: int = 60) -> Iterator[Quota]:
    """A quota that waits for its answer however busy the machine is."""
    with broker.connect(url) as client:
        yield Quota(client, per_minute, minute=minute, patience=10)


@contextmanager
def passing(url: str, per_minute: int = PER_MINUTE) -> Iterator[Quota]:
    """A quota as the service has it."""
    with broker.connect_in_passing(url) as client:
        yield Quota(client, per_minute)


@contextmanager
def took_at_most(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.fixture
def soon_back(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(module, "AWAY", 0.4)
    return 0.5


def test_of_many_threads_exactly_six_hundred_requests_pass(redis_url: str) -> None:
    with counting(redis_url) as quota, ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: quota.take(KEY), range(800)))
        assert waits.count(0) == PER_MINUTE == 600
        assert all(1 <= wait <= 60 for wait in waits if wait)
        assert max(waits) > 30, "there is room when the first of them leaves the window"


def test_the_six_hundred_and_first_is_refused(redis_url: str) -> None:
    with counting(redis_url) as quota:
        assert not any(quota.take(KEY) for _ in range(600))
        assert quota.take(KEY) > 0


def test_two_keys_do_not_count_for_each_other(redis_url: str) -> None:
    with counting(redis_url, 2) as quota:
        assert [bool(quota.take(KEY)) for _ in range(3)] == [False, False, True]
        assert [bool(quota.take(OTHER)) for _ in range(3)] == [False, False, True]


def test_two_processes_share_one_quota(own_redis: RedisServer) -> None:
    passed = in_processes(MANY, [[own_redis.url, KEY]] * 2)
    assert sum(map(int, passed)) == 600
    with counting(own_redis.url) as third:
        assert third.take(KEY) > 0


def test_who_waits_as_long_as_told_gets_in(redis_url: str) -> None:
    with counting(redis_url, 2, minute=3) as quota:
        assert quota.take(KEY) == 0
        time.sleep(1.5)
        assert quota.take(KEY) == 0
        wait = quota.take(KEY)
        assert wait == 2
        time.sleep(wait)
        assert quota.take(KEY) == 0
        assert quota.take(KEY) > 0, "only the oldest has left the window"


def test_who_keeps_knocking_gets_in_as_soon_as_anybody(redis_url: str) -> None:
    with counting(redis_url, 3, minute=2) as quota:
        began = time.monotonic()
        let_in: list[float] = []
        while time.monotonic() - began < 5:
            if quota.take(KEY) == 0:
                let_in.append(time.monotonic())
            time.sleep(0.01)
    assert len(let_in) == 9, "three at 0 s, three at 2 s, three at 4 s"
    assert all(fourth - first > 1.99 for first, fourth in zip(let_in, let_in[3:], strict=False))


def test_what_is_kept_names_the_key_and_goes_by_itself(redis_url: str) -> None:
    with counting(redis_url) as quota, broker.connect(redis_url) as client:
        quota.take(KEY)
        (name,) = client.keys("*")  # type: ignore[misc]
        assert name.startswith("visit-sync:quota:")
        assert KEY in name
        assert 0 < int(str(client.ttl(name))) <= 60


def test_without_redis_everything_passes() -> None:
    quota = Quota(None, 1)
    assert [quota.take(KEY) for _ in range(100)] == [0] * 100


@pytest.mark.parametrize("asked_before", [False, True], ids=["never asked", "asked before"])
@pytest.mark.parametrize("trouble", ["stop", "pause"])
def test_while_redis_does_not_answer_requests_pass_without_delay_and_one_line_says_so(
    own_redis: RedisServer, trouble: str, asked_before: bool
) -> None:
    with passing(own_redis.url, 1) as quota, capture_logs() as written:
        if asked_before:
            assert [quota.take(KEY) > 0 for _ in range(2)] == [False, True]
        getattr(own_redis, trouble)()
        with took_at_most(FIRST + SLACK):
            assert quota.take(KEY) == 0
        with took_at_most(SLACK):
            assert [quota.take(KEY) for _ in range(1000)] == [0] * 1000
        own_redis.resume() if trouble == "pause" else None
    assert [line["event"] for line in written] == ["quota.not_counted"]
    assert written[0]["log_level"] == "warning"
    assert "exc_info" not in written[0]


def test_of_many_requests_at_once_none_is_held_up_longer_than_the_first(own_redis: RedisServer) -> None:
    own_redis.pause()
    with passing(own_redis.url) as quota, capture_logs() as written, ThreadPoolExecutor(40) as pool:
        with took_at_most(FIRST + 2 * SLACK):
            assert list(pool.map(quota.take, [KEY] * 40)) == [0] * 40
        own_redis.resume()
    assert len(written) == 1


@pytest.mark.parametrize("trouble", ["stop", "pause"])
def test_when_redis_is_back_requests_are_counted_again(own_redis: RedisServer, trouble: str, soon_back: float) -> None:
    with passing(own_redis.url, 3) as quota:
        quota.take(KEY)
        getattr(own_redis, trouble)()
        assert quota.take(KEY) == 0
        own_redis.start() if trouble == "stop" else own_redis.resume()
        time.sleep(soon_back)
        deadline = time.monotonic() + 10
        while quota.take(KEY) == 0:
            assert time.monotonic() < deadline, "nothing is counted any more"
            time.sleep(0.02)
        assert [quota.take(KEY) > 0 for _ in range(20)] == [True] * 20


def test_a_long_silence_is_asked_after_and_told_once_a_period(own_redis: RedisServer, soon_back: float) -> None:
    own_redis.pause()
    with passing(own_redis.url) as quota, capture_logs() as written, ThreadPoolExecutor(8) as pool:
        for period in (1, 2, 3):
            with took_at_most(FIRST + SLACK):
                list(pool.map(quota.take, [KEY] * 8))
            assert len(written) == period
            time.sleep(soon_back)
        own_redis.resume()


def test_after_a_silence_one_request_finds_out_for_all(own_redis: RedisServer, soon_back: float) -> None:
    def seconds(_: int) -> float:
        began = time.monotonic()
        quota.take(KEY)
        return time.monotonic() - began

    own_redis.pause()
    with passing(own_redis.url) as quota, ThreadPoolExecutor(8) as pool:
        quota.take(KEY)
        time.sleep(soon_back)
        longest, *others = sorted(pool.map(seconds, range(8)), reverse=True)
        own_redis.resume()
    assert longest > 0.15
    assert max(others) < 0.15


def test_a_redis_that_is_slow_with_every_word_holds_nobody_up(own_redis: RedisServer) -> None:
    class Slowly(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", urlsplit(own_redis.url).port or 0)) as real:
                while said := self.request.recv(65536):
                    real.sendall(said)
                    answer = real.recv(65536)
                    time.sleep(0.15)
                    self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slowly) as server, capture_logs() as written:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with passing(f"redis://127.0.0.1:{server.server_address[1]}/3") as quota:
            with took_at_most(FIRST + SLACK):
                assert quota.take(KEY) == 0
            with took_at_most(SLACK):
                assert quota.take(KEY) == 0
        server.shutdown()
    assert [line["reason"] for line in written] == ["TimeoutError"]


def test_a_name_that_nobody_resolves_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(*_: object, **__: object) -> list[object]:
        time.sleep(1)
        raise socket.gaierror("nobody knows")

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    with passing("redis://redis.example:6379/0") as quota, took_at_most(FIRST + SLACK):
        assert quota.take(KEY) == 0


def test_a_redis_that_refuses_to_count_is_as_good_as_none(own_redis: RedisServer) -> None:
    with broker.connect(own_redis.url) as admin:
        admin.acl_setuser("guest", enabled=True, nopass=True, categories=["+@all"], commands=["-evalsha"], keys=["*"])
    with passing(own_redis.url.replace("redis://", "redis://guest:x@"), 1) as quota, capture_logs() as written:
        assert [quota.take(KEY) for _ in range(5)] == [0] * 5
    assert [line["reason"] for line in written] == ["NoPermissionError"]


def test_something_that_is_no_redis_is_as_good_as_none() -> None:
    class Chatter(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(65536):
                self.request.sendall(b"+OK\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Chatter) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with passing(f"redis://127.0.0.1:{server.server_address[1]}/0", 1) as quota:
            assert [quota.take(KEY) for _ in range(5)] == [0] * 5
        server.shutdown()
