"""Graph's subscriptions against the simulator, and its notices at our own door."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet

from tests.providers.graph_description import Description
from tests.providers.outlook import OTHER, TECH, TENANT, Outlook, served_outlook
from tests.providers.suite import MemoryGrant
from tests.simulators.outlook import eventually
from tests.web.house import FakeHouse, served
from worker.core.channels import LIFE, Channel, Notice
from worker.core.connections import Connection
from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, SyncError, Transient, Uncertain
from worker.core.ports import Stream
from worker.providers.outlook_calendar import OutlookCalendar, read_messages
from worker.providers.outlook_calendar.webhook import Message
from worker.settings import Settings
from worker.web.app import make_web
from worker.web.pushes import push_routes
from worker.wiring import Wiring, now

STREAM = Stream("primary", "primary")
ID, TOKEN = "4ba78bf0-6a47-11e2-bcfd-0800200c9a66", "hush-hush_" + "x" * 33
DOOR = "/webhooks/outlook-calendar"


@pytest.fixture
def outlook() -> Iterator[Outlook]:
    with served_outlook() as outlook:
        yield outlook


@pytest.fixture
def provider(outlook: Outlook) -> OutlookCalendar:
    return outlook.connected(now=lambda: datetime.now(UTC))


@pytest.fixture
def wiring(tmp_path: Path, sqlite_template: Path) -> Iterator[Wiring]:
    shutil.copy(sqlite_template, tmp_path / "web.db")
    key = Fernet.generate_key().decode()
    wiring = Wiring(Settings(database_url=f"sqlite:///{tmp_path / 'web.db'}", secret_keys=(key,), redis_url=None))
    yield wiring
    wiring.close()


@pytest.fixture
def url(wiring: Wiring) -> Iterator[str]:
    """Our own web process, which answers while the provider waits for Graph."""
    with served(make_web(FakeHouse(), more=[push_routes(wiring.receivers())])) as url:
        yield url


@pytest.fixture
def connection(wiring: Wiring) -> Connection:
    account = wiring.store.accounts.create("Acme", now())[0]
    grants = {"": {"refresh_token": "x"}}
    return wiring.store.connections.connect(account.id, "outlook_calendar", {}, grants, now() + timedelta(hours=1))


def channel(url: str, channel_id: str = ID) -> Channel:
    return Channel(channel_id, TOKEN, f"{url}{DOOR}", (datetime.now(UTC) + LIFE).replace(microsecond=0))


class TestSubscriptions:
    def test_one_is_opened_while_our_own_door_answers_the_handshake(
        self, outlook: Outlook, provider: OutlookCalendar, url: str
    ) -> None:
        wish = channel(url)
        watch = provider.watch(STREAM, wish)
        [opened] = outlook.simulator.subscriptions()
        assert (opened["id"], opened["mailbox"], opened["immutable"]) == (watch.remote_id, TECH, True)
        assert opened["notificationUrl"] == opened["lifecycleNotificationUrl"] == wish.address
        assert opened["resource"].strip("/") == "me/events"
        [sent] = outlook.recorder.calls()
        assert len(sent.body["clientState"]) <= 128
        assert timedelta(minutes=10_065) < watch.expires_at - datetime.now(UTC) < timedelta(minutes=10_071)
        assert TOKEN not in str(outlook.simulator.journal.entries())

    def test_the_request_is_as_graph_describes_it(self, outlook: Outlook, provider: OutlookCalendar, url: str) -> None:
        description = Description.at_hand()
        provider.unwatch(STREAM, ID, provider.watch(STREAM, channel(url)).remote_id)
        for one in outlook.recorder.calls():
            description.check(one.method, one.path, one.body)

    def test_a_tenants_permission_watches_each_mailbox_by_its_address(self, outlook: Outlook, url: str) -> None:
        outlook.simulator.add_user(OTHER)
        outlook.simulator.add_tenant()
        provider = outlook.connected({"": MemoryGrant({"tenant_id": TENANT})}, {"usr_2": OTHER}, now=now)
        provider.watch(provider.streams()[0], channel(url))
        assert [one["mailbox"] for one in outlook.simulator.subscriptions()] == [OTHER]

    def test_a_stopped_one_is_gone_and_stopping_it_again_is_no_error(
        self, outlook: Outlook, provider: OutlookCalendar, url: str
    ) -> None:
        watch = provider.watch(STREAM, channel(url))
        for _ in range(2):
            provider.unwatch(STREAM, ID, watch.remote_id)
        assert outlook.simulator.subscriptions() == []

    def test_a_door_that_does_not_answer_is_asked_for_again_soon(
        self, outlook: Outlook, provider: OutlookCalendar
    ) -> None:
        with pytest.raises(Transient) as told:
            provider.watch(STREAM, channel("http://127.0.0.1:9"))
        assert type(told.value) is Transient
        assert outlook.simulator.subscriptions() == []

    @pytest.mark.parametrize(
        ("how", "expected"),
        [
            ({"status": 403, "reason": "ErrorAccessDenied"}, Rejected),
            ({"status": 429}, RateLimited),
            ({"status": 503}, Uncertain),
            ({"status": 201, "body": {}}, Uncertain),
            ({"drop": "after", "reset": True}, Uncertain),
        ],
    )
    def test_one_that_was_not_opened_is_asked_for_once(
        self, outlook: Outlook, provider: OutlookCalendar, how: dict[str, Any], expected: type[SyncError]
    ) -> None:
        outlook.fault(operation="subscriptions.create", **how, times=None)
        with pytest.raises(expected) as refused:
            provider.watch(STREAM, channel("http://127.0.0.1:9"))
        assert type(refused.value) is expected
        assert TOKEN not in refused.value.message
        eventually(lambda: outlook.requests("subscriptions.create") == 1)

    def test_a_revoked_grant_opens_and_stops_nothing(self, outlook: Outlook, provider: OutlookCalendar) -> None:
        provider.unwatch(STREAM, ID, "unknown")
        outlook.simulator.revoke(TECH)
        with pytest.raises(ConnectionRevoked):
            provider.watch(STREAM, channel("http://127.0.0.1:9"))
        with pytest.raises(ConnectionRevoked):
            provider.unwatch(STREAM, ID, "unknown")


def value(**fields: Any) -> dict[str, Any]:
    told = {
        "subscriptionId": "7f105c7d-2dc5-4530-97cd-4e7ae6534c07",
        "subscriptionExpirationDateTime": "2026-06-05T14:00:00.0000000Z",
        "clientState": f"{ID}.{TOKEN}",
        "changeType": "updated",
        "resource": "Users/1/Events/2",
        "tenantId": TENANT,
        "resourceData": {"@odata.type": "#Microsoft.Graph.Event", "id": "2"},
    }
    return {**told, **fields}


def body(*values: Any) -> bytes:
    return json.dumps({"value": list(values)}).encode()


class TestNotices:
    EXPECTED = Notice(ID, TOKEN, "7f105c7d-2dc5-4530-97cd-4e7ae6534c07", True, datetime(2026, 6, 5, 14, tzinfo=UTC))

    def test_a_notice_says_which_channel_it_comes_through(self) -> None:
        assert read_messages(body(value())) == [Message(self.EXPECTED)]

    def test_several_of_one_channel_are_one(self) -> None:
        other = value(clientState=f"other.{TOKEN}")
        found = read_messages(body(value(), value(changeType="created"), other, value()))
        assert [one.notice.channel_id for one in found] == [ID, "other"]

    @pytest.mark.parametrize(
        ("event", "ending"),
        [("missed", False), ("reauthorizationRequired", True), ("subscriptionRemoved", True), ("something new", False)],
    )
    def test_a_lifecycle_notice_says_whether_its_subscription_is_to_be_replaced(self, event: str, ending: bool) -> None:
        assert read_messages(body(value(lifecycleEvent=event))) == [Message(self.EXPECTED, ending=ending)]

    @pytest.mark.parametrize(
        "state", [None, "", "x", ".", f"{ID}.", f".{TOKEN}", f"{ID}.a b", f"{ID}.{'x' * 257}", f"{'x' * 65}.x", 7, {}]
    )
    def test_what_cannot_come_through_a_channel_of_ours_is_left_out(self, state: object) -> None:
        assert read_messages(body(value(clientState=state))) == []

    def test_what_is_nested_beyond_all_measure_says_nothing(self) -> None:
        assert read_messages(b"[" * 100_000) == []

    @pytest.mark.parametrize("text", [b"", b"x", b"[]", b'{"value": 7}', b'{"value": [7, null, "x"]}', b"\xff"])
    def test_what_is_no_notice_says_nothing(self, text: bytes) -> None:
        assert read_messages(text) == []

    def test_a_name_or_date_that_is_none_is_left_out(self) -> None:
        [message] = read_messages(body(value(subscriptionId="é" * 9, subscriptionExpirationDateTime="soon")))
        assert (message.notice.remote_id, message.notice.expires_at) == (None, None)


class TestDoor:
    """The wiring's own receiver, over a real store."""

    @pytest.fixture
    def tell(self, wiring: Wiring, url: str, connection: Connection) -> Callable[..., httpx.Response]:
        store = wiring.store
        turn = store.channels.seize_turn(connection.id, now())
        stream = store.streams.ensure(connection.id, ["primary"])["primary"]
        assert store.channels.begin(turn, stream.id, channel(url), now())
        store.channels.end_turn(turn, now() + timedelta(days=5))

        def tell(*values: Any) -> httpx.Response:
            return httpx.post(f"{url}{DOOR}", content=body(*values))

        return tell

    def due(self, wiring: Wiring, connection: Connection) -> bool:
        found = wiring.store.connections.get(connection.id)
        assert found is not None
        assert found.next_look_at is not None
        return found.next_look_at < now() + timedelta(minutes=1)

    def test_the_handshake_is_echoed_decoded_as_plain_text(self, url: str) -> None:
        answer = httpx.post(f"{url}{DOOR}?validationToken=Validation%3A+a%20%3Cb%3E%26c")
        assert (answer.status_code, answer.text) == (200, "Validation: a <b>&c")
        assert answer.headers["content-type"].startswith("text/plain")
        assert httpx.post(f"{url}{DOOR}?validationToken={'x' * 5000}").status_code == 400

    def test_one_of_ours_among_others_has_its_connection_looked_at(
        self, wiring: Wiring, connection: Connection, tell: Callable[..., httpx.Response]
    ) -> None:
        answer = tell(value(clientState="other.x"), value())
        assert answer.status_code == 202
        assert self.due(wiring, connection)
        [known] = wiring.store.channels.of(connection.id)
        assert known.remote_id == value()["subscriptionId"], "its name is learnt, so that it can be stopped"

    @pytest.mark.parametrize("state", [f"{ID}.guess", f"other.{TOKEN}", "", None])
    def test_what_nobody_of_ours_sent_is_refused_and_told_nothing(
        self, wiring: Wiring, connection: Connection, tell: Callable[..., httpx.Response], state: object
    ) -> None:
        answer = tell(value(clientState=state, lifecycleEvent="subscriptionRemoved"))
        assert answer.status_code == 401
        assert "guess" not in answer.text
        assert not self.due(wiring, connection)
        assert len(wiring.store.channels.of(connection.id)) == 1

    def test_what_was_missed_is_looked_for(
        self, wiring: Wiring, connection: Connection, tell: Callable[..., httpx.Response]
    ) -> None:
        assert tell(value(lifecycleEvent="missed")).status_code == 202
        assert self.due(wiring, connection)
        assert len(wiring.store.channels.of(connection.id)) == 1

    @pytest.mark.parametrize("event", ["reauthorizationRequired", "subscriptionRemoved"])
    def test_a_subscription_that_tells_nothing_more_is_forgotten_and_another_is_due_at_once(
        self, wiring: Wiring, connection: Connection, tell: Callable[..., httpx.Response], event: str
    ) -> None:
        assert wiring.store.channels.take_turn(["outlook_calendar"], now()) is None
        assert tell(value(lifecycleEvent=event)).status_code == 202
        assert wiring.store.channels.of(connection.id) == []
        turn = wiring.store.channels.take_turn(["outlook_calendar"], now())
        assert turn is not None
        assert turn.connection_id == connection.id
        assert self.due(wiring, connection)

    def test_graph_itself_is_heard(
        self,
        wiring: Wiring,
        connection: Connection,
        outlook: Outlook,
        provider: OutlookCalendar,
        url: str,
        tell: Callable[..., httpx.Response],
    ) -> None:
        provider.watch(STREAM, channel(url))
        outlook.simulator.person_creates(TECH, subject="Dentist", start="2026-06-01", end="2026-06-02")
        eventually(lambda: [one["status"] for one in outlook.simulator.notifications()] == [202])
        assert self.due(wiring, connection)
        outlook.simulator.send_lifecycle("subscriptionRemoved")
        eventually(lambda: wiring.store.channels.of(connection.id) == [])
