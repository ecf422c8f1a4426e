"""Events on their way to subscribers: at least once, in any order, tried again."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from worker.simulators.fieldcamp.settings import Settings
from worker.simulators.fieldcamp.signing import Style, signature_headers

DELIVERY_ID = "X-FieldCamp-Delivery-Id"
USER_AGENT = "FieldCamp-Webhooks/1.0"


@dataclass(frozen=True)
class Subscription:
    """Where an account's events go, and how they are signed; without a secret they go unsigned."""

    url: str
    secret: str | None
    style: Style


@dataclass
class Delivery:
    """One copy of an event for one subscriber.

    `state` is waiting, delivered or failed; `statuses` are those of all attempts, None where no answer came, `status`
    is the last one.
    """

    event_id: str
    event_type: str
    body: bytes
    subscription: Subscription
    state: str = "waiting"
    attempts: int = 0
    status: int | None = None
    error: str | None = None
    statuses: list[int | None] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "event_id": self.event_id,
            "type": self.event_type,
            "url": self.subscription.url,
            "state": self.state,
            "attempts": self.attempts,
            "status": self.status,
            "statuses": list(self.statuses),
            "error": self.error,
        }


class Courier:
    """Delivers from a few threads of its own, so that no API answer waits for a subscriber."""

    def __init__(self, settings: Callable[[], Settings], now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now
        self._changed = threading.Condition()
        self._random = random.Random(settings().seed)
        self._log: list[Delivery] = []
        self._ready: list[Delivery] = []
        self._later: list[tuple[float, int, Delivery]] = []
        self._order = itertools.count()
        self._busy = 0
        self._paused = False
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._client = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=None))

    def send(self, event_id: str, event_type: str, body: bytes, subscription: Subscription) -> None:
        """Puts an event on its way, in as many copies as the settings say."""
        settings = self._settings()
        with self._changed:
            for _ in range(settings.webhook_copies):
                delivery = Delivery(event_id, event_type, body, subscription)
                self._log.append(delivery)
                self._put(delivery, self._random.uniform(*settings.webhook_delay_seconds))
            self._start(settings.webhook_threads)

    def send_again(self, event_id: str) -> int:
        """Delivers an event once more to each of its subscribers; returns how many copies that is."""
        with self._changed:
            known = {each.subscription: each for each in self._log if each.event_id == event_id}
            for each in known.values():
                copy = Delivery(each.event_id, each.event_type, each.body, each.subscription)
                self._log.append(copy)
                self._put(copy, 0.0)
        return len(known)

    def pause(self) -> None:
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def deliveries(self) -> list[Delivery]:
        with self._changed:
            return list(self._log)

    def wait_until_idle(self, timeout_seconds: float) -> bool:
        """True when everything is delivered or given up within the time; waits for retries, too."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not (self._ready or self._later or self._busy), timeout=timeout_seconds
            )

    def forget(self) -> None:
        """Drops what waits and empties the log; goes on unpaused."""
        with self._changed:
            for delivery in self._log:
                delivery.state = "dropped"
            self._log, self._ready, self._later = [], [], []
            self._paused = False
            self._changed.notify_all()

    def close(self) -> None:
        """Ends the threads; what waits stays undelivered."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=1)
        self._client.close()

    def _start(self, count: int) -> None:
        while len(self._threads) < count and not self._closed:
            thread = threading.Thread(target=self._run, name=f"fieldcamp-courier-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _put(self, delivery: Delivery, seconds: float) -> None:
        if seconds > 0:
            heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), delivery))
        else:
            self._ready.append(delivery)
        self._changed.notify()

    def _run(self) -> None:
        while (delivery := self._take()) is not None:
            wait = self._attempt(delivery)
            with self._changed:
                if wait is not None and delivery.state == "waiting":
                    self._put(delivery, wait)
                self._busy -= 1
                self._changed.notify_all()

    def _take(self) -> Delivery | None:
        """The next delivery, when there is one; None when closed."""
        with self._changed:
            while not self._closed:
                self._ripen()
                if self._ready and not self._paused and self._busy < self._settings().webhook_threads:
                    self._busy += 1
                    return self._ready.pop(self._pick())
                self._changed.wait(max(self._later[0][0] - time.monotonic(), 0.001) if self._later else None)
            return None

    def _ripen(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            self._ready.append(heapq.heappop(self._later)[2])

    def _pick(self) -> int:
        order = self._settings().webhook_order
        if order == "random":
            return self._random.randrange(len(self._ready))
        return 0 if order == "oldest" else -1

    def _attempt(self, delivery: Delivery) -> float | None:
        """Sends once; returns seconds until the next attempt, None when there is none."""
        delivery.attempts += 1
        try:
            answer = self._post(delivery)
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:  # RuntimeError: client closed
            delivery.status, delivery.error = None, f"{type(error).__name__}: {error}"
        else:
            delivery.status, delivery.error = answer.status_code, None
            if answer.is_success:
                delivery.state = "delivered"
        delivery.statuses.append(delivery.status)
        if delivery.state == "delivered":
            return None
        return self._wait(delivery)

    def _wait(self, delivery: Delivery) -> float | None:
        waits = self._settings().webhook_retry_seconds
        if delivery.attempts > len(waits):
            delivery.state = "failed"
            return None
        return waits[delivery.attempts - 1]

    def _post(self, delivery: Delivery) -> httpx.Response:
        subscription = delivery.subscription
        headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, DELIVERY_ID: delivery.event_id}
        if subscription.secret:
            unix = int(self._now())
            headers |= signature_headers(
                subscription.style, subscription.secret, delivery.event_id, unix, delivery.body
            )
        timeout = self._settings().webhook_timeout_seconds
        return self._client.post(subscription.url, content=delivery.body, headers=headers, timeout=timeout)
