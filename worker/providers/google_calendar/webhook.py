"""Google's push messages: headers alone, and no body."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from worker.core.channels import Notice

CHANNEL_ID = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}", re.ASCII)
TOKEN = re.compile(r"[!-~]{1,256}", re.ASCII)
REMOTE_ID = re.compile(r"[!-~]{1,255}", re.ASCII)
OPENED = "sync"
"""The state in a channel's first message, which says that it is open and nothing of changes."""


def read_notice(headers: Mapping[str, str]) -> Notice | None:
    """What a message says of itself, None for one that cannot come through a channel of ours.

    ``headers`` are found in any case. Nothing is verified here.
    https://developers.google.com/workspace/calendar/api/guides/push#understanding-the-notification-message-format
    """
    channel_id = headers.get("X-Goog-Channel-ID", "")
    token = headers.get("X-Goog-Channel-Token", "")
    if not CHANNEL_ID.fullmatch(channel_id) or not TOKEN.fullmatch(token):
        return None
    remote_id = headers.get("X-Goog-Resource-ID", "")
    return Notice(
        channel_id,
        token,
        remote_id if REMOTE_ID.fullmatch(remote_id) else None,
        changed=headers.get("X-Goog-Resource-State") != OPENED,
        expires_at=_moment(headers.get("X-Goog-Channel-Expiration", "")),
    )


def _moment(text: str) -> datetime | None:
    """The date of an HTTP header. Google may leave it out."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
