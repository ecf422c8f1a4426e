"""What Google answers when it says no, and what that means: one table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from worker.core.errors import (
    ConnectionRevoked,
    CursorExpired,
    Gone,
    RateLimited,
    Rejected,
    SyncError,
    Transient,
    VersionConflict,
)
from worker.http.redaction import redacted
from worker.http.retry_after import retry_after

QUOTA_PAUSE = 900.0
"""Seconds to stay away when the calendar's own usage limit is reached; Google names no time."""

TABLE: Mapping[tuple[int, str], type[SyncError]] = MappingProxyType(
    {
        (400, ""): Rejected,
        (400, "syncToken"): CursorExpired,  # a token that Google cannot read any more heals as an expired one does
        (400, "pageToken"): Transient,
        (401, ""): ConnectionRevoked,
        (403, "rateLimitExceeded"): RateLimited,
        (403, "userRateLimitExceeded"): RateLimited,
        (403, "quotaExceeded"): RateLimited,
        (403, "dailyLimitExceeded"): RateLimited,
        (403, "RESOURCE_EXHAUSTED"): RateLimited,
        (403, ""): Rejected,
        (404, ""): Rejected,
        (408, ""): Transient,
        (409, "duplicate"): Gone,  # on an insert: the id is in use, or was
        (409, "ALREADY_EXISTS"): Gone,
        (409, ""): Transient,
        (410, "fullSyncRequired"): CursorExpired,
        (410, "updatedMinTooLongAgo"): CursorExpired,
        (410, ""): Gone,
        (412, ""): VersionConflict,
        (429, ""): RateLimited,
    }
)
"""By status and reason (or the parameter at fault); "" is any other reason. From 500 on all is Transient, what is not
named is Rejected. https://developers.google.com/workspace/calendar/api/guides/errors"""

SHARE = (
    "Google does not show us this calendar. Share it with the connected Google account with the right "
    "“Make changes to events”, or correct its address in the settings."
)
WRITE_ACCESS = (
    "Google lets us read this calendar but not write to it. Share it with the connected Google account with the right "
    "“Make changes to events”."
)
CONSENT = (
    "The Google account did not allow us to change its calendar events. Connect it again and allow all that is asked."
)
WORDS = MappingProxyType(
    {
        "notFound": SHARE,
        "requiredAccessLevel": WRITE_ACCESS,
        "forbidden": WRITE_ACCESS,
        "insufficientPermissions": CONSENT,
        "PERMISSION_DENIED": CONSENT,
    }
)
"""Sentences that tell a person what to do, in the place of Google's own."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that Google did not carry out. ``retry_after`` is in seconds, ``parameter`` the one at fault."""

    status: int
    reason: str = ""
    message: str = ""
    parameter: str = ""
    retry_after: float | None = None

    def error(self) -> SyncError:
        """What to do about it."""
        kind = self._kind()
        if issubclass(kind, RateLimited):
            wait = QUOTA_PAUSE if self.reason in {"quotaExceeded", "dailyLimitExceeded"} else None
            return kind(f"Google's limit is used up: {self.message}", retry_after=self.retry_after or wait)
        if issubclass(kind, Transient):
            return kind(f"Google answered {self.status}: {self.message}", retry_after=self.retry_after)
        if kind is Rejected:
            return Rejected(WORDS.get(self.reason, self.message), code=self.reason or None)
        return kind(self.message)

    @property
    def is_shared_limit(self) -> bool:
        """Whether it holds for all calendars of a user, as one calendar's usage limit (``quotaExceeded``) does not."""
        return issubclass(self._kind(), RateLimited) and self.reason != "quotaExceeded"

    def _kind(self) -> type[SyncError]:
        if self.status >= 500:
            return Transient
        named = (TABLE.get((self.status, name)) for name in (self.parameter, self.reason) if name)
        return next(filter(None, named), TABLE.get((self.status, ""), Rejected))


def refusal(status: int, content: bytes, retry_header: str | None, now: datetime) -> Refusal:
    """Reads an answer of 300 and above: Google's error JSON, its newer form with ``status``, or any text at all."""
    error = _error(content)
    first: Mapping[str, Any] = next(iter(error.get("errors") or ()), {})
    message = error.get("message") or first.get("message") or content[:200].decode("utf-8", "replace") or str(status)
    return Refusal(
        status,
        str(first.get("reason") or error.get("status") or ""),
        redacted(message),
        str(first.get("location") or "") if first.get("locationType") == "parameter" else "",
        retry_after(retry_header, now),
    )


def _error(content: bytes) -> dict[str, Any]:
    try:
        error = json.loads(content)["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {"message": str(error)}
