"""A served Outlook simulator with two users, for the tests of its rules."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from worker.simulators.outlook_calendar import OutlookCalendarSimulator
from worker.simulators.server import Served, serve

TECH, OTHER = "tech@example.com", "other@example.com"
IMMUTABLE = 'IdType="ImmutableId"'
KEY = "String {3a1f4a5e-0c8b-4b6d-9a1e-5d2f6c7b8a90} Name Visit"
WINDOW = {"startDateTime": "2026-11-01T00:00:00Z", "endDateTime": "2027-02-01T00:00:00Z"}


class Graph:
    """The simulator, its URL, and a client that acts as the technician."""

    def __init__(self, simulator: OutlookCalendarSimulator, served: Served) -> None:
        self.simulator = simulator
        self.url = served.url
        self.client = httpx.Client(base_url=f"{served.url}/v1.0")
        self.start_over()

    def start_over(self) -> None:
        self.simulator.reset()
        self.client.headers.pop("prefer", None)
        self.refresh_token = self.simulator.add_user(TECH)
        self.simulator.add_user(OTHER, time_zone="W. Europe Standard Time")
        self.act_as(TECH)

    def act_as(self, user: str, *scopes: str) -> None:
        token = self.simulator.access_token(user, scopes) if scopes else self.simulator.access_token(user)
        self.client.headers["authorization"] = f"Bearer {token}"

    def act_as_application(self) -> None:
        self.client.headers["authorization"] = f"Bearer {self.simulator.application_token()}"

    def create(self, **fields: Any) -> httpx.Response:
        return self.client.post("/me/events", json=event(**fields))

    def get(self, event_id: str, **options: Any) -> httpx.Response:
        return self.client.get(at(event_id), **options)

    def patch(self, event_id: str, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        return self.client.patch(at(event_id), json=fields, headers=headers)

    def delete(self, event_id: str, **options: Any) -> httpx.Response:
        return self.client.delete(at(event_id), **options)

    def delta(self, url: str = "", *, prefer: str | None = None, **params: Any) -> httpx.Response:
        """A page of delta by its link, or the first one."""
        headers = {"prefer": prefer} if prefer else None
        if url:
            return self.client.get(url, headers=headers)
        return self.client.get("/me/calendarView/delta", params={**WINDOW, **params}, headers=headers)

    def round(self, link: str = "", **options: Any) -> tuple[list[dict[str, Any]], str]:
        """All items of a round, and its delta link."""
        page, items = self.delta(link, **options).json(), []
        while True:
            items += page["value"]
            if "@odata.deltaLink" in page:
                return items, page["@odata.deltaLink"]
            page = self.delta(page["@odata.nextLink"], prefer=options.get("prefer")).json()

    def batch(self, *requests: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """The answers of a batch by their ids."""
        answer = self.client.post("/$batch", json={"requests": list(requests)})
        assert answer.status_code == 200, answer.text
        return {one["id"]: one for one in answer.json()["responses"]}


@contextmanager
def served_outlook() -> Iterator[Graph]:
    simulator = OutlookCalendarSimulator(seed=7)
    with serve(simulator.app) as served:
        graph = Graph(simulator, served)
        yield graph
        graph.client.close()


def event(day: str = "2026-12-01", **fields: Any) -> dict[str, Any]:
    """An event from 9 to 10 in New York, 14 to 15 UTC."""
    zone = "America/New_York"
    return {
        "subject": "Boiler",
        "start": {"dateTime": f"{day}T09:00:00", "timeZone": zone},
        "end": {"dateTime": f"{day}T10:00:00", "timeZone": zone},
        **fields,
    }


def creation(number: int, *, mailbox: str = "/me", **fields: Any) -> dict[str, Any]:
    """A call of a batch that makes an event."""
    headers = {"Content-Type": "application/json"}
    return {
        "id": str(number),
        "method": "POST",
        "url": f"{mailbox}/events",
        "headers": headers,
        "body": event(**fields),
    }


def at(event_id: str) -> str:
    return f"/me/events/{quote(event_id, safe='')}"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def eventually(condition: Any, seconds: float = 5.0) -> None:
    """Waits until the condition holds; fails when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
