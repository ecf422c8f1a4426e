"""From a request to its answer: token, company, limits, `requestid`, company file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from worker.simulators.faults import Faults
from worker.simulators.quickbooks.calls import Answer, Call, json_answer
from worker.simulators.quickbooks.company import Company
from worker.simulators.quickbooks.gateway import XML, Turned, xml_fault
from worker.simulators.quickbooks.kinds import kind_of
from worker.simulators.quickbooks.operations import has_id, is_supported, verb
from worker.simulators.quickbooks.parts import batch_answer
from worker.simulators.quickbooks.refusal import Refused, missing, unsupported
from worker.simulators.quickbooks.request_ids import LONGEST, RequestIds, check_batch_ids, check_length
from worker.simulators.quickbooks.state import World
from worker.simulators.quickbooks.throttle import Throttle

QUERY_TYPE = "application/text"


class Api:
    """Answers requests one after the other; each holds its company's lock while it is carried out."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self.throttle = Throttle(world.settings)
        self.request_ids = RequestIds(world)

    def answer(self, call: Call) -> Answer:
        """The answer to a request below `/v3/company/{realm}/`; never raises a refusal."""
        if "application/json" not in call.headers.get("accept", ""):
            return Answer(400, xml_fault("500", "Only application/json is simulated.", self._world.time()), XML)
        try:
            company = self._admitted(call)
        except Turned as turned:
            return json_answer(turned.status, turned.body(self._world.now(), self._world.settings.gateway_casing))
        with company.lock:
            return self._settled(lambda: self._dispatched(company, call))

    def _admitted(self, call: Call) -> Company:
        """The company that is asked; Turned for those who may not, or too often."""
        kind, _, value = call.headers.get("authorization", "").partition(" ")
        with self._world.lock:
            now = self._world.now()
            grant = self._world.grants.holder(value.strip(), now) if kind.lower() == "bearer" else None
            if grant is None:
                raise Turned("3200")
            company = self._world.companies.get(call.realm)
            if company is None or grant.realm != call.realm:
                raise Turned("3100")
            self.throttle.charge(call.realm, call.in_flight, now, batch=call.path.lower() == "batch")
        return company

    def _settled(self, carry_out: Callable[[], Answer]) -> Answer:
        try:
            return carry_out()
        except Refused as refused:
            return json_answer(refused.status, refused.body(self._world.clock()))

    def _dispatched(self, company: Company, call: Call) -> Answer:
        head, _, tail = call.path.partition("/")
        entity = head.lower()
        if entity == "query" and not tail:
            return self._query(company, call)
        if call.method == "GET":
            return self._read(company, call, entity, tail)
        if tail:
            raise unsupported(call.path)
        return self._once(call, lambda: self._written(company, call, entity))

    def _read(self, company: Company, call: Call, entity: str, tail: str) -> Answer:
        if entity == "cdc" and not tail:
            return self._changes(company, call)
        if entity == "preferences" and not tail:
            return self._told({"Preferences": company.preferences()})
        if entity == "companyinfo" and tail == call.realm:
            return self._told({"CompanyInfo": company.company_info()})
        if not tail or "/" in tail:
            raise unsupported(call.path)
        return self._told({kind_of(entity).name: company.read(entity, tail)})

    def _query(self, company: Company, call: Call) -> Answer:
        try:
            return self._told({"QueryResponse": company.query(_query_text(call))})
        except Refused as refused:
            if self._world.settings.bad_query_status != 200:
                raise
            return self._told({"Fault": {**refused.fault(), "type": "SystemFault"}})

    def _changes(self, company: Company, call: Call) -> Answer:
        asked = [name.strip() for name in call.params.get("entities", "").split(",") if name.strip()]
        since = call.params.get("changedsince", "")
        if not asked or not since:
            raise missing("changedSince" if asked else "entities")
        return self._told({"CDCResponse": [{"QueryResponse": company.cdc(asked, since)}]})

    def _once(self, call: Call, carry_out: Callable[[], Answer]) -> Answer:
        request_id = call.params.get("requestid")
        if not request_id:
            return carry_out()
        check_length(request_id, LONGEST)
        return self.request_ids.once((call.realm, request_id), lambda: self._settled(carry_out))

    def _written(self, company: Company, call: Call, entity: str) -> Answer:
        body = call.json()
        if entity == "batch":
            return self._batch(company, call, body)
        if not is_supported(entity, call.params):
            raise unsupported(f"operation={call.params.get('operation')}")
        done = verb(call.params, has_id(body))
        written: dict[str, Any] = getattr(company, done)(entity, body)
        self._world.counters[f"{entity}.{done}"] += 1
        return self._told({kind_of(entity).name: written})

    def _batch(self, company: Company, call: Call, body: Mapping[str, Any]) -> Answer:
        items = body.get("BatchItemRequest")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise missing("BatchItemRequest")
        if request_id := call.params.get("requestid"):
            check_batch_ids(request_id, items)
        self._world.counters["batches"] += 1
        self._world.counters["parts"] += len(items)
        path = f"/v3/company/{call.realm}/batch"
        return self._told({"BatchItemResponse": batch_answer(company, items, self._faults, path)}, parts=len(items))

    def _told(self, body: Mapping[str, Any], parts: int = 1) -> Answer:
        return json_answer(200, self._timed(body), parts)

    def _timed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return {**body, "time": self._world.time()}


def _query_text(call: Call) -> str:
    if call.method == "GET":
        return call.params.get("query", "")
    if QUERY_TYPE not in call.headers.get("content-type", ""):
        raise unsupported(f"query as anything but {QUERY_TYPE}")
    return call.body.decode("utf-8", "replace")
