"""What companies have granted to clients, and the tokens made from it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


@dataclass
class Grant:
    """A company's consent to a client; times are in seconds since the epoch.

    `refresh_token` is the current value; `retired` has those before it and when each was replaced; `used` has when each
    value came last; `renewed` is when the current one was last used, or issued.
    """

    realm: str
    client_id: str
    refresh_token: str
    born: float
    issued: float
    renewed: float
    retired: dict[str, float] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=dict)
    revoked: bool = False

    def rotate(self, value: str, now: float) -> None:
        """A new refresh token takes the place of the current one."""
        self.retired[self.refresh_token] = now
        self.refresh_token, self.issued = value, now


@dataclass(frozen=True)
class AccessToken:
    """Good for its grant's company until `expires`."""

    grant: Grant
    expires: float


@dataclass(frozen=True)
class Consent:
    """A code from the consent page, good for one exchange until `expires`."""

    realm: str
    client_id: str
    redirect_uri: str
    expires: float


@dataclass
class Grants:
    """All of it; guarded by the world's lock."""

    clients: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, frozenset[str]] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    refresh_tokens: dict[str, Grant] = field(default_factory=dict)
    """Each value that was ever issued."""
    access_tokens: dict[str, AccessToken] = field(default_factory=dict)
    consents: dict[str, Consent] = field(default_factory=dict)

    def grant(self, realm: str, client_id: str, now: float) -> Grant:
        grant = Grant(realm, client_id, new_token("AB11"), now, now, now)
        self.grants.append(grant)
        self.refresh_tokens[grant.refresh_token] = grant
        return grant

    def rotate(self, grant: Grant, now: float) -> None:
        grant.rotate(new_token("AB11"), now)
        self.refresh_tokens[grant.refresh_token] = grant

    def issue(self, grant: Grant, expires: float) -> str:
        value = new_token("eyJ")
        self.access_tokens[value] = AccessToken(grant, expires)
        return value

    def holder(self, value: str, now: float) -> Grant | None:
        """Whose access token this is; None when it is unknown, expired or its grant was revoked."""
        token = self.access_tokens.get(value)
        if token is None or token.expires <= now or token.grant.revoked:
            return None
        return token.grant

    def grant_of(self, value: str) -> Grant | None:
        """The grant that a token of either kind was made from."""
        if value in self.access_tokens:
            return self.access_tokens[value].grant
        return self.refresh_tokens.get(value)

    def is_connected(self, realm: str) -> bool:
        return any(one.realm == realm and not one.revoked for one in self.grants)

    def revoke_realm(self, realm: str) -> None:
        for grant in self.grants:
            grant.revoked = grant.revoked or grant.realm == realm


def new_token(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(48)
