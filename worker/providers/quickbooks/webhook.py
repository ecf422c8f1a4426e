"""Intuit's push messages: signed over the body, of several companies at once, in two formats."""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from worker.core.errors import Invalid
from worker.providers.quickbooks.errors import read_json
from worker.providers.quickbooks.tokens import is_realm

SIGNATURE = "intuit-signature"


def verified(body: bytes, signature: str | None, verifier: str) -> bool:
    """Whether ``body`` (the raw bytes) was signed with ``verifier``: the base64 of its HMAC-SHA256, the same for both
    formats. Compared in constant time and as text, so that nothing of the sender's is decoded.

    https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks#validating-the-notification
    """
    if not (signature and verifier):
        return False
    expected = base64.b64encode(hmac.new(verifier.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.strip().encode("utf-8", "surrogatepass"))


def realms(body: bytes) -> frozenset[str]:
    """The companies that a message is about: a CloudEvents body is an array, a legacy one an object. Which entities
    changed is not asked, for a sync looks at all of them; what names no company is passed over.

    Raises Invalid for a body that is neither.
    https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks
    """
    return frozenset(realm for realm in _named(read_json(body)) if is_realm(realm))


def _named(content: object) -> Iterator[str]:
    if isinstance(content, list):
        return _texts(content, "intuitaccountid")
    notifications = content.get("eventNotifications") if isinstance(content, Mapping) else None
    if not isinstance(notifications, list):
        expected = "expected an array of events, or an object with eventNotifications"
        raise Invalid(f"body: {expected}", {"body": expected})
    return _texts(notifications, "realmId")


def _texts(parts: list[Any], name: str) -> Iterator[str]:
    return (str(part[name]) for part in parts if isinstance(part, Mapping) and isinstance(part.get(name), str | int))
