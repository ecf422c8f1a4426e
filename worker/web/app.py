"""The web application, put together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import APIRouter, FastAPI

from worker.web import answers
from worker.web.bodies import DEFAULT_LIMITS, Limits
from worker.web.docs import add_docs
from worker.web.health import health_routes
from worker.web.house import House
from worker.web.intake import Intake, Ring
from worker.web.keys import Doorkeeper
from worker.web.openapi import VERSION, describe
from worker.web.patience import in_time
from worker.web.rim import Rim
from worker.web.webhooks import webhook_routes


def make_web(
    house: House,
    *,
    ring: Ring | None = None,
    limits: Limits = DEFAULT_LIMITS,
    more: Sequence[APIRouter] = (),
    keeper: Doorkeeper | None = None,
) -> FastAPI:
    """The app; its intake lives as long as the app's lifespan. ``more`` adds routes beside those of this folder;
    ``keeper`` asks for a key also where there is no route under ``/api/``."""
    intake = Intake(house.take_events, ring)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        intake.start()
        yield
        await to_thread.run_sync(intake.stop)

    # A redirect would lose the body of an event; a wrong address is a 404.
    app = FastAPI(
        title="Visit Sync", version=VERSION, lifespan=lifespan, redirect_slashes=False, docs_url=None, redoc_url=None
    )
    answers.install(app, None if keeper is None else in_time(keeper.identify))
    add_docs(app)
    describe(app)
    for router in (*more, webhook_routes(house, intake, limits), health_routes(house)):
        app.include_router(router)
    app.add_middleware(Rim)
    return app
