"""A valid bearer token, whoever asks and however many at once."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from worker.core.errors import ConnectionRevoked
from worker.core.ports import Grant

EARLY = 300.0
"""Seconds before its expiry at which a token is no longer used, so that it does not die on the way."""

Refresh = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class TokenKeeper:
    """Keeps one grant's access token at hand; safe to share between threads.

    ``refresh(credentials)`` fetches new credentials and returns them whole, with ``access_token`` and, where it is
    known, ``expires_at`` (RFC 3339 or Unix seconds). It runs inside ``Grant.renew``: once at a time over all processes,
    and its outcome is committed before anyone uses it. ``clock`` gives Unix seconds.
    """

    def __init__(self, grant: Grant, refresh: Refresh, clock: Callable[[], float] = time.time) -> None:
        self._grant = grant
        self._refresh = refresh
        self._clock = clock
        self._lock = threading.Lock()
        self._credentials: Mapping[str, Any] = {}

    def token(self) -> str:
        """A token good for the next minutes. Raises what ``refresh`` raises."""
        with self._lock:
            if not self._usable(self._credentials):
                self._credentials = self._grant.read()
            if not self._usable(self._credentials):
                self._credentials = self._grant.renew(self._credentials.get("access_token"), self._refresh)
            return _token_of(self._credentials)

    def renewed(self, stale: str | None) -> str:
        """A token other than ``stale``, which the other side refused (401). Raises what ``refresh`` raises."""
        with self._lock:
            if self._credentials.get("access_token") in (None, stale):
                self._credentials = self._grant.renew(stale, self._refresh)
            return _token_of(self._credentials)

    def _usable(self, credentials: Mapping[str, Any]) -> bool:
        if not credentials.get("access_token"):
            return False
        expiry = unix_seconds(credentials.get("expires_at"))
        return expiry is None or expiry - EARLY > self._clock()


def unix_seconds(moment: object) -> float | None:
    """``expires_at`` as credentials files write it: RFC 3339 (naive is UTC) or Unix seconds. None: it is not known."""
    if moment is None or moment == "":
        return None
    try:
        return float(str(moment))
    except ValueError:
        pass
    try:
        parsed = datetime.fromisoformat(str(moment))
    except ValueError:
        return 0.0
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def _token_of(credentials: Mapping[str, Any]) -> str:
    token = credentials.get("access_token")
    if not token:
        raise ConnectionRevoked("The stored grant gives no access token; connect again.")
    return str(token)
