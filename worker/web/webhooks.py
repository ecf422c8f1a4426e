"""FieldCamp's events in: `POST /webhooks/fieldcamp/{account_id}` (contract §4.5)."""

import asyncio
import re
from collections.abc import Mapping

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from worker.core.connections import InboxEvent
from worker.web.answers import problem, unavailable
from worker.web.bodies import Limits, read_body, strict_json
from worker.web.house import House
from worker.web.intake import Intake
from worker.web.openapi import answers, body_of
from worker.web.schemas import Envelope, Received

ACCOUNT_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)

SIGNED = """
Any one of: `X-FieldCamp-Signature: t=<unix>,v1=<hex>` over `<t>.<raw body>`; `X-FieldCamp-Signature: sha256=<hex>` or
`<hex>` over the raw body; the headers of Standard Webhooks. HMAC-SHA256 with the account's webhook secret.
"""
SIGNATURES = ("X-FieldCamp-Signature", "webhook-id", "webhook-timestamp", "webhook-signature")
HEADERS = [{"name": name, "in": "header", "required": False, "schema": {"type": "string"}} for name in SIGNATURES]


def webhook_routes(house: House, intake: Intake, limits: Limits) -> APIRouter:
    """The door for events: 202 only after the event is stored."""
    router = APIRouter(tags=["webhooks"])

    @router.post(
        "/webhooks/fieldcamp/{account_id}",
        operation_id="take_event",
        summary="An event from FieldCamp",
        status_code=202,
        description=f"Takes one event, signed by its account: 202 only after it is stored.\n{SIGNED}",
        responses=answers(202, Received, 400, 401, 408, 413, 503),
        openapi_extra={"parameters": HEADERS, **body_of(Envelope, required=True)},
    )
    async def take_event(account_id: str, request: Request) -> Response:
        """Takes one event, signed by its account."""
        body = await read_body(request, limits)
        try:
            async with asyncio.timeout(limits.store_seconds):
                return await _take(account_id, request.headers, body)
        except TimeoutError:
            return unavailable("The event was not stored in time; send it again.")

    async def _take(account_id: str, headers: Mapping[str, str], body: bytes) -> Response:
        event = await to_thread.run_sync(_event, house, account_id, headers, body, abandon_on_cancel=True)
        if event is None:
            return problem(401)
        had_come = await intake.put(event)
        return JSONResponse({"received": True, "event_id": event.event_id, "duplicate": had_come}, 202)

    return router


def _event(house: House, account_id: str, headers: Mapping[str, str], body: bytes) -> InboxEvent | None:
    """The event, None where the account did not sign it; raises Invalid where it is none."""
    if not ACCOUNT_ID.fullmatch(account_id) or not house.verify_event(account_id, headers, body, house.now()):
        return None
    return house.parse_event(account_id, strict_json(body))
