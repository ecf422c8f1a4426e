"""What Graph answers when it says no: https://learn.microsoft.com/graph/errors."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

MESSAGES = {
    "BadRequest": "The request is malformed or incorrect.",
    "InvalidAuthenticationToken": "Access token is empty, expired or not valid.",
    "ErrorAccessDenied": "Access is denied. Check credentials and try again.",
    "Authorization_RequestDenied": "Insufficient privileges to complete the operation.",
    "ErrorItemNotFound": "The specified object was not found in the store.",
    "ErrorInvalidIdMalformed": "Id is malformed.",
    "MailboxNotEnabledForRESTAPI": "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    "ErrorDuplicateTransactionId": "Your request can't be completed. An event with this transactionId exists.",
    "ErrorIrresolvableConflict": "The send or update operation could not be performed because the change key passed "
    "in the request does not match the current change key for the item.",
    "SyncStateNotFound": "The sync state generation is not found; generation=149;",
    "syncStateNotFound": "The sync state generation is not found; generation=149;",
    "resyncRequired": "Resync required. Replace any local items with the server's version.",
    "ErrorPropertyValidationFailure": "At least one property failed validation.",
    "FailedDependency": "The request failed because a request that it depends on failed.",
    "TooManyRequests": "Please retry again later.",
    "ApplicationThrottled": "Application is over its MailboxConcurrency limit.",
    "ErrorInternalServerError": "An internal server error occurred. The operation failed.",
    "ServiceUnavailable": "The service is temporarily unavailable.",
    "UnknownError": "",
}
USUAL_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "ErrorAccessDenied",
    404: "ErrorItemNotFound",
    409: "ErrorDuplicateTransactionId",
    410: "SyncStateNotFound",
    412: "ErrorIrresolvableConflict",
    424: "FailedDependency",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
    504: "UnknownError",
}


class Refusal(ValueError):
    """A call that is not carried out: HTTP status, Graph's code, a sentence, and headers of the answer."""

    def __init__(
        self, status: int, code: str, message: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(MESSAGES.get(code, code) if message is None else message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})

    def body(self, request_id: str, client_request_id: str) -> dict[str, Any]:
        return error_body(self.status, self.code, str(self), request_id, client_request_id)


def failed(message: str) -> Refusal:
    """A property of an event that is not as it must be."""
    return Refusal(400, "ErrorPropertyValidationFailure", message)


def unreadable(message: str) -> Refusal:
    """A body with names or types that the entity does not have."""
    return Refusal(400, "RequestBodyRead", message)


def bad_query(message: str) -> Refusal:
    return Refusal(400, "ErrorInvalidUrlQuery", message)


def not_found() -> Refusal:
    return Refusal(404, "ErrorItemNotFound")


def error_body(
    status: int,
    code: str | None = None,
    message: str | None = None,
    request_id: str | None = None,
    client_request_id: str | None = None,
) -> dict[str, Any]:
    """Graph's error JSON for a status; the usual code and message where none are given."""
    code = code or USUAL_CODES.get(status, "ErrorInternalServerError")
    request_id = request_id or str(uuid.uuid4())
    inner = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_request_id or request_id,
    }
    if code == "TooManyRequests":
        inner = {"code": "429", "message": "Please retry after", "status": "429", **inner}
    text = MESSAGES.get(code, code) if message is None else message
    return {"error": {"code": code, "message": text, "innerError": inner}}
