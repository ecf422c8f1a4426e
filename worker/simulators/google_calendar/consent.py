"""The consent page of the browser flow, answered at once by a user who agrees or does not."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from worker.simulators.google_calendar.grants import Consent, Grants, new_token
from worker.simulators.google_calendar.state import World
from worker.simulators.google_calendar.tokens import OAuthRefusal

CODE_LIFE = 600.0


def consent(world: World, grants: Grants, query: Mapping[str, str]) -> str:
    """Where the browser is sent: the redirect URI with `code` or `error`, and `state`.

    A refresh token follows only for `access_type=offline`, and only for the first consent or with `prompt=consent`.
    """
    client_id, redirect_uri = query.get("client_id", ""), query.get("redirect_uri", "")
    if client_id not in grants.clients:
        raise OAuthRefusal(401, "invalid_client", "The OAuth client was not found.")
    if not redirect_uri or query.get("response_type") != "code" or not query.get("scope"):
        raise OAuthRefusal(400, "invalid_request", "Required parameters: redirect_uri, response_type=code, scope")
    if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
        raise OAuthRefusal(400, "invalid_request", "Only S256 is supported as code_challenge_method.")
    answer = {"error": "access_denied"} if world.settings.deny_consent else {"code": _code(world, grants, query)}
    if "state" in query:
        answer["state"] = query["state"]
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answer)}"


def _code(world: World, grants: Grants, query: Mapping[str, str]) -> str:
    user = world.settings.consent_user or query.get("login_hint") or next(iter(world.users), "")
    if user not in world.users:
        raise OAuthRefusal(400, "invalid_request", "Nobody is here to consent.")
    first = not grants.has_consented(user, query["client_id"])
    offline = query.get("access_type") == "offline" and (first or "consent" in query.get("prompt", "").split())
    code = new_token("4/")
    grants.consents[code] = Consent(
        user,
        query["client_id"],
        query["redirect_uri"],
        frozenset(query["scope"].split()),
        query.get("code_challenge") or None,
        offline,
        world.now() + CODE_LIFE,
    )
    return code
