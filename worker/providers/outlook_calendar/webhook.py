"""Graph's push messages: several notices in one body, and what happens to subscriptions themselves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.core.channels import Notice
from worker.providers.outlook_calendar.errors import read_json
from worker.providers.outlook_calendar.push import moment

HANDSHAKE = "validationToken"
"""The query parameter whose value Graph wants back, decoded and as plain text, before it opens a subscription.

https://learn.microsoft.com/graph/change-notifications-delivery-webhooks#notificationurl-validation
"""

LONGEST_HANDSHAKE = 4096
MOST = 100
"""Notices of one body that are looked at: each asks the database, and nothing is verified before that."""

CHANNEL_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
REMOTE_ID = re.compile(r"[!-~]{1,255}", re.ASCII)

ENDING = frozenset({"reauthorizationRequired", "subscriptionRemoved"})
"""Lifecycle events after which a subscription tells nothing more: another is to be opened. The other one, ``missed``,
means that something was not told. https://learn.microsoft.com/graph/change-notifications-lifecycle-events"""


@dataclass(frozen=True, slots=True)
class Message:
    """One notice of a body; ``ending``: its subscription is to be replaced."""

    notice: Notice
    ending: bool = False


def read_messages(body: bytes) -> list[Message]:
    """What a body says, without what cannot come through a channel of ours. Nothing is verified here.

    https://learn.microsoft.com/graph/api/resources/changenotificationcollection
    """
    content = read_json(body)
    values = content.get("value") if isinstance(content, dict) else None
    found = [_message(one) for one in (values if isinstance(values, list) else [])[:MOST] if isinstance(one, dict)]
    return list(dict.fromkeys(one for one in found if one is not None))


def _message(one: Mapping[str, Any]) -> Message | None:
    channel_id, dot, token = str(one.get("clientState") or "").partition(".")
    if not (dot and CHANNEL_ID.fullmatch(channel_id) and TOKEN.fullmatch(token)):
        return None
    remote_id = str(one.get("subscriptionId") or "")
    return Message(
        Notice(
            channel_id,
            token,
            remote_id if REMOTE_ID.fullmatch(remote_id) else None,
            expires_at=moment(one.get("subscriptionExpirationDateTime")),
        ),
        ending=one.get("lifecycleEvent") in ENDING,
    )
