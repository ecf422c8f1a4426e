"""Sync tokens and page tokens: opaque to clients, and bound to the listing they came from."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from worker.simulators.google_calendar.refusal import Refusal


def sealed(content: dict[str, Any]) -> str:
    """An opaque token of some JSON; a change of any character is noticed."""
    text = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(_digest(text) + text).decode().rstrip("=")


def opened(token: str, parameter: str) -> dict[str, Any]:
    """The content of a token; 400 naming the parameter for anything that `sealed` did not make."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError) as error:
        raise mismatch(parameter) from error
    if _digest(raw[6:]) != raw[:6]:
        raise mismatch(parameter)
    content: dict[str, Any] = json.loads(raw[6:])
    return content


def mismatch(parameter: str) -> Refusal:
    return Refusal(400, "invalid", f"Invalid {parameter} value.", parameter)


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(b"google" + text).digest()[:6]
