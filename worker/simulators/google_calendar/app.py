"""The simulator as an ASGI app, at the root or under a mount."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from worker.simulators.control import control_routes
from worker.simulators.faults import CONTROL, FaultMiddleware, note, path_below_mount
from worker.simulators.google_calendar import batch
from worker.simulators.google_calendar.calls import JSON, Answer, Call
from worker.simulators.google_calendar.consent import consent
from worker.simulators.google_calendar.operations import name_of
from worker.simulators.google_calendar.refusal import Refusal, error_body
from worker.simulators.google_calendar.tokens import OAuthRefusal, token
from worker.simulators.server import App

if TYPE_CHECKING:
    from worker.simulators.google_calendar.simulator import GoogleCalendarSimulator

LONGEST_WAIT = 2.0


def make_app(simulator: GoogleCalendarSimulator) -> App:
    """Routes of the API, the batch endpoint, the OAuth endpoints and the control, behind the fault middleware."""
    routes = Routes(simulator)
    starlette = Starlette(
        routes=[
            Route("/batch/calendar/v3", routes.batch, methods=["POST"]),
            Route("/token", routes.token, methods=["POST"]),
            Route("/revoke", routes.revoke, methods=["POST"]),
            Route("/o/oauth2/v2/auth", routes.consent, methods=["GET"]),
            Mount(CONTROL, routes=control_routes(simulator)),
            Route("/{path:path}", routes.call, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]
    )
    return FaultMiddleware(
        cast(App, starlette),
        simulator.faults,
        simulator.journal,
        error_body=error_body,
        operation=name_of,
        latency=lambda: simulator.settings.latency,
    )


class Routes:
    """The endpoints; each reads its request, asks the simulator and renders the answer."""

    def __init__(self, simulator: GoogleCalendarSimulator) -> None:
        self._simulator = simulator

    async def call(self, request: Request) -> Response:
        answer = self._simulator.api.answer(
            Call(
                request.method,
                path_below_mount(request.scope),
                request.url.query,
                _headers(request),
                await request.body(),
            )
        )
        if answer.sooner is not None:
            await asyncio.to_thread(answer.sooner.wait, LONGEST_WAIT)
        return _response(answer)

    async def batch(self, request: Request) -> Response:
        body, simulator = await request.body(), self._simulator
        mount, limit = request.scope.get("root_path", ""), simulator.settings.batch_limit
        try:
            parts = batch.parse(request.headers.get("content-type", ""), _headers(request), body, mount, limit)
        except Refusal as refusal:
            return _response(Answer(refusal.status, refusal.body()))
        note(request.scope, parts=len(parts))
        with simulator.world.lock:
            simulator.world.counters["batches"] += 1
            simulator.world.counters["parts"] += len(parts)
        content_type, content = simulator.batches.answer(parts)
        return Response(content, media_type=None, headers={"content-type": content_type})

    async def token(self, request: Request) -> Response:
        form = await _form(request)
        with self._simulator.world.lock:
            try:
                return JSONResponse(token(self._simulator.world, self._simulator.grants, form))
            except OAuthRefusal as refusal:
                return JSONResponse(refusal.body(), refusal.status)

    async def revoke(self, request: Request) -> Response:
        value = (await _form(request)).get("token") or request.query_params.get("token")
        with self._simulator.world.lock:
            if self._simulator.grants.revoke_token(str(value)):
                self._simulator.world.counters["revocations"] += 1
                return JSONResponse({})
        return JSONResponse({"error": "invalid_token", "error_description": "Token expired or revoked"}, 400)

    async def consent(self, request: Request) -> Response:
        with self._simulator.world.lock:
            try:
                target = consent(self._simulator.world, self._simulator.grants, dict(request.query_params))
            except OAuthRefusal as refusal:
                return JSONResponse(refusal.body(), refusal.status)
        return RedirectResponse(target, 302)


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("latin-1")))


def _headers(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _response(answer: Answer) -> Response:
    content = answer.content()
    return Response(content or None, answer.status, headers={**(JSON if content else {}), **answer.headers})
