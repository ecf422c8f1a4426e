"""What users, tenants and clients have been granted, and the tokens made from it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Literal

Demand = Literal["interaction_required", "consent_required"]


@dataclass
class Grant:
    """A user's consent to a client; `user` is an object id."""

    user: str
    client_id: str
    scopes: frozenset[str]
    revoked: bool = False


@dataclass(frozen=True)
class RefreshToken:
    """One of the tokens of a grant; a refresh makes another and leaves this one good until `expires`."""

    grant: Grant
    expires: float


@dataclass(frozen=True)
class AccessToken:
    """Good until `expires` (seconds since the epoch); `user` is None for an application, which acts in `tenant`."""

    client_id: str
    scopes: frozenset[str]
    expires: float
    user: str | None
    tenant: str
    grant: Grant | None = None

    @property
    def delegated(self) -> bool:
        return self.user is not None


@dataclass(frozen=True)
class Consent:
    """A code from the consent page, good for one exchange until `expires`."""

    grant: Grant
    redirect_uri: str
    scopes: frozenset[str]
    challenge: str | None
    nonce: str | None
    expires: float


@dataclass
class Grants:
    """All of it; guarded by the world's lock."""

    clients: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, frozenset[str]] = field(default_factory=dict)
    roles: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """The application permissions that a tenant's administrator gave a client, by tenant and client."""
    grants: list[Grant] = field(default_factory=list)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    access_tokens: dict[str, AccessToken] = field(default_factory=dict)
    consents: dict[str, Consent] = field(default_factory=dict)
    demands: dict[str, Demand] = field(default_factory=dict)
    """Users whose refreshes are refused until they sign in again, and with what."""

    def grant(self, user: str, client_id: str, scopes: frozenset[str]) -> Grant:
        grant = Grant(user, client_id, scopes)
        self.grants.append(grant)
        return grant

    def refresh_token(self, grant: Grant, expires: float, value: str | None = None) -> str:
        value = value or new_token("1.A")
        self.refresh_tokens[value] = RefreshToken(grant, expires)
        return value

    def issue(self, token: AccessToken) -> str:
        value = new_token("EwB")
        self.access_tokens[value] = token
        return value

    def holder(self, value: str, now: float) -> AccessToken | None:
        """Whom an access token stands for; None when it is unknown, expired or its grant was revoked."""
        token = self.access_tokens.get(value)
        if token is None or token.expires <= now or (token.grant is not None and token.grant.revoked):
            return None
        return token

    def revoke_user(self, user: str) -> None:
        for grant in self.grants:
            grant.revoked = grant.revoked or grant.user == user
        for value in [value for value, token in self.access_tokens.items() if token.user == user]:
            del self.access_tokens[value]

    def revoke_tenant(self, tenant: str) -> None:
        """The administrator takes the application permissions back."""
        for key in [key for key in self.roles if key[0] == tenant]:
            del self.roles[key]
        for value in [value for value, one in self.access_tokens.items() if not one.delegated and one.tenant == tenant]:
            del self.access_tokens[value]


def new_token(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(60)
