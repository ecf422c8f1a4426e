"""The door of the API: who calls, and whether they may (contract §4, order of checks in §4.1)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from starlette.exceptions import HTTPException
from starlette.requests import Request

from worker.core.connections import SCOPES, ApiKey
from worker.web.quota import Quota

HEADER = "X-API-Key"
SANE = re.compile(r"[!-~]{1,512}", re.ASCII)
NOBODYS_KEY = "nobody's key"
"""What is looked up in place of something that cannot be a key, so that it takes as long as any other."""

BEARER = HTTPBearer(auto_error=False, scheme_name="bearer", description="An API key as a bearer token.")
API_KEY = APIKeyHeader(
    name=HEADER, auto_error=False, scheme_name="api_key", description="An API key in its own header."
)

MISSING = f"An API key is needed: Authorization: Bearer <key>, or {HEADER}: <key>."
SEVERAL = "Two different API keys came with one request; send one."
UNKNOWN = "The API key is unknown or was revoked."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, let in."""

    account_id: str
    key_id: str


class Doorkeeper:
    """Lets callers in. ``find`` gives the key with a text, None for an unknown or revoked one; it may block."""

    def __init__(self, find: Callable[[str], ApiKey | None], quota: Quota) -> None:
        self._find = find
        self._quota = quota

    def admit(self, scope: str) -> Callable[..., Caller]:
        """A dependency for routes that need ``scope``. It checks key, scope and quota, in this order, and raises
        HTTPException 401, 403 or 429. It is no coroutine: it reads the database, so it is run in a thread.
        """
        assert scope in SCOPES, scope

        def admitted(
            request: Request,
            # For the description alone: each of them sees one header, and we need them all.
            _bearer: Annotated[object, Security(BEARER)],
            _api_key: Annotated[object, Security(API_KEY)],
        ) -> Caller:
            key = self.identify(request)
            _check_scope(key, scope)
            self._check_quota(key)
            return Caller(key.account_id, key.id)

        return admitted

    def identify(self, request: Request) -> ApiKey:
        """The key that came with the request, whatever it may do. Raises HTTPException 401; it reads the database."""
        raw_key = _only(presented_keys(request))
        found = self._find(raw_key if SANE.fullmatch(raw_key) else NOBODYS_KEY)
        if found is None:
            raise _stranger(UNKNOWN)
        return found

    def _check_quota(self, key: ApiKey) -> None:
        if seconds := self._quota.take(key.id):
            limit = f"This API key may make {self._quota.per_minute} requests a minute"
            raise HTTPException(429, f"{limit}; try again in {seconds} s.", {"Retry-After": str(seconds)})


def presented_keys(request: Request) -> set[str]:
    """Every key that the request brings, in whichever header."""
    keys = set(request.headers.getlist(HEADER))
    for authorization in request.headers.getlist("Authorization"):
        scheme, key = get_authorization_scheme_param(authorization)
        if scheme.lower() == "bearer":
            keys.add(key)
    return keys - {""}


def _only(keys: set[str]) -> str:
    if len(keys) != 1:
        raise _stranger(SEVERAL if keys else MISSING)
    return keys.pop()


def _check_scope(key: ApiKey, scope: str) -> None:
    if scope not in key.scopes:
        raise HTTPException(403, f"This API key lacks the scope {scope}.")


def _stranger(sentence: str) -> HTTPException:
    return HTTPException(401, sentence, {"WWW-Authenticate": "Bearer"})
