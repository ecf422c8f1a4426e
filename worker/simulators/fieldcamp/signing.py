"""Signature headers of an event in each style that FieldCamp's pages leave open."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal, get_args

from standardwebhooks.webhooks import Webhook

Style = Literal["t_v1", "sha256", "hex", "standard_webhooks"]
STYLES: tuple[str, ...] = get_args(Style)
SIGNATURE = "X-FieldCamp-Signature"
STANDARD_PREFIX = "whsec_"


def signature_headers(style: Style, secret: str, event_id: str, unix: int, body: bytes) -> dict[str, str]:
    """The headers that sign `body` at `unix` seconds.

    Standard Webhooks decodes the base64 after `whsec_`; the other styles take the secret's UTF-8 bytes as they are.
    """
    return _SIGNERS[style](secret, event_id, unix, body)


def standard_secret(secret: str) -> bytes:
    """The key bytes of a Standard Webhooks secret; a secret without `whsec_` stands for its own UTF-8 bytes."""
    if secret.startswith(STANDARD_PREFIX):
        return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    return secret.encode()


def _hex(secret: str, content: bytes) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def _t_v1(secret: str, event_id: str, unix: int, body: bytes) -> dict[str, str]:
    return {SIGNATURE: f"t={unix},v1={_hex(secret, f'{unix}.'.encode() + body)}"}


def _sha256(secret: str, event_id: str, unix: int, body: bytes) -> dict[str, str]:
    return {SIGNATURE: f"sha256={_hex(secret, body)}"}


def _bare_hex(secret: str, event_id: str, unix: int, body: bytes) -> dict[str, str]:
    return {SIGNATURE: _hex(secret, body)}


def _standard(secret: str, event_id: str, unix: int, body: bytes) -> dict[str, str]:
    webhook = Webhook(standard_secret(secret))
    signature = webhook.sign(event_id, datetime.fromtimestamp(unix, UTC), body.decode())
    return {"webhook-id": event_id, "webhook-timestamp": str(unix), "webhook-signature": signature}


_SIGNERS: Mapping[str, Callable[[str, str, int, bytes], dict[str, str]]] = {
    "t_v1": _t_v1,
    "sha256": _sha256,
    "hex": _bare_hex,
    "standard_webhooks": _standard,
}
