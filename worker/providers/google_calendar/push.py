"""Google's push channels: opened, and stopped."""

from datetime import UTC, datetime

from worker.core.channels import Channel, Watch
from worker.core.errors import SyncError, Uncertain
from worker.providers.google_calendar.errors import Refusal
from worker.providers.google_calendar.line import Line

GONE = frozenset({404, 410})
IN_USE = "channelIdNotUnique"


def opened(line: Line, channel: Channel) -> Watch:
    """Has changes of the line's calendar told through ``channel``; asked once. Raises as ``Pushes.watch``.

    https://developers.google.com/workspace/calendar/api/v3/reference/events/watch
    """
    body = {
        "id": channel.id,
        "type": "web_hook",
        "address": channel.address,
        "token": channel.token,
        "expiration": str(round(channel.expires_at.timestamp() * 1000)),
    }
    wanted = {"fields": "resourceId,expiration", **line.common}
    answer = line.ask(line.service.events().watch(calendarId=line.calendar, body=body, **wanted))
    if answer.refusal is not None:
        raise _refused(answer.refusal)
    remote_id, expiration = answer.body.get("resourceId"), answer.body.get("expiration")
    if not remote_id:
        raise Uncertain("Google's answer does not name the channel.")
    return Watch(str(remote_id), _moment(expiration) or channel.expires_at)


def stopped(line: Line, channel_id: str, remote_id: str) -> None:
    """Ends a channel; the same user has to ask as opened it, and for others it is unknown. Raises as
    ``Pushes.unwatch``.

    https://developers.google.com/workspace/calendar/api/guides/push#stopping-notifications
    """
    body = {"id": channel_id, "resourceId": remote_id}
    answer = line.ask(line.service.channels().stop(body=body, **line.common))
    if answer.refusal is not None and answer.refusal.status not in GONE:
        raise answer.refusal.error()


def _refused(refusal: Refusal) -> SyncError:
    """A server in trouble may have opened the channel all the same; and an id that is in use is our own first sending,
    for httplib2 sends again by itself when the connection closes under it."""
    error = refusal.error()
    return Uncertain(error.message) if refusal.status >= 500 or refusal.reason == IN_USE else error


def _moment(expiration: object) -> datetime | None:
    """Google's milliseconds since 1970, which come as text."""
    try:
        return datetime.fromtimestamp(int(str(expiration)) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
