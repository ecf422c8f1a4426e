"""The way to one ReviewRover account: its token, our share of the limits, one request at a time."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from worker.core.errors import RateLimited, SyncError, Transient
from worker.core.ports import Grant
from worker.http.api_key import limit_name, read_key
from worker.http.client import call, make_client
from worker.http.limits import Bucket, Limits
from worker.providers.review_rover.errors import doubtful, json_object, refusal

VISITS, CONTACTS = "/v1/visits", "/v1/contacts"
PERSONAL = frozenset({"email", "first_name", "last_name", "phone"})

PER_MINUTE = 600.0
"""Requests that we allow ourselves; ReviewRover's pages name no limit."""

PAUSE = 10.0
"""Seconds that everybody waits after a 429 that names none."""

MORE_TRIES = 2
BACKOFF = 0.25
"""Seconds before a reading that failed in passing is tried again, doubled each time."""


class Line:
    """One account's line to ReviewRover; safe to share between threads, and ``close`` ends its connections.

    All that it does raises ConnectionRevoked, RateLimited, Gone (404), Refused and Transient; a write whose answer was
    lost raises Uncertain. Only readings are sent twice. ``now`` is asked where an answer names a date to wait for.
    """

    def __init__(
        self,
        base_url: str,
        grant: Grant,
        limits: Limits,
        now: Callable[[], datetime],
        *,
        per_minute: float = PER_MINUTE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = make_client(base_url.rstrip("/"))
        self._grant = grant
        self._limits = limits
        self._now = now
        self._per_minute = per_minute
        self._sleep = sleep

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """The body of an answer; what fails in passing is tried again."""
        for tries in range(MORE_TRIES):
            try:
                return self._send("GET", path, params=params)
            except RateLimited:
                raise
            except Transient:
                self._sleep(BACKOFF * 2**tries)
        return self._send("GET", path, params=params)

    def post(self, path: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        """Makes a visit or a contact, sent once; the body tells what was made."""
        return _one(self._send("POST", path, form=form), "POST")

    def put(self, path: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        """Changes the fields in the form, sent once; an empty value takes a field's value away."""
        return _one(self._send("PUT", path, form=form), "PUT")

    def delete(self, path: str) -> None:
        """Takes a visit away, sent once."""
        self._send("DELETE", path)

    def one(self, path: str) -> Mapping[str, Any]:
        """One visit as it is now. Raises Gone."""
        return _one(self.get(path), "GET")

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        token = read_key(self._grant, "token", "ReviewRover")
        bucket = Bucket(limit_name("review_rover", token), self._per_minute)
        self._limits.acquire([bucket], 1)
        headers = {"Authorization": f"Bearer {token}"}
        response = call(self._client, method, path, params=params, data=form, headers=headers)
        if response.is_success:
            return json_object(response)
        private = {value for name, value in {**(params or {}), **(form or {})}.items() if name in PERSONAL}
        raise self._heeded(bucket, refusal(response, self._now(), private))

    def _heeded(self, bucket: Bucket, error: SyncError) -> SyncError:
        if isinstance(error, RateLimited):
            error.retry_after = PAUSE if error.retry_after is None else error.retry_after
            self._limits.pause(bucket.name, error.retry_after)
        return error


def rows_of(answer: Mapping[str, Any], name: str) -> object:
    """The rows of a list, which stand below ``data`` [pub, of contacts] or ``name``: the pages do not say of visits."""
    return answer.get("data", answer.get(name))


def _one(body: Mapping[str, Any], method: str) -> Mapping[str, Any]:
    """The visit or contact in an answer, which may stand below ``data`` or its own name: the pages do not say."""
    below = (body.get(name) for name in ("data", "visit", "contact"))
    record = next((inner for inner in below if isinstance(inner, Mapping)), body)
    if record.get("id") in (None, ""):
        raise doubtful(method)("ReviewRover's answer cannot be read.")
    return record
