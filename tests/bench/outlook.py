"""The demo's company with all its technicians in Outlook, over the real engine, in this process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from worker.core.jobs import Job, JobRequest, JobStatus, Trigger
from worker.demo.company import API_KEY, TECHNICIANS, Company
from worker.settings import Settings
from worker.simulators.town import Town, variables
from worker.sync.connect import connect
from worker.sync.request import request_sync
from worker.sync.run import run_job
from worker.wiring import Wiring, now

OUTLOOK, FIELDCAMP = "outlook_calendar", "fieldcamp"
WRITES = frozenset({"events.create", "events.update", "events.delete"})


@dataclass
class Office:
    """A town whose company is in Outlook, and the settings that lead there."""

    town: Town
    company: Company
    url: str
    values: Mapping[str, Any]

    def requests(self) -> Mapping[str, int]:
        """HTTP requests at Microsoft since the last call: to write, to read, and for tokens; a batch is one."""
        entries = self.town.outlook.journal.entries()
        self.town.outlook.journal.clear()
        graph = [entry for entry in entries if entry.path.startswith("/v1.0/")]
        writes = sum(entry.operation == "batch" or entry.operation in WRITES for entry in graph)
        return {"writes": writes, "reads": len(graph) - writes, "tokens": len(entries) - len(graph)}

    @contextmanager
    def worker(self) -> Iterator["Worker"]:
        """One more worker, which shares nothing with the others but the database and Redis."""
        wiring = Wiring(Settings.model_validate(dict(self.values)))
        yield Worker(self, wiring)
        wiring.close()


@dataclass
class Worker:
    """Runs syncs in the caller's thread."""

    office: Office
    wiring: Wiring

    def __post_init__(self) -> None:
        self.house = replace(self.wiring.house, ring=lambda _: None)

    def account(self) -> str:
        """A new account with both its connections, nothing published yet; its id."""
        account_id = self.onlooker()
        connect(self.house, account_id, FIELDCAMP, {"api_key": API_KEY})
        self.sync(account_id, FIELDCAMP, Trigger.CLI)
        return account_id

    def onlooker(self) -> str:
        """A new account with the same mailboxes and no visits; its id."""
        account_id = self.house.store.accounts.create("Bench & Co", now())[0].id
        company = self.office.company
        connect(self.house, account_id, OUTLOOK, company.outlook_credentials, company.outlook_settings)
        return account_id

    def sync(self, account_id: str, integration: str = OUTLOOK, trigger: Trigger = Trigger.EVENT) -> Job:
        job = request_sync(self.house, account_id, integration, JobRequest(trigger=trigger))
        assert run_job(self.house, job.id, "bench") is JobStatus.SUCCEEDED
        ended = self.house.store.jobs.get(job.id)
        assert ended is not None
        return ended


@contextmanager
def office(folder: Path, keys: list[str], visits: int, **values: Any) -> Iterator[Office]:
    """An office with so many visits, none of them published."""
    town = Town()
    tomorrow = (now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    company = Company(town, tomorrow, set(range(TECHNICIANS)))
    company.found(visits)
    with town.serve() as served:
        there = {name.lower(): value for name, value in variables(served.url).items()}
        database = f"sqlite:///{folder / 'office.db'}"
        found = Office(town, company, served.url, {"database_url": database, "secret_keys": keys[0], **there, **values})
        with found.worker() as first:
            first.wiring.store.upgrade()
        yield found
    town.close()
