"""Faults that a test or a person orders from a simulator."""

from __future__ import annotations

import asyncio
import json
import random
import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from starlette.requests import ClientDisconnect

from worker.simulators.journal import Journal
from worker.simulators.server import App, Message, Receive, Scope, Send, cut_connection

CONTROL = "/_control"
RECORDING = "simulators.recording"


@dataclass(frozen=True)
class Fault:
    """One way to fail, and for which requests. Fields left at their default match everything, or do nothing.

    Which requests: `method`; `path` and `query`, regular expressions searched in the path below the mount and in the
    raw query string; `operation`, the simulator's name for the call (such as "events.insert"); `parts`, True for calls
    inside a batch only, False for whole requests only; `part_index`, the position in a batch from 0. How often, among
    those: not the first `skip`, then each `every_nth`, then with `probability` (0 to 1, seeded), at most `times` (None:
    until cleared). What happens: a `delay` in seconds; then either an answer with `status`, `headers` and `body` (text
    as it is, anything else as JSON; None: the simulator's own error body for `status` and `reason`), given instead of
    carrying the request out, or after it when `carried_out`; or a cut connection: `drop` "before" the request is
    carried out, "after" it but before any byte of the answer, or "mid" way through the answer's body, with FIN, or RST
    when `reset`. A fault that drops never matches a call inside a batch; there only `status`, `reason`, `body`,
    `headers` and `carried_out` count.
    """

    method: str | None = None
    path: str | None = None
    query: str | None = None
    operation: str | None = None
    parts: bool | None = None
    part_index: int | None = None
    skip: int = 0
    every_nth: int = 1
    probability: float = 1.0
    times: int | None = 1
    delay: float = 0.0
    status: int | None = None
    reason: str | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    carried_out: bool = False
    drop: Literal["before", "after", "mid"] | None = None
    reset: bool = False

    def matches(self, facts: Facts) -> bool:
        inside_batch = facts.part_index is not None
        return (
            self.method in (None, facts.method)
            and (self.path is None or re.search(self.path, facts.path) is not None)
            and (self.query is None or re.search(self.query, facts.query) is not None)
            and self.operation in (None, facts.operation)
            and self.parts in (None, inside_batch)
            and self.part_index in (None, facts.part_index)
            and not (inside_batch and self.drop)
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Facts:
    """What a fault can be matched with: one request, or one call inside a batch (`part_index` from 0)."""

    method: str
    path: str
    query: str = ""
    operation: str = ""
    part_index: int | None = None


@dataclass
class Ordered:
    """A fault on order: how many requests matched it, how many it hit."""

    fault: Fault
    matched: int = 0
    fired: int = 0


class Faults:
    """The faults on order; the oldest that matches is taken. Safe to share between threads."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)
        self._ordered: dict[int, Ordered] = {}
        self._next_id = 1

    def add(self, fault: Fault) -> int:
        """Orders a fault; returns its id for `fired` and `clear`."""
        with self._lock:
            fault_id, self._next_id = self._next_id, self._next_id + 1
            self._ordered[fault_id] = Ordered(fault)
            return fault_id

    def clear(self, fault_id: int | None = None) -> None:
        """Withdraws one fault, or all; counts of the withdrawn are forgotten."""
        with self._lock:
            if fault_id is None:
                self._ordered.clear()
            else:
                self._ordered.pop(fault_id, None)

    def take(self, facts: Facts) -> Fault | None:
        """The fault that this request suffers, counted as fired; None when it goes through."""
        with self._lock:
            for ordered in self._ordered.values():
                if ordered.fault.matches(facts) and self._hits(ordered):
                    ordered.fired += 1
                    return ordered.fault
        return None

    def fired(self, fault_id: int | None = None) -> int:
        """How often this fault, or all on order together, fired."""
        with self._lock:
            return sum(ordered.fired for ordered_id, ordered in self._ordered.items() if fault_id in (None, ordered_id))

    def _hits(self, ordered: Ordered) -> bool:
        fault = ordered.fault
        if fault.times is not None and ordered.fired >= fault.times:
            return False
        ordered.matched += 1
        since = ordered.matched - fault.skip
        if since < 1 or since % fault.every_nth != 0:
            return False
        return fault.probability >= 1 or self._random.random() < fault.probability


def note(scope: Scope, *, parts: int) -> None:
    """Tells the journal that the request being answered is a batch of so many calls."""
    if RECORDING in scope:
        scope[RECORDING].parts = parts


def path_below_mount(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


class FaultMiddleware:
    """Applies faults to whole requests, adds latency, keeps the journal; paths below `/_control` are left alone.

    `error_body(status, reason)` makes the simulator's error body as JSON; `operation(method, path)` names a call;
    `latency()` is in seconds and is added to each HTTP request without blocking others.
    """

    def __init__(
        self,
        app: App,
        faults: Faults,
        journal: Journal,
        *,
        error_body: Callable[[int, str | None], Any],
        operation: Callable[[str, str], str] = lambda method, path: "",
        latency: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._app = app
        self._faults = faults
        self._journal = journal
        self._error_body = error_body
        self._operation = operation
        self._latency = latency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_below_mount(scope).startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        facts = self._facts(scope)
        recording = self._journal.begin(facts.method, facts.path, facts.query, facts.operation)
        scope[RECORDING] = recording

        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                recording.status = message["status"]
            elif not message.get("more_body", False):
                recording.end()
            await send(message)

        try:
            await self._answer(facts, scope, receive, observed)
        except ClientDisconnect:
            pass  # whoever asked is gone before the whole request arrived
        finally:
            recording.end()

    def _facts(self, scope: Scope) -> Facts:
        override = dict(scope["headers"]).get(b"x-http-method-override", b"").decode("latin-1")
        method, path = override or scope["method"], path_below_mount(scope)
        query = scope["query_string"].decode("latin-1")
        return Facts(method, path, query, self._operation(method, path))

    async def _answer(self, facts: Facts, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._faults.take(facts)
        pause = self._latency() + (fault.delay if fault else 0.0)
        if pause:
            await asyncio.sleep(pause)
        if fault is None or (fault.status is None and fault.drop is None):
            await self._app(scope, receive, send)
        elif fault.drop:
            await self._drop(fault, scope, receive, send)
        else:
            await self._refuse(fault, scope, receive, send)

    async def _refuse(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        await self._carry_out(scope, receive) if fault.carried_out else await read_body(receive)
        status, headers, body = answer_of(fault, self._error_body)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if status == 304 else body})

    async def _drop(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.drop == "before":
            await read_body(receive)
            self._cut(scope, fault)
            return
        start, body = await self._carry_out(scope, receive)
        if fault.drop == "mid" and body:
            await send(start)
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            await asyncio.sleep(0.01)  # lets the half leave before a reset throws away what is still queued
        self._cut(scope, fault)

    def _cut(self, scope: Scope, fault: Fault) -> None:
        scope[RECORDING].end()
        cut_connection(scope, reset=fault.reset)

    async def _carry_out(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


def answer_of(
    fault: Fault, error_body: Callable[[int, str | None], Any]
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of a fault that answers; also for a call inside a batch."""
    status = fault.status or 500
    body = error_body(status, fault.reason) if fault.body is None else fault.body
    is_text = isinstance(body, str)
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    headers = {
        "content-type": "text/html; charset=utf-8" if is_text else "application/json; charset=UTF-8",
        **{name.lower(): value for name, value in fault.headers.items()},
        "content-length": str(len(content)),
    }
    return status, [(name.encode(), value.encode()) for name, value in headers.items()], content


async def read_body(receive: Receive) -> bytes:
    """The whole request body, so that a closed connection sends FIN; unread bytes would make it RST."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body
