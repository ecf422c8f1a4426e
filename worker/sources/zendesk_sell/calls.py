"""One request to Sell and its answer: token, limit, retries, and what each status asks us to do."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx

from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, SyncError, Transient
from worker.core.ports import Grant
from worker.http.api_key import limit_name, read_key
from worker.http.client import call, make_client
from worker.http.limits import Bucket, Limits
from worker.http.redaction import redacted
from worker.http.retry_after import retry_after
from worker.sources.zendesk_sell.listing import Cut, Filters, Listed, Order

VISITS = "/v2/visits"
PER_SECOND = 10.0
"""Requests of a token: https://developer.zendesk.com/api-reference/sales-crm/rate-limits/"""

SECOND = 1 / 60
"""Minutes."""

TRIES = 4
LONGEST_WAIT = 5.0
"""Seconds that a read waits for Sell itself; longer ones are for whoever looks again later."""

AFTER_429 = 1.0
"""Seconds; Sell names none, and counts by the second."""

LONGEST_SENTENCE = 200
REFUSED = "SOURCE_REFUSED"


class BadRequest(Rejected):
    """Sell does not take what was asked (400, 422)."""

    code = REFUSED


class Calls:
    """Sell under one connection's token. Safe to share between threads; ``close`` ends its connections.

    ``per_second`` is what the token is let through, by all workers together; ``backoff`` the first wait in seconds of a
    read that is tried again, doubled each time. There is no other method than GET.
    """

    def __init__(
        self,
        base_url: str,
        grant: Grant,
        limits: Limits,
        now: Callable[[], datetime],
        *,
        per_second: float,
        backoff: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = make_client(base_url.rstrip("/"))
        self._grant = grant
        self._limits = limits
        self._now = now
        self._per_second = per_second
        self._backoff = backoff
        self._sleep = sleep

    def close(self) -> None:
        self._client.close()

    def visits(self, order: Order, filters: Filters, cut: Cut) -> Listed:
        """One page; passing trouble is tried again up to three times where the wait is short.

        Raises BadRequest, Rejected, ConnectionRevoked, RateLimited, Transient.
        """
        page = {"page": str(cut.page), "per_page": str(cut.per_page)}
        parameters = {**page, "sort_by": order.sort_by, **filters}
        for tries in range(1, TRIES + 1):
            try:
                return listed(self._get(parameters), cut)
            except Transient as trouble:
                wait = self._backoff * 2 ** (tries - 1) if trouble.retry_after is None else trouble.retry_after
                if tries == TRIES or wait > LONGEST_WAIT:
                    raise
                if not isinstance(trouble, RateLimited):  # there the bucket waits, for everybody
                    self._sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _get(self, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        token = read_key(self._grant, "token", "Zendesk Sell")
        bucket = Bucket(limit_name("zendesk_sell", token), self._per_second * 60, minutes=SECOND)
        self._limits.acquire([bucket], 1)
        response = call(self._client, "GET", VISITS, params=parameters, headers={"Authorization": f"Bearer {token}"})
        try:
            return answer_of(response, self._now())
        except RateLimited as limited:
            self._limits.pause(bucket.name, limited.retry_after or AFTER_429)
            raise


def listed(answer: Mapping[str, Any], cut: Cut) -> Listed:
    """The page in an answer: the last one has fewer rows than were asked for, and names no next one."""
    items = answer.get("items")
    if not isinstance(items, list):
        raise Transient("Zendesk Sell's answer holds no list of visits.")
    meta = _mapping(answer.get("meta"))
    count = meta.get("count")
    more = bool(_mapping(meta.get("links")).get("next_page"))
    rows = [_mapping(_mapping(item).get("data")) for item in items]
    return Listed(rows, len(rows) < cut.per_page and not more, count if isinstance(count, int) else None)


def answer_of(response: httpx.Response, now: datetime) -> Mapping[str, Any]:
    """The JSON object in ``response``, received at ``now`` (aware); raises the error that it is instead."""
    content = _content(response)
    if response.is_success:
        return content
    raise refusal(response.status_code, _sentence(content), retry_after(response.headers.get("Retry-After"), now))


def refusal(status: int, sentence: str, wait: float | None) -> SyncError:
    """What to do about a status other than success; ``wait`` is its ``Retry-After`` in seconds, where there is one.

    https://developer.zendesk.com/api-reference/sales-crm/errors/
    """
    errors: dict[int, SyncError] = {
        400: BadRequest(f"Zendesk Sell refuses this{sentence}"),
        401: ConnectionRevoked("Zendesk Sell no longer accepts the token."),
        403: Rejected(f"Zendesk Sell gives no access to the visits{sentence}", code=REFUSED),
        404: Rejected("Zendesk Sell has no list of visits at this address.", code=REFUSED),
        408: Transient("Zendesk Sell gave up waiting.", retry_after=wait),
        422: BadRequest(f"Zendesk Sell refuses this{sentence}"),
        425: Transient("Zendesk Sell asks us to come back later.", retry_after=wait),
        429: RateLimited("Zendesk Sell's limit for this token is used up.", retry_after=wait or AFTER_429),
    }
    if status in errors:
        return errors[status]
    if 400 <= status < 500:
        return Rejected(f"Zendesk Sell answers {status}{sentence}", code=REFUSED)
    return Transient(f"Zendesk Sell answers {status}.", retry_after=wait)


def _content(response: httpx.Response) -> Mapping[str, Any]:
    try:
        return _mapping(response.json())
    except (ValueError, RecursionError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _sentence(content: Mapping[str, Any]) -> str:
    """What Sell says, after a colon, or a full stop."""
    errors = content.get("errors")
    first = _mapping(_mapping(errors[0]).get("error")) if isinstance(errors, list) and errors else {}
    words = first.get("details") or first.get("message")
    return f": {redacted(words)[:LONGEST_SENTENCE]}" if isinstance(words, str) else "."
