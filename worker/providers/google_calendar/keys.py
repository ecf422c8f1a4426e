"""Event ids made from keys, so that the same visit never becomes two events."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from worker.core.ports import Key

PROPERTY = "visitSyncKey"
ACCOUNT_PROPERTY = "visitSyncAccount"
"""Private extended properties on each of our events; names of at most 44 characters, longer ones vanish silently."""


def event_id(account_id: str, calendar: str, key: Key) -> str:
    """The id under which this key's event lives on this calendar: 52 characters of ``0-9a-v``.

    Google takes ids of 5 to 1024 characters in base32hex, lower case; one that was ever used on a calendar answers 409,
    also after its event was deleted. https://developers.google.com/workspace/calendar/api/v3/reference/events#id
    """
    text = "\n".join((account_id, calendar.strip().lower(), str(key)))
    return base64.b32hexencode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=").lower()


def key_of(account_id: str, calendar: str, event: Mapping[str, Any]) -> Key | None:
    """The key of an event of ours, None for anybody else's.

    A person's copy of our event carries our property as well, but an id of its own.
    """
    key = Key.parse(event.get("extendedProperties", {}).get("private", {}).get(PROPERTY))
    if key is None or event.get("id") != event_id(account_id, calendar, key):
        return None
    return key
