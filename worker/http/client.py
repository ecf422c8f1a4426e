"""HTTP clients whose failures are already errors of ours."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import httpx

from worker.core.errors import Transient, Uncertain
from worker.http.redaction import redacted

TIMEOUTS = httpx.Timeout(30.0, connect=5.0, pool=30.0)
LIMITS = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=30.0)

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_ANSWER_LOST = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError, httpx.DecodingError)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def user_agent() -> str:
    """How we name ourselves: ``visit-sync/<version>``."""
    try:
        return f"visit-sync/{version('visit-sync')}"
    except PackageNotFoundError:
        return "visit-sync/0"


def make_client(base_url: str = "", headers: Mapping[str, str] | None = None) -> httpx.Client:
    """A pooled client, safe to share between threads: 5 s to connect, 30 s to read; redirects are not followed.

    Whoever makes it closes it.
    """
    return httpx.Client(
        base_url=base_url,
        headers={"User-Agent": user_agent(), "Accept": "application/json", **(headers or {})},
        timeout=TIMEOUTS,
        limits=LIMITS,
    )


def call(
    client: httpx.Client,
    method: str,
    path: str,
    *,
    params: Mapping[str, Any] | None = None,
    json: Any = None,
    data: Mapping[str, Any] | None = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """One request and its answer, whatever its status; nothing is sent twice.

    Raises Transient where the request never left or changes nothing anyhow, Uncertain where it may have been carried
    out and the answer was lost.
    """
    host = client.base_url.host or "the server"
    try:
        return client.request(method, path, params=params, json=json, data=data, content=content, headers=headers)
    except _NEVER_SENT as error:
        raise Transient(f"Could not connect to {host}: {redacted(error)}") from error
    except _ANSWER_LOST as error:
        raise _lost(method)(f"The answer of {host} was lost: {redacted(error)}") from error


def _lost(method: str) -> type[Transient]:
    return Transient if method.upper() in _SAFE else Uncertain
