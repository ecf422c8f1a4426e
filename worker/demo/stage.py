"""What the demo plays on: a database and a broker of its own, the real web, worker and beat, and simulated
providers.
"""

import io
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from cryptography.fernet import Fernet

from worker.child import Child, Command
from worker.core.errors import SyncError, SyncInProgress
from worker.core.jobs import ACTIVE, Job, JobRequest, Mode, Trigger
from worker.demo.books import Books
from worker.demo.company import API_KEY, Company
from worker.embedded import EmbeddedRedis
from worker.settings import Settings, environment_with
from worker.simulators.server import Served
from worker.simulators.town import WEBHOOK_VERIFIER, Town, variables
from worker.sync.connect import connect
from worker.sync.request import request_sync
from worker.wiring import Wiring, now

GOOGLE, OUTLOOK, QUICKBOOKS = "google_calendar", "outlook_calendar", "quickbooks"
REVIEWS, SELL = "review_rover", "zendesk_sell"
LEASE, DEBOUNCE, CADENCE = "5", "0.5", "30"
"""Seconds: a demo waits for nothing as long as a real company may."""


class Stuck(SyncError):
    """Something that the demo waits for does not come."""

    code = "DEMO_STUCK"


@dataclass
class Stage:
    """Everything that runs; ``wiring`` looks into the same database as the processes do."""

    town: Town
    company: Company
    books: Books
    wiring: Wiring
    children: dict[str, Child]
    web_url: str
    output: io.StringIO
    account_id: str = ""
    api_key: str = ""
    kills: int = 0
    _last: dict[str, Job] = field(default_factory=dict)

    def tend(self) -> None:
        for child in self.children.values():
            child.tend()

    def wait_until(self, what: str, holds: Callable[[], bool], seconds: float = 90) -> None:
        """Wait, keeping everything alive. Raises Stuck."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise Stuck(f"The demo waited {seconds:g} s for {what}.")
            self.tend()
            time.sleep(0.05)

    def open_account(self) -> None:
        """An account with all its connections, and FieldCamp sending it events."""
        house = self.wiring.house
        account, self.api_key, secret = house.store.accounts.create("Demo Heating & Plumbing", now())
        self.account_id = account.id
        url = f"{self.web_url}/webhooks/fieldcamp/{account.id}"
        self.town.fieldcamp.subscribe(API_KEY, url, secret, "t_v1")
        connect(house, account.id, "fieldcamp", {"api_key": API_KEY})
        self.connect_calendars()

    def connect_calendars(self) -> None:
        """Connect both, or connect them anew after a technician has moved from one to the other."""
        house, company = self.wiring.house, self.company
        connect(house, self.account_id, GOOGLE, company.credentials, company.settings)
        if company.on_outlook:
            connect(house, self.account_id, OUTLOOK, company.outlook_credentials, company.outlook_settings)

    def open_books(self) -> None:
        """The company's books, with Intuit telling of changes in them."""
        self.town.quickbooks.subscribe(f"{self.web_url}/webhooks/quickbooks", WEBHOOK_VERIFIER, "cloudevents")
        connect(self.wiring.house, self.account_id, QUICKBOOKS, self.books.credentials, self.books.settings)

    @property
    def calendars(self) -> tuple[str, ...]:
        """The integrations whose calendars are in use."""
        return (GOOGLE, OUTLOOK) if self.company.on_outlook else (GOOGLE,)

    def jobs(self) -> list[Job]:
        """The syncs of calendars, books and reviews so far, newest first."""
        listed = self.wiring.store.jobs.listed(self.account_id, limit=2000)
        return [job for job in listed if job.integration in (*self.calendars, QUICKBOOKS, REVIEWS)]

    def sync(self, integration: str, mode: Mode = Mode.INCREMENTAL) -> None:
        """Ask for a sync as an operator does, once none is under way, and wait for its end."""
        asked: list[Job] = []
        self.wait_until("the sync to begin", lambda: self._has_begun(integration, mode, asked))
        self.wait_until("the sync to end", lambda: self._has_ended(asked[0].id))

    def _has_begun(self, integration: str, mode: Mode, asked: list[Job]) -> bool:
        wanted = JobRequest(mode, trigger=Trigger.CLI)
        with suppress(SyncInProgress):  # the timer was quicker
            asked.append(request_sync(self.wiring.house, self.account_id, integration, wanted))
        return bool(asked)

    def _has_ended(self, job_id: str) -> bool:
        job = self.wiring.store.jobs.get(job_id)
        return job is not None and job.status not in ACTIVE

    def settle(self) -> None:
        """Wait until every event is delivered and no sync runs or is due."""
        self.wait_until("the house to be quiet", self.is_quiet)

    def is_quiet(self) -> bool:
        """Every event and every message of Intuit's is delivered, and no sync runs or is about to."""
        if not (self.town.fieldcamp.wait_until_delivered(0.01) and self.town.quickbooks.wait_until_delivered(0.01)):
            return False
        soon = now() + timedelta(seconds=float(DEBOUNCE) + 1.5)
        connections = self.wiring.store.connections.of(self.account_id)
        idle = all(self.wiring.store.jobs.active(connection.id) is None for connection in connections)
        return idle and not any(_is_due(connection.next_look_at, soon) for connection in connections)

    def kill_worker(self, middle: Callable[[], bool]) -> None:
        """``kill -9`` for the worker and all its children, in the ``middle`` of their work."""
        self.wait_until("work to be under way", middle)
        self.children["worker"].kill()
        self.kills += 1

    def is_writing(self, integration: str) -> bool:
        """Whether a sync of this integration has written something and still runs."""
        running = [job for job in self.jobs()[:6] if job.integration == integration and job.status in ACTIVE]
        return any(job.counts.pushed > 0 for job in running)


def _is_due(at: datetime | None, soon: datetime) -> bool:
    return at is not None and at < soon


@contextmanager
def set_up(settings: Settings, port: int, visits: int, on_outlook: Collection[int] = ()) -> Iterator[Stage]:
    """A stage with a company of so many visits, these of its technicians with Outlook; everything is taken down again
    at the end."""
    folder = Path(tempfile.mkdtemp(prefix="visit-sync-"))
    redis, town, output = EmbeddedRedis(folder), Town(), io.StringIO()
    served: Served | None = None
    children: dict[str, Child] = {}
    wiring: Wiring | None = None
    try:
        served = town.serve()
        company, books = Company(town, _tomorrow(), set(on_outlook)), Books(town)
        company.found(visits)
        books.found()
        environment = {
            "DATABASE_URL": f"sqlite:///{folder / 'visit-sync.db'}",
            "SECRET_KEYS": Fernet.generate_key().decode(),
            "REDIS_URL": redis.start().client,
            "HOST": settings.host,
            "PORT": str(port),
            "PUBLIC_URL": f"http://{settings.host}:{port}",
            "SYNC_LEASE_SECONDS": LEASE,
            "SYNC_DEBOUNCE_SECONDS": DEBOUNCE,
            "SYNC_CADENCE_SECONDS": CADENCE,
            **variables(served.url),
        }
        wiring = Wiring(Settings.model_validate({name.lower(): value for name, value in environment.items()}))
        wiring.store.upgrade()
        full = environment_with(**environment)
        for name in ("web", "worker", "beat"):
            command = Command(name, (sys.executable, "-m", "worker.cli", name))
            children[name] = Child(command, full, output, width=6)
        stage = Stage(town, company, books, wiring, children, f"http://{settings.host}:{port}", output)
        stage.wait_until("the web process to answer", lambda: _answers(stage.web_url))
        yield stage
    finally:
        for child in children.values():
            child.kill()
        if wiring is not None:
            wiring.close()
        if served is not None:
            served.stop()
        town.close()
        redis.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _tomorrow() -> datetime:
    return (now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=1).is_success
    except httpx.HTTPError:
        return False
