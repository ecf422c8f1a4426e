"""What ReviewRover answers when it says no, and what that means: one table."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import httpx

from worker.core.errors import ConnectionRevoked, Gone, RateLimited, Rejected, SyncError, Transient, Uncertain
from worker.http.redaction import HIDDEN, redacted
from worker.http.retry_after import retry_after

LONGEST_SENTENCE = 200
SHORTEST_SECRET = 2
REFUSED = "REVIEW_ROVER_REFUSED"
REVOKED = "ReviewRover no longer accepts the token; connect ReviewRover again."


class Refused(Rejected):
    """ReviewRover does not take what was sent (422 and its like); ``fields`` are those that it names."""

    code = REFUSED

    def __init__(self, message: str, fields: Collection[str] = ()) -> None:
        super().__init__(message)
        self.fields = frozenset(fields)


def refusal(response: httpx.Response, now: datetime, private: Collection[str] = ()) -> SyncError:
    """What to do about an answer other than success, received at ``now``; ``private`` are values that were sent and
    that nobody shall read in an error.
    """
    status, body = response.status_code, json_object(response)
    wait = retry_after(response.headers.get("Retry-After"), now)
    if status == httpx.codes.UNAUTHORIZED:
        return ConnectionRevoked(REVOKED)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return RateLimited("ReviewRover's limit for this token is used up.", retry_after=wait)
    if status == httpx.codes.NOT_FOUND and not body:
        return Transient("ReviewRover's address answers 404, and not as an API does.", retry_after=wait)
    if status == httpx.codes.NOT_FOUND:
        return Gone("ReviewRover has no such visit.")
    if status in (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY) or not 400 <= status < 500:
        return doubtful(response.request.method)(f"ReviewRover answers {status}.", retry_after=wait)
    return Refused(f"ReviewRover refuses this{_words(body, private)}", _fields(body))


def doubtful(method: str) -> type[Transient]:
    """What an answer is that says neither yes nor no: a write may have been carried out behind it."""
    return Transient if method.upper() == "GET" else Uncertain


def json_object(response: httpx.Response) -> Mapping[str, Any]:
    """The body's JSON object, its amounts with all their digits; empty where there is none."""
    try:
        content = response.json(parse_float=str)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _fields(body: Mapping[str, Any]) -> set[str]:
    """The fields that a refusal is about; a bare sentence may name them in words."""
    errors = body.get("errors")
    if isinstance(errors, Mapping):
        return {str(name) for name in errors}
    sentence = str(body.get("error", "")).lower().replace(" ", "_")
    return {name for name in ("external_id", "contact_id", "email") if name in sentence}


def _words(body: Mapping[str, Any], private: Collection[str]) -> str:
    errors = body.get("errors")
    if isinstance(errors, Mapping):
        text = "; ".join(f"{name} {_sentence(told)}" for name, told in errors.items())
    else:
        text = str(body.get("error") or "")
    for value in sorted(private, key=len, reverse=True):
        if len(value) >= SHORTEST_SECRET:
            text = text.replace(value, HIDDEN)
    return f": {redacted(text)[:LONGEST_SENTENCE]}" if text else "."


def _sentence(told: object) -> str:
    return ", ".join(str(one) for one in told) if isinstance(told, list) else str(told)
