"""The token endpoint and its opposite: https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0#exchange-authorization-code-for-refresh-and-access-tokens."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any

from worker.simulators.quickbooks.grants import Grant
from worker.simulators.quickbooks.oauth import OAuthRefusal
from worker.simulators.quickbooks.state import World

DAY = 86_400.0
HARD = "x-include-refresh-token-hard-expires-in"
Json = dict[str, Any]


def token(world: World, headers: Mapping[str, str], form: Mapping[str, str]) -> Json:
    """The answer to POST /oauth2/v1/tokens/bearer; raises OAuthRefusal."""
    client_id = _client(world, headers)
    if "application/x-www-form-urlencoded" not in headers.get("content-type", ""):
        raise OAuthRefusal("invalid_request", "A form is expected")
    kind = form.get("grant_type")
    if kind == "refresh_token":
        grant = _refreshed(world, client_id, _field(form, "refresh_token"))
    elif kind == "authorization_code":
        grant = _exchanged(world, client_id, form)
    else:
        raise OAuthRefusal("unsupported_grant_type")
    return _issued(world, grant, hard=headers.get(HARD, "") == "true")


def revoke(world: World, headers: Mapping[str, str], body: Any) -> None:
    """POST /v2/oauth2/tokens/revoke: a token of either kind ends its grant; raises OAuthRefusal."""
    client_id = _client(world, headers)
    value = body.get("token") if isinstance(body, dict) else None
    grant = world.grants.grant_of(value) if isinstance(value, str) else None
    if grant is None or grant.client_id != client_id:
        raise OAuthRefusal("invalid_request", "The token is unknown")
    world.counters["revocations"] += 1
    grant.revoked = True


def _refreshed(world: World, client_id: str, value: str) -> Grant:
    now, settings, grant = world.now(), world.settings, world.grants.refresh_tokens.get(value)
    if grant is None or grant.client_id != client_id or grant.revoked:
        raise OAuthRefusal("invalid_grant")
    _check_reuse(world, grant, value, now)
    if now >= grant.renewed + settings.refresh_life or now >= grant.born + settings.hard_life:
        raise OAuthRefusal("invalid_grant")
    if value in grant.retired and now >= grant.retired[value] + settings.refresh_grace:
        raise OAuthRefusal("invalid_grant")
    if value == grant.refresh_token:
        _renew(world, grant, now)
    world.counters["refreshes"] += 1
    return grant


def _check_reuse(world: World, grant: Grant, value: str, now: float) -> None:
    """Who sends a value twice at about the same time loses the whole chain, where the setting says so."""
    before = grant.used.get(value)
    grant.used[value] = now
    concurrent = before is not None and now - before < world.settings.concurrent_seconds
    if concurrent:
        world.counters["concurrent_refreshes"] += 1
    if concurrent and world.settings.kill_chain_on_concurrent_reuse:
        grant.revoked = True
        raise OAuthRefusal("invalid_grant")


def _renew(world: World, grant: Grant, now: float) -> None:
    grant.renewed = now
    if world.settings.refresh_rotation == "each" or now - grant.issued >= DAY:
        world.grants.rotate(grant, now)


def _exchanged(world: World, client_id: str, form: Mapping[str, str]) -> Grant:
    consent = world.grants.consents.pop(_field(form, "code"), None)
    if consent is None or consent.client_id != client_id or consent.expires <= world.now():
        raise OAuthRefusal("invalid_grant", "Invalid authorization code")
    if form.get("redirect_uri") != consent.redirect_uri:
        raise OAuthRefusal("invalid_grant", "The redirect URI does not match")
    world.counters["exchanges"] += 1
    return world.grants.grant(consent.realm, client_id, world.now())


def _issued(world: World, grant: Grant, *, hard: bool) -> Json:
    now, settings = world.now(), world.settings
    left = round(grant.renewed + settings.refresh_life - now)
    hard_left = round(grant.born + settings.hard_life - now)
    answer: Json = {
        "token_type": "bearer",
        "access_token": world.grants.issue(grant, now + settings.expires_in),
        "expires_in": settings.expires_in,
        "refresh_token": grant.refresh_token,
        "x_refresh_token_expires_in": min(left, hard_left),
    }
    return {**answer, "x_refresh_token_hard_expires_in": hard_left} if hard else answer


def _client(world: World, headers: Mapping[str, str]) -> str:
    """The client in the `Authorization` header; one that is named in the body alone is nobody."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthRefusal("invalid_client") from None
    known = world.grants.clients.get(client_id)
    if kind.lower() != "basic" or known is None or not hmac.compare_digest(known.encode(), secret.encode()):
        raise OAuthRefusal("invalid_client")
    return client_id


def _field(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise OAuthRefusal("invalid_request", f"{name} is missing")
    return form[name]
