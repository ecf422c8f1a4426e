"""What Graph answers when it says no, and what that means: one table."""

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

TABLE: Mapping[tuple[int, str], type[SyncError]] = MappingProxyType(
    {
        (400, ""): Rejected,
        (401, ""): ConnectionRevoked,
        (403, ""): Rejected,
        (404, "erroritemnotfound"): Gone,
        (404, ""): Rejected,
        (408, ""): Transient,
        (409, ""): Transient,
        (410, ""): CursorExpired,
        (412, ""): VersionConflict,
        (423, ""): Transient,
        (424, ""): Transient,  # a call of the batch that it depends on was not carried out
        (429, ""): RateLimited,
        (509, ""): RateLimited,
    }
)
"""By status and code in lower case; "" is any other code. From 500 on all else is Transient, what is not named is
Rejected. https://learn.microsoft.com/graph/errors"""

ANY_STATUS: Mapping[str, type[SyncError]] = MappingProxyType(
    {
        "syncstatenotfound": CursorExpired,
        "syncstateinvalid": CursorExpired,
        "resyncrequired": CursorExpired,
        "toomanyrequests": RateLimited,
        "applicationthrottled": RateLimited,
    }
)
"""Codes that mean the same with every status from 400 to 499; their case differs between the wire and the pages of
https://learn.microsoft.com/graph/delta-query-overview."""

DUPLICATE = "errorduplicatetransactionid"

SHARE = (
    "Microsoft does not let us write to this calendar. Share it with the connected account with the right to edit, or "
    "have an administrator grant Calendars.ReadWrite."
)
NO_MAILBOX = (
    "Microsoft knows no mailbox in the cloud with this calendar's address. Correct the address in the settings, or "
    "give the account an Exchange Online licence."
)
WORDS = MappingProxyType(
    {
        "erroraccessdenied": SHARE,
        "authorization_requestdenied": SHARE,
        "mailboxnotenabledforrestapi": NO_MAILBOX,
        "resourcenotfound": NO_MAILBOX,
        "request_resourcenotfound": NO_MAILBOX,
        "errorinvaliduser": NO_MAILBOX,
    }
)
"""Sentences that tell a person what to do, in the place of Microsoft's own."""


class Resync(CursorExpired):
    """The cursor is dead; ``location`` is where Graph says to begin again, "" where it does not say."""

    def __init__(self, message: str, location: str = "") -> None:
        super().__init__(message)
        self.location = location


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that Graph did not carry out. ``codes`` are its code and those inside it, in lower case; ``name`` is
    the code as it came; ``retry_after`` is in seconds.
    """

    status: int
    name: str = ""
    codes: tuple[str, ...] = ()
    message: str = ""
    retry_after: float | None = None
    location: str = ""
    request_id: str = ""

    def error(self) -> SyncError:
        """What to do about it."""
        kind = self.kind
        if issubclass(kind, Transient):
            return kind(f"Microsoft answered {self.status}: {self.message}", retry_after=self.retry_after)
        if kind is CursorExpired:
            return Resync(self.message, self.location)
        if kind is Rejected:
            words = next((WORDS[code] for code in self.codes if code in WORDS), self.message)
            return Rejected(words, code=self.name or None)
        return kind(self.message)

    @property
    def kind(self) -> type[SyncError]:
        if self.status >= 500 and self.status != 509:
            return Transient
        named = [ANY_STATUS.get(code) or TABLE.get((self.status, code)) for code in self.codes]
        return next(filter(None, named), TABLE.get((self.status, ""), Rejected))

    @property
    def is_duplicate(self) -> bool:
        """Whether an event with this ``transactionId`` was made before."""
        return self.status == 409 and DUPLICATE in self.codes


def refusal(status: int, body: object, headers: Mapping[str, str], now: datetime) -> Refusal:
    """Reads an answer of 300 and above: Graph's error JSON, or anything at all. ``headers`` are found in any case."""
    found = {name.lower(): value for name, value in headers.items()}
    error = body.get("error") if isinstance(body, Mapping) else None
    error = error if isinstance(error, Mapping) else {}
    names = _names(error)
    return Refusal(
        status,
        names[0] if names else "",
        tuple(name.lower() for name in names),
        redacted(error.get("message") or (names[0] if names else status)),
        retry_after(found.get("retry-after"), now),
        found.get("location", ""),
        found.get("request-id", ""),
    )


def read_json(content: bytes) -> object:
    """What a body says, None where it is not JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):  # the latter for what is nested beyond all measure
        return None


def _names(error: Mapping[str, Any]) -> list[str]:
    """The code, and those that stand inside it: https://learn.microsoft.com/graph/errors#error-resource-type"""
    names: list[str] = []
    inner: object = error
    while isinstance(inner, Mapping) and len(names) < 5:
        if inner.get("code"):
            names.append(str(inner["code"])[:64])
        inner = inner.get("innerError") or inner.get("innererror")
    return names
