"""The ASGI app: the API, the control routes, failures in FieldCamp's envelope."""

from __future__ import annotations

import re
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount

from worker.simulators.control import Controllable, control_routes
from worker.simulators.faults import CONTROL, FaultMiddleware
from worker.simulators.fieldcamp.api import PREFIX, Api, answer, failure
from worker.simulators.fieldcamp.money_kinds import BY_PLURAL
from worker.simulators.fieldcamp.refusal import Refused
from worker.simulators.fieldcamp.state import State
from worker.simulators.server import App

API_PATH = re.compile(rf"{PREFIX}/(?P<plural>\w+)(?P<one>/[^/]+)?/?$")
SENTENCES = {401: "invalid API key", 403: "forbidden", 404: "not found", 409: "conflict", 429: "too many requests"}


def fieldcamp_app(state: State, control: Controllable) -> App:
    """The app; `control` answers the control routes and has the faults and the journal."""
    routes = [*Api(state).routes(), Mount(CONTROL, routes=control_routes(control))]
    handlers: dict[Any, Any] = {Refused: _refused, HTTPException: _unknown}
    return FaultMiddleware(
        Starlette(routes=routes, exception_handlers=handlers),
        control.faults,
        control.journal,
        error_body=lambda status, reason: failure(reason or SENTENCES.get(status, "server error")),
        operation=operation,
        latency=lambda: state.settings.latency_seconds,
    )


def operation(method: str, path: str) -> str:
    """`visits.list`, `visits.create`, `visits.get`, `visits.update`, `visits.delete`; empty elsewhere."""
    found = API_PATH.fullmatch(path)
    if found is None or found["plural"] not in BY_PLURAL:
        return ""
    names = {"GET": "get", "PUT": "update", "DELETE": "delete"} if found["one"] else {"GET": "list", "POST": "create"}
    return f"{found['plural']}.{names[method]}" if method in names else ""


async def _refused(request: Request, error: Refused) -> Response:
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return answer(error.status, failure(error.sentence), headers)


async def _unknown(request: Request, error: HTTPException) -> Response:
    return answer(error.status_code, failure(error.detail), dict(error.headers or {}))
