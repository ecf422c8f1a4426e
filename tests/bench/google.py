"""The demo's company over the real engine and the simulated Google, in this process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from worker.core.jobs import Job, JobRequest, JobStatus, Trigger
from worker.demo.company import API_KEY, Company
from worker.settings import Settings
from worker.simulators.town import Town, variables
from worker.sync.connect import connect
from worker.sync.request import request_sync
from worker.sync.run import run_job
from worker.wiring import Wiring, now

GOOGLE, FIELDCAMP = "google_calendar", "fieldcamp"
WRITES = frozenset({"events.insert", "events.patch", "events.update", "events.delete"})


@dataclass
class Firm:
    """An account with both its connections; ``sync`` runs one sync in the caller's thread."""

    town: Town
    company: Company
    url: str
    wiring: Wiring
    account_id: str = ""

    def __post_init__(self) -> None:
        self.house = replace(self.wiring.house, ring=lambda _: None)
        self.account_id = self.house.store.accounts.create("Bench & Co", now())[0].id
        connect(self.house, self.account_id, FIELDCAMP, {"api_key": API_KEY})
        self.sync(FIELDCAMP, Trigger.CLI)
        connect(self.house, self.account_id, GOOGLE, self.company.credentials, self.company.settings)

    def sync(self, integration: str = GOOGLE, trigger: Trigger = Trigger.EVENT) -> Job:
        job = request_sync(self.house, self.account_id, integration, JobRequest(trigger=trigger))
        assert run_job(self.house, job.id, "bench") is JobStatus.SUCCEEDED
        ended = self.house.store.jobs.get(job.id)
        assert ended is not None
        return ended

    def requests(self) -> Mapping[str, int]:
        """HTTP requests at Google since the last call: to write, to read, and for tokens; a batch is one."""
        entries = self.town.google.journal.entries()
        self.town.google.journal.clear()
        tokens = sum("token" in entry.path for entry in entries)
        writes = sum(entry.parts > 1 or "batch" in entry.path or entry.operation in WRITES for entry in entries)
        return {"writes": writes, "reads": len(entries) - tokens - writes, "tokens": tokens}


@contextmanager
def firm(folder: Path, keys: list[str], visits: int) -> Iterator[Firm]:
    """A firm with so many visits, none of them published."""
    town = Town()
    tomorrow = (now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    company = Company(town, tomorrow)
    company.found(visits)
    with town.serve() as served:
        values: dict[str, Any] = {name.lower(): value for name, value in variables(served.url).items()}
        database = f"sqlite:///{folder / 'firm.db'}"
        wiring = Wiring(Settings.model_validate({"database_url": database, "secret_keys": keys[0], **values}))
        wiring.store.upgrade()
        yield Firm(town, company, served.url, wiring)
        wiring.close()
    town.close()
