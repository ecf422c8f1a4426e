"""What every request meets first and every answer passes last."""

import re
import secrets

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.web.answers import problem

REQUEST_ID = "X-Request-Id"
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)
SAFETY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Set on each answer that does not say otherwise."""

log = structlog.get_logger(__name__)


class Rim:
    """Gives each request an id (its own, if it brings a sane one) and each answer the safety headers.

    What nobody caught becomes a 500 that tells nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        begun = False

        async def send_dressed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _dress(message, request_id)
            await send(message)

        with structlog.contextvars.bound_contextvars(request=request_id):
            try:
                await self._app(scope, receive, send_dressed)
            except Exception:
                log.exception("web.failed", method=scope["method"], path=scope["path"])
                if begun:
                    raise
                await problem(500)(scope, receive, send_dressed)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if ACCEPTABLE_ID.fullmatch(given) else secrets.token_hex(8)


def _dress(message: Message, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    headers[REQUEST_ID] = request_id
    for name, value in SAFETY.items():
        headers.setdefault(name, value)
