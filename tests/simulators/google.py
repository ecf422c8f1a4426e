"""A served Google Calendar simulator with two users, for the tests of its rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from google.oauth2.credentials import Credentials
from googleapiclient import discovery_cache
from googleapiclient.discovery import build_from_document

from worker.simulators.google_calendar import GoogleCalendarSimulator
from worker.simulators.server import Served, serve

TECH, OTHER = "tech@example.com", "other@example.com"


class Google:
    """The simulator, its URL, and a client that acts as the technician."""

    def __init__(self, simulator: GoogleCalendarSimulator, served: Served) -> None:
        self.simulator = simulator
        self.url = served.url
        self.client = httpx.Client(base_url=served.url)
        self.start_over()

    def start_over(self) -> None:
        self.simulator.reset()
        self.refresh_token = self.simulator.add_user(TECH, time_zone="America/New_York")
        self.simulator.add_user(OTHER, time_zone="Europe/Berlin")
        self.act_as(TECH)

    def act_as(self, user: str) -> None:
        self.client.headers["authorization"] = f"Bearer {self.simulator.access_token(user)}"

    def events(self, method: str, path: str = "", *, calendar: str = "primary", **options: Any) -> httpx.Response:
        return self.client.request(method, f"/calendar/v3/calendars/{calendar}/events{path}", **options)

    def insert(self, event_id: str, **fields: Any) -> httpx.Response:
        return self.events("POST", json=event(id=event_id, **fields))

    def list(self, **params: Any) -> httpx.Response:
        return self.events("GET", params=params)

    def sync_token(self, **params: Any) -> str:
        return str(self.list(**params).json()["nextSyncToken"])

    @contextmanager
    def service(self) -> Iterator[Any]:
        """Google's own client, pointed at the simulator, batches included."""
        document = json.loads(discovery_cache.get_static_doc("calendar", "v3"))
        document |= {"rootUrl": f"{self.url}/", "baseUrl": f"{self.url}/calendar/v3/"}
        credentials = Credentials(  # type: ignore[no-untyped-call]
            self.simulator.access_token(TECH),
            refresh_token=self.refresh_token,
            token_uri=f"{self.url}/token",
            client_id="client-id",
            client_secret="client-secret",
        )
        with build_from_document(document, credentials=credentials) as service:
            yield service


@contextmanager
def served_google() -> Iterator[Google]:
    simulator = GoogleCalendarSimulator(seed=7)
    with serve(simulator.app) as served:
        google = Google(simulator, served)
        yield google
        google.client.close()


def event(day: str = "2026-12-01", **fields: Any) -> dict[str, Any]:
    """An event from 14 to 15 UTC, 9 to 10 in New York."""
    zone = "America/New_York"
    return {
        "summary": "Boiler",
        "start": {"dateTime": f"{day}T14:00:00Z", "timeZone": zone},
        "end": {"dateTime": f"{day}T15:00:00Z", "timeZone": zone},
        **fields,
    }


def reason(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["errors"][0]["reason"]
