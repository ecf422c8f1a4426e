"""Who sent an event: the three styles of signature that contract §4.5 accepts."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

from worker.core.errors import SyncError

SIGNATURE = "x-fieldcamp-signature"
ID, TIMESTAMP, SIGNATURES = "webhook-id", "webhook-timestamp", "webhook-signature"
STANDARD_PREFIX = "whsec_"
TOLERANCE_SECONDS = 300
"""How far a signed timestamp may be off, either way."""

_UNIX = re.compile(r"\d{1,11}", re.ASCII)


class Unsigned(SyncError):
    """The request is not signed with the account's secret, or not now."""

    code = "UNAUTHORIZED"


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return where any one style proves that ``body`` (the raw bytes) was signed with ``secret``; ``now`` is aware.

    ``X-FieldCamp-Signature`` is ``t=<unix>,v1=<hex>`` over ``<t>.<body>`` (several ``v1`` while a secret is changed),
    or ``sha256=<hex>`` or ``<hex>`` over the body, keyed with the secret's UTF-8 bytes; Standard Webhooks headers are
    keyed with what ``standard_key`` says. HMAC-SHA256; header names in any case. Raises Unsigned, and nothing else.
    """
    given = {name.lower(): value.strip() for name, value in headers.items()}
    if not secret.removeprefix(STANDARD_PREFIX):
        raise Unsigned("This account has no webhook secret to verify with.")
    if SIGNATURE not in given and SIGNATURES not in given:
        raise Unsigned("The request carries no signature.")
    if not (_fieldcamp(secret, given.get(SIGNATURE, ""), body, now) or _standard(secret, given, body, now)):
        raise Unsigned("The signature does not match, or its timestamp is more than five minutes off.")


def standard_key(secret: str) -> bytes:
    """The key of Standard Webhooks: what the base64 after ``whsec_`` holds; other secrets stand for their own bytes."""
    encoded = secret.removeprefix(STANDARD_PREFIX)
    if encoded == secret:
        return _utf8(secret)
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) or _utf8(secret)
    except ValueError:
        return _utf8(secret)


def _fieldcamp(secret: str, header: str, body: bytes, now: datetime) -> bool:
    parts = [tuple(part.strip().partition("=")[::2]) for part in header.split(",")]
    times = [value for name, value in parts if name == "t"]
    if times:
        signed = [value for name, value in parts if name == "v1"]
        return _is_timely(times[0], now) and _matches(secret, times[0].encode() + b"." + body, signed)
    return _matches(secret, body, [header.removeprefix("sha256=")])


def _standard(secret: str, given: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """The library signs and we compare: its ``verify`` reads a clock of its own and stops at a malformed part."""
    message_id, unix = given.get(ID, ""), given.get(TIMESTAMP, "")
    if not message_id or not _is_timely(unix, now):
        return False
    try:
        at = datetime.fromtimestamp(int(unix), UTC)
        expected = Webhook(standard_key(secret)).sign(message_id, at, body.decode()).encode()
    except UnicodeError:
        return False
    return any(hmac.compare_digest(expected, _utf8(each)) for each in given.get(SIGNATURES, "").split())


def _matches(secret: str, content: bytes, signed: list[str]) -> bool:
    expected = hmac.new(_utf8(secret), content, hashlib.sha256).hexdigest().encode()
    return any(hmac.compare_digest(expected, _utf8(each.lower())) for each in signed)


def _is_timely(unix: str, now: datetime) -> bool:
    return _UNIX.fullmatch(unix) is not None and abs(now.timestamp() - int(unix)) <= TOLERANCE_SECONDS


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
