"""A served ReviewRover simulator with two accounts, for the tests of its rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from worker.simulators.review_rover import ReviewRoverSimulator
from worker.simulators.server import Served, serve

ACCOUNT, OTHER_ACCOUNT = "acme", "other"
VISITS, CONTACTS = "/v1/visits", "/v1/contacts"


class Rover:
    """The simulator, its URL, a client with a token of `ACCOUNT`, and one contact there."""

    def __init__(self, simulator: ReviewRoverSimulator, served: Served) -> None:
        self.simulator = simulator
        self.url = served.url
        self.client = httpx.Client(base_url=served.url)
        self.start_over()

    def start_over(self) -> None:
        self.simulator.reset()
        self.token = self.simulator.add_account(ACCOUNT)
        self.other_token = self.simulator.add_account(OTHER_ACCOUNT)
        self.act_with(self.token)
        self.contact: str = self.simulator.add_contact(ACCOUNT, email="ada@example.com")["id"]

    def act_with(self, token: str) -> None:
        self.client.headers["authorization"] = f"Bearer {token}"

    def post(self, path: str = VISITS, **form: str) -> httpx.Response:
        return self.client.post(path, data=form, headers=FORM)

    def put(self, told: int | str, **form: str) -> httpx.Response:
        return self.client.put(f"{VISITS}/{told}", data=form, headers=FORM)

    def get(self, told: int | str) -> httpx.Response:
        return self.client.get(f"{VISITS}/{told}")

    def delete(self, told: int | str) -> httpx.Response:
        return self.client.delete(f"{VISITS}/{told}")

    def page(self, **params: Any) -> dict[str, Any]:
        answer = self.client.get(VISITS, params=params)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def create(self, **form: str) -> dict[str, Any]:
        """A visit of the contact, over HTTP."""
        answer = self.post(**{"contact_id": self.contact, **form})
        assert answer.status_code == 201, answer.text
        visit: dict[str, Any] = answer.json()
        return visit

    def asked(self) -> list[str]:
        """The `external_id` of each review request that went out."""
        return [sent["external_id"] for sent in self.simulator.review_requests()]


FORM = {"content-type": "application/x-www-form-urlencoded"}


@contextmanager
def served_rover() -> Iterator[Rover]:
    simulator = ReviewRoverSimulator(seed=7)
    with serve(simulator.app) as served:
        rover = Rover(simulator, served)
        yield rover
        rover.client.close()


def errors(answer: httpx.Response) -> dict[str, list[str]]:
    """What a 422 says of each field."""
    assert answer.status_code == 422, answer.text
    assert answer.json().keys() == {"errors"}
    found: dict[str, list[str]] = answer.json()["errors"]
    return found
