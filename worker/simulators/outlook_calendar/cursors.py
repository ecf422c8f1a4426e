"""Delta tokens and skip tokens: opaque to clients."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from worker.simulators.outlook_calendar.refusal import Refusal


def sealed(content: dict[str, Any]) -> str:
    """An opaque token of some JSON; a change of any character is noticed."""
    text = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(_digest(text) + text).decode().rstrip("=")


def opened(token: str) -> dict[str, Any]:
    """The content of a token; 400 for anything that `sealed` did not make."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError) as error:
        raise _badly_formed() from error
    if _digest(raw[6:]) != raw[:6]:
        raise _badly_formed()
    content: dict[str, Any] = json.loads(raw[6:])
    return content


def _badly_formed() -> Refusal:
    return Refusal(400, "BadRequest", "Badly formed token.")


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(b"graph" + text).digest()[:6]
