"""The token endpoint: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from worker.simulators.outlook_calendar.access import DELEGATED, PREFIX, SIGN_IN, plain
from worker.simulators.outlook_calendar.grants import AccessToken, Grant, Grants
from worker.simulators.outlook_calendar.identity import MANY, client_info, id_token
from worker.simulators.outlook_calendar.oauth import OAuthRefusal
from worker.simulators.outlook_calendar.state import World

DEFAULT_SCOPE = f"{PREFIX}.default"
SHORTEST_VERIFIER, LONGEST_VERIFIER = 43, 128
Form = Mapping[str, str]
Json = dict[str, Any]


def token(world: World, grants: Grants, tenant: str, form: Form) -> Json:
    """The answer to POST /{tenant}/oauth2/v2.0/token; raises OAuthRefusal."""
    client_id = _check_client(grants, form)
    kind = form.get("grant_type")
    if kind == "refresh_token":
        return _refresh(world, grants, tenant, client_id, form)
    if kind == "client_credentials":
        return _application(world, grants, tenant, client_id, form)
    if kind == "authorization_code":
        return _exchange(world, grants, tenant, client_id, form)
    raise OAuthRefusal("grant_type")


def scopes_asked(text: str) -> frozenset[str]:
    """The permissions that a `scope` names, by their short names; `invalid_scope` for one that there is none of."""
    asked = frozenset(plain(one) for one in text.split())
    if not asked or asked - DELEGATED - SIGN_IN - {".default"}:
        raise OAuthRefusal("scope")
    return asked


def _refresh(world: World, grants: Grants, tenant: str, client_id: str, form: Form) -> Json:
    held = grants.refresh_tokens.get(_field(form, "refresh_token"))
    if held is None or held.grant.client_id != client_id:
        raise OAuthRefusal("malformed")
    grant = held.grant
    if grant.revoked:
        raise OAuthRefusal("revoked")
    if held.expires <= world.now():
        raise OAuthRefusal("expired")
    _check_tenant(world, tenant, grant)
    if grant.user in grants.demands:
        raise OAuthRefusal(grants.demands[grant.user])
    asked = scopes_asked(form["scope"]) if form.get("scope") else frozenset({".default"})
    if asked - grant.scopes - SIGN_IN - {".default"}:
        raise OAuthRefusal("consent_required")
    world.counters["refreshes"] += 1
    return _issued(world, grants, grant, asked, form)


def _exchange(world: World, grants: Grants, tenant: str, client_id: str, form: Form) -> Json:
    consent = grants.consents.pop(_field(form, "code"), None)
    if consent is None or consent.grant.client_id != client_id or consent.expires <= world.now():
        raise OAuthRefusal("code")
    if form.get("redirect_uri") != consent.redirect_uri:
        raise OAuthRefusal("redirect")
    _check_verifier(consent.challenge, form.get("code_verifier"))
    _check_tenant(world, tenant, consent.grant)
    world.counters["exchanges"] += 1
    return _issued(world, grants, consent.grant, consent.scopes, form, nonce=consent.nonce)


def _application(world: World, grants: Grants, tenant: str, client_id: str, form: Form) -> Json:
    """Only with `.default`, only for a tenant whose administrator consented, and never with a refresh token."""
    if form.get("scope") != DEFAULT_SCOPE:
        raise OAuthRefusal("scope")
    if tenant in MANY or not any(one.tenant == tenant for one in world.mailboxes.values()):
        raise OAuthRefusal("tenant")
    if (tenant, client_id) not in grants.roles:
        raise OAuthRefusal("application")
    seconds = world.settings.expires_in
    made = AccessToken(client_id, grants.roles[tenant, client_id], world.now() + seconds, None, tenant)
    world.counters["applications"] += 1
    return {
        "token_type": "Bearer",
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": grants.issue(made),
    }


def _issued(
    world: World, grants: Grants, grant: Grant, asked: frozenset[str], form: Form, *, nonce: str | None = None
) -> Json:
    now, seconds, user = world.now(), world.settings.expires_in, world.mailboxes[grant.user]
    given = grant.scopes if ".default" in asked else asked & grant.scopes
    rights = given - SIGN_IN
    made = AccessToken(grant.client_id, rights, now + seconds, grant.user, user.tenant, grant)
    answer: Json = {
        "token_type": "Bearer",
        "scope": " ".join(sorted(f"{PREFIX}{one}" for one in rights) + sorted(given & {"openid", "profile", "email"})),
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": grants.issue(made),
    }
    if "offline_access" in grant.scopes and "offline_access" in asked | _implied(form):
        answer["refresh_token"] = grants.refresh_token(grant, now + world.settings.refresh_life)
    if "openid" in asked & grant.scopes:
        answer["id_token"] = id_token(user, grant.client_id, now, seconds, nonce)
    if form.get("client_info") == "1":
        answer["client_info"] = client_info(user)
    return answer


def _implied(form: Form) -> frozenset[str]:
    """A refresh without `offline_access` in its scope brings a new refresh token all the same."""
    return frozenset({"offline_access"}) if form.get("grant_type") == "refresh_token" else frozenset()


def _check_tenant(world: World, tenant: str, grant: Grant) -> None:
    if tenant not in MANY and tenant != world.mailboxes[grant.user].tenant:
        raise OAuthRefusal("tenant")


def _check_verifier(challenge: str | None, verifier: str | None) -> None:
    if challenge is None and not verifier:
        return
    if not verifier or not SHORTEST_VERIFIER <= len(verifier) <= LONGEST_VERIFIER or _hashed(verifier) != challenge:
        raise OAuthRefusal("verifier")


def _check_client(grants: Grants, form: Form) -> str:
    client_id = _field(form, "client_id")
    if client_id not in grants.clients:
        raise OAuthRefusal("application")
    if grants.clients[client_id] != form.get("client_secret"):
        raise OAuthRefusal("secret")
    return client_id


def _field(form: Form, name: str) -> str:
    if not form.get(name):
        raise OAuthRefusal("parameter", f"The request body must contain the following parameter: '{name}'.")
    return form[name]


def _hashed(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
