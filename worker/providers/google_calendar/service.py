"""The client for Google's API, built without asking Google."""

import json
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httplib2
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc

READ_TIMEOUT = 30.0
"""Seconds, to connect and to read: httplib2 knows one time-out for both."""


@dataclass(frozen=True, slots=True)
class GoogleSettings:
    """Where Google is and who we are there; the limits are units a minute, for one user and for our whole project.

    https://developers.google.com/workspace/calendar/api/guides/quota
    """

    base_url: str = "https://www.googleapis.com"
    token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    client_id: str = ""
    client_secret: str = ""
    user_per_minute: float = 600
    project_per_minute: float = 10_000


@lru_cache(maxsize=4)
def calendar_service(base_url: str) -> Any:
    """A Resource whose calls and batches go to ``base_url``; requests made from it want ``execute(http=…)``.

    ``client_options.api_endpoint`` would redirect single calls but not batches, so the discovery document that comes
    with the library is rewritten instead.
    """
    text = get_static_doc("calendar", "v3")
    assert text is not None
    found = json.loads(text)
    root = base_url.rstrip("/") + "/"
    found |= {"rootUrl": root, "baseUrl": root + found["servicePath"]}
    return build_from_document(found, http=httplib2.Http())


class Connections:
    """Open connections to Google. httplib2 is not thread-safe, so each is lent to one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Any] = []
        weakref.finalize(self, _close_all, self._idle)

    @contextmanager
    def borrowed(self) -> Iterator[Any]:
        """An ``httplib2.Http`` for one request; it is closed where the request fails, else kept for the next."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or httplib2.Http(timeout=READ_TIMEOUT)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        with self._lock:
            _close_all(self._idle)


def _close_all(idle: list[Any]) -> None:
    while idle:
        idle.pop().close()
