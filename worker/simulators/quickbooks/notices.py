"""Notifications on their way to subscribers: gathered, one at a time, again and again until they are acknowledged."""

from __future__ import annotations

import itertools
import json
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from worker.simulators.quickbooks.envelopes import ENVELOPES, SIGNATURE, Format, Told, signature
from worker.simulators.quickbooks.settings import Settings
from worker.simulators.quickbooks.state import World

SILENT = frozenset({"TaxCode", "TaxRate", "TaxAgency"})
"""Entities of which no notification tells."""


class Notices:
    """The subscribers of a world; `sent` tells of each POST, the oldest first."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._subscribers: list[Subscriber] = []
        self.sent: list[dict[str, Any]] = []

    def subscribe(self, url: str, verifier: str, format: Format) -> None:
        if format not in ENVELOPES:
            raise ValueError(f"format must be one of {', '.join(ENVELOPES)}")
        self._subscribers.append(Subscriber(url, verifier, format, self._world.settings, self.sent))

    def changed(self, realm: str, entity: str, object_id: str, operation: str, deleted_id: str) -> None:
        """Tells every subscriber of a change in a company that is connected."""
        silent = self._world.settings.lose_notifications or entity in SILENT
        if silent or not self._world.grants.is_connected(realm):
            return
        at = self._world.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for subscriber in self._subscribers:
            subscriber.tell(Told(realm, entity, object_id, operation, at, deleted_id))

    def are_settled(self) -> bool:
        """Whether nothing waits to be acknowledged."""
        return all(subscriber.unsettled == 0 for subscriber in self._subscribers)

    def forget(self) -> None:
        for subscriber in self._subscribers:
            subscriber.close()
        self._subscribers.clear()
        self.sent.clear()


class Subscriber:
    """One receiver and the thread that posts to it; what comes while a notification is open waits behind it."""

    def __init__(self, url: str, verifier: str, format: Format, settings: Settings, sent: list[dict[str, Any]]) -> None:
        self._url = url
        self._verifier = verifier
        self._format = format
        self._settings = settings
        self._sent = sent
        self._waiting: queue.SimpleQueue[Told | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self.unsettled = 0
        threading.Thread(target=self._run, name="quickbooks-notices", daemon=True).start()

    def tell(self, change: Told) -> None:
        with self._lock:
            self.unsettled += 1
        self._waiting.put(change)

    def close(self) -> None:
        """Nothing more is sent; returns at once."""
        self._closed.set()
        self._waiting.put(None)

    def _run(self) -> None:
        with httpx.Client() as client:
            while changes := self._gathered():
                self._deliver(client, changes)
                with self._lock:
                    self.unsettled -= len(changes)

    def _gathered(self) -> list[Told]:
        """All that was told until a short while after the first; empty when closed."""
        gathered = [self._waiting.get()]
        self._closed.wait(self._settings.webhook_delay)
        while not self._waiting.empty():
            gathered.append(self._waiting.get())
        return [] if None in gathered else [change for change in gathered if change is not None]

    def _deliver(self, client: httpx.Client, changes: Sequence[Told]) -> None:
        body = json.dumps(ENVELOPES[self._format](changes)).encode()
        for attempt, wait in enumerate(self._waits(), 1):
            status = self._status(client, body)
            self._sent.append({"url": self._url, "status": status, "attempt": attempt, "body": json.loads(body)})
            if status == 200 or self._closed.wait(wait):
                return

    def _waits(self) -> Iterator[float]:
        waits = list(self._settings.webhook_waits)
        for wait in itertools.chain(waits, itertools.repeat(waits[-1])):
            yield wait * self._settings.webhook_scale

    def _status(self, client: httpx.Client, body: bytes) -> int | None:
        headers = {"content-type": "application/json", SIGNATURE: signature(self._verifier, body)}
        try:
            answer = client.post(self._url, content=body, headers=headers, timeout=self._settings.webhook_timeout)
        except httpx.HTTPError:
            return None
        return answer.status_code


def wait_until_settled(notices: Notices, seconds: float) -> bool:
    """True when everything is acknowledged within the time."""
    end = time.monotonic() + seconds
    while not notices.are_settled():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True
