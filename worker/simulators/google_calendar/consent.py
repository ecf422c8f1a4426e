"""The consent page of the browser flow, answered at once by a user who agrees or does not."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from worker.simulators.google_calendar.access import PREFIX
from worker.simulators.google_calendar.grants import Consent, Grants, new_token
from worker.simulators.google_calendar.identity import SIGN_IN, by_hint
from worker.simulators.google_calendar.state import World
from worker.simulators.google_calendar.tokens import OAuthRefusal

CODE_LIFE = 600.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def consent(world: World, grants: Grants, query: Mapping[str, str]) -> str:
    """Where the browser is sent: the redirect URI with `code` or `error`, and `state`.

    A refresh token follows only for `access_type=offline`, and only for the first consent or with `prompt=consent`.
    What is wrong with the request itself stays on Google's page: OAuthRefusal.
    """
    _check(grants, query)
    redirect_uri = query["redirect_uri"]
    answer = {"error": "access_denied"} if world.settings.deny_consent else _agreed(world, grants, query)
    if "state" in query:
        answer["state"] = query["state"]
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answer)}"


def _check(grants: Grants, query: Mapping[str, str]) -> None:
    client_id, redirect_uri = query.get("client_id", ""), query.get("redirect_uri", "")
    if client_id not in grants.clients:
        raise OAuthRefusal(401, "invalid_client", "The OAuth client was not found.")
    if not redirect_uri or query.get("response_type") != "code" or not query.get("scope"):
        raise OAuthRefusal(400, "invalid_request", "Required parameters: redirect_uri, response_type=code, scope")
    if not _is_registered(grants, client_id, redirect_uri):
        raise OAuthRefusal(400, "redirect_uri_mismatch", "The redirect URI is not one of this client's.")
    if not all(scope in SIGN_IN or scope.startswith(PREFIX) for scope in query["scope"].split()):
        raise OAuthRefusal(400, "invalid_scope", "Some requested scopes were invalid.")
    if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
        raise OAuthRefusal(400, "invalid_request", "Only S256 is supported as code_challenge_method.")


def _is_registered(grants: Grants, client_id: str, redirect_uri: str) -> bool:
    """https://developers.google.com/identity/protocols/oauth2/web-server#uri-validation"""
    parts = urlsplit(redirect_uri)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return False
    return client_id not in grants.redirects or redirect_uri in grants.redirects[client_id]


def _agreed(world: World, grants: Grants, query: Mapping[str, str]) -> dict[str, str]:
    user = world.settings.consent_user or by_hint(world, query.get("login_hint")) or next(iter(world.users), "")
    if user not in world.users:
        raise OAuthRefusal(400, "invalid_request", "Nobody is here to consent.")
    first = not grants.has_consented(user, query["client_id"])
    offline = query.get("access_type") == "offline" and (first or "consent" in query.get("prompt", "").split())
    scopes = _ticked(world, query["scope"])
    code = new_token("4/")
    grants.consents[code] = Consent(
        user,
        query["client_id"],
        query["redirect_uri"],
        scopes,
        query.get("code_challenge") or None,
        offline,
        world.now() + CODE_LIFE,
    )
    return {"code": code, "scope": " ".join(sorted(scopes))}


def _ticked(world: World, asked: str) -> frozenset[str]:
    """The scopes that the user grants, in Google's own words for them; those of signing in have no box."""
    ticked = [scope for scope in asked.split() if scope in SIGN_IN or scope not in world.settings.unticked]
    return frozenset(SIGN_IN.get(scope, scope) for scope in ticked)
