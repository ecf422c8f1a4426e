"""Notifications to those who subscribed: https://learn.microsoft.com/graph/change-notifications-delivery-webhooks."""

from __future__ import annotations

import queue
import threading
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from worker.simulators.outlook_calendar.refusal import Refusal
from worker.simulators.outlook_calendar.render import etag
from worker.simulators.outlook_calendar.state import Calendar, Kind, Mailbox, Stored, World
from worker.simulators.outlook_calendar.subscriptions import Subscription
from worker.simulators.outlook_calendar.times import stamp

Lifecycle = Literal["reauthorizationRequired", "subscriptionRemoved", "missed"]


@dataclass(frozen=True)
class Notice:
    """What one POST carries: values for one address; `final` ones are sent though nobody subscribes any more."""

    url: str
    values: tuple[dict[str, Any], ...]
    final: bool = False
    attempt: int = 1


class Notices:
    """The subscriptions of a world, and the thread that posts for them; `sent` tells of each POST, the oldest first."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self.sent: list[dict[str, Any]] = []

    def live(self) -> list[Subscription]:
        now = self._world.now()
        return [one for one in self.subscriptions.values() if one.expires > now]

    def shake_hands(self, url: str, what: str) -> None:
        """Asks a receiver to repeat a token: 200, plain text and the token within ten seconds, else 400."""
        token = f"Validation: Testing client application reachability for {what} Request-Id: {uuid.uuid4()} + %"
        try:
            answer = httpx.post(
                httpx.URL(url).copy_merge_params({"validationToken": token}),
                headers={"content-type": "text/plain; charset=utf-8"},
                timeout=self._world.settings.handshake_timeout,
            )
        except httpx.HTTPError as error:
            raise _not_valid("The request timed out or the endpoint could not be reached.") from error
        if answer.status_code != 200:
            raise _not_valid("Notification endpoint must respond with 200 OK to validation request.")
        if not answer.headers.get("content-type", "").startswith("text/plain") or answer.text != token:
            raise _not_valid("Response must exactly match validationToken query parameter.")

    def changed(self, mailbox: Mailbox, calendar: Calendar, stored: Stored, kind: Kind) -> None:
        """Tells each live subscription of the mailbox that asked for such changes."""
        if self._world.settings.lose_notifications:
            return
        for one in self.live():
            mine = one.mailbox == mailbox.id and one.calendar in (None, calendar.id)
            if mine and kind in one.kinds:
                self._send(Notice(one.url, (_value(one, mailbox, calendar, stored, kind),)))

    def lifecycle(self, event: Lifecycle, subscription: Subscription) -> None:
        """A notice about the subscription itself; to `lifecycleNotificationUrl`, or to nobody."""
        if event == "subscriptionRemoved":
            self.subscriptions.pop(subscription.id, None)
        if subscription.lifecycle_url is not None:
            value = {**_about(subscription), "lifecycleEvent": event}
            self._send(Notice(subscription.lifecycle_url, (value,), final=True))

    def forget(self) -> None:
        self.subscriptions.clear()
        self.sent.clear()

    def _send(self, notice: Notice) -> None:
        self._queue.put(notice)
        if self._thread is None:
            self._thread = threading.Thread(target=self._post_all, name="outlook-notices", daemon=True)
            self._thread.start()

    def _post_all(self) -> None:
        with httpx.Client() as client:
            while True:
                for notice in self._bundled(self._queue.get()):
                    self._post(client, notice)

    def _bundled(self, first: Notice) -> list[Notice]:
        """What waits, one POST for each address; what is sent again goes by itself."""
        waiting, fresh = [first], defaultdict[tuple[str, bool], list[dict[str, Any]]](list)
        while not self._queue.empty():
            waiting.append(self._queue.get())
        for notice in waiting:
            if notice.attempt == 1:
                fresh[notice.url, notice.final].extend(notice.values)
        bundled = [Notice(url, tuple(values), final) for (url, final), values in fresh.items()]
        return bundled + [notice for notice in waiting if notice.attempt > 1]

    def _post(self, client: httpx.Client, notice: Notice) -> None:
        values = [one for one in notice.values if notice.final or one["subscriptionId"] in self.subscriptions]
        if not values:
            return
        status = self._status(client, notice.url, values)
        self.sent.append({"url": notice.url, "status": status, "value": values})
        settings = self._world.settings
        if (status is None or not 200 <= status < 300) and notice.attempt < settings.push_attempts:
            again = Notice(notice.url, tuple(values), notice.final, notice.attempt + 1)
            timer = threading.Timer(settings.push_backoff * 2 ** (notice.attempt - 1), self._queue.put, [again])
            timer.daemon = True
            timer.start()

    def _status(self, client: httpx.Client, url: str, values: Sequence[dict[str, Any]]) -> int | None:
        try:
            answer = client.post(url, json={"value": list(values)}, timeout=self._world.settings.notice_timeout)
        except httpx.HTTPError:
            return None
        return answer.status_code


def _value(one: Subscription, mailbox: Mailbox, calendar: Calendar, stored: Stored, kind: Kind) -> dict[str, Any]:
    told = mailbox.id_of(calendar, stored, immutable=one.immutable)
    resource = f"Users/{mailbox.id}/Events/{told}"
    data = {"@odata.type": "#Microsoft.Graph.Event", "@odata.id": resource, "@odata.etag": etag(stored), "id": told}
    return {**_about(one), "changeType": kind, "resource": resource, "resourceData": data}


def _about(one: Subscription) -> dict[str, Any]:
    return {
        "subscriptionId": one.id,
        "subscriptionExpirationDateTime": stamp(one.expires),
        "clientState": one.state,
        "tenantId": one.tenant,
    }


def _not_valid(why: str) -> Refusal:
    return Refusal(400, "ValidationError", f"Subscription validation request failed. {why}")
