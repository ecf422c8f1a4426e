"""Subscriptions of the Outlook simulator: the handshake, notifications, lifecycle notices, renewal."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.simulators.outlook import IMMUTABLE, OTHER, TECH, Graph, code, event, eventually, served_outlook
from worker.simulators.server import serve


class Receiver:
    """Answers handshakes, unless told otherwise; takes notifications with `statuses` in turn, then 202."""

    def __init__(self) -> None:
        self.address = ""
        self.handshake: Response | None = None
        self.echo: dict[str, Any] = {}
        self.statuses: list[int] = []
        self.pause = 0.0
        self.shaken: list[str] = []
        self.posts: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self.app = Starlette(routes=[Route("/{kind}", self.take, methods=["POST"])])

    def take_sync(self, kind: str, token: str | None, body: Any) -> Response:
        time.sleep(self.pause)
        with self._lock:
            if token is not None:
                self.shaken.append(kind)
                return self.handshake or PlainTextResponse(token, **self.echo)
            self.posts.append(body)
            return Response(status_code=self.statuses.pop(0) if self.statuses else 202)

    async def take(self, request: Request) -> Response:
        token = request.query_params.get("validationToken")
        body = await request.json() if token is None else None
        return self.take_sync(request.path_params["kind"], token, body)

    def values(self) -> list[dict[str, Any]]:
        return [value for post in self.posts for value in post["value"]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with serve(receiver.app) as served:
        receiver.address = served.url
        yield receiver


@pytest.fixture(scope="module")
def server() -> Iterator[Graph]:
    with served_outlook() as graph:
        yield graph


@pytest.fixture
def graph(server: Graph) -> Graph:
    server.start_over()
    return server


def in_minutes(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds").replace("+00:00", "Z")


def subscribe(graph: Graph, receiver: Receiver, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
    body = {
        "changeType": "created,updated,deleted",
        "notificationUrl": f"{receiver.address}/changes?account=1",
        "lifecycleNotificationUrl": f"{receiver.address}/lifecycle",
        "resource": "/me/events",
        "expirationDateTime": in_minutes(1000),
        "clientState": "secret",
        **fields,
    }
    kept = {name: value for name, value in body.items() if value is not None}
    return graph.client.post("/subscriptions", json=kept, headers=headers)


class TestHandshake:
    def test_both_addresses_are_asked_before_the_answer(self, graph: Graph, receiver: Receiver) -> None:
        answer = subscribe(graph, receiver)
        assert answer.status_code == 201
        assert receiver.shaken == ["changes", "lifecycle"]
        assert answer.json()["clientState"] == "secret"
        assert graph.client.get(f"/subscriptions/{answer.json()['id']}").status_code == 200

    @pytest.mark.parametrize(
        "handshake",
        [
            Response(status_code=202),
            PlainTextResponse("something else"),
            Response(status_code=404),
            Response("{}", media_type="application/json"),
        ],
    )
    def test_another_answer_is_no_subscription(self, graph: Graph, receiver: Receiver, handshake: Response) -> None:
        receiver.handshake = handshake
        assert code(subscribe(graph, receiver)) == (400, "ValidationError")
        assert graph.simulator.subscriptions() == []

    @pytest.mark.parametrize("echo", [{"status_code": 201}, {"media_type": "text/html"}])
    def test_the_right_token_in_the_wrong_form_is_no_subscription(
        self, graph: Graph, receiver: Receiver, echo: dict[str, Any]
    ) -> None:
        receiver.echo = echo
        assert code(subscribe(graph, receiver)) == (400, "ValidationError")

    def test_a_slow_or_absent_receiver_is_no_subscription(self, graph: Graph, receiver: Receiver) -> None:
        graph.simulator.set(handshake_timeout=0.05)
        receiver.pause = 0.2
        assert code(subscribe(graph, receiver)) == (400, "ValidationError")
        assert code(subscribe(graph, receiver, notificationUrl="http://127.0.0.1:9/")) == (400, "ValidationError")


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "fields",
        [
            {"changeType": "created,moved"},
            {"clientState": "x" * 129},
            {"notificationUrl": "http://example.com/hook"},
            {"resource": "/me/messages"},
            {"resource": None},
            {"expirationDateTime": in_minutes(10_200)},
            {"expirationDateTime": in_minutes(-1)},
        ],
    )
    def test_a_wish_that_graph_would_not_grant(self, graph: Graph, receiver: Receiver, fields: dict[str, Any]) -> None:
        assert code(subscribe(graph, receiver, **fields)) == (400, "ValidationError")
        assert receiver.shaken == []

    def test_a_mailbox_that_is_not_ones_own(self, graph: Graph, receiver: Receiver) -> None:
        graph.simulator.share(OTHER, TECH, "write")
        assert code(subscribe(graph, receiver, resource=f"/users/{OTHER}/events")) == (403, "ErrorAccessDenied")
        graph.act_as_application()
        assert subscribe(graph, receiver, resource=f"/users/{OTHER}/events").status_code == 201

    def test_a_short_life_is_made_longer(self, graph: Graph, receiver: Receiver) -> None:
        told = subscribe(graph, receiver, expirationDateTime=in_minutes(5)).json()["expirationDateTime"]
        assert told > in_minutes(44)


class TestNotifications:
    def test_each_change_is_told_with_the_state_of_the_client(self, graph: Graph, receiver: Receiver) -> None:
        subscription = subscribe(graph, receiver).json()
        made = graph.create().json()
        graph.patch(made["id"], subject="Pump")
        graph.delete(made["id"])
        eventually(lambda: len(receiver.values()) == 3)
        told = receiver.values()
        assert [one["changeType"] for one in told] == ["created", "updated", "deleted"]
        assert {one["clientState"] for one in told} == {"secret"}
        assert {one["subscriptionId"] for one in told} == {subscription["id"]}
        assert {one["resourceData"]["id"] for one in told} == {made["id"]}

    def test_several_changes_come_in_one_post(self, graph: Graph, receiver: Receiver) -> None:
        subscribe(graph, receiver)
        receiver.pause = 0.1
        graph.simulator.load(TECH, [event() for _ in range(20)])
        eventually(lambda: len(receiver.values()) == 20)
        assert len(receiver.posts) < 20

    def test_ids_are_of_the_kind_that_was_preferred_at_the_subscription(self, graph: Graph, receiver: Receiver) -> None:
        subscribe(graph, receiver, {"prefer": IMMUTABLE})
        graph.create()
        eventually(lambda: bool(receiver.posts))
        assert receiver.values()[0]["resourceData"]["id"] == graph.simulator.events(TECH)[0]["id"]

    def test_another_mailbox_and_other_kinds_of_change_are_not_told(self, graph: Graph, receiver: Receiver) -> None:
        subscribe(graph, receiver, changeType="deleted")
        elsewhere = graph.simulator.person_creates(OTHER, **event())
        graph.simulator.person_deletes(OTHER, elsewhere["id"])
        made = graph.create().json()
        graph.delete(made["id"])
        eventually(lambda: bool(receiver.posts))
        assert [(one["changeType"], one["resourceData"]["id"]) for one in receiver.values()] == [
            ("deleted", made["id"])
        ]

    def test_a_receiver_that_fails_is_told_again(self, graph: Graph, receiver: Receiver) -> None:
        graph.simulator.set(push_backoff=0.01)
        subscribe(graph, receiver)
        receiver.statuses = [500, 404]
        graph.create()
        eventually(lambda: len(receiver.posts) == 3)
        assert receiver.posts[0] == receiver.posts[2]
        eventually(lambda: [one["status"] for one in graph.simulator.notifications()] == [500, 404, 202])

    def test_a_receiver_that_is_slow_is_told_again(self, graph: Graph, receiver: Receiver) -> None:
        subscribe(graph, receiver)
        graph.simulator.set(push_backoff=0.01, notice_timeout=0.05)
        receiver.pause = 0.15
        graph.create()
        eventually(lambda: len(graph.simulator.notifications()) >= 2)
        assert graph.simulator.notifications()[0]["status"] is None

    def test_notifications_can_be_lost(self, graph: Graph, receiver: Receiver) -> None:
        subscribe(graph, receiver)
        graph.simulator.set(lose_notifications=True)
        graph.create(subject="lost")
        graph.simulator.set(lose_notifications=False)
        graph.create(subject="told")
        eventually(lambda: bool(receiver.posts))
        assert len(receiver.values()) == 1


class TestLife:
    def test_a_subscription_is_renewed_and_lapses(self, graph: Graph, receiver: Receiver) -> None:
        path = f"/subscriptions/{subscribe(graph, receiver).json()['id']}"
        longer = in_minutes(5000)
        assert (
            graph.client.patch(path, json={"expirationDateTime": longer}).json()["expirationDateTime"][:19]
            == longer[:19]
        )
        assert graph.client.patch(path, json={"expirationDateTime": in_minutes(10_200)}).status_code == 400
        graph.simulator.pass_time(5001 * 60)
        graph.act_as(TECH)
        assert code(graph.client.patch(path, json={"expirationDateTime": longer})) == (404, "ResourceNotFound")
        graph.create()
        assert graph.simulator.subscriptions() == []
        assert receiver.posts == []

    def test_a_subscription_is_deleted_by_its_owner_alone(self, graph: Graph, receiver: Receiver) -> None:
        path = f"/subscriptions/{subscribe(graph, receiver).json()['id']}"
        graph.act_as(OTHER)
        assert code(graph.client.delete(path)) == (404, "ResourceNotFound")
        graph.act_as(TECH)
        assert len(graph.client.get("/subscriptions").json()["value"]) == 1
        assert graph.client.delete(path).status_code == 204
        assert code(graph.client.get(path)) == (404, "ResourceNotFound")

    def test_lifecycle_notices_go_to_their_own_address(self, graph: Graph, receiver: Receiver) -> None:
        subscription = subscribe(graph, receiver).json()
        for name in ("reauthorizationRequired", "missed", "subscriptionRemoved"):
            assert graph.simulator.send_lifecycle(name, TECH) == 1
        eventually(lambda: len(receiver.values()) == 3)
        assert [one["lifecycleEvent"] for one in receiver.values()] == [
            "reauthorizationRequired",
            "missed",
            "subscriptionRemoved",
        ]
        assert {one["subscriptionId"] for one in receiver.values()} == {subscription["id"]}
        assert graph.simulator.subscriptions() == []
        assert {one["url"] for one in graph.simulator.notifications()} == {f"{receiver.address}/lifecycle"}

    def test_a_subscription_is_authorised_again(self, graph: Graph, receiver: Receiver) -> None:
        path = f"/subscriptions/{subscribe(graph, receiver).json()['id']}"
        assert graph.client.post(f"{path}/reauthorize").status_code == 204
        assert graph.simulator.counters()["reauthorizations"] == 1

    def test_all_can_end_silently(self, graph: Graph, receiver: Receiver) -> None:
        subscribe(graph, receiver)
        graph.simulator.expire_subscriptions()
        graph.create()
        assert graph.simulator.subscriptions() == []
        assert graph.simulator.send_lifecycle("missed") == 0
        assert receiver.posts == []
