"""Graph's subscriptions: opened, and stopped."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from worker.core.channels import Channel, Watch
from worker.core.errors import SyncError, Transient, Uncertain
from worker.providers.outlook_calendar.batches import Call
from worker.providers.outlook_calendar.errors import Refusal
from worker.providers.outlook_calendar.line import Line

LONGEST = timedelta(minutes=10_070)
"""Graph takes 10,080 minutes for events, by its own clock, so ours may be a little fast.

https://learn.microsoft.com/graph/api/resources/subscription#subscription-lifetime
"""

PATH = "/subscriptions"


def opened(line: Line, channel: Channel, now: datetime) -> Watch:
    """Has changes of the line's calendar told through ``channel``; asked once. Raises as ``Pushes.watch``.

    Graph asks our web process to answer before it answers us: https://learn.microsoft.com/graph/api/subscription-post-subscriptions
    """
    body = {
        "changeType": "created,updated,deleted",
        "notificationUrl": channel.address,
        "lifecycleNotificationUrl": channel.address,
        "resource": f"{line.root}/events",
        "expirationDateTime": f"{min(channel.expires_at, now + LONGEST).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "clientState": client_state(channel.id, channel.token),
    }
    answer = line.ask(Call("POST", PATH, body))
    if answer.refusal is not None:
        raise _refused(answer.refusal)
    remote_id = answer.body.get("id")
    if not remote_id:
        raise Uncertain("Microsoft's answer does not name the subscription.")
    return Watch(str(remote_id), moment(answer.body.get("expirationDateTime")) or channel.expires_at)


def stopped(line: Line, remote_id: str) -> None:
    """Ends a subscription; one that Graph does not know is ended. Raises as ``Pushes.unwatch``."""
    answer = line.ask(Call("DELETE", f"{PATH}/{quote(remote_id, safe='')}"))
    if answer.refusal is not None and answer.refusal.status not in (404, 410):
        raise answer.refusal.error()


def client_state(channel_id: str, token: str) -> str:
    """What each notice of a channel brings along: which it is, and its token; at most 128 characters."""
    return f"{channel_id}.{token}"


def moment(text: object) -> datetime | None:
    """An instant as Graph writes it, None for anything else."""
    try:
        parsed = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _refused(refusal: Refusal) -> SyncError:
    """A server in trouble may have opened it all the same. A 400 is about our own web process, which Graph could not
    reach or which did not answer in time: that mends itself."""
    error = refusal.error()
    if refusal.status >= 500:
        return Uncertain(error.message)
    return Transient(error.message) if refusal.status == 400 else error
