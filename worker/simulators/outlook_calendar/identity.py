"""Who a user is: discovery, ID tokens and client_info: https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from worker.simulators.outlook_calendar.state import Mailbox

ISSUER = "https://login.microsoftonline.com/{}/v2.0"
MANY = {"common", "organizations", "consumers"}


def discovery(base: str, tenant: str) -> dict[str, Any]:
    """The OpenID configuration of a tenant, for clients that reached it under `base`."""
    issuer = "{tenantid}" if tenant in MANY else tenant
    return {
        "issuer": ISSUER.format(issuer),
        "authorization_endpoint": f"{base}/{tenant}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/{tenant}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{base}/{tenant}/oauth2/v2.0/devicecode",
        "end_session_endpoint": f"{base}/{tenant}/oauth2/v2.0/logout",
        "jwks_uri": f"{base}/{tenant}/discovery/v2.0/keys",
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": None,
        "cloud_instance_name": "microsoftonline.com",
    }


def id_token(user: Mailbox, client_id: str, now: float, seconds: int, nonce: str | None) -> str:
    """An ID token of the right form; nobody could check its signature without asking Microsoft for a key."""
    claims: dict[str, Any] = {
        "aud": client_id,
        "iss": ISSUER.format(user.tenant),
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now) + seconds,
        "name": user.name,
        "oid": user.id,
        "preferred_username": user.address,
        "sub": f"sub-{user.id}",
        "tid": user.tenant,
        "ver": "2.0",
    }
    if nonce:
        claims["nonce"] = nonce
    head = _encoded({"typ": "JWT", "alg": "RS256", "kid": "simulated"})
    return ".".join((head, _encoded(claims), base64.urlsafe_b64encode(bytes(256)).decode().rstrip("=")))


def client_info(user: Mailbox) -> str:
    return _encoded({"uid": user.id, "utid": user.tenant})


def _encoded(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
