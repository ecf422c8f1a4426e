"""What Google answers when it says no: https://developers.google.com/workspace/calendar/api/guides/errors."""

from __future__ import annotations

from typing import Any

MESSAGES = {
    "timeRangeEmpty": "The specified time range is empty.",
    "authError": "Invalid Credentials",
    "userRateLimitExceeded": "User Rate Limit Exceeded",
    "rateLimitExceeded": "Rate Limit Exceeded",
    "quotaExceeded": "Calendar usage limits exceeded.",
    "forbidden": "Forbidden",
    "requiredAccessLevel": "You need to have writer access to this calendar.",
    "insufficientPermissions": "Request had insufficient authentication scopes.",
    "forbiddenForServiceAccounts": "Service accounts cannot invite attendees without Domain-Wide Delegation "
    "of Authority.",
    "notFound": "Not Found",
    "duplicate": "The requested identifier already exists.",
    "conflict": "Conflict",
    "fullSyncRequired": "Sync token is no longer valid, a full sync is required.",
    "updatedMinTooLongAgo": "The requested minimum modification time lies too far in the past.",
    "deleted": "Resource has been deleted",
    "conditionNotMet": "Precondition Failed",
    "channelIdNotUnique": "Channel id not unique",
    "push.webhookUrlNotHttps": "WebHook callback must be HTTPS",
    "backendError": "Backend Error",
}
DOMAINS = {
    "timeRangeEmpty": "calendar",
    "fullSyncRequired": "calendar",
    "updatedMinTooLongAgo": "calendar",
    "requiredAccessLevel": "calendar",
    "forbiddenForServiceAccounts": "calendar",
    "userRateLimitExceeded": "usageLimits",
    "rateLimitExceeded": "usageLimits",
    "quotaExceeded": "usageLimits",
}
LOCATIONS = {
    "authError": ("header", "Authorization"),
    "conditionNotMet": ("header", "If-Match"),
    "fullSyncRequired": ("parameter", "syncToken"),
    "updatedMinTooLongAgo": ("parameter", "updatedMin"),
}
USUAL_REASONS = {
    400: "badRequest",
    401: "authError",
    403: "rateLimitExceeded",
    404: "notFound",
    409: "conflict",
    410: "deleted",
    412: "conditionNotMet",
    429: "rateLimitExceeded",
}


class Refusal(ValueError):
    """A request that is not carried out: HTTP status, Google's reason, a sentence, and the parameter at fault."""

    def __init__(self, status: int, reason: str, message: str | None = None, parameter: str | None = None) -> None:
        super().__init__(message or MESSAGES.get(reason, reason))
        self.status = status
        self.reason = reason
        self.parameter = parameter

    def body(self) -> dict[str, Any]:
        return error_body(self.status, self.reason, str(self), self.parameter)


def invalid(message: str, parameter: str | None = None) -> Refusal:
    return Refusal(400, "invalid", message, parameter)


def required(what: str) -> Refusal:
    return Refusal(400, "required", f"Missing {what}.")


def not_found() -> Refusal:
    return Refusal(404, "notFound")


def error_body(
    status: int, reason: str | None = None, message: str | None = None, parameter: str | None = None
) -> dict[str, Any]:
    """Google's error JSON for a status; the usual reason and message where none are given."""
    reason = reason or USUAL_REASONS.get(status, "backendError")
    message = message or MESSAGES.get(reason, reason)
    error = {"domain": DOMAINS.get(reason, "global"), "reason": reason, "message": message}
    kind, location = ("parameter", parameter) if parameter else LOCATIONS.get(reason, (None, None))
    if kind and location:
        error |= {"locationType": kind, "location": location}
    return {"error": {"errors": [error], "code": status, "message": message}}
