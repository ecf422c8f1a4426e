"""From a call to its answer: token, mailbox, limits, permission, handler."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from worker.simulators.faults import Facts, Fault, Faults
from worker.simulators.outlook_calendar.access import check, mailbox_of
from worker.simulators.outlook_calendar.calls import Answer, Call, Query
from worker.simulators.outlook_calendar.grants import AccessToken, Grants
from worker.simulators.outlook_calendar.operations import SUBSCRIPTION, Operation, find, name_of
from worker.simulators.outlook_calendar.preferences import preferences
from worker.simulators.outlook_calendar.refusal import Refusal, error_body
from worker.simulators.outlook_calendar.requests import Request
from worker.simulators.outlook_calendar.state import World
from worker.simulators.outlook_calendar.subscribing import Subscribing
from worker.simulators.outlook_calendar.throttle import Throttle


class Api:
    """Answers calls side by side; each takes the `latency` of the settings and is then carried out in one go."""

    def __init__(self, world: World, grants: Grants, subscribing: Subscribing, faults: Faults) -> None:
        self._world = world
        self._grants = grants
        self._subscribing = subscribing
        self._faults = faults
        self.throttle = Throttle(world.settings)

    async def answer(self, call: Call) -> Answer:
        """The answer to a call of its own, with the headers that Graph always sends."""
        request_id = str(uuid.uuid4())
        client_request_id = call.headers.get("client-request-id") or request_id
        try:
            answer = await self._carry_out(call)
        except Refusal as refusal:
            answer = Answer(refusal.status, refusal.body(request_id, client_request_id), refusal.headers)
        headers = {"request-id": request_id, "client-request-id": client_request_id, **answer.headers}
        return replace(answer, headers=headers)

    async def answer_part(self, call: Call, index: int) -> Answer:
        """The answer to one call of a batch, by its place from 0; it can suffer a fault of its own."""
        facts = Facts(call.method, call.path, call.query, name_of(call.method, call.path), index)
        with self._world.lock:
            fault = self._faults.take(facts)
        if fault is None or fault.status is None:
            return await self.answer(call)
        if fault.carried_out:
            await self.answer(call)
        return _faulty(fault, fault.status)

    async def _carry_out(self, call: Call) -> Answer:
        with self._world.lock:
            token = self.token(call.headers)
        subscription = SUBSCRIPTION.fullmatch(call.path)
        if subscription:
            return await asyncio.to_thread(self._subscribing.answer, call, token, subscription)
        found = find(call.method, call.path)
        if found is None:
            name = call.path.rpartition("/")[2]
            raise Refusal(400, "BadRequest", f"Resource not found for the segment '{name}'.")
        return await self._at_mailbox(*found, call, token)

    async def _at_mailbox(
        self, operation: Operation, names: dict[str, str | None], call: Call, token: AccessToken
    ) -> Answer:
        with self._world.lock:
            owner = mailbox_of(self._world, token, names.get("user"))
        with self.throttle.slot((token.client_id, owner.id), self._world.now()):
            await asyncio.sleep(self._world.settings.latency)
            with self._world.lock:
                check(token, owner, operation.right)
                preferred = preferences(call.headers.get("prefer", ""))
                query = Query(call.query, operation.parameters)
                return operation.answer(Request(self._world, call, query, preferred, names, token, owner))

    def token(self, headers: Mapping[str, str]) -> AccessToken:
        """Whom the `Authorization` header stands for; 401 for nobody."""
        kind, _, value = headers.get("authorization", "").partition(" ")
        token = self._grants.holder(value.strip(), self._world.now()) if kind.lower() == "bearer" else None
        if token is None:
            raise Refusal(401, "InvalidAuthenticationToken", headers={"www-authenticate": CHALLENGE})
        return token


CHALLENGE = 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"'


def _faulty(fault: Fault, status: int) -> Answer:
    body: Any = error_body(status, fault.reason) if fault.body is None else fault.body
    return Answer(status, body, {name.lower(): value for name, value in fault.headers.items()})
