"""The simulator as an ASGI app, at the root or under a mount."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from worker.simulators.control import control_routes
from worker.simulators.faults import CONTROL, FaultMiddleware
from worker.simulators.server import App
from worker.simulators.zendesk_sell.parameters import asked
from worker.simulators.zendesk_sell.refusal import Refusal, error_body, fault_body, request_id
from worker.simulators.zendesk_sell.state import READ, Account, World

if TYPE_CHECKING:
    from worker.simulators.zendesk_sell.simulator import ZendeskSellSimulator

VISITS = "/v2/visits"
LIST = "visits.list"


def make_app(simulator: ZendeskSellSimulator) -> App:
    """Routes of the API and the control, behind the fault middleware."""
    routes = Routes(simulator)
    handlers: dict[Any, Any] = {Refusal: _refused, HTTPException: _lost}
    starlette = Starlette(
        routes=[Mount(CONTROL, routes=control_routes(simulator)), Route(VISITS, routes.visits, methods=["GET"])],
        exception_handlers=handlers,
    )
    starlette.router.redirect_slashes = False
    return FaultMiddleware(
        cast(App, starlette),
        simulator.faults,
        simulator.journal,
        error_body=fault_body,
        operation=operation,
        latency=lambda: simulator.world.settings.latency_seconds,
    )


def operation(method: str, path: str) -> str:
    """`visits.list`; empty elsewhere."""
    return LIST if (method, path) == ("GET", VISITS) else ""


class Routes:
    """The endpoint; it admits its caller, then asks for the page."""

    def __init__(self, simulator: ZendeskSellSimulator) -> None:
        self._world = simulator.world
        self._listing = simulator.listing

    async def visits(self, request: Request) -> Response:
        with self._world.lock:
            settings = self._world.settings
            account = admitted(self._world, request, time.monotonic())
            page = asked(request.query_params.multi_items(), settings)
            body = self._listing.page(account, page, settings, _address(request))
            return JSONResponse(body, headers={"x-request-id": request_id()})


def admitted(world: World, request: Request, now: float) -> Account:
    """The account of the request's token; Refusal with 400, 401, 403 or 429. `now` is in monotonic seconds.

    https://developer.zendesk.com/api-reference/sales-crm/requests/
    """
    if not request.headers.get("user-agent", "").strip():
        raise Refusal(400, "invalid_user_agent")
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    token = world.tokens.get(value) if kind == "Bearer" else None
    if token is None:
        raise Refusal(401, "unauthorized")
    if token.second.is_full(world.settings.rate_limit_per_second, now):
        raise Refusal(429, "rate_limit_exceeded")
    if READ not in token.scopes:
        raise Refusal(403, "insufficient_scope")
    if "application/json" not in request.headers.get("accept", ""):
        raise Refusal(400, "invalid_header")
    return world.accounts[token.account]


def _address(request: Request) -> str:
    """Under which the caller reached the listing."""
    host, mount = request.headers.get("host", ""), request.scope.get("root_path", "")
    return f"{request.url.scheme}://{host}{mount}{VISITS}"


async def _refused(request: Request, error: Refusal) -> Response:
    logref = request_id()
    return JSONResponse(error_body(error, logref), error.status, headers={"x-request-id": logref})


async def _lost(request: Request, error: HTTPException) -> Response:
    """Sell knows no 405."""
    code = "incorrect_path" if error.status_code == 405 else "not_found"
    return await _refused(request, Refusal(404, code))
