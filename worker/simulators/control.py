"""Simulators driven over HTTP: `POST /_control/{method}` with keyword arguments, by tests in another process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from worker.simulators.faults import CONTROL, Fault, Faults
from worker.simulators.journal import Journal


class Controllable(Protocol):
    """A simulator whose methods named in `controls` can be called; what they return must be JSON."""

    controls: frozenset[str]
    faults: Faults
    journal: Journal

    def reset(self) -> None: ...


class ControlError(Exception):
    """A control call was refused: the status and what the simulator said."""


class Control:
    """Drives a simulator at a URL, such as `http://127.0.0.1:9100/google`."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(base_url=f"{base_url.rstrip('/')}{CONTROL}/", timeout=60)

    def call(self, method: str, **arguments: Any) -> Any:
        """Calls a method of the simulator; returns its JSON value, raises ControlError."""
        return _value(self._client.post(method, json=arguments))

    def journal(self) -> list[dict[str, Any]]:
        """The requests so far, as `journal.Entry` has them."""
        entries: list[dict[str, Any]] = _value(self._client.get("journal"))
        return entries

    def add_fault(self, **fields: Any) -> int:
        """Orders a fault by the fields of `faults.Fault`; returns its id."""
        return int(self.call("add_fault", **fields))

    def reset(self) -> None:
        self.call("reset")

    def close(self) -> None:
        self._client.close()


def control_routes(simulator: Controllable) -> list[Route]:
    """Routes for `controls`; for every simulator also `journal`, `reset`, `clear_journal` and those of its faults."""
    common: dict[str, Callable[..., Any]] = {
        "reset": simulator.reset,
        "clear_journal": simulator.journal.clear,
        "add_fault": lambda **fields: simulator.faults.add(Fault(**fields)),
        "clear_faults": simulator.faults.clear,
        "faults_fired": simulator.faults.fired,
    }

    async def call(request: Request) -> Response:
        name = request.path_params["method"]
        method: Callable[..., Any] | None = common.get(name)
        if name in simulator.controls:
            method = getattr(simulator, name)
        if method is None:
            return JSONResponse({"error": f"unknown method {name}"}, 404)
        body = await request.body()
        try:
            value = await asyncio.to_thread(method, **(await request.json() if body else {}))
        except (TypeError, ValueError, LookupError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
        return JSONResponse(value)

    async def journal(request: Request) -> Response:
        return JSONResponse([entry.as_json() for entry in simulator.journal.entries()])

    return [Route("/journal", journal, methods=["GET"]), Route("/{method}", call, methods=["POST"])]


def _value(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise ControlError(f"{answer.status_code}: {answer.text}")
    return answer.json()
