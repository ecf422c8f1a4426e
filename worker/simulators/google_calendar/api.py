"""From a call to its answer: token, fault, quota, handler."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

from worker.simulators.faults import Facts, Fault, Faults
from worker.simulators.google_calendar.access import check_scopes
from worker.simulators.google_calendar.calls import Answer, Call, Query, overridden
from worker.simulators.google_calendar.fields import parse, partial
from worker.simulators.google_calendar.grants import AccessToken, Grants
from worker.simulators.google_calendar.operations import Operation, find, name_of
from worker.simulators.google_calendar.push import Channels
from worker.simulators.google_calendar.quota import Quota
from worker.simulators.google_calendar.refusal import Refusal, error_body, not_found
from worker.simulators.google_calendar.requests import Request
from worker.simulators.google_calendar.state import World


class Api:
    """Answers calls one at a time; each is whole or not at all."""

    def __init__(self, world: World, grants: Grants, channels: Channels, faults: Faults) -> None:
        self._world = world
        self._grants = grants
        self._channels = channels
        self._faults = faults
        self.quota = Quota(world.settings)

    def answer(self, call: Call) -> Answer:
        """The answer to a request of its own."""
        with self._world.lock:
            try:
                return self._carry_out(overridden(call))
            except Refusal as refusal:
                return Answer(refusal.status, refusal.body())

    def answer_part(self, call: Call, index: int) -> Answer:
        """The answer to one call of a batch, by its place from 0; it can suffer a fault of its own."""
        facts = Facts(call.method, call.path, call.query, name_of(call.method, call.path), index)
        fault = self._faults.take(facts)
        if fault is None or fault.status is None:
            return self.answer(call)
        if fault.carried_out:
            self.answer(call)
        return _faulty(fault, fault.status)

    def _carry_out(self, call: Call) -> Answer:
        found = find(call.method, call.path)
        if found is None:
            raise not_found()
        operation, ids = found
        token = self._token(call)
        self.quota.charge(_payer(call, token), operation.units, self._world.now())
        check_scopes(token.scopes, operation.scopes)
        return self._handled(operation, ids, call, token)

    def _handled(self, operation: Operation, ids: tuple[str, ...], call: Call, token: AccessToken) -> Answer:
        query = Query(call.query, operation.parameters)
        mask = query.text("fields")
        if mask:
            parse(mask)
        request = Request(self._world, self._channels, call, query, ids, token.user, token.in_person)
        answer = operation.answer(request)
        if operation.name == "events.get":
            self._world.counters["get"] += 1
        return replace(answer, body=partial(answer.body, mask))

    def _token(self, call: Call) -> AccessToken:
        kind, _, value = call.headers.get("authorization", "").partition(" ")
        token = self._grants.holder(value.strip(), self._world.now()) if kind.lower() == "bearer" else None
        if token is None:
            raise Refusal(401, "authError")
        return token


def _payer(call: Call, token: AccessToken) -> str:
    """Whose quota a call uses: `quotaUser`, else the service account, else the user."""
    named = parse_qs(call.query).get("quotaUser", [call.headers.get("x-goog-quota-user", "")])[0]
    return named or token.service_account or token.user


def _faulty(fault: Fault, status: int) -> Answer:
    body = error_body(status, fault.reason) if fault.body is None else fault.body
    return Answer(status, body, fault.headers)
