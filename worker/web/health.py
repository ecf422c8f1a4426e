"""Whether we live (`/healthz`), and whether we can serve (`/readyz`)."""

import asyncio

from anyio import to_thread
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from worker.core.errors import SyncError
from worker.web.answers import unavailable
from worker.web.house import House
from worker.web.openapi import answers
from worker.web.schemas import Alive, Ready

PATIENCE = 3.0
"""Seconds; platforms ask every few seconds and call silence a failure."""

OK = "ok"


def health_routes(house: House) -> APIRouter:
    """Both are open to everybody and tell nothing but names and states."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", operation_id="lives", summary="Whether the process lives", responses=answers(200, Alive))
    async def lives() -> Response:
        """The process lives."""
        return JSONResponse({"status": OK})

    @router.get(
        "/readyz",
        operation_id="is_ready",
        summary="Whether database and broker answer",
        responses=answers(200, Ready, 503),
    )
    async def is_ready() -> Response:
        """Database and broker answer, else 503."""
        try:
            async with asyncio.timeout(PATIENCE):
                checks = await to_thread.run_sync(house.ready, abandon_on_cancel=True)
        except TimeoutError:
            return unavailable("The checks did not end in time.")
        except SyncError as error:
            return unavailable(error.message)
        if any(state != OK for state in checks.values()):
            return unavailable("Not everything that is needed answers.", details=checks)
        return JSONResponse({"status": OK, "checks": dict(checks)})

    # Probes use HEAD as well; one description of both is enough.
    for path, state in (("/healthz", lives), ("/readyz", is_ready)):
        router.add_api_route(path, state, methods=["HEAD"], include_in_schema=False)
    return router
