"""A company with many new invoices, over the real engine, and simulated FieldCamp and QuickBooks, in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from worker.core.connections import Connection
from worker.core.jobs import Job, JobRequest, JobStatus, Mode, Trigger
from worker.core.ports import Provider
from worker.http.slots import Slots
from worker.providers.quickbooks import MANIFEST, SLOT_LEASE, QuickBooksOnline, QuickBooksSettings
from worker.providers.quickbooks.service import Rates
from worker.settings import Settings
from worker.simulators.town import CLIENT_ID, CLIENT_SECRET, Town, variables
from worker.sync.connect import connect
from worker.sync.house import House
from worker.sync.request import request_sync
from worker.sync.run import run_job
from worker.wiring import Wiring, now

QUICKBOOKS, FIELDCAMP = MANIFEST.name, "fieldcamp"
FC_KEY, REALM = "fc_live_bench", "4620816365301"
ITEMS = 10
FREE = Rates(per_minute=1e7, batches_per_minute=1e7, per_second=1e7, at_once=10)
"""What Intuit allows in a minute would take up the time that is to be measured; ten at once it stays."""


@dataclass
class Ledgers:
    """An account with both its connections; ``sync`` runs one sync in the caller's thread."""

    town: Town
    url: str
    wiring: Wiring
    account_id: str = ""
    slots: Slots = field(default_factory=lambda: Slots(lease=SLOT_LEASE))

    def __post_init__(self) -> None:
        self.house: House = replace(self.wiring.house, ring=lambda _: None, open_provider=self._open)
        self.account_id = self.house.store.accounts.create("Bench & Co", now())[0].id
        connect(self.house, self.account_id, FIELDCAMP, {"api_key": FC_KEY})
        self.sync(FIELDCAMP, trigger=Trigger.CLI)
        grant = {"realm_id": REALM, "refresh_token": self.town.quickbooks.grant(REALM, CLIENT_ID)}
        connect(self.house, self.account_id, QUICKBOOKS, grant, {"income_account": "79"})

    def sync(
        self, integration: str = QUICKBOOKS, mode: Mode = Mode.INCREMENTAL, trigger: Trigger = Trigger.EVENT
    ) -> Job:
        job = request_sync(self.house, self.account_id, integration, JobRequest(mode, trigger=trigger))
        assert run_job(self.house, job.id, "bench") is JobStatus.SUCCEEDED
        ended = self.house.store.jobs.get(job.id)
        assert ended is not None
        return ended

    def requests(self) -> Mapping[str, int]:
        """HTTP requests at Intuit since the last call, by the simulator's name for them; a batch is one."""
        entries = self.town.quickbooks.journal.entries()
        self.town.quickbooks.journal.clear()
        return Counter(entry.operation for entry in entries)

    def caller(self) -> httpx.Client:
        """Somebody who talks to the API alone, over one connection."""
        headers = {"Authorization": f"Bearer {self.town.quickbooks.access_token(REALM, CLIENT_ID)}"}
        address = f"{self.url}/quickbooks/v3/company/{REALM}"
        return httpx.Client(base_url=address, headers={**headers, "Accept": "application/json"}, timeout=30)

    def _open(self, connection: Connection) -> Provider:
        there = QuickBooksSettings(
            base_url=f"{self.url}/quickbooks",
            token_url=f"{self.url}/quickbooks/oauth2/v1/tokens/bearer",
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            rates=FREE,
        )
        grant = self.house.store.grants.grant(connection.id)
        return QuickBooksOnline(there, grant, self.wiring.limits, self.slots, connection.account_id)


@contextmanager
def ledgers(folder: Path, keys: list[str], invoices: int, clients: int) -> Iterator[Ledgers]:
    """A company with so many invoices for so many clients, none of which the books have."""
    town = Town()
    _fill(town, invoices, clients)
    with town.serve() as served:
        values: dict[str, Any] = {name.lower(): value for name, value in variables(served.url).items()}
        database = f"sqlite:///{folder / 'ledgers.db'}"
        wiring = Wiring(Settings.model_validate({"database_url": database, "secret_keys": keys[0], **values}))
        wiring.store.upgrade()
        yield Ledgers(town, served.url, wiring)
        wiring.close()
    town.close()


def _fill(town: Town, invoices: int, clients: int) -> None:
    town.fieldcamp.add_account(FC_KEY)
    town.fieldcamp.configure(rate_limit_per_minute=None, rate_limit_per_day=None)
    town.quickbooks.set(minute_limit=None, batch_minute_limit=None)
    town.quickbooks.add_company(REALM)
    for number in range(ITEMS):
        town.fieldcamp.add_item(FC_KEY, id=f"itm_{number}", name=f"Work {number}", price=10 + number)
    for number in range(clients):
        told = {"id": f"cli_{number}", "name": f"Client {number}", "email": f"client{number}@bench.example"}
        town.fieldcamp.add_client(FC_KEY, **told)
    for number in range(invoices):
        lines = [{"itemId": f"itm_{number % ITEMS}", "quantity": 2}]
        town.fieldcamp.add_invoice(FC_KEY, clientId=f"cli_{number % clients}", lineItems=lines)
