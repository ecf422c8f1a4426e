"""What the identity platform answers when it says no: https://learn.microsoft.com/entra/identity-platform/reference-error-codes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Said:
    """The HTTP status, the OAuth error, the number after AADSTS and a sentence."""

    status: int
    error: str
    number: int
    text: str
    claims: str | None = None
    suberror: str | None = None


CLAIMS = '{"access_token":{"capolids":{"essential":true,"values":["00000000-0000-0000-0000-0000000000c1"]}}}'
ERRORS = {
    "expired": Said(400, "invalid_grant", 700082, "The refresh token has expired due to inactivity."),
    "revoked": Said(400, "invalid_grant", 50173, "The provided grant has expired due to it being revoked."),
    "malformed": Said(400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid."),
    "code": Said(400, "invalid_grant", 70000, "The provided value for the 'code' parameter is not valid."),
    "verifier": Said(400, "invalid_grant", 501481, "The Code_Verifier does not match the code_challenge."),
    "interaction_required": Said(
        400, "interaction_required", 50076, "You must use multi-factor authentication.", CLAIMS, "basic_action"
    ),
    "consent_required": Said(
        400, "consent_required", 65001, "The user or administrator has not consented.", None, "consent_required"
    ),
    "denied": Said(400, "access_denied", 65004, "User declined to consent to access the app."),
    "secret": Said(401, "invalid_client", 7000215, "Invalid client secret provided."),
    "secret_expired": Said(401, "invalid_client", 7000222, "The provided client secret keys are expired."),
    "application": Said(400, "unauthorized_client", 700016, "Application was not found in the directory."),
    "tenant": Said(400, "invalid_request", 90002, "Tenant not found."),
    "redirect": Said(400, "invalid_request", 50011, "The redirect URI does not match those of the application."),
    "parameter": Said(400, "invalid_request", 900144, "The request body must contain a parameter that is missing."),
    "scope": Said(400, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid."),
    "grant_type": Said(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."),
    "throttled": Said(429, "temporarily_unavailable", 90055, "The request has been throttled."),
    "unavailable": Said(503, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again."),
}
ALIASES = {"invalid_grant": "revoked", "invalid_client": "secret", "unauthorized_client": "application"}


class OAuthRefusal(Exception):
    """A refused request of the identity platform, by its key in `ERRORS`."""

    def __init__(self, key: str, detail: str = "") -> None:
        super().__init__(detail or ERRORS[key].text)
        self.key = key

    @property
    def status(self) -> int:
        return ERRORS[self.key].status

    def body(self) -> dict[str, Any]:
        return oauth_body(self.key, str(self))


def oauth_body(key: str, text: str | None = None) -> dict[str, Any]:
    """The error dictionary."""
    said = ERRORS[ALIASES.get(key, key)]
    trace, correlation, now = uuid.uuid4(), uuid.uuid4(), datetime.now(UTC)
    at = now.strftime("%Y-%m-%d %H:%M:%SZ")
    body: dict[str, Any] = {
        "error": said.error,
        "error_description": f"AADSTS{said.number}: {text or said.text} Trace ID: {trace} "
        f"Correlation ID: {correlation} Timestamp: {at}",
        "error_codes": [said.number],
        "timestamp": at,
        "trace_id": str(trace),
        "correlation_id": str(correlation),
        "error_uri": f"https://login.microsoftonline.com/error?code={said.number}",
    }
    extra = {"suberror": said.suberror, "claims": said.claims}
    return body | {name: value for name, value in extra.items() if value}


def is_oauth(reason: str | None) -> bool:
    """Whether a fault's reason is one of the identity platform's."""
    return reason in ERRORS or reason in ALIASES
