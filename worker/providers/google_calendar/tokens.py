"""Access tokens for Google, from what a connection was granted."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import google_auth_httplib2
import httplib2
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.oauth2 import service_account

from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, SyncError, Transient
from worker.core.ports import Grant
from worker.http.client import call, make_client
from worker.http.mint import Mint
from worker.http.redaction import redacted
from worker.http.retry_after import retry_after
from worker.http.tokens import TokenKeeper
from worker.providers.google_calendar.batches import TRANSPORT
from worker.providers.google_calendar.service import READ_TIMEOUT, GoogleSettings

SCOPE = "https://www.googleapis.com/auth/calendar.events"

REFUSALS: Mapping[str, type[SyncError]] = MappingProxyType(
    {
        "invalid_grant": ConnectionRevoked,
        "access_denied": ConnectionRevoked,
        "invalid_client": Rejected,
        "deleted_client": Rejected,
        "unauthorized_client": Rejected,
        "invalid_request": Rejected,
        "unsupported_grant_type": Rejected,
        "invalid_scope": Rejected,
    }
)
"""OAuth errors (RFC 6749, 5.2). Only the first two are about the grant. The others are an operator's mistake: they stop
syncs, but disconnect nobody."""

DELEGATION = MappingProxyType({**REFUSALS, "unauthorized_client": ConnectionRevoked})
"""The same for service accounts, whose delegation an administrator of the workspace gives and takes."""

_CLIENT = frozenset({"invalid_client", "deleted_client", "unauthorized_client"})


def keeper_for(grant: Grant, settings: GoogleSettings, subject: str | None, mint: Mint) -> TokenKeeper:
    """The token keeper for a grant; ``subject`` is whom a service account acts for, None where no calendar is named."""
    account = grant.read().get("service_account")
    if account:
        named = (account.get("client_email"), account.get("private_key"), settings.token_url, subject)
        return TokenKeeper(mint.grant(grant, *named), lambda credentials: _mint(credentials, settings, subject))
    return TokenKeeper(grant, lambda credentials: _refresh(credentials, settings))


def bearer(keeper: TokenKeeper, connection: Any) -> Any:
    """The connection with the keeper's token on each request, renewed once where Google answers 401."""
    return google_auth_httplib2.AuthorizedHttp(_Kept(keeper), http=connection, max_refresh_attempts=1)


def revoke(grant: Grant, settings: GoogleSettings) -> None:
    """Gives the grant back to Google, which takes its access tokens with it; a service account has nothing to give.

    A grant that is gone already is no error. Raises Transient, Uncertain.
    """
    credentials = grant.read()
    token = credentials.get("refresh_token") or credentials.get("access_token")
    if not token:
        return
    with make_client() as client:
        answer = call(client, "POST", _revoke_url(settings.token_url), data={"token": token})
    if answer.status_code >= 500:
        raise Transient(f"Google answered {answer.status_code} to a revocation.")


def _revoke_url(token_url: str) -> str:
    parts = urlsplit(token_url)
    return urlunsplit(parts._replace(path=parts.path.rsplit("/", 1)[0] + "/revoke", query=""))


class _Kept(Credentials):
    """A keeper's token in the shape that the library wants its credentials in."""

    def __init__(self, keeper: TokenKeeper) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._keeper = keeper

    @property
    def valid(self) -> bool:
        return True

    def refresh(self, request: object) -> None:
        self.token = self._keeper.renewed(self.token)

    def before_request(self, request: object, method: str, url: str, headers: dict[str, str]) -> None:
        self.token = self._keeper.token()
        headers["authorization"] = f"Bearer {self.token}"


def _refresh(credentials: Mapping[str, Any], settings: GoogleSettings) -> Mapping[str, Any]:
    """https://developers.google.com/identity/protocols/oauth2/web-server#offline"""
    if not credentials.get("refresh_token"):
        raise ConnectionRevoked("Google's access token is used up and there is no refresh token; connect again.")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": credentials["refresh_token"],
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
    }
    with make_client() as client:
        answer = call(client, "POST", settings.token_url, data=form)
    body = _json(answer)
    if answer.status_code != 200 or not body.get("access_token"):
        raise _refused(answer.status_code, body, retry_after(answer.headers.get("retry-after"), datetime.now(UTC)))
    expires_at = time.time() + float(body.get("expires_in") or 3600)
    rotated = body.get("refresh_token") or credentials["refresh_token"]
    return {**credentials, "access_token": body["access_token"], "expires_at": expires_at, "refresh_token": rotated}


def _mint(credentials: Mapping[str, Any], settings: GoogleSettings, subject: str | None) -> Mapping[str, Any]:
    """https://developers.google.com/identity/protocols/oauth2/service-account; ``aud`` stays Google's own address."""
    if subject is None:
        raise Rejected(
            "A service account acts for named people: list each technician's calendar in the settings, `calendars`.",
            code="CALENDAR_NOT_NAMED",
        )
    info = {**credentials["service_account"], "token_uri": settings.token_url}
    make: Any = service_account.Credentials.from_service_account_info
    try:
        account = make(info, scopes=[SCOPE], subject=subject)
    except (GoogleAuthError, ValueError) as error:
        words = f"The service account's key cannot be used: {redacted(error)}"
        raise Rejected(words, code="OAUTH_KEY_INVALID") from error
    _fetch(account)
    expires_at = account.expiry.replace(tzinfo=UTC).timestamp()
    return {"access_token": account.token, "expires_at": expires_at}


def _fetch(account: Any) -> None:
    connection = httplib2.Http(timeout=READ_TIMEOUT)
    try:
        account.refresh(google_auth_httplib2.Request(connection))
    except RefreshError as error:
        body = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], dict) else {}
        raise _refused(503 if error.retryable else 400, body, None, DELEGATION) from error
    except (GoogleAuthError, *TRANSPORT) as error:
        raise Transient(f"Google's token endpoint did not answer: {redacted(error)}") from error
    finally:
        connection.close()


def _refused(
    status: int, body: Mapping[str, Any], wait: float | None, kinds: Mapping[str, type[SyncError]] = REFUSALS
) -> SyncError:
    """What a refusal of the token endpoint means."""
    name, words = str(body.get("error", "")), redacted(body.get("error_description", ""))
    if status == 429:
        return RateLimited("Google's token endpoint asks us to slow down.", retry_after=wait)
    kind = kinds.get(name)
    if status >= 500 or kind is None:
        return Transient(f"Google's token endpoint answered {status} {name}: {words}", retry_after=wait)
    if "timeframe" in words:  # "Token must be a short-lived token … in a reasonable timeframe"
        return Transient(f"Google says that this machine's clock is wrong: {words}")
    if "user id" in words.lower():  # one technician's address, not the delegation of all
        return Rejected("Google knows no user with this calendar's address.", code="GOOGLE_USER_UNKNOWN")
    if kind is Rejected:
        code = "OAUTH_CLIENT_INVALID" if name in _CLIENT else f"OAUTH_{name.upper()}"
        return Rejected(f"Google refuses this installation's OAuth client ({name}): {words}", code=code)
    return kind(f"Google no longer accepts the grant ({name}): {words} Connect again.")


def _json(answer: Any) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
