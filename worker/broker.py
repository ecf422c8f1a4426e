"""The Redis side: how its clients connect, and what is asked of the server."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import redis
import structlog
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from worker.core.errors import Invalid

VISIBILITY_TIMEOUT = 7200
"""Seconds, above the hard time limit of a task. The shortest on a broker wins, so all our apps take this one."""

ONCE_MORE = Retry(NoBackoff(), 1)
"""A pooled connection may have died unseen; whoever fails on a fresh one as well is told so."""

log = structlog.get_logger(__name__)


def client_url(url: str) -> str:
    """The URL as redis-py spells it: ``redis+socket:///path?virtual_host=1`` is ``unix:///path?db=1``."""
    return _respelled(url, "redis+socket", "unix", "virtual_host", "db")


def celery_url(url: str) -> str:
    """The URL as Celery spells it: ``unix:///path?db=1`` is ``redis+socket:///path?virtual_host=1``."""
    return _respelled(url, "unix", "redis+socket", "db", "virtual_host")


def _respelled(url: str, scheme: str, new_scheme: str, number: str, new_number: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != scheme:
        return url
    query = urlencode([(new_number if name == number else name, value) for name, value in parse_qsl(parts.query)])
    # Put together by hand: urlunsplit drops the empty host of a scheme that it does not know.
    return f"{new_scheme}://{parts.netloc}{parts.path}" + (f"?{query}" if query else "")


def connect(url: str) -> "redis.Redis":
    """A client for any URL that ``REDIS_URL`` takes: text in, text out; safe for threads; no call waits for ever."""
    over_tcp = {} if urlsplit(client_url(url)).scheme == "unix" else {"socket_keepalive": True}
    return redis.Redis.from_url(
        client_url(url),
        decode_responses=True,
        socket_timeout=5,
        socket_connect_timeout=3,
        health_check_interval=30,
        retry=ONCE_MORE,
        **over_tcp,
    )


def connect_in_passing(url: str) -> "redis.Redis":
    """A client as ``connect`` makes it, for callers that go on without an answer: they wait 0.2 s, and ask once."""
    return redis.Redis.from_url(
        client_url(url),
        decode_responses=True,
        socket_timeout=0.2,
        socket_connect_timeout=0.2,
        retry=Retry(NoBackoff(), 0),
    )


def check_policy(client: "redis.Redis") -> None:
    """Raises Invalid where the server may throw queues away to make room: a queue is one key, and goes at once.

    A server that does not answer, or does not tell, is warned of and no more: being away never stops us.
    """
    try:
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
    except RedisError as error:
        log.warning(
            "redis.policy_unknown", reason=type(error).__name__, remedy="see that maxmemory-policy is noeviction"
        )
        return
    if policy not in (None, "noeviction"):
        message = f"REDIS_URL names a server with maxmemory-policy {policy}, which drops queues; set it to noeviction"
        raise Invalid(message, {"REDIS_URL": "must name a server with maxmemory-policy noeviction"})


def worker_options() -> Mapping[str, Any]:
    """Transport options for who consumes: it waits and comes back, however long the broker is away."""
    return {
        "visibility_timeout": VISIBILITY_TIMEOUT,
        # A dead worker's messages come back within 10 s of the time-out instead of 100 s.
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        # Without time-outs a half-open connection hangs a worker for ever; with these it is back in 10 s, nothing lost.
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 5,
        "retry_on_timeout": True,
    }


def publisher_options() -> Mapping[str, Any]:
    """Transport options for who only rings: it gives up within two seconds, because the sweep rings again."""
    return {
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "socket_timeout": 1,
        "socket_connect_timeout": 0.5,
        "socket_keepalive": True,
        # Any option at all makes a refused connection wait six seconds unless these are set too.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.2,
    }
