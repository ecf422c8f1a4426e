"""Slots on a real server, and without one."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis

from tests.servers.redis import RedisServer
from worker.core.errors import RateLimited
from worker.http.slots import Slots

NAME = "outlook:tech1@example.com"


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(params=["redis", "local"])
def server(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue("client") if request.param == "redis" else None


def is_free(slots: Slots, count: int) -> bool:
    try:
        with slots.held(NAME, count, 4):
            return True
    except RateLimited:
        return False


def test_no_more_are_held_than_there_are_and_what_is_given_back_is_free(server: Any) -> None:
    slots = Slots(server, patience=0)
    with slots.held(NAME, 1, 4), slots.held(NAME, 2, 4):
        assert is_free(slots, 1)
        assert not is_free(slots, 2)
    assert is_free(slots, 4)


def test_all_are_taken_or_none(server: Any) -> None:
    slots = Slots(server, patience=0)
    with slots.held(NAME, 1, 4):
        assert not is_free(slots, 4)
        assert is_free(slots, 3), "nothing is left of what was not given"


def test_other_names_have_slots_of_their_own(server: Any) -> None:
    slots = Slots(server, patience=0)
    with slots.held("outlook:tech2@example.com", 4, 4):
        assert is_free(slots, 4)


def test_slots_are_given_back_also_where_the_block_fails(server: Any) -> None:
    slots = Slots(server, patience=0)
    with pytest.raises(ValueError, match="oh"), slots.held(NAME, 4, 4):
        raise ValueError("oh")
    assert is_free(slots, 4)


def test_who_waits_long_enough_gets_a_turn_and_who_does_not_is_told_to_come_back(server: Any) -> None:
    slots = Slots(server, patience=5)
    leave = threading.Event()

    def hold() -> None:
        with slots.held(NAME, 4, 4):
            leave.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    while is_free(Slots(server, patience=0), 4) and server is not None:
        time.sleep(0.01)
    threading.Timer(0.2, leave.set).start()
    with slots.held(NAME, 4, 4):
        pass
    holder.join()
    with slots.held(NAME, 4, 4), pytest.raises(RateLimited) as told:
        slots._patience = 0.05
        with slots.held(NAME, 1, 4):
            pass
    assert told.value.retry_after


def test_what_a_dead_worker_held_comes_free_by_itself(server: Any) -> None:
    dead = Slots(server, lease=0.2)
    with ExitStack() as never_left:
        never_left.enter_context(dead.held(NAME, 4, 4))
        assert not is_free(dead_or_not(server, dead, patience=0), 1)
        time.sleep(0.25)
        assert is_free(dead_or_not(server, dead, patience=0), 4)


def dead_or_not(server: Any, dead: Slots, *, patience: float) -> Slots:
    """Another worker where there is a server; without one, only the same process knows of the slots."""
    if server is not None:
        return Slots(server, patience=patience)
    dead._patience = patience
    return dead


def test_workers_share_them(client: "redis.Redis") -> None:
    one, other = Slots(client, patience=0), Slots(client, patience=0)
    with one.held(NAME, 3, 4):
        assert not is_free(other, 2)
        assert is_free(other, 1)


def test_names_are_not_written_down_and_nothing_is_left_behind(client: "redis.Redis") -> None:
    with Slots(client).held(NAME, 2, 4):
        [key] = client.keys("*")
        assert b"tech1" not in key
        assert 0 < client.pttl(key) <= 90_000
    assert client.keys("*") == []


def test_while_redis_is_away_a_process_counts_for_itself(own_redis: RedisServer) -> None:
    with redis.Redis.from_url(own_redis.url, socket_timeout=0.5) as client:
        slots = Slots(client, patience=0)
        with slots.held(NAME, 4, 4):
            own_redis.kill()
        with slots.held(NAME, 3, 4):
            assert not is_free(slots, 2)
            assert is_free(slots, 1)
        assert is_free(slots, 4)


def test_a_crowd_is_never_more_than_there_are_slots(server: Any) -> None:
    slots, lock, inside, most = Slots(server), threading.Lock(), [0], [0]

    def work(count: int) -> None:
        for _ in range(5):
            with slots.held(NAME, count, 4):
                with lock:
                    inside[0] += count
                    most[0] = max(most[0], inside[0])
                time.sleep(0.002)
                with lock:
                    inside[0] -= count

    crowd = [threading.Thread(target=work, args=(count,)) for count in (1, 1, 2, 4)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert (inside, most) == ([0], [4])
