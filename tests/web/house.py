"""A house in memory behind the real app on a real socket."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI

from worker.core.connections import InboxEvent
from worker.core.errors import Invalid

SECRET = "whsec_test"
ACCOUNT = "acc_1"
NOW = datetime(2026, 5, 29, 14, 22, 31, tzinfo=UTC)


@dataclass
class FakeHouse:
    """What the web needs, in memory; faults are set by the tests."""

    stored: list[InboxEvent] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    checks: dict[str, str] = field(default_factory=lambda: {"database": "ok", "broker": "ok"})
    trouble: Exception | None = None
    poison: Mapping[str, Exception] = field(default_factory=dict)
    commit_seconds: float = 0.0
    gate: threading.Event | None = None

    def now(self) -> datetime:
        return NOW

    def verify_event(self, account_id: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        assert now == NOW
        given = headers.get("X-FieldCamp-Signature", "").encode("latin-1")
        return hmac.compare_digest(signature(body).encode(), given) and account_id == ACCOUNT

    def parse_event(self, account_id: str, body: object) -> InboxEvent:
        if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not isinstance(body.get("type"), str):
            raise Invalid("id: expected an id", {"id": "expected an id"})
        return InboxEvent(account_id, body["id"], body["type"], body, NOW)

    def take_events(self, events: Sequence[InboxEvent]) -> list[bool]:
        if self.gate is not None:
            self.gate.wait(20)
        time.sleep(self.commit_seconds)
        if self.trouble is not None:
            raise self.trouble
        for event in events:
            if event.event_id in self.poison:
                raise self.poison[event.event_id]
        self.batches.append(len(events))
        return [self._store(event) for event in events]

    def _store(self, event: InboxEvent) -> bool:
        if any(event.event_id == known.event_id for known in self.stored):
            return True
        self.stored.append(event)
        return False

    def ready(self) -> dict[str, str]:
        if self.gate is not None:
            self.gate.wait(20)
        return self.checks


def signature(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def envelope(event_id: str, **more: Any) -> bytes:
    event = {"id": event_id, "type": "visit.updated", "created_at": "2026-05-29T14:22:31Z", "data": {"object": {}}}
    return json.dumps({**event, **more}).encode()


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The app behind uvicorn on the loopback, until the end of the block; its URL."""
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, timeout_graceful_shutdown=10)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the app did not start"
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"
