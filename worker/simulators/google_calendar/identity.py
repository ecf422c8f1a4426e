"""Who a user is, in ID tokens: https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from worker.simulators.google_calendar.access import PREFIX
from worker.simulators.google_calendar.state import World

ISSUER = "https://accounts.google.com"
EMAIL, PROFILE = f"{PREFIX}userinfo.email", f"{PREFIX}userinfo.profile"
SIGN_IN: Mapping[str, str] = MappingProxyType(
    {"openid": "openid", "email": EMAIL, "profile": PROFILE, EMAIL: EMAIL, PROFILE: PROFILE}
)
"""The scopes of signing in, and what they are called in answers."""


def subject(user: str) -> str:
    """The user's id, which stays whatever becomes of the address."""
    return str(10**20 + int.from_bytes(hashlib.sha256(user.encode()).digest()[:8], "big"))


def by_hint(world: World, hint: str | None) -> str | None:
    """The user whom a `login_hint` names, by address or by id."""
    return next((user for user in world.users if hint in (user, subject(user))), None)


def id_token(user: str, client_id: str, scopes: frozenset[str], now: float, seconds: int) -> str:
    """An ID token of the right form; nobody could check its signature without asking Google for a key."""
    claims: dict[str, Any] = {"iss": ISSUER, "azp": client_id, "aud": client_id, "sub": subject(user)}
    if EMAIL in scopes:
        claims |= {"email": user, "email_verified": True}
    claims |= {"iat": int(now), "exp": int(now) + seconds}
    parts = (_encoded({"alg": "RS256", "kid": "simulated", "typ": "JWT"}), _encoded(claims))
    return ".".join((*parts, base64.urlsafe_b64encode(bytes(256)).decode().rstrip("=")))


def _encoded(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
