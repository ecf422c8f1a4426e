"""Providers' messages in: `POST /webhooks/{slug}` for each provider that pushes (contract §4.5)."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from worker.core.channels import Receiver
from worker.web.answers import problem, unavailable
from worker.web.bodies import DEFAULT_LIMITS, Limits, read_body
from worker.web.openapi import refusals

PROMPT_SECONDS = 0.8
"""Every provider wants its answer within a second or so, and sends again what was not taken."""

ANYTHING: Mapping[str, Any] = {"requestBody": {"required": False, "content": {"*/*": {"schema": {}}}}}
TAKEN: Mapping[str, Any] = {
    "description": "Taken as a hint to look.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


def push_routes(
    receivers: Mapping[str, Receiver], limits: Limits = DEFAULT_LIMITS, seconds: float = PROMPT_SECONDS
) -> APIRouter:
    """A door for each provider's messages, by its slug. A receiver may block: it is called from a thread, for at most
    ``seconds``."""
    router = APIRouter(tags=["webhooks"])
    for slug, receiver in receivers.items():
        name = f"take_{slug.replace('-', '_')}_message"
        router.add_api_route(
            f"/webhooks/{slug}",
            _door(receiver, limits, seconds),
            methods=["POST"],
            name=name,
            operation_id=name,
            summary=f"A message from {slug}",
            response_class=Response,
            responses={200: dict(TAKEN), 202: dict(TAKEN), **refusals(400, 401, 408, 413, 503)},
            openapi_extra=dict(ANYTHING),
        )
    return router


def _door(receiver: Receiver, limits: Limits, seconds: float) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def take_message(request: Request) -> Response:
        """Takes a message that says only that something changed."""
        body = await read_body(request, limits)
        said = (request.headers, request.query_params, body)
        try:
            async with asyncio.timeout(seconds):
                receipt = await to_thread.run_sync(receiver, *said, abandon_on_cancel=True)
        except TimeoutError:
            return unavailable("The message was not taken in time; send it again.")
        return problem(receipt.status) if receipt.status >= 400 else PlainTextResponse(receipt.text, receipt.status)

    return take_message
