"""Subscriptions to changes of events: https://learn.microsoft.com/graph/api/resources/subscription."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from worker.simulators.outlook_calendar.fields import known
from worker.simulators.outlook_calendar.refusal import Refusal
from worker.simulators.outlook_calendar.times import expiry, stamp
from worker.simulators.outlook_calendar.words import words

FIELDS = words(
    "@odata.type changeType clientState expirationDateTime latestSupportedTlsVersion lifecycleNotificationUrl"
    " notificationUrl resource"
)
RESOURCE = re.compile(r"/?(?:me|users/(?P<user>[^/]+))(?:/calendar|/calendars/(?P<calendar>[^/]+))?/events")
KINDS = words("created updated deleted")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
MAX_STATE = 128
SHORTEST = 45 * 60.0


@dataclass
class Subscription:
    """A promise to tell `url` of changes until `expires` (seconds since the epoch); `creator` is a user or a client."""

    id: str
    mailbox: str
    calendar: str | None
    resource: str
    kinds: frozenset[str]
    url: str
    lifecycle_url: str | None
    state: str | None
    expires: float
    creator: str
    client_id: str
    tenant: str
    immutable: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "resource": self.resource,
            "applicationId": self.client_id,
            "changeType": ",".join(sorted(self.kinds)),
            "clientState": self.state,
            "notificationUrl": self.url,
            "notificationQueryOptions": None,
            "lifecycleNotificationUrl": self.lifecycle_url,
            "expirationDateTime": stamp(self.expires),
            "creatorId": self.creator,
            "includeResourceData": None,
            "latestSupportedTlsVersion": "v1_2",
            "encryptionCertificate": None,
            "encryptionCertificateId": None,
            "notificationUrlAppId": None,
        }


@dataclass(frozen=True)
class Wish:
    """What a POST asks for, after the checks that need no look at the world; `user` is None for `/me`."""

    user: str | None
    calendar: str | None
    resource: str
    kinds: frozenset[str]
    url: str
    lifecycle_url: str | None
    state: str | None
    expires: float


def wish(body: Mapping[str, Any], now: float, longest: float) -> Wish:
    """400 for what Graph would not promise."""
    known(body, FIELDS, "subscription")
    for name in ("changeType", "notificationUrl", "resource", "expirationDateTime"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise _invalid(f"'{name}' is missing or invalid.")
    kinds = frozenset(kind.strip() for kind in body["changeType"].split(","))
    found, state = RESOURCE.fullmatch(body["resource"]), body.get("clientState")
    if kinds - KINDS:
        raise _invalid("The changeType of events is made of created, updated and deleted.")
    if found is None:
        raise _invalid(f"Resource '{body['resource']}' is not supported.")
    if state is not None and (not isinstance(state, str) or len(state) > MAX_STATE):
        raise _invalid(f"'clientState' is limited to {MAX_STATE} characters.")
    lifecycle = body.get("lifecycleNotificationUrl")
    return Wish(
        found["user"],
        found["calendar"],
        body["resource"],
        kinds,
        _address(body["notificationUrl"], "notificationUrl"),
        None if lifecycle is None else _address(lifecycle, "lifecycleNotificationUrl"),
        state,
        until(body, now, longest),
    )


def until(body: Mapping[str, Any], now: float, longest: float) -> float:
    """When a subscription ends: at most `longest` seconds from now, and not in less than 45 minutes."""
    expires = expiry(body.get("expirationDateTime"), "expirationDateTime")
    if expires <= now:
        raise _invalid("Subscription expiration must be in the future.")
    if expires > now + longest:
        raise _invalid(f"Subscription expiration can only be {longest / 60:.0f} minutes in the future.")
    return max(expires, now + SHORTEST)


def new_id() -> str:
    return str(uuid.uuid4())


def _address(address: object, name: str) -> str:
    parts = urlsplit(str(address))
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise _invalid(f"'{name}' must be an https address.")
    return str(address)


def _invalid(message: str) -> Refusal:
    return Refusal(400, "ValidationError", message)
