"""A person's consent in the browser, as Google asks for it."""

import base64
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from worker.core.consents import ConsentRefused, Reason
from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, SyncError, Transient
from worker.http.client import call, make_client
from worker.http.redaction import redacted
from worker.http.retry_after import retry_after
from worker.providers.google_calendar.service import GoogleSettings
from worker.providers.google_calendar.tokens import REFUSALS, SCOPE

PAGE = "https://accounts.google.com/o/oauth2/v2/auth"
PAGE_PATH = "/o/oauth2/v2/auth"
TOKEN_HOST = "oauth2.googleapis.com"  # noqa: S105 - an address
SCOPES = f"{SCOPE} openid email"
"""``openid`` and ``email`` tell who consented."""

EXCHANGE_REFUSALS: Mapping[str, type[SyncError]] = MappingProxyType({**REFUSALS, "redirect_uri_mismatch": Rejected})
"""The token endpoint's errors; here ``invalid_grant`` is about the code."""


class GoogleConsents:
    """The core's ``Consents`` port: https://developers.google.com/identity/protocols/oauth2/web-server"""

    def __init__(self, settings: GoogleSettings) -> None:
        self._settings = settings

    @property
    def page(self) -> str:
        """Google's own page, or the one beside the token endpoint that stands for Google's."""
        parts = urlsplit(self._settings.token_url)
        if parts.hostname == TOKEN_HOST:
            return PAGE
        return urlunsplit(parts._replace(path=parts.path.rsplit("/", 1)[0] + PAGE_PATH, query=""))

    def authorize_url(self, state: str, challenge: str, redirect_uri: str, hint: str | None = None) -> str:
        """``prompt=consent`` because only then Google gives a refresh token to somebody who consented before;
        ``login_hint`` takes the id of who is expected.
        """
        query = {
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": SCOPES,
            "access_type": "offline",
            "prompt": "consent",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.page}?{urlencode({**query, 'login_hint': hint} if hint else query)}"

    def exchange(self, code: str, verifier: str, redirect_uri: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """See the port. A code is good for one exchange, so nothing is sent twice."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret,
        }
        with make_client() as client:
            answer = call(client, "POST", self._settings.token_url, data=form)
        body = _object(answer.content)
        if answer.status_code != 200 or not body.get("access_token"):
            wait = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
            raise _refused(answer.status_code, body, wait)
        return self._credentials(body)

    def _credentials(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        # People may untick what is asked for: https://developers.google.com/identity/protocols/oauth2/resources/granular-permissions
        if SCOPE not in str(body.get("scope", SCOPE)).split():
            raise ConsentRefused(Reason.NARROWED)
        if not body.get("refresh_token"):
            raise ConsentRefused(Reason.PASSING)
        claims = _claims(str(body.get("id_token", "")))
        if not claims.get("sub") or claims.get("aud") != self._settings.client_id:
            raise Rejected("Google did not say who consented.", code="OAUTH_IDENTITY_MISSING")
        return {
            "refresh_token": str(body["refresh_token"]),
            "access_token": str(body["access_token"]),
            "expires_at": time.time() + float(body.get("expires_in") or 3600),
            "identity": str(claims["sub"]),
            "person": str(claims.get("email", "")),
        }


def _claims(id_token: str) -> Mapping[str, Any]:
    """What an ID token says; {} for what is none.

    Its signature need not be checked, because it comes straight from the token endpoint, whose TLS certificate was:
    https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation (6).
    """
    payload = id_token.split(".")[1] if id_token.count(".") == 2 else ""
    try:
        return _object(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return {}


def _refused(status: int, body: Mapping[str, Any], wait: float | None) -> SyncError:
    """What a refusal of the exchange means."""
    name, words = str(body.get("error", "")), redacted(body.get("error_description", ""))
    if status == 429:
        return RateLimited("Google's token endpoint asks us to slow down.", retry_after=wait)
    kind = EXCHANGE_REFUSALS.get(name)
    if status >= 500 or kind is None:
        return Transient(f"Google's token endpoint answered {status} {redacted(name)}: {words}", retry_after=wait)
    if kind is ConnectionRevoked:
        return ConnectionRevoked(f"Google does not accept the code ({name}): {words}")
    return kind(f"Google refuses this installation's OAuth client ({name}): {words}", code=f"OAUTH_{name.upper()}")


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
