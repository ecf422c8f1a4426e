"""What users, clients and service accounts have been granted, and the tokens made from it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from worker.simulators.google_calendar.access import FULL


@dataclass
class Grant:
    """A user's consent to a client; dies with `revoked`."""

    user: str
    client_id: str
    scopes: frozenset[str]
    refresh_token: str
    revoked: bool = False


@dataclass(frozen=True)
class AccessToken:
    """Acts as `user` until `expires` (seconds since the epoch); `service_account` made it, or a user's grant."""

    user: str
    scopes: frozenset[str]
    expires: float
    grant: Grant | None = None
    service_account: str | None = None

    @property
    def in_person(self) -> bool:
        return self.user != self.service_account


@dataclass(frozen=True)
class Consent:
    """A code from the consent page, good for one exchange until `expires`."""

    user: str
    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    challenge: str | None
    offline: bool
    expires: float


@dataclass(frozen=True)
class ServiceAccount:
    """`subjects` are the users it may act for; None means all."""

    email: str
    public_key_pem: str
    subjects: frozenset[str] | None


@dataclass
class Grants:
    """All of it; guarded by the world's lock."""

    clients: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, frozenset[str]] = field(default_factory=dict)
    service_accounts: dict[str, ServiceAccount] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    access_tokens: dict[str, AccessToken] = field(default_factory=dict)
    consents: dict[str, Consent] = field(default_factory=dict)

    def grant(
        self, user: str, client_id: str, scopes: frozenset[str] = frozenset({FULL}), refresh_token: str | None = None
    ) -> Grant:
        grant = Grant(user, client_id, scopes, refresh_token or new_token("1//"))
        self.grants.append(grant)
        return grant

    def by_refresh_token(self, refresh_token: str) -> Grant | None:
        return next((grant for grant in self.grants if grant.refresh_token == refresh_token), None)

    def has_consented(self, user: str, client_id: str) -> bool:
        return any(grant.user == user and grant.client_id == client_id and not grant.revoked for grant in self.grants)

    def issue(self, token: AccessToken) -> str:
        value = new_token("ya29.")
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

    def revoke_token(self, value: str) -> bool:
        """Revokes the grant behind a refresh or an access token; False when there is none."""
        token = self.access_tokens.pop(value, None)
        grant = token.grant if token else self.by_refresh_token(value)
        if grant is None or grant.revoked:
            return token is not None and grant is None
        grant.revoked = True
        return True


def new_token(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(30)
