"""The token endpoint: https://developers.google.com/identity/protocols/oauth2."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from worker.simulators.google_calendar.assertions import NotSigned, check_signature, claims
from worker.simulators.google_calendar.grants import AccessToken, Grant, Grants, ServiceAccount, new_token
from worker.simulators.google_calendar.identity import id_token
from worker.simulators.google_calendar.state import World

AUDIENCE = "https://oauth2.googleapis.com/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LONGEST_ASSERTION = 3600
CLOCK_SKEW = 300
SHORTEST_VERIFIER, LONGEST_VERIFIER = 43, 128
Form = Mapping[str, str]
Json = dict[str, Any]


class OAuthRefusal(Exception):
    """An OAuth error: HTTP status, `error`, `error_description`."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error

    def body(self) -> Json:
        return {"error": self.error, "error_description": str(self)}


def token(world: World, grants: Grants, form: Form) -> Json:
    """The answer to POST /token; raises OAuthRefusal."""
    kind = form.get("grant_type")
    if kind == "refresh_token":
        return _refresh(world, grants, form)
    if kind == JWT_BEARER:
        return _assert(world, grants, form)
    if kind == "authorization_code":
        return _exchange(world, grants, form)
    raise OAuthRefusal(400, "unsupported_grant_type", f"Invalid grant_type: {kind}")


def _refresh(world: World, grants: Grants, form: Form) -> Json:
    client_id = _check_client(grants, form)
    grant = grants.by_refresh_token(_field(form, "refresh_token"))
    if grant is None:
        raise OAuthRefusal(400, "invalid_grant", "Bad Request")
    if grant.revoked:
        raise OAuthRefusal(400, "invalid_grant", "Token has been expired or revoked.")
    if grant.client_id != client_id:
        raise OAuthRefusal(401, "unauthorized_client", "Unauthorized")
    world.counters["refreshes"] += 1
    answer = _issued(world, grants, grant)
    if world.settings.rotate_refresh_tokens:
        grant.refresh_token = answer["refresh_token"] = new_token("1//")
    return answer


def _exchange(world: World, grants: Grants, form: Form) -> Json:
    client_id = _check_client(grants, form)
    consent = grants.consents.pop(_field(form, "code"), None)
    if consent is None or consent.client_id != client_id or consent.expires <= world.now():
        raise OAuthRefusal(400, "invalid_grant", "Malformed auth code.")
    if form.get("redirect_uri") != consent.redirect_uri:
        raise OAuthRefusal(400, "redirect_uri_mismatch", "Bad Request")
    _check_verifier(consent.challenge, form.get("code_verifier"))
    world.counters["exchanges"] += 1
    grant = grants.grant(consent.user, client_id, consent.scopes)
    answer = _issued(world, grants, grant)
    return {**answer, "refresh_token": grant.refresh_token} if consent.offline else answer


def _check_verifier(challenge: str | None, verifier: str | None) -> None:
    if challenge is None:
        return
    if verifier is None:
        raise OAuthRefusal(400, "invalid_grant", "Missing code verifier.")
    if not SHORTEST_VERIFIER <= len(verifier) <= LONGEST_VERIFIER or _challenge(verifier) != challenge:
        raise OAuthRefusal(400, "invalid_grant", "Invalid code verifier.")


def _assert(world: World, grants: Grants, form: Form) -> Json:
    assertion = _field(form, "assertion")
    try:
        claimed = claims(assertion)
        account = grants.service_accounts.get(str(claimed.get("iss")))
        if account is None:
            raise OAuthRefusal(400, "invalid_grant", "Invalid grant: account not found")
        check_signature(assertion, account.public_key_pem)
    except NotSigned as error:
        raise OAuthRefusal(400, "invalid_grant", str(error)) from error
    _check_claims(claimed, world.now())
    user = _subject(world, account, claimed.get("sub"))
    world.counters["assertions"] += 1
    scopes = frozenset(str(claimed["scope"]).split())
    expires = world.now() + world.settings.expires_in
    value = grants.issue(AccessToken(user, scopes, expires, service_account=account.email))
    return {"access_token": value, "expires_in": world.settings.expires_in, "token_type": "Bearer"}


def _check_claims(claimed: Json, now: float) -> None:
    if claimed.get("aud") != AUDIENCE:
        raise OAuthRefusal(400, "invalid_grant", "Invalid JWT: Failed audience check.")
    issued, expires = claimed.get("iat"), claimed.get("exp")
    in_time = (
        isinstance(issued, int | float)
        and isinstance(expires, int | float)
        and expires - issued <= LONGEST_ASSERTION
        and issued - CLOCK_SKEW <= now < expires + CLOCK_SKEW
    )
    if not in_time:
        raise OAuthRefusal(
            400,
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
            "Check your iat and exp values in the JWT claim.",
        )
    if not claimed.get("scope"):
        raise OAuthRefusal(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")


def _subject(world: World, account: ServiceAccount, subject: object) -> str:
    if subject is None or subject == account.email:
        return account.email
    if account.subjects is not None and subject not in account.subjects:
        raise OAuthRefusal(
            401,
            "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, "
            "or client not authorized for any of the scopes requested.",
        )
    if subject not in world.users:
        raise OAuthRefusal(400, "invalid_grant", "Invalid email or User ID")
    return str(subject)


def _issued(world: World, grants: Grants, grant: Grant) -> Json:
    seconds = world.settings.expires_in
    value = grants.issue(AccessToken(grant.user, grant.scopes, world.now() + seconds, grant))
    answer = {
        "access_token": value,
        "expires_in": seconds,
        "scope": " ".join(sorted(grant.scopes)),
        "token_type": "Bearer",
    }
    if "openid" in grant.scopes:
        answer["id_token"] = id_token(grant.user, grant.client_id, grant.scopes, world.now(), seconds)
    return answer


def _check_client(grants: Grants, form: Form) -> str:
    client_id = _field(form, "client_id")
    if client_id not in grants.clients:
        raise OAuthRefusal(401, "invalid_client", "The OAuth client was not found.")
    if grants.clients[client_id] != form.get("client_secret"):
        raise OAuthRefusal(401, "invalid_client", "The provided client secret is invalid.")
    return client_id


def _field(form: Form, name: str) -> str:
    if not form.get(name):
        raise OAuthRefusal(400, "invalid_request", f"Missing required parameter: {name}")
    return form[name]


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
