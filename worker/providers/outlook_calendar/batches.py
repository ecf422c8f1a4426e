"""Calls of Graph, alone and several in one HTTP request, with an answer for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import httpx

from worker.core.errors import Uncertain
from worker.http.client import call
from worker.providers.outlook_calendar.errors import Refusal, read_json, refusal

MOST = 20
"""Calls in one batch: https://learn.microsoft.com/graph/json-batching#batch-size-limitations"""

PATH = "/$batch"
PREFER = 'IdType="ImmutableId", outlook.timezone="UTC"'
"""On every call, alone or in a batch: ids that stay when an event moves, and times in UTC.

https://learn.microsoft.com/graph/outlook-immutable-id
"""

UNANSWERED = Refusal(504, "NoAnswer", ("noanswer",), "The answer to the batch leaves this call out.")


@dataclass(frozen=True, slots=True)
class Call:
    """One request of Graph: ``path`` below its address, query included, or the whole of a link that it gave."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    etag: str | None = None
    page: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        prefer = f"{PREFER}, odata.maxpagesize={self.page}" if self.page else PREFER
        return {"Prefer": prefer, **({"If-Match": self.etag} if self.etag else {})}


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one call: the JSON of the answer (empty where there is none), or the refusal."""

    body: Mapping[str, Any]
    refusal: Refusal | None = None

    @property
    def is_unauthorized(self) -> bool:
        return self.refusal is not None and self.refusal.status == 401


def send(client: httpx.Client, token: str, calls: Sequence[Call]) -> list[Answer]:
    """Carries out up to 20 calls in one HTTP request: several as a batch, one as it is; their answers in their order.

    Nothing is sent twice. Raises Transient where nothing was sent, Uncertain where the answer was lost.
    """
    bearer = {"Authorization": f"Bearer {token}"}
    return _batch(client, bearer, calls) if len(calls) > 1 else [_single(client, bearer, calls[0])]


def _single(client: httpx.Client, bearer: Mapping[str, str], one: Call) -> Answer:
    answer = call(client, one.method, one.path, json=one.body, headers={**bearer, **one.headers})
    if answer.status_code >= 300:
        return _refused(answer)
    return Answer(_object(answer) if answer.content else {})


def _batch(client: httpx.Client, bearer: Mapping[str, str], calls: Sequence[Call]) -> list[Answer]:
    requests = [_part(index, one) for index, one in enumerate(calls)]
    answer = call(client, "POST", PATH, json={"requests": requests}, headers={**bearer, "Prefer": PREFER})
    if answer.status_code >= 300:  # the batch as a whole was refused, and each of its calls with it
        return [_refused(answer)] * len(calls)
    found = _object(answer).get("responses")
    if not isinstance(found, list):
        raise Uncertain("Microsoft's answer to a batch has no answers in it.")
    answers = {str(part.get("id")): _part_answer(part) for part in found if isinstance(part, Mapping)}
    return [answers.get(str(index), Answer({}, UNANSWERED)) for index in range(len(calls))]


def _part(index: int, one: Call) -> dict[str, Any]:
    """Its id is its place; the answers come in any order. Parts with a body must say what it is."""
    part = {"id": str(index), "method": one.method, "url": one.path, "headers": one.headers}
    if one.body is None:
        return part
    return {**part, "headers": {**one.headers, "Content-Type": "application/json"}, "body": one.body}


def _part_answer(part: Mapping[str, Any]) -> Answer:
    status, body, headers = int(part.get("status") or 0), part.get("body"), part.get("headers")
    if 200 <= status < 300:
        return Answer(body if isinstance(body, Mapping) else {})
    told = headers if isinstance(headers, Mapping) else {}
    return Answer({}, refusal(status or UNANSWERED.status, body, _texts(told), datetime.now(UTC)))


def _refused(answer: httpx.Response) -> Answer:
    return Answer({}, refusal(answer.status_code, read_json(answer.content), answer.headers, datetime.now(UTC)))


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    body = read_json(answer.content)
    if not isinstance(body, dict):
        raise Uncertain("Microsoft's answer could not be read.")
    return MappingProxyType(body)


def _texts(headers: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in headers.items()}
