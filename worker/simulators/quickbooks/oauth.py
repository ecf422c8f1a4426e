"""What Intuit's OAuth server answers when it says no: https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0."""

from __future__ import annotations

from typing import Any

OAUTH_ERRORS = {
    "invalid_grant": (400, "Incorrect or invalid refresh token"),
    "invalid_client": (401, "Incorrect client credentials"),
    "invalid_request": (400, "A required parameter is missing or malformed"),
    "invalid_scope": (400, "The scope is unknown"),
    "unsupported_grant_type": (400, "The grant type is not supported"),
    "access_denied": (400, "The user did not authorize the application"),
    "server_error": (500, "The server could not answer"),
}


class OAuthRefusal(Exception):
    """A refused request of the OAuth server, by its key in `OAUTH_ERRORS`."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(description or OAUTH_ERRORS[error][1])
        self.error = error

    @property
    def status(self) -> int:
        return OAUTH_ERRORS[self.error][0]

    def body(self) -> dict[str, Any]:
        return oauth_body(self.error, str(self))


def oauth_body(error: str, description: str = "") -> dict[str, Any]:
    return {"error": error, "error_description": description or OAUTH_ERRORS[error][1]}
