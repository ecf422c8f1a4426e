"""The servers as fixtures: `pytest_plugins = ["tests.servers.fixtures"]` in the conftest brings them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from tests.servers.redis import RedisServer


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One server for the whole session: for who neither stops it nor minds what others left in it."""
    server = RedisServer().start()
    yield server
    server.close()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A server of the test's own, on TCP, to stop, empty or freeze."""
    server = RedisServer(port=0).start()
    yield server
    server.close()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The session's server, emptied."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url
