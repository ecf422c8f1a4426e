"""Many calls in one request: https://learn.microsoft.com/graph/json-batching."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from worker.simulators.outlook_calendar.api import Api
from worker.simulators.outlook_calendar.calls import Answer, Call
from worker.simulators.outlook_calendar.refusal import Refusal, error_body
from worker.simulators.outlook_calendar.settings import Settings
from worker.simulators.outlook_calendar.words import words

ITEM = words("body dependsOn headers id method url")
METHODS = words("GET POST PATCH PUT DELETE")
WITH_BODY = words("POST PATCH PUT")


@dataclass(frozen=True)
class Part:
    """One call of a batch: its id, and the id of the call that it waits for."""

    id: str
    call: Call
    after: str | None


class Batches:
    """Runs the calls of a batch a few at a time; the answers come in an order that the seed decides."""

    def __init__(self, api: Api, settings: Settings, seed: int = 0) -> None:
        self._api = api
        self._settings = settings
        self._random = random.Random(seed)

    async def answer(self, parts: list[Part]) -> list[dict[str, Any]]:
        """An answer for each part."""
        statuses: dict[str, asyncio.Future[int]] = {part.id: asyncio.Future() for part in parts}
        turns = asyncio.Semaphore(self._settings.batch_parallel)
        order = list(enumerate(parts))
        self._random.shuffle(order)
        answers = await asyncio.gather(*(self._one(part, index, statuses, turns) for index, part in order))
        return [_told(part, answer) for (_, part), answer in zip(order, answers, strict=True)]

    async def _one(
        self, part: Part, index: int, statuses: dict[str, asyncio.Future[int]], turns: asyncio.Semaphore
    ) -> Answer:
        answer = Answer(424, error_body(424))
        if part.after is None or await statuses[part.after] < 400:
            async with turns:
                answer = await self._api.answer_part(part.call, index)
        statuses[part.id].set_result(answer.status)
        return answer


def parse(body: bytes, headers: Mapping[str, str], base: str, limit: int) -> list[Part]:
    """The parts of a batch request; the caller's `Authorization` holds for each, no other header does.

    400 for the whole where the envelope is not as it must be.
    """
    try:
        given = json.loads(body)
    except ValueError as error:
        raise _malformed("Unable to read JSON request payload.") from error
    items = given.get("requests") if isinstance(given, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise _malformed("Invalid batch payload format: a list of requests is expected.")
    if len(items) > limit:
        raise _malformed(f"Number of batch request steps exceeds the maximum value of {limit}.")
    ids = [item.get("id") for item in items]
    if not all(isinstance(one, str) and one for one in ids) or len(set(ids)) != len(ids):
        raise _malformed("Each request of a batch needs a unique id.")
    _check_pattern(items)
    return [_part(item, headers, base) for item in items]


def _check_pattern(items: list[dict[str, Any]]) -> None:
    """None, each on the one before, or all that depend on the same: nothing else."""
    given = [item.get("dependsOn") or [] for item in items]
    if any(not isinstance(one, list) or len(one) > 1 for one in given):
        raise _malformed("A request of a batch depends on one other at most.")
    afters, ids = [one[0] if one else None for one in given], [item["id"] for item in items]
    named = {after for after in afters if after is not None}
    if not named <= set(ids):
        raise _malformed("A request of a batch depends on one that is not in it.")
    serial = afters == [None, *ids[:-1]]
    same = len(named) < 2 and all(afters[ids.index(one)] is None for one in named)
    if not (serial or same):
        raise _malformed("Only no dependencies, serial ones, or all on the same request are supported.")


def _part(item: dict[str, Any], outer: Mapping[str, str], base: str) -> Part:
    method, url, body = item.get("method"), item.get("url"), item.get("body")
    if item.keys() - ITEM or method not in METHODS:
        raise _malformed(f"Invalid request {item['id']} of the batch.")
    if not isinstance(url, str) or not url.startswith("/") or url.startswith(("//", "/v1.0", "/$batch")):
        raise _malformed(f"The url of request {item['id']} must be relative to the version.")
    headers = {str(name).lower(): str(value) for name, value in (item.get("headers") or {}).items()}
    if (body is not None or method in WITH_BODY) and "content-type" not in headers:
        raise _malformed(f"Write request id : {item['id']} does not contain Content-Type header or body.")
    path, _, query = url.partition("?")
    inherited = {"authorization": outer.get("authorization", "")}
    content = b"" if body is None else json.dumps(body).encode()
    call = Call(method, f"/v1.0{unquote(path)}", query, {**inherited, **headers}, content, base)
    return Part(item["id"], call, (item.get("dependsOn") or [None])[0])


def _told(part: Part, answer: Answer) -> dict[str, Any]:
    headers = {name.title(): value for name, value in answer.headers.items()}
    told: dict[str, Any] = {"id": part.id, "status": answer.status}
    if answer.body is None:
        return {**told, "headers": headers}
    return {**told, "headers": {**headers, "Content-Type": "application/json"}, "body": answer.body}


def _malformed(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)
