"""A person's consent in the browser: what a flow remembers, and every way in which it may come to nothing."""

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from worker.core.errors import SyncError


class Reason(StrEnum):
    """Why a consent came to nothing."""

    UNKNOWN = "unknown"  # the state is missing, forged or not of this flow
    USED = "used"
    EXPIRED = "expired"
    ELSEWHERE = "elsewhere"  # another browser than the one that began
    DECLINED = "declined"  # the person said no
    REFUSED = "refused"  # the provider said no
    NARROWED = "narrowed"  # the person granted less than we need
    PASSING = "passing"  # the grant would not outlast its first token
    OTHER_PERSON = "other_person"  # somebody else than the one who is connected


class ConsentRefused(SyncError):
    """The consent came to nothing, and nothing was stored.

    ``shown`` is for the page of whoever began it: an error's name, or who is connected; it may name a person, so it is
    in no message. ``team`` is whose grant it would have been, where that is known.
    """

    code = "CONSENT_REFUSED"

    def __init__(self, reason: Reason, shown: str = "", team: str = "") -> None:
        super().__init__(f"The consent came to nothing: {reason}.")
        self.reason = reason
        self.shown = shown
        self.team = team


@dataclass(frozen=True, slots=True)
class Consent:
    """A browser on its way through a provider's consent page.

    ``team`` is the one team member whose grant it will be, '' for the connection's one grant. ``browser`` is the hash
    of the secret that the browser keeps. ``verifier`` is that of PKCE.
    """

    account_id: str
    integration: str
    team: str
    browser: str
    verifier: str
    redirect_uri: str
    expires_at: datetime


def hashed(secret: str) -> str:
    """The SHA-256 of a random secret, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def challenge(verifier: str) -> str:
    """The S256 challenge to a verifier: https://www.rfc-editor.org/rfc/rfc7636#section-4.2"""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def replaced(teams: Collection[str], team: str) -> list[str]:
    """Whose grants a new one for ``team`` takes the place of; '' stands for one grant for all."""
    return sorted(known for known in teams if team in ("", known) or not known)


def is_other_person(known: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the new credentials are somebody else's; those that do not say whose they are may be anybody's."""
    return bool(known.get("identity")) and known["identity"] != new.get("identity")
