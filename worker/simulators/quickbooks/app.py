"""The simulator as an ASGI app, at the root or under a mount."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from worker.simulators.control import control_routes
from worker.simulators.faults import CONTROL, note
from worker.simulators.quickbooks.calls import Call
from worker.simulators.quickbooks.consent import consent
from worker.simulators.quickbooks.front import IN_FLIGHT, Front, params_of
from worker.simulators.quickbooks.gateway import fault_body
from worker.simulators.quickbooks.oauth import OAuthRefusal
from worker.simulators.quickbooks.rendering import parsed
from worker.simulators.quickbooks.tokens import revoke, token
from worker.simulators.server import App

if TYPE_CHECKING:
    from worker.simulators.quickbooks.simulator import QuickBooksSimulator

NO_STORE = {"cache-control": "no-store"}


def make_app(simulator: QuickBooksSimulator) -> App:
    """Routes of the API, the OAuth endpoints and the control, behind the front."""
    routes = Routes(simulator)
    starlette = Starlette(
        routes=[
            Mount(CONTROL, routes=control_routes(simulator)),
            Route("/v3/company/{realm}/{path:path}", routes.call, methods=["GET", "POST"]),
            Route("/oauth2/v1/tokens/bearer", routes.token, methods=["POST"]),
            Route("/v2/oauth2/tokens/revoke", routes.revoke, methods=["POST"]),
            Route("/connect/oauth2", routes.consent, methods=["GET"]),
        ]
    )
    world = simulator.world
    return Front(
        cast(App, starlette),
        simulator.faults,
        simulator.journal,
        simulator.api.throttle,
        error_body=lambda status, reason: fault_body(status, reason, world.now(), world.settings.gateway_casing),
        latency=lambda: world.settings.latency,
    )


class Routes:
    """The endpoints; each reads its request, asks the simulator and renders the answer."""

    def __init__(self, simulator: QuickBooksSimulator) -> None:
        self._simulator = simulator

    async def call(self, request: Request) -> Response:
        names = request.path_params
        call = Call(
            request.method,
            names["realm"],
            names["path"],
            params_of(request.scope),
            dict(request.headers),
            await request.body(),
            request.scope[IN_FLIGHT],
        )
        answer = self._simulator.api.answer(call)
        note(request.scope, parts=answer.parts)
        return Response(answer.content, answer.status, headers={"content-type": answer.content_type})

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("latin-1")))
        world = self._simulator.world
        return self._answered(lambda: JSONResponse(token(world, request.headers, form), headers=NO_STORE))

    async def revoke(self, request: Request) -> Response:
        body = _value(await request.body())

        def revoked() -> Response:
            revoke(self._simulator.world, request.headers, body)
            return Response(status_code=200)

        return self._answered(revoked)

    async def consent(self, request: Request) -> Response:
        query = dict(request.query_params)
        return self._answered(lambda: RedirectResponse(consent(self._simulator.world, query), 302))

    def _answered(self, answer: Callable[[], Response]) -> Response:
        with self._simulator.world.lock:
            try:
                return answer()
            except OAuthRefusal as refusal:
                return JSONResponse(refusal.body(), refusal.status, headers=NO_STORE)


def _value(body: bytes) -> Any:
    try:
        return parsed(body)
    except ValueError:
        return None
