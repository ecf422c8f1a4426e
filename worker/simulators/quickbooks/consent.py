"""The consent page of the browser flow, answered at once by a person who agrees or does not."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from worker.simulators.quickbooks.grants import Consent, new_token
from worker.simulators.quickbooks.oauth import OAuthRefusal
from worker.simulators.quickbooks.state import World

ACCOUNTING = "com.intuit.quickbooks.accounting"
SCOPES = frozenset({ACCOUNTING, "com.intuit.quickbooks.payment", "openid", "profile", "email", "phone", "address"})
CODE_LIFE = 300.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def consent(world: World, query: Mapping[str, str]) -> str:
    """Where the browser is sent: the redirect URI with `code` and `realmId`, or with `error`, and with `state`.

    What is wrong with the request itself stays on Intuit's page: OAuthRefusal.
    """
    _check(world, query)
    answer = {"error": "access_denied"} if world.settings.deny_consent else _agreed(world, query)
    redirect_uri = query["redirect_uri"]
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode({**answer, 'state': query['state']})}"


def _check(world: World, query: Mapping[str, str]) -> None:
    client_id, scopes = query.get("client_id", ""), set(query.get("scope", "").split())
    if client_id not in world.grants.clients:
        raise OAuthRefusal("invalid_client")
    if query.get("response_type") != "code" or not query.get("state"):
        raise OAuthRefusal("invalid_request", "Required are response_type=code and state")
    if ACCOUNTING not in scopes or scopes - SCOPES:
        raise OAuthRefusal("invalid_scope")
    if not _is_registered(world, client_id, query.get("redirect_uri", "")):
        raise OAuthRefusal("invalid_request", "The redirect URI is not one of the application")


def _is_registered(world: World, client_id: str, redirect_uri: str) -> bool:
    """https://developer.intuit.com/app/developer/qbo/docs/get-started/app-settings: https, or http on this machine."""
    parts, redirects = urlsplit(redirect_uri), world.grants.redirects
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return False
    return client_id not in redirects or redirect_uri in redirects[client_id]


def _agreed(world: World, query: Mapping[str, str]) -> dict[str, str]:
    realm = world.settings.consent_realm or next(iter(world.companies), None)
    if realm not in world.companies:
        raise OAuthRefusal("invalid_request", "There is no company to choose")
    code = new_token("XAB")
    expires = world.now() + CODE_LIFE
    world.grants.consents[code] = Consent(str(realm), query["client_id"], query["redirect_uri"], expires)
    return {"code": code, "realmId": str(realm)}
