"""How Zendesk Sell says no: https://developer.zendesk.com/api-reference/sales-crm/errors/."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

USUAL: Mapping[int, str] = MappingProxyType(
    {
        400: "invalid_param",
        401: "unauthorized",
        403: "insufficient_scope",
        404: "not_found",
        422: "incorrect_payload",
        429: "rate_limit_exceeded",
        503: "temporarily_unavailable",
    }
)
"""The code that a fault has when it names none; `server_error` for every other status."""
DETAILS: Mapping[str, str] = MappingProxyType(
    {
        "unauthorized": "Required access token is missing, malformed, expired, or invalid.",
        "insufficient_scope": "The access token lacks the scope that this request needs.",
        "not_found": "Requested path was not found.",
        "incorrect_path": "The path does not take this method.",
        "rate_limit_exceeded": "Too many requests for this access token.",
        "invalid_user_agent": "The User-Agent header is missing.",
        "invalid_header": "The Accept header must name application/json.",
    }
)


class Refusal(Exception):
    """A request that Sell does not carry out; `field` names an attribute of the resource in a 422."""

    def __init__(self, status: int, code: str, details: str = "", *, field: str = "") -> None:
        super().__init__(details or code)
        self.status = status
        self.code = code
        self.details = details or DETAILS.get(code, "")
        self.field = field


def invalid(name: str, rule: str) -> Refusal:
    """400 for a parameter: its name and what it must be."""
    return Refusal(400, "invalid_param", f"{name} {rule}.")


def unknown(name: str) -> Refusal:
    """422 for a parameter that there is not."""
    return Refusal(422, "unknown", f"{name} is not a parameter of visits.", field=name)


def request_id() -> str:
    return uuid.uuid4().hex


def error_body(refusal: Refusal, logref: str) -> dict[str, Any]:
    """The whole body; `logref` is the answer's `X-Request-Id`."""
    phrase = HTTPStatus(refusal.status).phrase
    error = {"code": refusal.code, "message": phrase, "details": refusal.details}
    if refusal.field:
        error = {"resource": "visit", "field": refusal.field, **error}
    more_info = "https://developers.getbase.com/docs/rest/articles/errors"
    return {
        "errors": [{"error": error, "meta": {"type": "error", "links": {"more_info": more_info}}}],
        "meta": {"type": "errors", "http_status": f"{refusal.status} {phrase}", "logref": logref},
    }


def fault_body(status: int, reason: str | None) -> dict[str, Any]:
    """The body of an ordered fault; `reason` is its code."""
    return error_body(Refusal(status, reason or USUAL.get(status, "server_error")), request_id())
