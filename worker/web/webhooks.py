"""FieldCamp's events in: `POST /webhooks/fieldcamp/{account_id}` (contract §4.5)."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from worker.core.connections import InboxEvent
from worker.web.answers import problem, unavailable
from worker.web.bodies import Limits, read_body, strict_json
from worker.web.house import House
from worker.web.intake import Intake

ACCOUNT_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)

ENVELOPE = {"type": "object", "required": ["id", "type", "created_at", "data"]}
DESCRIPTION: Mapping[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": ENVELOPE}},
    },
    "responses": {
        "202": {"description": "Stored; `duplicate` says that this event had come before."},
        "400": {"description": "Not an event; nothing was stored."},
        "401": {"description": "Not signed by this account."},
        "413": {"description": "Over 1 MiB."},
        "503": {"description": "Cannot be stored now; nothing was accepted."},
    },
}


def webhook_routes(house: House, intake: Intake, limits: Limits) -> APIRouter:
    """The door for events: 202 only after the event is stored."""
    router = APIRouter(tags=["webhooks"])

    @router.post("/webhooks/fieldcamp/{account_id}", status_code=202, openapi_extra=dict(DESCRIPTION))
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
