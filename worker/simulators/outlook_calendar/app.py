"""The simulator as an ASGI app, at the root or under a mount."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from worker.simulators.control import control_routes
from worker.simulators.faults import CONTROL, FaultMiddleware, note, path_below_mount
from worker.simulators.outlook_calendar import batch
from worker.simulators.outlook_calendar.calls import JSON, Answer, Call
from worker.simulators.outlook_calendar.consent import consent
from worker.simulators.outlook_calendar.identity import discovery
from worker.simulators.outlook_calendar.oauth import OAuthRefusal, is_oauth, oauth_body
from worker.simulators.outlook_calendar.operations import name_of
from worker.simulators.outlook_calendar.refusal import Refusal, error_body
from worker.simulators.outlook_calendar.tokens import token
from worker.simulators.server import App

if TYPE_CHECKING:
    from worker.simulators.outlook_calendar.simulator import OutlookCalendarSimulator


def make_app(simulator: OutlookCalendarSimulator) -> App:
    """Routes of the API, `$batch`, the identity platform and the control, behind the fault middleware."""
    routes = Routes(simulator)
    starlette = Starlette(
        routes=[
            Mount(CONTROL, routes=control_routes(simulator)),
            Route("/v1.0/$batch", routes.batch, methods=["POST"]),
            Route("/v1.0/{path:path}", routes.call, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", routes.discovery, methods=["GET"]),
            Route("/{tenant}/oauth2/v2.0/token", routes.token, methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/authorize", routes.consent, methods=["GET"]),
        ]
    )
    return FaultMiddleware(
        cast(App, starlette), simulator.faults, simulator.journal, error_body=_error_body, operation=name_of
    )


class Routes:
    """The endpoints; each reads its request, asks the simulator and renders the answer."""

    def __init__(self, simulator: OutlookCalendarSimulator) -> None:
        self._simulator = simulator

    async def call(self, request: Request) -> Response:
        path, body = path_below_mount(request.scope), await request.body()
        call = Call(request.method, path, request.url.query, _headers(request), body, _base(request))
        return _response(await self._simulator.api.answer(call))

    async def batch(self, request: Request) -> Response:
        simulator, headers = self._simulator, _headers(request)
        request_id = headers.get("client-request-id") or str(uuid.uuid4())
        try:
            simulator.api.token(headers)
            limit = simulator.settings.batch_limit
            parts = batch.parse(await request.body(), headers, _base(request), limit)
        except Refusal as refusal:
            return _response(Answer(refusal.status, refusal.body(request_id, request_id), refusal.headers))
        note(request.scope, parts=len(parts))
        with simulator.world.lock:
            simulator.world.counters["batches"] += 1
            simulator.world.counters["parts"] += len(parts)
        told = await simulator.batches.answer(parts)
        return _response(Answer(200, {"responses": told}, {"request-id": request_id}))

    async def discovery(self, request: Request) -> Response:
        await asyncio.sleep(self._simulator.settings.latency)
        base = _base(request).partition("://")[2]
        scheme = self._simulator.settings.discovery_scheme
        return JSONResponse(discovery(f"{scheme}://{base}", request.path_params["tenant"]))

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("latin-1")))
        await asyncio.sleep(self._simulator.settings.latency)
        with self._simulator.world.lock:
            try:
                told = token(self._simulator.world, self._simulator.grants, request.path_params["tenant"], form)
            except OAuthRefusal as refusal:
                return JSONResponse(refusal.body(), refusal.status)
        return JSONResponse(told, headers={"cache-control": "no-store"})

    async def consent(self, request: Request) -> Response:
        world, grants = self._simulator.world, self._simulator.grants
        with world.lock:
            try:
                target = consent(world, grants, request.path_params["tenant"], dict(request.query_params))
            except OAuthRefusal as refusal:
                return JSONResponse(refusal.body(), refusal.status)
        return RedirectResponse(target, 302)


def _error_body(status: int, reason: str | None) -> dict[str, Any]:
    """That of a fault: the identity platform's where its reason is one of those, else Graph's."""
    return oauth_body(reason) if reason is not None and is_oauth(reason) else error_body(status, reason)


def _base(request: Request) -> str:
    """The address under which the caller reached the simulator, without a slash at its end."""
    host = request.headers.get("host", "")
    return f"{request.url.scheme}://{host}{request.scope.get('root_path', '')}"


def _headers(request: Request) -> dict[str, str]:
    """By their names in lower case; several of one name are joined."""
    joined: dict[str, str] = {}
    for name, value in request.headers.items():
        joined[name.lower()] = f"{joined[name.lower()]}, {value}" if name.lower() in joined else value
    return joined


def _response(answer: Answer) -> Response:
    content = answer.content()
    return Response(content or None, answer.status, headers={**(JSON if content else {}), **answer.headers})
