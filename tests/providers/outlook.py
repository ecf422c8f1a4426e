"""A served Outlook simulator with what tests need around it: people, faults, and a record of what we sent."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount

from tests.providers.suite import MemoryGrant
from worker.core.preferences import CalendarPreferences
from worker.http.limits import Limits
from worker.http.mint import Mint
from worker.http.slots import Slots
from worker.providers.outlook_calendar import OutlookCalendar, OutlookSettings
from worker.simulators.faults import Fault
from worker.simulators.outlook_calendar import OutlookCalendarSimulator
from worker.simulators.server import App, Message, Receive, Scope, Send, serve

TECH, OTHER = "tech1@example.com", "tech2@example.com"
TENANT = "11111111-2222-3333-4444-555555555555"
API = r"^/v1\.0/"
NOW = datetime(2026, 5, 29, 14, 0, tzinfo=UTC)
"""The tests' visits are in this window."""


@dataclass(frozen=True)
class Sent:
    """One call of Graph, alone or inside a batch; ``path`` is below the version and has the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None


class Recorder:
    """Stands before the simulator and notes the bodies that its journal leaves out."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.sent: list[Sent] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parts: list[bytes] = []

        async def heard() -> Message:
            message = await receive()
            parts.append(message.get("body", b""))
            if message["type"] == "http.request" and not message.get("more_body"):
                self._note(scope, b"".join(parts))
            return message

        await self._app(scope, heard, send)

    def calls(self) -> Iterator[Sent]:
        """What was asked of Graph, each call of a batch by itself."""
        for one in list(self.sent):
            if one.path == "/$batch":
                yield from (
                    Sent(part["method"], part["url"], _lower(part["headers"]), part.get("body"))
                    for part in one.body["requests"]
                )
            else:
                yield one

    def _note(self, scope: Scope, body: bytes) -> None:
        path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
        if path.startswith("/v1.0/"):
            query = scope["query_string"].decode()
            whole = path.removeprefix("/v1.0") + (f"?{query}" if query else "")
            headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
            self.sent.append(Sent(scope["method"], whole, headers, json.loads(body) if body else None))


@dataclass
class Outlook:
    """The remote side: the simulator, where it is served, and what was made to reach it."""

    simulator: OutlookCalendarSimulator
    recorder: Recorder
    settings: OutlookSettings
    made: list[OutlookCalendar] = field(default_factory=list)

    def connected(
        self,
        grants: Mapping[str, MemoryGrant] | None = None,
        calendars: Mapping[str, str] | None = None,
        *,
        slots: Slots | None = None,
        limits: Limits | None = None,
        mint: Mint | None = None,
        settings: OutlookSettings | None = None,
        now: Callable[[], datetime] = lambda: NOW,
    ) -> OutlookCalendar:
        provider = OutlookCalendar(
            settings or self.settings,
            CalendarPreferences(calendars=calendars or {}),
            grants or {"": self.grant()},
            limits or Limits(),
            "acc_1",
            slots=slots or Slots(),
            mint=mint,
            now=now,
        )
        self.made.append(provider)
        return provider

    def grant(self, user: str = TECH) -> MemoryGrant:
        return MemoryGrant({"refresh_token": self.simulator.add_user(user)})

    def fault(self, **how: Any) -> int:
        return self.simulator.faults.add(Fault(**{"path": API, **how}))

    def requests(self, operation: str | None = None) -> int:
        """HTTP requests to Graph; those to the token endpoint are not among them."""
        entries = self.simulator.journal.entries(operation)
        return len([one for one in entries if one.path.startswith("/v1.0/")])

    def counted(self, name: str) -> Any:
        return self.simulator.counters()[name]


class OutlookPeople:
    """People in the first technician's calendar."""

    def __init__(self, outlook: Outlook) -> None:
        self._outlook = outlook
        self._simulator = outlook.simulator

    def live(self) -> list[str]:
        return [event["id"] for event in self._simulator.events(TECH)]

    def move(self, remote_id: str, start: datetime, end: datetime) -> None:
        self._simulator.person_moves(TECH, remote_id, start.isoformat(), end.isoformat())

    def retitle(self, remote_id: str, title: str) -> None:
        self._simulator.person_edits(TECH, remote_id, subject=title)

    def delete(self, remote_id: str) -> None:
        self._simulator.person_deletes(TECH, remote_id)

    def create(self, title: str, start: datetime, end: datetime) -> str:
        made = self._simulator.person_creates(TECH, subject=title, start=start.isoformat(), end=end.isoformat())
        return str(made["id"])

    def copy(self, remote_id: str) -> str:
        return str(self._simulator.person_copies(TECH, remote_id)["id"])

    def invite(self, remote_id: str, address: str) -> None:
        self._simulator.person_edits(TECH, remote_id, attendees=[{"emailAddress": {"address": address}}])

    def guests(self, remote_id: str) -> list[str]:
        return [guest["emailAddress"]["address"] for guest in self.event(remote_id)["attendees"]]

    def mails(self) -> int:
        """Invitations by us. Outlook has no way to keep the guests that a *person* invited from hearing that the event
        was moved or deleted, and those mails are not counted: they go out for what a person did, too."""
        bodies = [one.body for one in self._outlook.recorder.calls() if isinstance(one.body, dict)]
        return len([body for body in bodies if "attendees" in body])

    def event(self, remote_id: str) -> dict[str, Any]:
        return next(event for event in self._simulator.events(TECH) if event["id"] == remote_id)


class OutlookFaults:
    """What goes wrong at Microsoft."""

    def __init__(self, outlook: Outlook) -> None:
        self._outlook = outlook
        self._simulator = outlook.simulator

    def requests(self) -> int:
        return self._outlook.requests()

    def lose_answers(self, times: int | None = 1, *, carried_out: bool = True) -> None:
        self._outlook.fault(drop="after" if carried_out else "before", reset=True, times=times)

    def fail_part(self, index: int, times: int) -> None:
        self._outlook.fault(part_index=index, status=503, times=times)

    def expire_cursors(self) -> None:
        self._simulator.expire_delta_links()

    def revoke(self) -> None:
        self._simulator.revoke(TECH)

    def send_empty_pages(self) -> None:
        self._simulator.set(empty_pages=True, page_cap=2)


@contextmanager
def served_outlook() -> Iterator[Outlook]:
    """The simulator behind a path prefix; what was made of it is closed at the end.

    The transaction of a deleted event stays taken: Graph does not say whether it does, and only so can a key be used
    up by a deletion.
    """
    simulator = OutlookCalendarSimulator(seed=1)
    simulator.set(transactions_of_deleted=True)
    recorder = Recorder(simulator.app)
    with serve(Starlette(routes=[Mount("/outlook", app=recorder)])) as served:
        base = f"{served.url}/outlook"
        settings = OutlookSettings(f"{base}/v1.0", f"{base}/common", "client-id", "client-secret")
        outlook = Outlook(simulator, recorder, settings)
        yield outlook
        for provider in outlook.made:
            provider.close()


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
