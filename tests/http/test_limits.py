"""Token buckets on a real server, and without one."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from tests.servers.redis import RedisServer
from worker.core.errors import RateLimited
from worker.http.limits import Bucket, Limits

USER, PROJECT = Bucket("google:user:tech1@example.com", 600), Bucket("google:project:1", 10_000)
TINY = Bucket("tiny", 40)
"""Ten at once, and one in two seconds."""


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(params=["redis", "local"])
def limits(request: pytest.FixtureRequest) -> Limits:
    return Limits(request.getfixturevalue("client") if request.param == "redis" else None)


def test_what_is_there_is_taken_at_once_and_then_one_has_to_wait(limits: Limits) -> None:
    assert [limits.take([TINY], 5), limits.take([TINY], 5)] == [0, 0]
    assert 1.8 < limits.take([TINY], 1) <= 2
    assert 9.5 < limits.take([TINY], 5) <= 10


def test_all_buckets_are_taken_from_or_none(limits: Limits) -> None:
    limits.take([TINY], 10)
    assert limits.take([USER, TINY], 5) > 0
    assert limits.take([TINY, USER], 5) > 0
    assert limits.take([USER], 150) == 0, "nothing was taken from the other one meanwhile"


def test_more_than_a_bucket_holds_is_given_when_it_is_full_and_leaves_a_debt(limits: Limits) -> None:
    assert limits.take([TINY], 20) == 0
    assert 21 < limits.take([TINY], 1) <= 22


def test_what_flows_in_can_be_taken(limits: Limits) -> None:
    fast = Bucket("fast", 4000)
    assert limits.take([fast], 1000) == 0
    assert limits.take([fast], 5) > 0
    time.sleep(0.15)
    assert limits.take([fast], 5) == 0


def test_a_sliding_minute_never_holds_more_than_the_limit() -> None:
    assert USER.capacity + 60 * USER.refill == USER.per_minute


def test_a_pause_holds_for_everybody_who_shares_the_bucket(limits: Limits) -> None:
    limits.pause(TINY.name, 0.3)
    limits.pause(TINY.name, 0.1)
    assert 0.2 < limits.take([TINY, USER], 1) <= 0.3
    assert limits.take([USER], 1) == 0
    time.sleep(0.31)
    assert limits.take([TINY, USER], 1) == 0


def test_one_who_can_wait_gets_it(limits: Limits) -> None:
    limits.pause(TINY.name, 0.2)
    begun = time.monotonic()
    limits.acquire([TINY], 1)
    assert 0.15 < time.monotonic() - begun < 1


def test_one_who_would_wait_too_long_is_told_at_once(limits: Limits) -> None:
    limits.take([TINY], 20)
    begun = time.monotonic()
    with pytest.raises(RateLimited) as caught:
        limits.acquire([TINY], 1, deadline=5)
    assert time.monotonic() - begun < 1
    assert caught.value.retry_after is not None
    assert 20 < caught.value.retry_after <= 22


def test_many_workers_together_take_no_more_than_there_is(redis_url: str) -> None:
    def worker(_: int) -> int:
        with redis.Redis.from_url(redis_url) as own:
            limits = Limits(own)
            return sum(limits.take([USER, PROJECT], 1) == 0 for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(worker, range(8)))
    assert 150 <= taken <= 165, "a quarter of 600, and what flowed in meanwhile"


def test_keys_say_nothing_about_people_and_expire(client: "redis.Redis") -> None:
    limits = Limits(client)
    limits.take([USER, PROJECT], 1)
    limits.pause("somebody@example.com", 5)
    keys = [key.decode() for key in client.keys("*")]  # type: ignore[union-attr]
    assert len(keys) == 3
    assert all(key.startswith("visit-sync:{limits}:") and "@" not in key and "example" not in key for key in keys)
    assert all(0 < int(str(client.ttl(key))) <= 7200 for key in keys)


def test_the_answer_of_a_client_that_decodes_is_understood(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as decoding:
        assert Limits(decoding).take([TINY], 20) == 0
        assert Limits(decoding).take([TINY], 1) > 0


def test_while_redis_is_away_requests_pass_and_are_counted_here(own_redis: RedisServer) -> None:
    with redis.Redis.from_url(own_redis.url, socket_timeout=0.5, retry_on_timeout=False) as client:
        limits = Limits(client)
        assert limits.take([TINY], 10) == 0
        own_redis.stop()
        assert limits.take([TINY], 10) == 0
        assert limits.take([TINY], 10) > 0
        limits.pause(USER.name, 9)
        assert limits.take([USER], 1) > 8


def test_a_frozen_redis_holds_nobody_up(own_redis: RedisServer) -> None:
    with redis.Redis.from_url(own_redis.url, socket_timeout=0.2, retry=None) as client:
        limits = Limits(client)
        limits.take([TINY], 1)
        own_redis.pause()
        begun = time.monotonic()
        assert [limits.take([TINY], 1) for _ in range(5)] == [0] * 5
        assert time.monotonic() - begun < 2
        own_redis.resume()


def test_threads_of_one_process_share_what_is_kept_here() -> None:
    limits, barrier = Limits(), threading.Barrier(8)

    def worker(_: int) -> int:
        barrier.wait()
        return sum(limits.take([USER], 1) == 0 for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert 150 <= sum(pool.map(worker, range(8))) <= 155
