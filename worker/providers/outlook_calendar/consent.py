"""A person's consent in the browser, as Microsoft asks for it."""

import base64
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from worker.core.consents import ConsentRefused, Reason
from worker.core.errors import Rejected
from worker.http.client import call, make_client
from worker.http.retry_after import retry_after
from worker.providers.outlook_calendar.errors import read_json
from worker.providers.outlook_calendar.service import OutlookSettings
from worker.providers.outlook_calendar.tokens import SCOPE, refused

SCOPES = f"{SCOPE} offline_access openid profile"
"""``offline_access`` gives a refresh token; ``openid`` and ``profile`` tell who consented."""


class OutlookConsents:
    """The core's ``Consents`` port: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow"""

    def __init__(self, settings: OutlookSettings) -> None:
        self._settings = settings

    @property
    def page(self) -> str:
        return f"{self._settings.authority_url}/oauth2/v2.0/authorize"

    def authorize_url(self, state: str, challenge: str, redirect_uri: str, hint: str | None = None) -> str:
        """``prompt=select_account`` because whoever is signed in need not be the technician meant. Microsoft's
        ``login_hint`` takes a name, not an identity, so ``hint`` is of no use here."""
        query = {
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "response_mode": "query",
            "scope": SCOPES,
            "prompt": "select_account",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.page}?{urlencode(query)}"

    def exchange(self, code: str, verifier: str, redirect_uri: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """See the port. A code is good for one exchange, so nothing is sent twice."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret,
        }
        with make_client() as client:
            answer = call(client, "POST", f"{self._settings.authority_url}/oauth2/v2.0/token", data=form)
        body = _object(answer.content)
        if answer.status_code != 200 or not body.get("access_token"):
            wait = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
            raise refused(answer.status_code, body, wait)
        return self._credentials(body)

    def _credentials(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if not _may_write(str(body.get("scope", SCOPE))):
            raise ConsentRefused(Reason.NARROWED)
        if not body.get("refresh_token"):
            raise ConsentRefused(Reason.PASSING)
        claims = _claims(str(body.get("id_token", "")))
        if not (claims.get("oid") and claims.get("tid")) or claims.get("aud") != self._settings.client_id:
            raise Rejected("Microsoft did not say who consented.", code="OAUTH_IDENTITY_MISSING")
        return {
            "refresh_token": str(body["refresh_token"]),
            "access_token": str(body["access_token"]),
            "expires_at": time.time() + float(body.get("expires_in") or 3600),
            "identity": f"{claims['oid']}.{claims['tid']}",
            "person": str(claims.get("preferred_username", "")),
        }


def _may_write(scopes: str) -> bool:
    """Scopes come with or without the address of Graph before them, and in any case."""
    return any(scope.rpartition("/")[2].lower() == "calendars.readwrite" for scope in scopes.split())


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


def _object(text: bytes) -> Mapping[str, Any]:
    body = read_json(text)
    return body if isinstance(body, dict) else {}
