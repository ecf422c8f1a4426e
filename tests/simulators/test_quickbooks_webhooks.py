"""Notifications of the QuickBooks simulator: formats, signature, retries, order, silence."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.simulators.quickbooks import OTHER_REALM, REALM, Books, served_quickbooks
from worker.simulators.server import serve

VERIFIER = "b1946ac9-verifier"


class Receiver:
    """Takes notifications with `statuses` in turn, then 200; `posts` has body, headers and time of each."""

    def __init__(self) -> None:
        self.address = ""
        self.statuses: list[int] = []
        self.posts: list[tuple[bytes, str, float]] = []
        self.app = Starlette(routes=[Route("/hook", self.take, methods=["POST"])])

    async def take(self, request: Request) -> Response:
        self.posts.append((await request.body(), request.headers["intuit-signature"], time.monotonic()))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)

    def bodies(self) -> list[Any]:
        return [json.loads(body) for body, _, _ in self.posts]

    def entities(self) -> list[dict[str, str]]:
        return [
            entity
            for body in self.bodies()
            for realm in body["eventNotifications"]
            for entity in realm["dataChangeEvent"]["entities"]
        ]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with serve(receiver.app) as served:
        receiver.address = f"{served.url}/hook"
        yield receiver


@pytest.fixture(scope="module")
def server() -> Iterator[Books]:
    with served_quickbooks() as books:
        yield books


@pytest.fixture
def books(server: Books, receiver: Receiver) -> Iterator[Books]:
    server.start_over()
    yield server
    server.simulator.unsubscribe()


def settled(books: Books) -> None:
    assert books.simulator.wait_until_delivered(5)


def test_a_change_is_told_in_the_legacy_format_and_signed(books: Books, receiver: Receiver) -> None:
    books.simulator.subscribe(receiver.address, VERIFIER)
    made = books.customer()
    settled(books)
    body, signature, _ = receiver.posts[0]
    expected = hmac.new(VERIFIER.encode(), body, hashlib.sha256).digest()
    assert base64.b64decode(signature) == expected
    told = json.loads(body)["eventNotifications"]
    assert [realm["realmId"] for realm in told] == [REALM]
    (entity,) = receiver.entities()
    assert (entity["name"], entity["id"], entity["operation"]) == ("Customer", made["Id"], "Create")
    assert entity["lastUpdated"].endswith("Z")
    assert "Ada" not in body.decode()


def test_a_change_is_told_as_cloud_events(books: Books, receiver: Receiver) -> None:
    books.simulator.subscribe(receiver.address, VERIFIER, "cloudevents")
    made = books.customer()
    settled(books)
    (told,) = receiver.bodies()[0]
    assert told["specversion"] == "1.0"
    assert told["type"] == "qbo.customer.created.v1"
    assert (told["intuitentityid"], told["intuitaccountid"]) == (made["Id"], REALM)


def test_an_unknown_format_is_refused(books: Books, receiver: Receiver) -> None:
    with pytest.raises(ValueError, match="format"):
        books.simulator.subscribe(receiver.address, VERIFIER, "xml")  # type: ignore[arg-type]


def test_changes_that_come_close_together_are_one_notification_of_all_companies(
    books: Books, receiver: Receiver
) -> None:
    books.simulator.add_company(OTHER_REALM)
    books.simulator.grant(OTHER_REALM)
    books.simulator.set(webhook_delay=0.3)
    books.simulator.subscribe(receiver.address, VERIFIER)
    books.customer()
    books.simulator.add_vendor(OTHER_REALM, "Pipes Ltd")
    settled(books)
    (body,) = receiver.bodies()
    assert {realm["realmId"] for realm in body["eventNotifications"]} == {REALM, OTHER_REALM}


def test_a_payment_tells_of_its_invoice_too(books: Books, receiver: Receiver) -> None:
    bill = books.billed()
    books.simulator.subscribe(receiver.address, VERIFIER)
    books.simulator.record_payment(REALM, bill["CustomerRef"]["value"], 100, {bill["Id"]: 100})
    settled(books)
    told = {(one["name"], one["operation"]) for one in receiver.entities()}
    assert told >= {("Payment", "Create"), ("Invoice", "Update")}


def test_a_merge_names_the_loser(books: Books, receiver: Receiver) -> None:
    loser, winner = books.customer("Ada L.")["Id"], books.customer()["Id"]
    books.simulator.subscribe(receiver.address, VERIFIER)
    books.simulator.merge_customers(REALM, loser, winner)
    settled(books)
    merged = [one for one in receiver.entities() if one["operation"] == "Merge"]
    assert [(one["id"], one["deletedId"]) for one in merged] == [(winner, loser)]


def test_what_is_not_acknowledged_comes_again_with_growing_waits_and_holds_the_rest(
    books: Books, receiver: Receiver
) -> None:
    books.simulator.set(webhook_waits=[1, 3, 5], webhook_scale=0.1, webhook_delay=0.01)
    receiver.statuses = [500, 202]
    books.simulator.subscribe(receiver.address, VERIFIER)
    first = books.customer("First")["Id"]
    while not receiver.posts:
        time.sleep(0.005)
    second = books.customer("Second")["Id"]
    settled(books)
    assert [
        [one["id"] for one in body["eventNotifications"][0]["dataChangeEvent"]["entities"]]
        for body in receiver.bodies()
    ] == [[first], [first], [first], [second]]
    times = [at for _, _, at in receiver.posts]
    assert times[1] - times[0] >= 0.1
    assert times[2] - times[1] >= 0.3
    sent = books.simulator.notifications()
    assert [(one["status"], one["attempt"]) for one in sent] == [(500, 1), (202, 2), (200, 3), (200, 1)]


def test_nothing_is_told_of_a_company_that_is_not_connected(books: Books, receiver: Receiver) -> None:
    books.simulator.subscribe(receiver.address, VERIFIER)
    books.simulator.revoke(REALM)
    books.simulator.add_customer(REALM, "Ada")
    settled(books)
    assert receiver.posts == books.simulator.notifications() == []


def test_notifications_can_get_lost(books: Books, receiver: Receiver) -> None:
    books.simulator.subscribe(receiver.address, VERIFIER)
    books.simulator.set(lose_notifications=True)
    books.customer()
    settled(books)
    assert receiver.posts == []


def test_nothing_is_told_of_taxes(books: Books, receiver: Receiver) -> None:
    books.simulator.subscribe(receiver.address, VERIFIER)
    company = books.simulator.world.companies[REALM]
    for entity in ("TaxCode", "TaxRate", "Item"):
        company.on_change(entity, "1", "Update", "")
    settled(books)
    assert [one["name"] for one in receiver.entities()] == ["Item"]
