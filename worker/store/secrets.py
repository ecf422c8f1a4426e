"""Secrets: sealed with the installation's keys before they reach the database."""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from worker.core.errors import Invalid

UNREADABLE = "SECRET_KEYS: none of the keys opens a stored secret; add the key that it was written with"


class Secrets:
    """Fernet with several keys: the first encrypts, all decrypt."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises Invalid where there is no key or one is not a Fernet key (32 bytes in URL-safe base64)."""
        if not keys:
            raise Invalid("SECRET_KEYS: at least one Fernet key is needed", {"SECRET_KEYS": "missing"})
        self._fernet = MultiFernet([_fernet(key, place) for place, key in enumerate(keys, 1)])

    def seal(self, value: Mapping[str, Any]) -> str:
        """A JSON object as text that only the keys open."""
        return self._fernet.encrypt(json.dumps(dict(value), separators=(",", ":")).encode()).decode()

    def open(self, sealed: str) -> dict[str, Any]:
        """What was sealed. Raises Invalid where no key opens it."""
        try:
            opened: dict[str, Any] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise Invalid(UNREADABLE, {"SECRET_KEYS": "lacks the key of a stored secret"}) from error
        return opened

    def reseal(self, sealed: str) -> str:
        """The same secret under the first key. Raises Invalid where no key opens it."""
        try:
            return self._fernet.rotate(sealed).decode()
        except InvalidToken as error:
            raise Invalid(UNREADABLE, {"SECRET_KEYS": "lacks the key of a stored secret"}) from error


def _fernet(key: str, place: int) -> Fernet:
    try:
        return Fernet(key)
    except ValueError as error:
        expected = "expected 32 bytes in URL-safe base64"
        raise Invalid(f"SECRET_KEYS: key {place} is not a Fernet key; {expected}", {"SECRET_KEYS": expected}) from error


def new_api_key() -> str:
    """A key for callers: ``vs_live_`` and 256 random bits."""
    return "vs_live_" + secrets.token_urlsafe(32)


def new_webhook_secret() -> str:
    """A signing secret as Standard Webhooks writes it: ``whsec_`` and 32 bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def hashed(raw_key: str) -> str:
    """What is kept of an API key: its SHA-256 in hex. The key is random, so it needs no salt."""
    return hashlib.sha256(raw_key.encode()).hexdigest()


def prefix_of(raw_key: str) -> str:
    """The part of an API key that may be shown."""
    return raw_key[:12]
