"""Push channels and their notifications: https://developers.google.com/workspace/calendar/api/guides/push."""

from __future__ import annotations

import hashlib
import queue
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

import httpx

from worker.simulators.google_calendar.refusal import Refusal, invalid, not_found, required
from worker.simulators.google_calendar.rules import check_fields
from worker.simulators.google_calendar.state import World
from worker.simulators.google_calendar.words import words

CHANNEL_ID = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
CHANNEL_FIELDS = words("address expiration id kind params payload resourceId resourceUri token type")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
DEFAULT_TTL = 604_800
MAX_TOKEN = 256
RETRIED = {500, 502, 503, 504}


@dataclass
class Channel:
    """A promise to POST to `address` until `expires`, in seconds since the epoch; `number` counts the messages."""

    id: str
    calendar_id: str
    user: str
    address: str
    token: str | None
    expires: float
    resource_id: str
    resource_uri: str
    number: int = 0
    waiting: bool = False

    def as_json(self) -> dict[str, Any]:
        answer = {
            "kind": "api#channel",
            "id": self.id,
            "resourceId": self.resource_id,
            "resourceUri": self.resource_uri,
            "expiration": str(int(self.expires * 1000)),
        }
        return answer if self.token is None else {**answer, "token": self.token}

    def headers(self, state: str) -> dict[str, str]:
        headers = {
            "X-Goog-Channel-ID": self.id,
            "X-Goog-Message-Number": str(self.number),
            "X-Goog-Resource-ID": self.resource_id,
            "X-Goog-Resource-State": state,
            "X-Goog-Resource-URI": self.resource_uri,
            "X-Goog-Channel-Expiration": formatdate(self.expires, usegmt=True),
        }
        return headers if self.token is None else {**headers, "X-Goog-Channel-Token": self.token}


@dataclass(frozen=True)
class Message:
    """One notification on its way; `delivered` is set when it was taken or given up."""

    channel: Channel
    state: str
    headers: Mapping[str, str]
    attempt: int = 1
    delivered: threading.Event = field(default_factory=threading.Event)


class Channels:
    """The channels of a world, and the thread that posts for them; `sent` tells of each POST, the oldest first."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.channels: dict[str, Channel] = {}
        self._known_ids: set[str] = set()
        self.sent: list[dict[str, Any]] = []

    def watch(self, user: str, calendar_id: str, body: Mapping[str, Any], resource_uri: str) -> tuple[Channel, Message]:
        """Opens a channel and sends its `sync` message."""
        check_fields(body, CHANNEL_FIELDS, "channel")
        channel = self._channel(user, calendar_id, body, resource_uri)
        self._known_ids.add(channel.id)
        self.channels[channel.id] = channel
        return channel, self._send(channel, "sync")

    def stop(self, user: str, channel_id: object, resource_id: object) -> None:
        channel = self.channels.get(str(channel_id))
        if channel is None or channel.resource_id != resource_id or channel.user != user:
            raise not_found()
        del self.channels[channel.id]

    def changed(self, calendar_id: str) -> None:
        """Tells each live channel of the calendar once, however many changes come before the message leaves."""
        if self._world.settings.lose_notifications:
            return
        for channel in self.channels.values():
            if channel.calendar_id == calendar_id and channel.expires > self._world.now() and not channel.waiting:
                channel.waiting = True
                self._send(channel, "exists")

    def forget(self) -> None:
        self.channels.clear()
        self._known_ids.clear()
        self.sent.clear()

    def _channel(self, user: str, calendar_id: str, body: Mapping[str, Any], resource_uri: str) -> Channel:
        for name in ("id", "type", "address"):
            if not body.get(name):
                raise required(name)
        channel_id, token = body["id"], body.get("token")
        if not isinstance(channel_id, str) or not CHANNEL_ID.fullmatch(channel_id):
            raise invalid("Invalid channel id.", "id")
        if channel_id in self._known_ids:
            raise Refusal(400, "channelIdNotUnique", f"Channel id {channel_id} not unique")
        if body["type"] not in ("web_hook", "webhook"):
            raise invalid("Unknown channel type.", "type")
        if token is not None and len(str(token)) > MAX_TOKEN:
            raise invalid("Channel token too long.", "token")
        digest = hashlib.sha256(calendar_id.encode()).hexdigest()[:27]
        expires = self._expiry(body)
        return Channel(channel_id, calendar_id, user, _address(body["address"]), token, expires, digest, resource_uri)

    def _expiry(self, body: Mapping[str, Any]) -> float:
        try:
            ttl = int((body.get("params") or {}).get("ttl", DEFAULT_TTL))
            expires = self._world.now() + ttl
            if body.get("expiration") is not None:
                expires = int(body["expiration"]) / 1000
        except (TypeError, ValueError) as error:
            raise invalid("Invalid expiration.", "expiration") from error
        if expires <= self._world.now():
            raise invalid("The expiration lies in the past.", "expiration")
        longest = self._world.settings.longest_channel
        return expires if longest is None else min(expires, self._world.now() + longest)

    def _send(self, channel: Channel, state: str) -> Message:
        channel.number += 1
        message = Message(channel, state, channel.headers(state))
        self._queue.put(message)
        if self._thread is None:
            self._thread = threading.Thread(target=self._post_all, name="google-push", daemon=True)
            self._thread.start()
        return message

    def _post_all(self) -> None:
        with httpx.Client(timeout=5) as client:
            while True:
                self._post(client, self._queue.get())

    def _post(self, client: httpx.Client, message: Message) -> None:
        message.channel.waiting = False
        if message.channel.id not in self.channels:
            message.delivered.set()
            return
        try:
            status: int | None = client.post(message.channel.address, headers=dict(message.headers)).status_code
        except httpx.HTTPError:
            status = None
        headers = {name.lower(): value for name, value in message.headers.items()}
        self.sent.append({"state": message.state, "status": status, **headers})
        settings = self._world.settings
        if status in RETRIED and message.attempt < settings.push_attempts:
            again = Message(message.channel, message.state, message.headers, message.attempt + 1, message.delivered)
            timer = threading.Timer(settings.push_backoff * 2 ** (message.attempt - 1), self._queue.put, [again])
            timer.daemon = True
            timer.start()
        else:
            message.delivered.set()


def _address(address: object) -> str:
    parts = urlsplit(str(address))
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise Refusal(400, "push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {address}")
    return str(address)
