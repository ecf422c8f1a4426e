"""What stands before every request: its name from path and body, its place among those in flight, `intuit_tid`."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from worker.simulators.faults import CONTROL, FaultMiddleware, Faults, path_below_mount, read_body
from worker.simulators.journal import Journal
from worker.simulators.quickbooks.operations import name_of, realm_of
from worker.simulators.quickbooks.throttle import Throttle
from worker.simulators.server import App, Message, Receive, Scope, Send

IN_FLIGHT = "simulators.quickbooks.in_flight"
TID = b"intuit_tid"


@dataclass
class Front:
    """An ASGI app around another; whether a POST creates or updates is seen in its body, so that is read first.

    `error_body(status, reason)` makes the body of an ordered fault; `latency()` is in seconds.
    """

    app: App
    faults: Faults
    journal: Journal
    throttle: Throttle
    error_body: Callable[[int, str | None], Any]
    latency: Callable[[], float]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_below_mount(scope)
        if scope["type"] != "http" or path.startswith(CONTROL):
            await self.app(scope, receive, send)
            return
        body = await read_body(receive)
        name = name_of(scope["method"], path, params_of(scope), body)
        behind = FaultMiddleware(
            self.app,
            self.faults,
            self.journal,
            error_body=self.error_body,
            operation=lambda method, path: name,
            latency=self.latency,
        )
        place = Place(self.throttle, realm_of(path))
        scope[IN_FLIGHT] = place.number
        try:
            await behind(scope, _again(body, receive), place.watched(send))
        finally:
            place.leave()


class Place:
    """One request among those of its realm that are in flight; left just before its answer is complete."""

    def __init__(self, throttle: Throttle, realm: str) -> None:
        self._throttle = throttle
        self._realm = realm
        self.number = throttle.enter(realm) if realm else 0
        self._left = not realm

    def watched(self, send: Send) -> Send:
        """A `send` that adds `intuit_tid` to the answer, and leaves the place with its last byte."""

        async def watching(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = _with_tid(message)
            elif not message.get("more_body", False):
                self.leave()
            await send(message)

        return watching

    def leave(self) -> None:
        """A second call does nothing."""
        if not self._left:
            self._left = True
            self._throttle.leave(self._realm)


def params_of(scope: Scope) -> dict[str, str]:
    """The query parameters by their names in lower case."""
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return {name.lower(): value for name, value in pairs}


def _with_tid(message: Message) -> Message:
    headers = list(message.get("headers", []))
    if not any(name.lower() == TID for name, _ in headers):
        headers.append((TID, f"1-{secrets.token_hex(4)}-{secrets.token_hex(12)}".encode()))
    return {**message, "headers": headers}


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was already read, then goes on."""
    given = False

    async def giving() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return giving
