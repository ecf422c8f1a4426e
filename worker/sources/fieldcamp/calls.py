"""One request to FieldCamp and its answer: key, limits, retries, and what each status asks us to do."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, SyncError, Transient, Uncertain
from worker.core.ports import Grant
from worker.http.api_key import limit_name, read_key
from worker.http.client import call, make_client
from worker.http.limits import Bucket, Limits
from worker.http.redaction import redacted
from worker.http.retry_after import retry_after

PREFIX = "/api/v1"
MORE_TRIES = 2
LONGEST_WAIT = 5.0
"""Seconds that a read waits for FieldCamp itself; longer ones are for whoever looks again later."""

LONGEST_SENTENCE = 200
NO_CONTENT = 204
REFUSED = "SOURCE_REFUSED"


class BadRequest(Rejected):
    """FieldCamp does not take what was asked or sent (400)."""

    code = REFUSED


class Conflict(Rejected):
    """What was sent conflicts with what is there (409); ``sentence`` is FieldCamp's, after a colon, or a full stop."""

    code = REFUSED

    def __init__(self, sentence: str) -> None:
        super().__init__(f"FieldCamp refuses this{sentence}")
        self.sentence = sentence


UNVOUCHED = "FieldCamp's address answers 404, and not in FieldCamp's words."


class Missing(Rejected):
    """There is no such record (404), as of the instant ``told_at``.

    ``vouched`` is True where FieldCamp itself said so: a gateway's page knows nothing of records.
    """

    code = REFUSED

    def __init__(self, message: str, told_at: datetime, *, vouched: bool) -> None:
        super().__init__(message)
        self.told_at = told_at
        self.vouched = vouched


DAY = 1440
"""Minutes."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests that a key may make; FieldCamp has published these two [pub]."""

    per_minute: float = 100
    per_day: float = 10_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What FieldCamp answered with ``success``: ``data`` as it is, ``meta`` None where there is none.

    ``told_at`` is by the server's clock (``Date``), by ours where it names no time.
    """

    data: Any
    meta: Mapping[str, Any] | None
    told_at: datetime


class Calls:
    """FieldCamp under one account's key. Safe to share between threads; ``close`` ends its connections.

    ``backoff`` is the first wait in seconds of a read that is tried again, doubled each time [doc: 1, 2, 4 s].
    """

    def __init__(
        self,
        base_url: str,
        grant: Grant,
        limits: Limits,
        now: Callable[[], datetime],
        *,
        rate: Rate,
        backoff: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = make_client(base_url.rstrip("/"))
        self._grant = grant
        self._limits = limits
        self._now = now
        self._rate = rate
        self._backoff = backoff
        self._sleep = sleep

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Reads; passing trouble is tried again up to ``MORE_TRIES`` times where the wait is short.

        Raises BadRequest, Missing, Rejected, ConnectionRevoked, RateLimited, Transient.
        """
        for tries in range(MORE_TRIES):
            key = self._admitted()
            try:
                return self._send(key, "GET", path, params=params)
            except Transient as trouble:
                wait = self._backoff * 2**tries if trouble.retry_after is None else trouble.retry_after
                if wait > LONGEST_WAIT:
                    raise
                self._sleep(wait)
        return self._send(self._admitted(), "GET", path, params=params)

    def put(self, path: str, body: Mapping[str, Any], token: str) -> Answer:
        """Writes, once; the same ``token`` and body are carried out once however often they are sent (Idempotency-Key).

        Raises what ``get`` raises, and Uncertain where the answer was lost.
        """
        return self._write("PUT", path, token, body)

    def post(self, path: str, body: Mapping[str, Any], token: str) -> Answer:
        """Makes a record, once, as ``put`` writes."""
        return self._write("POST", path, token, body)

    def delete(self, path: str, token: str) -> Answer:
        """Takes a record away, once, as ``put`` writes."""
        return self._write("DELETE", path, token)

    def _write(self, method: str, path: str, token: str, body: Mapping[str, Any] | None = None) -> Answer:
        headers = {"Idempotency-Key": token}
        if body is None:
            return self._send(self._admitted(), method, path, headers=headers)
        headers["Content-Type"] = "application/json"
        return self._send(self._admitted(), method, path, headers=headers, content=as_json(body))

    def _admitted(self) -> str:
        """The key, once our share of its limits lets one more request through; raises RateLimited."""
        key = read_key(self._grant, "api_key", "FieldCamp")
        minute = Bucket(limit_name("fieldcamp", key), self._rate.per_minute)
        day = Bucket(f"{minute.name}:day", self._rate.per_day / DAY, minutes=DAY)
        self._limits.acquire([minute, day], 1)
        return key

    def _send(
        self, key: str, method: str, path: str, *, headers: Mapping[str, str] | None = None, **content: Any
    ) -> Answer:
        keys = {"Authorization": f"Bearer {key}", "X-API-Key": key}
        response = call(self._client, method, PREFIX + path, headers={**keys, **(headers or {})}, **content)
        try:
            return answer_of(response, self._now())
        except RateLimited as limited:
            if limited.retry_after is not None:
                self._limits.pause(limit_name("fieldcamp", key), limited.retry_after)
            raise


def as_json(body: Mapping[str, Any]) -> bytes:
    """A flat JSON object; a decimal is a number of exactly its digits, and never passes through a float."""
    members = (f"{json.dumps(name)}:{_literal(value)}" for name, value in body.items())
    return f"{{{','.join(members)}}}".encode()


def _literal(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


def answer_of(response: httpx.Response, now: datetime) -> Answer:
    """The answer in ``response``, received at ``now`` by our clock; raises the error that it is instead."""
    told_at = _date(response.headers.get("Date")) or now
    envelope = _envelope(response)
    if not response.is_success:
        wait = retry_after(response.headers.get("Retry-After"), now)
        raise refusal(response.status_code, envelope, wait, told_at)
    reading = response.request.method == "GET"
    if response.status_code == NO_CONTENT and not reading:
        return Answer(None, None, told_at)
    if envelope.get("success") is False:
        raise _failed_with_200(_sentence(envelope), reading=reading)
    if "data" not in envelope:
        raise (Transient if reading else Uncertain)("FieldCamp's answer cannot be read.")
    meta = envelope.get("meta")
    return Answer(envelope["data"], meta if isinstance(meta, Mapping) else None, told_at)


def refusal(status: int, envelope: Mapping[str, Any], wait: float | None, told_at: datetime) -> SyncError:
    """What to do about a status other than success [doc]; ``wait`` is its ``Retry-After`` in seconds."""
    sentence = _sentence(envelope)
    errors: dict[int, SyncError] = {
        400: BadRequest(f"FieldCamp refuses this{sentence}"),
        401: ConnectionRevoked("FieldCamp no longer accepts the API key."),
        403: Rejected(f"FieldCamp gives no access to this{sentence}", code=REFUSED),
        404: Missing("FieldCamp has no such record.", told_at, vouched="success" in envelope),
        408: Transient("FieldCamp gave up waiting.", retry_after=wait),
        409: Conflict(sentence),
        425: Transient("FieldCamp asks us to come back later.", retry_after=wait),
        429: RateLimited("FieldCamp's limit for this key is used up.", retry_after=wait),
    }
    if status in errors:
        return errors[status]
    if 400 <= status < 500:
        return Rejected(f"FieldCamp answers {status}{sentence}", code=REFUSED)
    return Transient(f"FieldCamp answers {status}.", retry_after=wait)


def _failed_with_200(sentence: str, *, reading: bool) -> SyncError:
    """A failure without a status: a read may pass another time, a write was refused."""
    if reading:
        return Transient(f"FieldCamp could not answer{sentence}")
    return Rejected(f"FieldCamp refuses this{sentence}", code=REFUSED)


def _envelope(response: httpx.Response) -> Mapping[str, Any]:
    """The body's JSON object, its numbers with all their digits; empty where there is none."""
    try:
        content = response.json(parse_float=Decimal)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _sentence(envelope: Mapping[str, Any]) -> str:
    error = envelope.get("error")
    return f": {redacted(error)[:LONGEST_SENTENCE]}" if isinstance(error, str) and error else "."


def _date(header: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
