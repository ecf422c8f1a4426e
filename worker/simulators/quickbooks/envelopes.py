"""What a notification looks like and how it is signed: https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Format = Literal["legacy", "cloudevents"]
SIGNATURE = "intuit-signature"
PAST = {
    "Create": "created",
    "Update": "updated",
    "Delete": "deleted",
    "Merge": "merged",
    "Void": "voided",
    "Emailed": "emailed",
}


@dataclass(frozen=True)
class Told:
    """One change of a company; `at` is an RFC 3339 text, `deleted_id` the loser of a merge, or ""."""

    realm: str
    entity: str
    id: str
    operation: str
    at: str
    deleted_id: str = ""


def legacy(changes: Sequence[Told]) -> Any:
    """One object with a part for each company."""
    realms = dict.fromkeys(change.realm for change in changes)
    return {
        "eventNotifications": [
            {
                "realmId": realm,
                "dataChangeEvent": {"entities": [_entity(one) for one in changes if one.realm == realm]},
            }
            for realm in realms
        ]
    }


def cloud_events(changes: Sequence[Told]) -> Any:
    """An array with one CloudEvent for each change: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md."""
    return [_cloud_event(change) for change in changes]


ENVELOPES: dict[Format, Callable[[Sequence[Told]], Any]] = {"legacy": legacy, "cloudevents": cloud_events}


def signature(verifier: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(verifier.encode(), body, hashlib.sha256).digest()).decode()


def _entity(change: Told) -> dict[str, str]:
    told = {
        "name": change.entity,
        "id": change.id,
        "operation": change.operation,
        "lastUpdated": change.at,
    }
    return {**told, "deletedId": change.deleted_id} if change.deleted_id else told


def _cloud_event(change: Told) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "intuit.c2ltdWxhdGVk",
        "type": f"qbo.{change.entity.lower()}.{PAST[change.operation]}.v1",
        "datacontenttype": "application/json",
        "time": change.at,
        "intuitentityid": change.id,
        "intuitaccountid": change.realm,
        "data": {},
    }
