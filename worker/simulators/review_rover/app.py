"""The simulator as an ASGI app, at the root or under a mount."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from worker.simulators.control import control_routes
from worker.simulators.faults import CONTROL, FaultMiddleware
from worker.simulators.review_rover import views
from worker.simulators.review_rover.bodies import fields_of
from worker.simulators.review_rover.desk import Desk
from worker.simulators.review_rover.refusal import Refusal, error_body
from worker.simulators.review_rover.state import Account, World
from worker.simulators.server import App

if TYPE_CHECKING:
    from worker.simulators.review_rover.simulator import ReviewRoverSimulator

Carry = Callable[[Request, bytes, Account], Response]
PATH = re.compile(r"/v1/(?P<plural>visits|contacts)(?P<one>/[^/]+)?")
OPERATIONS = {"GET": "get", "PUT": "update", "DELETE": "delete"}
COLLECTION = {"GET": "list", "POST": "create"}


def make_app(simulator: ReviewRoverSimulator) -> App:
    """Routes of the API and the control, behind the fault middleware."""
    api = Api(simulator.world)
    handlers: dict[Any, Any] = {Refusal: _refused, HTTPException: _lost}
    starlette = Starlette(
        routes=[Mount(CONTROL, routes=control_routes(simulator)), *api.routes()], exception_handlers=handlers
    )
    starlette.router.redirect_slashes = False
    return FaultMiddleware(
        cast(App, starlette),
        simulator.faults,
        simulator.journal,
        error_body=error_body,
        operation=operation,
        latency=lambda: simulator.world.settings.latency_seconds,
    )


def operation(method: str, path: str) -> str:
    """`visits.list`, `visits.create`, `visits.get`, `visits.update`, `visits.delete`, `contacts.list`,
    `contacts.create`; empty elsewhere."""
    found = PATH.fullmatch(path)
    name = (OPERATIONS if found["one"] else COLLECTION).get(method) if found else None
    return f"{found['plural']}.{name}" if found and name else ""


class Api:
    """The endpoints; each admits its caller and carries out one call in one go."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        one = "/v1/visits/{id}"
        return [
            Route("/v1/visits", self._endpoint(self._visits), methods=["GET"]),
            Route("/v1/visits", self._endpoint(self._create_visit), methods=["POST"]),
            Route(one, self._endpoint(self._visit), methods=["GET"]),
            Route(one, self._endpoint(self._change_visit), methods=["PUT"]),
            Route(one, self._endpoint(self._remove_visit), methods=["DELETE"]),
            Route("/v1/contacts", self._endpoint(self._contacts), methods=["GET"]),
            Route("/v1/contacts", self._endpoint(self._create_contact), methods=["POST"]),
        ]

    def _endpoint(self, carry: Carry) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            with self._world.lock:
                return carry(request, body, admitted(self._world, request, time.monotonic()))

        return endpoint

    def _visits(self, request: Request, body: bytes, account: Account) -> Response:
        return JSONResponse(views.visits_page(account, request.query_params, self._world.settings))

    def _create_visit(self, request: Request, body: bytes, account: Account) -> Response:
        visit = Desk(self._world, account).create_visit(self._fields(request, body))
        return self._told("visit", views.shown_visit(visit), 201)

    def _visit(self, request: Request, body: bytes, account: Account) -> Response:
        visit = Desk(self._world, account).visit(request.path_params["id"])
        return self._told("visit", views.shown_visit(visit))

    def _change_visit(self, request: Request, body: bytes, account: Account) -> Response:
        desk, told = Desk(self._world, account), request.path_params["id"]
        desk.visit(told)  # 404 comes before 422
        return self._told("visit", views.shown_visit(desk.change_visit(told, self._fields(request, body))))

    def _remove_visit(self, request: Request, body: bytes, account: Account) -> Response:
        Desk(self._world, account).remove_visit(request.path_params["id"])
        return Response(status_code=204)

    def _contacts(self, request: Request, body: bytes, account: Account) -> Response:
        return JSONResponse(views.contacts_found(account, request.query_params, self._world.settings))

    def _create_contact(self, request: Request, body: bytes, account: Account) -> Response:
        return self._told("contact", Desk(self._world, account).create_contact(self._fields(request, body)), 201)

    def _fields(self, request: Request, body: bytes) -> dict[str, Any]:
        return fields_of(request.headers.get("content-type", ""), body, self._world.settings)

    def _told(self, name: str, record: dict[str, Any], status: int = 200) -> Response:
        return JSONResponse(views.single(name, record, self._world.settings), status)


def admitted(world: World, request: Request, now: float) -> Account:
    """The account of the request's token; Refusal with 401 or 429. `now` is in monotonic seconds."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    token = world.tokens.get(value) if kind == "Bearer" else None
    if token is None:
        raise Refusal(401)
    wait = token.minute.wait(world.settings.rate_limit_per_minute, now)
    if wait:
        raise Refusal(429, retry_after=wait if world.settings.retry_after_offered else None)
    return world.accounts[token.account]


async def _refused(request: Request, error: Refusal) -> Response:
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    return JSONResponse(error.body, error.status, headers=headers)


async def _lost(request: Request, error: HTTPException) -> Response:
    return JSONResponse(error_body(error.status_code, None), error.status_code)
