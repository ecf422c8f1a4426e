"""How Redis is reached, and what is asked of it."""

from __future__ import annotations

import time

import pytest
import redis
from kombu import Connection
from kombu.exceptions import OperationalError
from structlog.testing import capture_logs

from tests.servers.redis import RedisServer
from worker import broker
from worker.core.errors import Invalid

SPELLINGS = [
    ("redis://h:1/2", "redis://h:1/2"),
    ("rediss://h/0?ssl_cert_reqs=required", "rediss://h/0?ssl_cert_reqs=required"),
    ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
    ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
    ("unix://:pass@/run/redis.sock", "redis+socket://:pass@/run/redis.sock"),
]


@pytest.mark.parametrize(("client", "celery"), SPELLINGS)
def test_either_side_gets_its_own_spelling(client: str, celery: str) -> None:
    for given in (client, celery):
        assert broker.client_url(given) == client
        assert broker.celery_url(given) == celery


def test_a_socket_is_reached_under_both_names(redis_server: RedisServer) -> None:
    for url in (redis_server.url, redis_server.broker_url):
        with broker.connect(url) as client:
            assert client.echo("hello") == "hello"


def test_both_spellings_mean_the_same_database(redis_server: RedisServer) -> None:
    with broker.connect(f"{redis_server.url}?db=5") as client:
        client.set("here", "yes")
        with broker.connect(f"{redis_server.broker_url}?virtual_host=5") as other:
            assert other.get("here") == "yes"
        client.flushdb()


def test_a_server_that_evicts_is_refused(own_redis: RedisServer) -> None:
    with broker.connect(own_redis.url) as client:
        broker.check_policy(client)
        client.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(Invalid, match="REDIS_URL names a server with maxmemory-policy allkeys-lru") as refusal:
            broker.check_policy(client)
        assert "\n" not in refusal.value.message


def test_who_may_not_ask_is_only_warned(own_redis: RedisServer) -> None:
    with broker.connect(own_redis.url) as admin:
        admin.acl_setuser("guest", enabled=True, nopass=True, categories=["+@all"], commands=["-config"], keys=["*"])
    with broker.connect(own_redis.url.replace("redis://", "redis://guest:x@")) as guest, capture_logs() as written:
        broker.check_policy(guest)
    assert [line["event"] for line in written] == ["redis.policy_unknown"]


def test_a_server_that_is_away_is_only_warned_of(own_redis: RedisServer) -> None:
    own_redis.stop()
    with broker.connect(own_redis.url) as client:
        broker.check_policy(client)


def test_a_frozen_server_holds_no_client_for_ever(own_redis: RedisServer) -> None:
    own_redis.pause()
    with Connection(own_redis.url, transport_options=dict(broker.publisher_options())) as connection:
        began = time.monotonic()
        with pytest.raises((OperationalError, redis.exceptions.TimeoutError)):
            connection.default_channel.client.ping()
        assert time.monotonic() - began < 5
    own_redis.resume()


def test_everybody_takes_the_same_visibility_timeout() -> None:
    # The shortest of all apps on a broker wins, and gives away what others still work on.
    worker, publisher = broker.worker_options(), broker.publisher_options()
    assert worker["visibility_timeout"] == publisher["visibility_timeout"] > 3600
