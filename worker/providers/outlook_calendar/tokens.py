"""Access tokens for Graph, from what a connection was granted."""

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import requests
from msal.exceptions import MsalError

from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, SyncError, Transient
from worker.core.ports import Grant
from worker.http.mint import Mint
from worker.http.redaction import redacted
from worker.http.retry_after import retry_after
from worker.http.tokens import TokenKeeper
from worker.providers.outlook_calendar.authority import Door, client, door, of_tenant
from worker.providers.outlook_calendar.service import OutlookSettings

SCOPE = "https://graph.microsoft.com/Calendars.ReadWrite"
GRANTED = "https://graph.microsoft.com/.default"
"""Whatever a person or an administrator has granted: asking for more than that would be refused as a whole."""

REFUSALS: Mapping[str, type[SyncError]] = MappingProxyType(
    {
        "invalid_grant": ConnectionRevoked,
        "interaction_required": ConnectionRevoked,
        "consent_required": ConnectionRevoked,
        "login_required": ConnectionRevoked,
        "access_denied": ConnectionRevoked,
        "invalid_client": Rejected,
        "unauthorized_client": Rejected,
        "invalid_request": Rejected,
        "invalid_resource": Rejected,
        "invalid_scope": Rejected,
        "unsupported_grant_type": Rejected,
        "temporarily_unavailable": Transient,
        "server_error": Transient,
    }
)
"""The token endpoint's errors. The first five are about the grant: only a person can mend it. Those that are Rejected
are an operator's mistake: they stop syncs, but disconnect nobody. Others pass.
https://learn.microsoft.com/entra/identity-platform/reference-error-codes"""

_CLIENT = frozenset({"invalid_client", "unauthorized_client"})
_UNKNOWN_TENANT = 90002
NO_TENANT = "Microsoft knows no such tenant. Correct the tenant_id of the credentials, or MICROSOFT_AUTHORITY_URL."
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", re.ASCII)

Asking = Callable[[Any], Mapping[str, Any] | None]


def keeper_for(grant: Grant, settings: OutlookSettings, mint: Mint) -> TokenKeeper:
    """The token keeper for a grant: a person's refresh token, or a whole tenant's permission."""
    credentials = grant.read()
    if is_for_all(credentials):
        named = (credentials["tenant_id"], settings.authority_url, settings.client_id, settings.client_secret)
        return TokenKeeper(mint.grant(grant, *named), lambda known: _minted(known, settings))
    return TokenKeeper(grant, lambda known: _refreshed(known, settings))


def is_for_all(credentials: Mapping[str, Any]) -> bool:
    """Whether the grant is an application permission, good for every mailbox of a tenant."""
    return bool(credentials.get("tenant_id")) and not credentials.get("refresh_token")


def _refreshed(credentials: Mapping[str, Any], settings: OutlookSettings) -> Mapping[str, Any]:
    """The credentials with the newest tokens. Each use of a refresh token gives another, and the old one goes on
    working, so a lost answer loses nothing.

    https://learn.microsoft.com/entra/identity-platform/refresh-tokens
    """
    known = credentials.get("refresh_token")
    if not known:
        raise ConnectionRevoked("Microsoft's access token is used up and there is no refresh token; connect again.")
    answer = _asked(
        settings, settings.authority_url, lambda app: app.acquire_token_by_refresh_token(known, scopes=[GRANTED])
    )
    return {**credentials, **_token(answer), "refresh_token": answer.get("refresh_token") or known}


def _minted(credentials: Mapping[str, Any], settings: OutlookSettings) -> Mapping[str, Any]:
    """https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow"""
    tenant = str(credentials.get("tenant_id", ""))
    if not _TENANT.fullmatch(tenant):
        raise Rejected("tenant_id: expected the directory's id or one of its domains.", code="OAUTH_TENANT_UNKNOWN")
    authority_url = of_tenant(settings.authority_url, tenant)
    return _token(_asked(settings, authority_url, lambda app: app.acquire_token_for_client([GRANTED])))


def _token(answer: Mapping[str, Any]) -> dict[str, Any]:
    expires_at = time.time() + float(answer.get("expires_in") or 3600)
    return {"access_token": str(answer["access_token"]), "expires_at": expires_at}


def _asked(settings: OutlookSettings, authority_url: str, ask: Asking) -> Mapping[str, Any]:
    """What the authority granted. Raises ConnectionRevoked, Rejected, RateLimited, Transient."""
    through = door(authority_url)
    try:
        answer = ask(client(settings, authority_url, through)) or {}
    except (requests.RequestException, MsalError) as error:
        raise _unanswered(through, error) from error
    except (ValueError, KeyError, RuntimeError) as error:  # msal's words for a discovery that it cannot use
        raise _undiscovered(through, error) from error
    finally:
        through.close()
    if not answer.get("access_token"):
        raise refused(_status(through), answer, _wait(through))
    return answer


def _unanswered(through: Door, error: Exception) -> SyncError:
    words = f"Microsoft's token endpoint did not answer: {redacted(error)}"
    if _status(through) == 429:
        return RateLimited(words, retry_after=_wait(through))
    return Transient(words, retry_after=_wait(through))


def _undiscovered(through: Door, error: Exception) -> SyncError:
    if through.posted or not 400 <= _status(through) < 500 or _status(through) in (408, 429):
        return _unanswered(through, error)
    return Rejected(NO_TENANT, code="OAUTH_TENANT_UNKNOWN")


def refused(status: int, body: Mapping[str, Any], wait: float | None) -> SyncError:
    """What a refusal of the token endpoint means; ``wait`` is what its ``Retry-After`` says, in seconds."""
    name, words = redacted(body.get("error", "")), redacted(body.get("error_description", ""))
    if status == 429:
        return RateLimited("Microsoft's token endpoint asks us to slow down.", retry_after=wait)
    if _UNKNOWN_TENANT in (body.get("error_codes") or ()):
        return Rejected(NO_TENANT, code="OAUTH_TENANT_UNKNOWN")
    kind = REFUSALS.get(name, Transient)
    if status >= 500 or issubclass(kind, Transient):
        return Transient(f"Microsoft's token endpoint answered {status} {name}: {words}", retry_after=wait)
    if kind is ConnectionRevoked:
        return ConnectionRevoked(f"Microsoft no longer accepts the grant ({name}): {words} Connect again.")
    whose = "MICROSOFT_CLIENT_ID and MICROSOFT_CLIENT_SECRET" if name in _CLIENT else "this installation's request"
    code = "OAUTH_CLIENT_INVALID" if name in _CLIENT else f"OAUTH_{name.upper()}"
    return Rejected(f"Microsoft refuses {whose} ({name}): {words}", code=code)


def _status(through: Door) -> int:
    return 0 if through.answered is None else through.answered.status_code


def _wait(through: Door) -> float | None:
    header = None if through.answered is None else through.answered.headers.get("Retry-After")
    return retry_after(header, datetime.now(UTC))
