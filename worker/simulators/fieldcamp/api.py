"""FieldCamp's API under `/api/v1`: keys, limits, lists and writes."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from worker.simulators.fieldcamp import fields, idempotency, views
from worker.simulators.fieldcamp.account import Account
from worker.simulators.fieldcamp.filters import Query
from worker.simulators.fieldcamp.guard import api_guard
from worker.simulators.fieldcamp.idempotency import Given
from worker.simulators.fieldcamp.kinds import CLIENT, Kind
from worker.simulators.fieldcamp.limits import Quota
from worker.simulators.fieldcamp.money_kinds import KINDS
from worker.simulators.fieldcamp.refusal import Refused, invalid
from worker.simulators.fieldcamp.state import State
from worker.simulators.fieldcamp.table import Record

PREFIX = "/api/v1"
KEY_PREFIX = "fc_live_"
LONGEST_IDEMPOTENCY_KEY = 255
Endpoint = Callable[[Request], Awaitable[Response]]


class Api:
    """Answers the requests of an API key."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        return [route for kind in KINDS.values() for route in self._routes(kind)]

    def _routes(self, kind: Kind) -> list[Route]:
        listed = kind.methods & {"GET", "POST"}
        single = kind.methods - {"POST"}
        path = f"{PREFIX}/{kind.plural}"
        return [
            Route(path, self._endpoint(kind), methods=sorted(listed)),
            Route(f"{path}/{{record_id}}", self._endpoint(kind), methods=sorted(single)),
        ]

    def _endpoint(self, kind: Kind) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            with self._state.lock:
                account = self._admit(request)
                if request.method in ("GET", "HEAD"):
                    return self._read(kind, account, request)
                return self._write_once(kind, account, request, body)

        return endpoint

    def _admit(self, request: Request) -> Account:
        """The account of the request's key; Refused with 401, 403 or 429."""
        key = request.headers.get("X-API-Key", "")
        account = self._state.accounts.get(key)
        if account is None or request.headers.get("Authorization") != f"Bearer {key}":
            raise Refused(401, "a valid key is needed, both as Authorization: Bearer and as X-API-Key")
        if account.suspended:
            raise Refused(403, "this account has no access")
        settings = self._state.settings
        quota = self._state.quotas.setdefault(key, Quota())
        wait = quota.take(settings.rate_limit_per_minute, settings.rate_limit_per_day, time.monotonic())
        if wait:
            raise Refused(429, "too many requests", retry_after=wait if settings.retry_after_offered else None)
        return account

    def _read(self, kind: Kind, account: Account, request: Request) -> Response:
        if "record_id" in request.path_params:
            record = account.find(kind, request.path_params["record_id"])
            return answer(200, success({kind.name: self._shown(kind, record)}))
        listed = self._state.listing.page(kind, account.table(kind), _query(request), self._state.settings)
        records = [self._shown(kind, record) for record in listed.records]
        return answer(200, success({kind.plural: records}, listed.meta))

    def _write_once(self, kind: Kind, account: Account, request: Request, body: bytes) -> Response:
        key = _idempotency_key(request)
        asked = idempotency.Request(request.method, request.url.path, body)
        now = time.time()
        given = account.replays.find(key, asked, now=now, hours=self._state.settings.idempotency_hours)
        if given is not None:
            self._state.counts["replays"] += 1
            return _raw(given.status, given.content)
        status, content = self._write(kind, account, request, body)
        given = Given(asked, status, views.as_json(content), now)
        account.replays.keep(key, given)
        return _raw(given.status, given.content)

    def _write(self, kind: Kind, account: Account, request: Request, body: bytes) -> tuple[int, dict[str, Any]]:
        desk = self._state.desk(account, api_guard(overlap_refused=self._state.settings.overlap_refused))
        if request.method == "DELETE":
            removed = desk.remove(kind, request.path_params["record_id"])
            return 200, success({f"{kind.name}Id": removed["id"], "deleted": True})
        if request.method == "PUT":
            _check_there(kind, account, request.path_params["record_id"])
            changed = desk.change(kind, request.path_params["record_id"], _body(kind, body))
            return 200, success({kind.name: self._shown(kind, changed)})
        created = desk.create(kind, _complete(kind, _body(kind, body)))
        return 201, success({f"{kind.name}Id": created["id"], kind.name: self._shown(kind, created)})

    def _shown(self, kind: Kind, record: Record) -> Record:
        return views.shown(kind, record, self._state.settings)


def success(data: dict[str, Any], meta: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"success": True, "data": data} | ({} if meta is None else {"meta": meta})


def failure(sentence: str) -> dict[str, Any]:
    return {"success": False, "error": sentence}


def answer(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return _raw(status, views.as_json(content), headers)


def _raw(status: int, content: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(content, status, headers, media_type="application/json")


def _query(request: Request) -> Query:
    return {name: request.query_params.getlist(name) for name in request.query_params}


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(key) <= LONGEST_IDEMPOTENCY_KEY:
        raise invalid("a write needs an Idempotency-Key of 1 to 255 characters")
    return key


def _body(kind: Kind, body: bytes) -> dict[str, Any]:
    """The body's fields, checked; Refused with 400 that names the first wrong one."""
    try:
        content = json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except ValueError as error:
        raise invalid("the body is not JSON") from error
    if not isinstance(content, dict):
        raise invalid("the body is not a JSON object")
    for name in content:
        if name in kind.stamped:
            raise invalid(f"{name}: is set by FieldCamp")
    try:
        return fields.checked(content, kind.writable)
    except ValueError as error:
        raise invalid(str(error)) from error


def _complete(kind: Kind, content: dict[str, Any]) -> dict[str, Any]:
    for name in kind.required:
        if content.get(name) is None:
            raise invalid(f"{name}: is missing")
    return content


def _check_there(kind: Kind, account: Account, record_id: str) -> None:
    """404 comes before 400, and a deleted client is not changed."""
    record = account.find(kind, record_id)
    if kind is CLIENT and record["isDeleted"]:
        raise Refused(409, f"client {record_id} is deleted")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
