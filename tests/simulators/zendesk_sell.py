"""A served Zendesk Sell simulator with two accounts, for the tests of its rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from worker.simulators.server import Served, serve
from worker.simulators.zendesk_sell import ZendeskSellSimulator

ACCOUNT, OTHER_ACCOUNT = "acme", "other"
VISITS = "/v2/visits"


class Sell:
    """The simulator, its URL, and a client with a token of `ACCOUNT`; no limit on requests unless a test sets one."""

    def __init__(self, simulator: ZendeskSellSimulator, served: Served) -> None:
        self.simulator = simulator
        self.url = served.url
        self.client = httpx.Client(base_url=served.url)
        self.client.headers.update({"accept": "application/json", "user-agent": "visit-sync/1"})
        self.start_over()

    def start_over(self) -> None:
        self.simulator.reset()
        self.simulator.configure(rate_limit_per_second=None)
        self.token = self.simulator.add_account(ACCOUNT)
        self.other_token = self.simulator.add_account(OTHER_ACCOUNT)
        self.act_with(self.token)

    def act_with(self, token: str) -> None:
        self.client.headers["authorization"] = f"Bearer {token}"

    def get(self, path: str = VISITS, **params: Any) -> httpx.Response:
        return self.client.get(path, params=params)

    def page(self, **params: Any) -> dict[str, Any]:
        answer = self.get(**params)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def ids(self, **params: Any) -> list[int]:
        """The ids on one page, in its order."""
        return [item["data"]["id"] for item in self.page(**params)["items"]]

    def add(self, **fields: Any) -> int:
        """A visit of `ACCOUNT`; returns its id."""
        return int(self.simulator.add_visit(ACCOUNT, **fields)["id"])


@contextmanager
def served_sell() -> Iterator[Sell]:
    simulator = ZendeskSellSimulator(seed=7)
    with serve(simulator.app) as served:
        sell = Sell(simulator, served)
        yield sell
        sell.client.close()


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal in Sell's envelope."""
    body = answer.json()
    assert body["meta"]["logref"] == answer.headers["x-request-id"]
    assert body["meta"]["http_status"].startswith(f"{answer.status_code} ")
    error = body["errors"][0]["error"]
    assert {"code", "message", "details"} <= error.keys()
    return answer.status_code, error["code"]
