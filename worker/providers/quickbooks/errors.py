"""What QuickBooks answers when it says no, and what that means: one table.

A refusal comes as ``Fault`` from the company file and as ``fault`` from Intuit's gateway, also under status 200, and as
XML or HTML where something on the way gave up.
"""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from worker.core.errors import (
    ConnectionRevoked,
    RateLimited,
    Rejected,
    SyncError,
    Transient,
    Uncertain,
    VersionConflict,
)
from worker.http.redaction import redacted

PAUSE = 60.0
"""Seconds that everybody keeps away from a company after a rate limit: Intuit counts by the minute, names no time."""


class TokenRefused(ConnectionRevoked):
    """The access token is not accepted: with a new one the same request may be."""


class NameTaken(Rejected):
    """Another customer, vendor, employee or item has the name; ``remote_id`` is whose, where Intuit tells."""

    code = "NAME_TAKEN"

    def __init__(self, message: str, remote_id: str | None = None) -> None:
        super().__init__(message)
        self.remote_id = remote_id


class ObjectMissing(Rejected):
    """The object, or one that it refers to, is no more, or was made inactive: Intuit has one code for both."""

    code = "OBJECT_MISSING"


CODES: Mapping[str, type[SyncError]] = MappingProxyType(
    {
        "100": ConnectionRevoked,
        "120": ConnectionRevoked,
        "3100": ConnectionRevoked,
        "6190": ConnectionRevoked,
        "3200": TokenRefused,
        "3001": RateLimited,
        "5010": VersionConflict,
        "6240": NameTaken,
        "610": ObjectMissing,
        "10000": Uncertain,
    }
)
"""By code, without zeros in front; a code comes before a status.
https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes"""

STATUSES: Mapping[int, type[SyncError]] = MappingProxyType(
    {401: TokenRefused, 408: Uncertain, 429: RateLimited, 400: Rejected, 403: Rejected, 404: Rejected}
)
"""For codes that are not in the table. From 500 on all else is Uncertain, what is not named is Rejected."""

LONGEST_WORDS = 1000
"""Characters of a message that are looked at: redaction takes its time over long ones, and people read 500."""

FIRST_SEVERE = 10_000
"""Codes from here on say that QuickBooks itself failed."""

WORDS = MappingProxyType(
    {
        "100": "QuickBooks does not let us into the company any more. Connect it again.",
        "120": "QuickBooks does not allow this to the person who connected the company. Connect it again as one of its "
        "administrators.",
        "3100": "QuickBooks does not know our app in this company. Connect it again.",
        "3200": "QuickBooks does not accept our access token. Connect it again.",
        "6190": "The company's QuickBooks subscription has ended. Renew it, then connect it again.",
    }
)
"""Sentences that tell a person what to do, before Intuit's own."""

MEANINGS = (
    (re.compile(r"duplicate\s+doc(ument|\.)?\s*num", re.IGNORECASE), "DUPLICATE_NUMBER"),
    (
        re.compile(
            r"account(ing)?\s+period\s+(is\s+|has\s+been\s+)?closed|books\s+(are|have been)\s+closed|closing\s+date",
            re.I,
        ),
        "PERIOD_CLOSED",
    ),
)
"""Refusals known by their words, because sources disagree on which of 6140 and 6210 is which."""

_HOLDER = re.compile(r"\bId\s*=\s*(\d+)")
_XML_FAULT = re.compile(r"<Fault\b")
_XML_CODE = re.compile(r"<Error\b[^>]*\bcode\s*=\s*[\"'](\w{1,16})[\"']")
_XML_WORDS = {name: re.compile(rf"<{name}>(.{{0,2000}}?)</{name}>", re.DOTALL) for name in ("Message", "Detail")}
_GATEWAY_CODE = re.compile(r"errorCode=(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Fault:
    """What a refusal says: the code without zeros in front, the message and the detail as they came."""

    code: str = ""
    message: str = ""
    detail: str = ""

    @property
    def words(self) -> str:
        """Message and detail for people, without credentials and e-mail addresses, in at most 500 characters."""
        message, detail = (text.strip()[:LONGEST_WORDS] for text in (self.message, self.detail))
        short, long = sorted((message, detail), key=len)
        return redacted(long if short in long else f"{message}: {detail}")


def refusal(fault: Fault | Mapping[str, Any], status: int = 400, *, reading: bool = False) -> SyncError:
    """What to do about a fault: that of a whole answer, or the inside of ``Fault`` of a batch's item (either casing).

    A failure of QuickBooks itself is Transient for a reading; a writing may have been carried out: Uncertain.
    """
    told = fault if isinstance(fault, Fault) else _told(fault)
    kind = _kind(told.code, status)
    if kind is Uncertain:
        return failure(f"QuickBooks answered {status}: {told.words}", reading=reading)
    if kind is RateLimited:
        return RateLimited("QuickBooks' limit for this company is used up.", retry_after=PAUSE)
    if kind is NameTaken:
        holder = _HOLDER.search(f"{told.message} {told.detail}")
        return NameTaken(told.words, holder[1] if holder else None)
    if kind is Rejected:
        return _rejected(told, status)
    return kind(f"{WORDS.get(told.code, '')} {told.words}".strip() or f"QuickBooks answered {status}.")


def judge(status: int, content: bytes, *, reading: bool) -> SyncError | None:
    """What is wrong with an answer; None for JSON that holds what was asked for. What it holds is not repeated."""
    body = read_json(content)
    fault = fault_in(body) if body is not None else _xml_fault(content)
    if fault is not None:
        return refusal(fault, status, reading=reading)
    if status == 200 and isinstance(body, dict):
        return None
    if status in (401, 429) or (isinstance(body, dict) and 400 <= status < 500):
        return refusal(Fault(), status, reading=reading)
    return failure(f"QuickBooks answered {status} with something that is no answer.", reading=reading)


def fault_in(body: object) -> Fault | None:
    """The fault at the top of a JSON object, ``Fault`` or ``fault``; None where there is none."""
    if not isinstance(body, Mapping):
        return None
    fault = body.get("Fault") or body.get("fault")
    return _told(fault if isinstance(fault, Mapping) else {}) if fault else None


def failure(message: str, *, reading: bool) -> Transient:
    """QuickBooks failed, or cannot be understood: a writing may have been carried out all the same."""
    return Transient(message) if reading else Uncertain(message)


def of_library(error: Exception, *, reading: bool) -> SyncError:
    """What python-quickbooks raised by itself. Its own words for what it cannot read hold the whole answer, so they are
    not repeated; ``reading`` as for ``refusal``."""
    code = str(getattr(error, "error_code", "") or "")
    if code in ("", "10000", "401"):
        return refusal(Fault(), 401) if code == "401" else failure("QuickBooks' answer is none.", reading=reading)
    told = Fault(_plain(code), str(getattr(error, "message", "")), str(getattr(error, "detail", "") or ""))
    return refusal(told, reading=reading)


def read_json(content: bytes) -> object:
    """What a body says, None where it is not JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):  # the latter for what is nested beyond all measure
        return None


def _kind(code: str, status: int) -> type[SyncError]:
    if code in CODES:
        return CODES[code]
    severe = code.isdecimal() and int(code) >= FIRST_SEVERE
    return Uncertain if severe or status >= 500 else STATUSES.get(status, Rejected)


def _rejected(told: Fault, status: int) -> Rejected:
    words = told.words or f"QuickBooks answered {status}."
    meaning = next((code for pattern, code in MEANINGS if pattern.search(f"{told.message} {told.detail}")), None)
    return Rejected(words, code=meaning or (f"QUICKBOOKS_{told.code}" if told.code else None))


def _told(fault: Mapping[str, Any]) -> Fault:
    """The first error that has a meaning of its own, else the first."""
    errors = fault.get("Error") or fault.get("error")
    listed = errors if isinstance(errors, Sequence) and not isinstance(errors, str) else [errors]
    found = [_error(one) for one in listed if isinstance(one, Mapping)]
    return next((one for one in found if one.code in CODES), found[0] if found else Fault())


def _error(one: Mapping[str, Any]) -> Fault:
    said = {str(name).lower(): str(value) for name, value in one.items() if value is not None}
    message = said.get("message", "")
    named = _GATEWAY_CODE.search(message)
    return Fault(_plain(said.get("code") or (named[1] if named else "")), message, said.get("detail", ""))


def _xml_fault(content: bytes) -> Fault | None:
    """Read by its words: an answer from nobody knows where is not worth a parser."""
    text = content[:20_000].decode("utf-8", "replace")
    if not _XML_FAULT.search(text):
        return None
    code, said = _XML_CODE.search(text), {name: pattern.search(text) for name, pattern in _XML_WORDS.items()}
    words = {name.lower(): html.unescape(found[1]) for name, found in said.items() if found}
    return _error({"code": code[1] if code else "", **words})


def _plain(code: str) -> str:
    return code.strip()[:32].lstrip("0")
