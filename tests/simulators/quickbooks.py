"""A served QuickBooks simulator with one company, for the tests of its rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import httpx
from quickbooks import QuickBooks

from worker.simulators.quickbooks import QuickBooksSimulator
from worker.simulators.server import Served, serve

REALM, OTHER_REALM = "4620816365", "9130357"
CLIENT = ("client-id", "client-secret")
SERVICES = "79"


class Books:
    """The simulator, its URL, and a client that is connected to the company `REALM`."""

    def __init__(self, simulator: QuickBooksSimulator, served: Served) -> None:
        self.simulator = simulator
        self.url = served.url
        self.client = httpx.Client(base_url=f"{served.url}/v3/company/{REALM}")
        self.client.headers["accept"] = "application/json"
        self.start_over()

    def start_over(self, preset: str = "us_no_tax", **switches: Any) -> None:
        self.simulator.reset()
        self.simulator.add_company(REALM, preset, **switches)
        self.refresh_token = self.simulator.grant(REALM)
        self.act_for(REALM)

    def act_for(self, realm: str) -> None:
        self.client.headers["authorization"] = f"Bearer {self.simulator.access_token(realm)}"

    def post(self, entity: str, fields: dict[str, Any], **params: Any) -> httpx.Response:
        return self.client.post(f"/{entity}", json=fields, params={"minorversion": 75, **params})

    def create(self, entity: str, **fields: Any) -> dict[str, Any]:
        """Creates an object; returns it without its wrapper."""
        return unwrapped(self.post(entity, fields))

    def get(self, entity: str, object_id: str) -> dict[str, Any]:
        return unwrapped(self.client.get(f"/{entity}/{object_id}"))

    def query(self, text: str) -> dict[str, Any]:
        answer = self.client.post("/query", content=text, headers={"content-type": "application/text"})
        assert answer.status_code == 200, answer.text
        inside: dict[str, Any] = answer.json()["QueryResponse"]
        return inside

    def batch(self, *items: dict[str, Any], **params: Any) -> dict[str, dict[str, Any]]:
        """The answers of a batch by their bIds."""
        answer = self.post("batch", {"BatchItemRequest": list(items)}, **params)
        assert answer.status_code == 200, answer.text
        return {one["bId"]: one for one in answer.json()["BatchItemResponse"]}

    def customer(self, name: str = "Ada Lovelace", **fields: Any) -> dict[str, Any]:
        return self.create("customer", DisplayName=name, **fields)

    def item(self, name: str = "Boiler service", **fields: Any) -> dict[str, Any]:
        return self.create("item", Name=name, Type="Service", IncomeAccountRef={"value": SERVICES}, **fields)

    def invoice(self, customer: str, item: str, amount: float = 100, **fields: Any) -> dict[str, Any]:
        return self.create("invoice", **invoice(customer, item, amount, **fields))

    def billed(self, amount: float = 100) -> dict[str, Any]:
        """An invoice to a customer, both new."""
        return self.invoice(self.customer()["Id"], self.item()["Id"], amount)

    def library(self) -> QuickBooks:
        """The real python-quickbooks client, connected to the company."""
        client = QuickBooks(
            auth_client=Connected(), refresh_token=self.refresh_token, company_id=REALM, minorversion=75
        )
        client.api_url_v3 = f"{self.url}/v3"
        client.session = Session(self.simulator.access_token(REALM))
        return client

    def token(self, headers: dict[str, str] | None = None, **form: str) -> httpx.Response:
        """POST to the token endpoint as the client."""
        return httpx.post(f"{self.url}/oauth2/v1/tokens/bearer", data=form, auth=CLIENT, headers=headers)

    def refresh(self, value: str = "") -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=value or self.refresh_token)


class Connected:
    """What python-quickbooks wants to know of an OAuth client."""

    client_id, access_token, refresh_token, environment = "client-id", "unused", "unused", "production"


class Session:
    """A session for python-quickbooks that sends with httpx; `answers` has what came back."""

    def __init__(self, access_token: str) -> None:
        self.access_token = access_token
        self.answers: list[httpx.Response] = []

    def request(self, method: str, url: str, headers: Any = None, params: Any = None, data: Any = None) -> Any:
        content = data if isinstance(data, str) else None
        self.answers.append(httpx.request(method, url, headers=headers, params=params, content=content))
        return self.answers[-1]


@contextmanager
def served_quickbooks() -> Iterator[Books]:
    simulator = QuickBooksSimulator(seed=7)
    with serve(simulator.app) as served:
        books = Books(simulator, served)
        yield books
        books.client.close()
        simulator.close()


def invoice(customer: str, item: str, amount: float = 100, **fields: Any) -> dict[str, Any]:
    """The body of an invoice with one line."""
    detail = {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": amount}
    line = {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    return {"CustomerRef": {"value": customer}, "Line": [line], **fields}


def unwrapped(answer: httpx.Response) -> dict[str, Any]:
    """The object in an answer, with Decimals."""
    assert answer.status_code == 200, answer.text
    body = json.loads(answer.text, parse_float=Decimal)
    assert len(body) == 2, body
    inside: dict[str, Any] = next(one for name, one in body.items() if name != "time")
    return inside


def fault(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, type and code of a fault in a company's casing."""
    body = answer.json()["Fault"]
    return answer.status_code, body["type"], body["Error"][0]["code"]


def gateway_fault(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, type and code of a fault in the gateway's casing."""
    body = answer.json()["fault"]
    return answer.status_code, body["type"], body["error"][0]["code"]
