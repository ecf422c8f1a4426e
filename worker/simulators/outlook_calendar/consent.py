"""The consent page of the browser flow, answered at once by a user who agrees or does not."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from worker.simulators.outlook_calendar.grants import Consent, Grants, new_token
from worker.simulators.outlook_calendar.identity import MANY
from worker.simulators.outlook_calendar.oauth import OAuthRefusal, oauth_body
from worker.simulators.outlook_calendar.state import Mailbox, World
from worker.simulators.outlook_calendar.tokens import scopes_asked

CODE_LIFE = 600.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def consent(world: World, grants: Grants, tenant: str, query: Mapping[str, str]) -> str:
    """Where the browser is sent: the redirect URI with `code` or `error`, and `state`.

    A refresh token follows only where `offline_access` is asked for. What is wrong with the request itself stays on
    Microsoft's page: OAuthRefusal.
    """
    _check(grants, query)
    redirect_uri = query["redirect_uri"]
    answer = _declined() if world.settings.deny_consent else _agreed(world, grants, tenant, query)
    if "state" in query:
        answer["state"] = query["state"]
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answer)}"


def _check(grants: Grants, query: Mapping[str, str]) -> None:
    client_id, redirect_uri = query.get("client_id", ""), query.get("redirect_uri", "")
    if client_id not in grants.clients:
        raise OAuthRefusal("application")
    if not redirect_uri or query.get("response_type") != "code" or not query.get("scope"):
        raise OAuthRefusal("parameter", "Required are redirect_uri, response_type=code and scope.")
    if not _is_registered(grants, client_id, redirect_uri):
        raise OAuthRefusal("redirect")
    scopes_asked(query["scope"])
    if query.get("response_mode", "query") != "query":
        raise OAuthRefusal("parameter", "Only response_mode=query is simulated.")
    if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
        raise OAuthRefusal("parameter", "Only S256 is taken as code_challenge_method here.")


def _is_registered(grants: Grants, client_id: str, redirect_uri: str) -> bool:
    """https://learn.microsoft.com/entra/identity-platform/reply-url"""
    parts = urlsplit(redirect_uri)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return False
    return client_id not in grants.redirects or redirect_uri in grants.redirects[client_id]


def _declined() -> dict[str, str]:
    body = oauth_body("denied")
    return {"error": body["error"], "error_description": body["error_description"]}


def _agreed(world: World, grants: Grants, tenant: str, query: Mapping[str, str]) -> dict[str, str]:
    user = _user(world, tenant, query.get("login_hint"))
    grants.demands.pop(user.id, None)
    scopes = scopes_asked(query["scope"]) - frozenset(world.settings.unticked)
    grant = grants.grant(user.id, query["client_id"], scopes)
    code, challenge = new_token("0.A"), query.get("code_challenge") or None
    expires = world.now() + CODE_LIFE
    grants.consents[code] = Consent(grant, query["redirect_uri"], scopes, challenge, query.get("nonce"), expires)
    return {"code": code, "session_state": user.id}


def _user(world: World, tenant: str, hint: str | None) -> Mailbox:
    chosen = world.mailbox(world.settings.consent_user or hint or "") or next(iter(world.mailboxes.values()), None)
    if chosen is None or (tenant not in MANY and chosen.tenant != tenant):
        raise OAuthRefusal("tenant", "Nobody is here to consent.")
    return chosen
