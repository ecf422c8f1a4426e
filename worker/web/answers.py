"""Errors as answers: the one envelope of contract §4 for whatever went wrong."""

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Match, Mount

from worker.core.errors import (
    FeedExpired,
    Invalid,
    KeyReused,
    NotConnected,
    NotFound,
    SyncError,
    SyncInProgress,
    Transient,
)
from worker.web.questions import refusal

RETRY_AFTER = 5
"""Seconds after which somebody may try again where nothing says better."""

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
FILES = "GET, HEAD"
"""What mounted files take; they do not say so themselves."""

API = "/api/"
UNROUTED = (404, 405)
Guard = Callable[[Request], Awaitable[object]]
"""Raises where it does not know who asks."""

CODES: Mapping[int, str] = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    413: "PAYLOAD_TOO_LARGE",
    429: "RATE_LIMITED",
    500: "INTERNAL_ERROR",
    503: "UNAVAILABLE",
}
STATUSES: Mapping[type[SyncError], int] = {NotConnected: 400, NotFound: 404, KeyReused: 409, FeedExpired: 410}
SENTENCES: Mapping[int, str] = {
    401: "The signature or the key is missing or wrong.",
    403: "The key lacks the scope that this needs.",
    404: "There is nothing here.",
    405: "This address does not take that method.",
    429: "The key's quota is used up; try again later.",
    500: "Something went wrong on our side; it was noted.",
    503: "The service cannot do this now; nothing was accepted.",
}


def problem(
    status: int,
    sentence: str | None = None,
    *,
    code: str | None = None,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The error envelope; sentence and code follow from the status where they are not given."""
    body = {
        "success": False,
        "error": sentence or SENTENCES.get(status, "The request cannot be served."),
        "code": code or CODES.get(status, "VALIDATION_ERROR" if status < 500 else "INTERNAL_ERROR"),
        "details": dict(details or {}),
    }
    return JSONResponse(body, status, dict(headers or {}))


def unavailable(sentence: str | None = None, retry_after: float | None = None, **more: Any) -> JSONResponse:
    """503 with Retry-After, in whole seconds."""
    return problem(503, sentence, headers={"Retry-After": str(max(1, math.ceil(retry_after or RETRY_AFTER)))}, **more)


def of_sync_error(error: SyncError) -> JSONResponse:
    """The answer to what the use cases raise; an error that no caller can mend or wait for is ours (500)."""
    match error:
        case Invalid():
            return problem(400, error.message, code=error.code, details=error.details)
        case SyncInProgress():
            details = {"active_job_id": error.active_job_id}
            retry = {"Retry-After": str(RETRY_AFTER)}
            return problem(409, error.message, code=error.code, details=details, headers=retry)
        case Transient():
            return unavailable(retry_after=error.retry_after)
    status = STATUSES.get(type(error))
    if status is None:
        raise error
    return problem(status, error.message, code=error.code)


def install(app: FastAPI, guard: Guard | None = None) -> None:
    """Makes the app answer every error with the envelope. ``guard`` looks at whoever asks for what is not there under
    ``/api/``: a stranger does not learn that."""
    app.add_exception_handler(HTTPException, _on_http if guard is None else _guarded(guard))
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(SyncError, _on_sync_error)


def _guarded(guard: Guard) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        try:
            # Not ``request.url``, in which older Starlettes let the Host header have a say.
            if error.status_code in UNROUTED and request.scope["path"].startswith(API):
                await guard(request)
        except HTTPException as stranger:
            return _on_http(request, stranger)
        except SyncError as trouble:
            return of_sync_error(trouble)
        return _on_http(request, error)

    return on_http


def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    own_words = error.detail if error.status_code not in UNROUTED else None
    allow = {"Allow": _allowed(request)} if error.status_code == 405 else {}
    return problem(error.status_code, own_words, headers={**(error.headers or {}), **allow})


def _allowed(request: Request) -> str:
    """The methods of all routes at this address; the router names those of one alone."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    taken = [
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return ", ".join(taken) or FILES


def _on_invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return of_sync_error(refusal([{**fault, "loc": fault["loc"][1:]} for fault in error.errors()]))


def _on_sync_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SyncError)
    return of_sync_error(error)
