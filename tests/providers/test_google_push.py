"""Google's push channels against the simulator, over HTTP."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from tests.providers.suite import MemoryGrant
from worker.core.channels import Channel, Notice, Watch
from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, SyncError, Transient, Uncertain
from worker.core.ports import Stream
from worker.core.preferences import CalendarPreferences
from worker.http.limits import Limits
from worker.providers.google_calendar import MANIFEST, GoogleCalendar, GoogleSettings, read_notice
from worker.simulators.faults import Fault
from worker.simulators.google_calendar import GoogleCalendarSimulator
from worker.simulators.server import serve

TECH = "tech1@example.com"
STREAM = Stream("primary", "primary")
TOKEN = "hush-hush"
HOUR = timedelta(hours=1)


class Remote:
    """Google, and a receiver of its messages on the same server."""

    def __init__(self) -> None:
        self.simulator = GoogleCalendarSimulator(seed=1)
        self.messages: list[dict[str, str]] = []
        self.url = ""

    async def take(self, request: Request) -> Response:
        self.messages.append(dict(request.headers))
        return Response(status_code=200)

    def provider(self, refresh_token: str) -> GoogleCalendar:
        settings = GoogleSettings(f"{self.url}/google", f"{self.url}/google/token", "client-id", "client-secret")
        grants = {"": MemoryGrant({"refresh_token": refresh_token})}
        return GoogleCalendar(settings, CalendarPreferences(), grants, Limits(), "acc_1")

    def channel(self, **fields: Any) -> Channel:
        wish = {"id": str(uuid4()), "token": TOKEN, "address": f"{self.url}/push", "expires_at": tomorrow()}
        return Channel(**{**wish, **fields})

    def fault(self, operation: str, **how: Any) -> None:
        self.simulator.faults.add(Fault(operation=operation, **how))

    def asked(self, operation: str) -> int:
        return len(self.simulator.journal.entries(operation))


def tomorrow() -> datetime:
    return (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)


@pytest.fixture
def remote() -> Iterator[Remote]:
    remote = Remote()
    routes = [Mount("/google", app=remote.simulator.app), Route("/push", remote.take, methods=["POST"])]
    with serve(Starlette(routes=routes)) as served:
        remote.url = served.url
        yield remote


@pytest.fixture
def provider(remote: Remote) -> Iterator[GoogleCalendar]:
    with remote.provider(remote.simulator.add_user(TECH)) as provider:
        yield provider


def test_the_manifest_says_that_google_tells_of_changes() -> None:
    assert MANIFEST.pushes


def test_a_channel_is_opened_as_we_chose_it_and_its_first_message_is_known_by_its_token(
    remote: Remote, provider: GoogleCalendar
) -> None:
    channel = remote.channel()
    watch = provider.watch(STREAM, channel)
    [opened] = remote.simulator.channels()
    assert (opened["id"], opened["address"], opened["calendar"]) == (channel.id, channel.address, TECH)
    assert watch == Watch(opened["resourceId"], channel.expires_at)
    [message] = remote.messages
    assert read_notice(_any_case(message)) == Notice(
        channel.id, TOKEN, watch.remote_id, changed=False, expires_at=channel.expires_at
    )
    assert TOKEN not in str(remote.simulator.journal.entries("events.watch"))


def test_a_channel_ends_when_google_says_and_not_when_we_wished(remote: Remote, provider: GoogleCalendar) -> None:
    remote.simulator.set(longest_channel=3600)
    watch = provider.watch(STREAM, remote.channel())
    assert abs(watch.expires_at - datetime.now(UTC) - HOUR) < timedelta(minutes=1)


def test_a_stopped_channel_is_gone_and_stopping_it_again_is_no_error(remote: Remote, provider: GoogleCalendar) -> None:
    channel = remote.channel()
    watch = provider.watch(STREAM, channel)
    provider.unwatch(STREAM, channel.id, watch.remote_id)
    assert remote.simulator.channels() == []
    provider.unwatch(STREAM, channel.id, watch.remote_id)
    provider.unwatch(Stream("gone@example.com", "gone@example.com", live=False), "never", "opened")
    assert remote.asked("channels.stop") == 3


def test_a_calendar_that_google_does_not_show_us_has_no_channel(remote: Remote, provider: GoogleCalendar) -> None:
    remote.simulator.add_user("other@example.com")
    with pytest.raises(Rejected):
        provider.watch(Stream("other@example.com", "other@example.com"), remote.channel())


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"status": 400, "reason": "pushNotSupportedForRequestedResource"}, Rejected),
        ({"status": 403, "reason": "rateLimitExceeded"}, RateLimited),
        ({"status": 429}, RateLimited),
        ({"status": 503}, Uncertain),
        ({"drop": "after", "reset": True}, Uncertain),
    ],
)
def test_a_channel_that_was_not_opened_is_asked_for_once(
    remote: Remote, provider: GoogleCalendar, how: dict[str, Any], expected: type[SyncError]
) -> None:
    remote.fault("events.watch", **how, times=None)
    with pytest.raises(expected) as refused:
        provider.watch(STREAM, remote.channel())
    assert type(refused.value) is expected
    assert remote.asked("events.watch") == 1
    assert TOKEN not in str(refused.value)


def test_what_the_library_sent_twice_may_be_open(remote: Remote, provider: GoogleCalendar) -> None:
    """httplib2 sends again when the connection closes under it, and the second finds the first's id in use."""
    remote.fault("events.watch", drop="after")
    with pytest.raises(Uncertain):
        provider.watch(STREAM, remote.channel())
    assert remote.asked("events.watch") == 2
    assert len(remote.simulator.channels()) == 1


def test_a_revoked_grant_opens_and_stops_nothing(remote: Remote, provider: GoogleCalendar) -> None:
    watch = provider.watch(STREAM, remote.channel())
    remote.simulator.revoke(TECH)
    for act in (
        lambda: provider.watch(STREAM, remote.channel()),
        lambda: provider.unwatch(STREAM, "x", watch.remote_id),
    ):
        _raises(ConnectionRevoked, act)


def test_google_away_is_passing_trouble(remote: Remote, provider: GoogleCalendar) -> None:
    provider.watch(STREAM, remote.channel())
    remote.fault("channels.stop", status=500, times=None)
    _raises(Transient, lambda: provider.unwatch(STREAM, "x", "y"))


HEADERS = {
    "X-Goog-Channel-ID": "4ba78bf0-6a47-11e2-bcfd-0800200c9a66",
    "X-Goog-Channel-Token": TOKEN,
    "X-Goog-Resource-ID": "ret08u3rv24htgh289g",
    "X-Goog-Resource-State": "exists",
    "X-Goog-Message-Number": "10",
    "X-Goog-Channel-Expiration": "Fri, 29 May 2026 14:00:00 GMT",
}


def test_a_message_of_a_change_is_read() -> None:
    expected = Notice(
        HEADERS["X-Goog-Channel-ID"], TOKEN, "ret08u3rv24htgh289g", True, datetime(2026, 5, 29, 14, tzinfo=UTC)
    )
    assert read_notice(HEADERS) == expected


@pytest.mark.parametrize("state", ["exists", "not_exists", "something new"])
def test_every_state_but_the_first_is_a_change(state: str) -> None:
    notice = read_notice({**HEADERS, "X-Goog-Resource-State": state})
    assert notice is not None
    assert notice.changed


@pytest.mark.parametrize("date", ["", "soon", "Fri, 99 May 2026 14:00:00 GMT", "1780063200000"])
def test_a_date_that_cannot_be_read_is_left_out(date: str) -> None:
    notice = read_notice({**HEADERS, "X-Goog-Channel-Expiration": date})
    assert notice is not None
    assert notice.expires_at is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Goog-Channel-ID", ""),
        ("X-Goog-Channel-ID", "x" * 65),
        ("X-Goog-Channel-ID", "é"),
        ("X-Goog-Channel-ID", "a b"),
        ("X-Goog-Channel-Token", ""),
        ("X-Goog-Channel-Token", "x" * 257),
        ("X-Goog-Channel-Token", "\x00"),
    ],
)
def test_what_cannot_come_through_a_channel_of_ours_is_refused_unread(name: str, value: str) -> None:
    assert read_notice({**HEADERS, name: value}) is None
    assert read_notice({}) is None


def test_a_resource_that_is_no_name_is_left_out() -> None:
    notice = read_notice({**HEADERS, "X-Goog-Resource-ID": "é" * 9})
    assert notice is not None
    assert notice.remote_id is None


def _any_case(headers: dict[str, str]) -> dict[str, str]:
    return {name: headers[name.lower()] for name in HEADERS}


def _raises(kind: type[Exception], act: Callable[[], object]) -> None:
    with pytest.raises(kind):
        act()
