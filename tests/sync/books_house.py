"""A house with a company's books: FieldCamp and QuickBooks simulated over HTTP, the real source and provider."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.sync.small_house import KEY, empty_database
from worker.core.connections import Connection
from worker.core.jobs import Job, JobRecord, JobRequest, JobStatus, Mode, Trigger
from worker.core.ports import Provider, Source, Window
from worker.http.limits import Limits
from worker.http.slots import Slots
from worker.providers.quickbooks import MANIFEST, QuickBooksOnline, QuickBooksSettings
from worker.providers.quickbooks.service import TOKEN_PATH, Rates
from worker.simulators.fieldcamp import FieldCampSimulator
from worker.simulators.quickbooks import QuickBooksSimulator
from worker.simulators.quickbooks.simulator import CLIENT_ID, CLIENT_SECRET
from worker.simulators.server import serve
from worker.sources.fieldcamp import MANIFEST as SOURCE
from worker.sources.fieldcamp.account import FieldCamp
from worker.sources.fieldcamp.calls import Rate
from worker.sources.fieldcamp.events import parse_event
from worker.store import open_store
from worker.sync.house import House
from worker.sync.receive import receive_events
from worker.sync.request import request_sync
from worker.sync.run import run_job

BOOKS, REALM, FC_KEY = MANIFEST.name, "4620816365", "fc_live_books"
SETTINGS = {"income_account": "79", "item_accounts": {"Plumbing": "80"}}


@dataclass
class Street:
    """Both simulators on the loopback; start over for each test."""

    fieldcamp: FieldCampSimulator
    quickbooks: QuickBooksSimulator
    fieldcamp_url: str
    quickbooks_url: str


@contextmanager
def street() -> Iterator[Street]:
    fieldcamp, quickbooks = FieldCampSimulator(), QuickBooksSimulator()
    with serve(fieldcamp.app) as one, serve(quickbooks.app) as other:
        yield Street(fieldcamp, quickbooks, one.url, other.url)
    fieldcamp.close()
    quickbooks.close()


@dataclass
class BooksHouse:
    """One account with FieldCamp and the books of ``REALM``; money comes and goes as text, such as "10.10"."""

    street: Street
    path: Path
    preset: str = "us_no_tax"
    settings: dict[str, Any] = field(default_factory=lambda: dict(SETTINGS))
    switches: dict[str, Any] = field(default_factory=dict)
    ahead: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.fieldcamp, self.quickbooks = self.street.fieldcamp, self.street.quickbooks
        self.fieldcamp.reset()
        self.fieldcamp.add_account(FC_KEY)
        self.fieldcamp.configure(rate_limit_per_minute=None, rate_limit_per_day=None)
        self.quickbooks.reset()
        self.quickbooks.set(minute_limit=None, batch_minute_limit=None)
        self.quickbooks.add_company(REALM, self.preset, **self.switches)
        self.limits, self.slots = Limits(), Slots()
        self.path.write_bytes(empty_database())
        self.store = open_store(f"sqlite:///{self.path}", [KEY])
        self.account_id = self.store.accounts.create("Books & Co", self.now())[0].id
        self.house = House(
            store=self.store,
            manifests={SOURCE.name: SOURCE, BOOKS: MANIFEST},
            open_provider=self.open_provider,
            open_source=self.open_source,
            ring=lambda _: None,
            now=self.now,
            chance=lambda: 0.5,
            cadence=timedelta(minutes=30),
            debounce=timedelta(seconds=2),
            lease=timedelta(seconds=60),
        )
        grants = {"": {"api_key": FC_KEY}}
        self.store.connections.connect(self.account_id, SOURCE.name, {}, grants, self.now())
        self.connect()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def close(self) -> None:
        self.store.dispose()

    def connect(self) -> None:
        grants = {"": {"realm_id": REALM, "refresh_token": self.quickbooks.grant(REALM)}}
        connect = self.store.connections.connect
        connect(self.account_id, BOOKS, self.settings, grants, self.now(), realm=REALM)

    @property
    def connection(self) -> Connection:
        found = self.store.connections.find(self.account_id, BOOKS)
        assert found is not None
        return found

    def open_provider(self, connection: Connection) -> Provider:
        there = QuickBooksSettings(
            base_url=self.street.quickbooks_url,
            token_url=self.street.quickbooks_url + TOKEN_PATH,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            rates=Rates(1e7, 1e7, 1e7),
        )
        grant = self.store.grants.grant(connection.id)
        return QuickBooksOnline(there, grant, self.limits, self.slots, connection.account_id, now=self.now)

    def open_source(self, account_id: str, _: str = SOURCE.name) -> Source:
        connection = self.store.connections.find(account_id, SOURCE.name)
        assert connection is not None
        grant = self.store.grants.grant(connection.id)
        window = Window(self.now() - timedelta(days=30), self.now() + timedelta(days=365))
        url, rate = self.street.fieldcamp_url, Rate(1e9, 1e9)
        return FieldCamp(url, grant, self.limits, account_id, self.now, window, rate=rate, backoff=0.01)

    # FieldCamp

    def add(self, plural: str, **fields: Any) -> str:
        return str(self.fieldcamp.add(FC_KEY, plural, **fields)["id"])

    def client(self, name: str = "Ada Lovelace", **fields: Any) -> str:
        return self.add("clients", name=name, **fields)

    def item(self, name: str = "Boiler service", **fields: Any) -> str:
        return self.add("items", **{"name": name, "price": 100, "category": "Plumbing", **fields})

    def invoice(self, client: str, *lines: dict[str, Any], **fields: Any) -> str:
        return self.add("invoices", clientId=client, lineItems=list(lines), **fields)

    def payment(self, invoice: str, amount: float, **fields: Any) -> str:
        return self.add("payments", invoiceId=invoice, amount=amount, **fields)

    def change(self, plural: str, record_id: str, **fields: Any) -> None:
        self.fieldcamp.change(FC_KEY, plural, record_id, **fields)

    def remove(self, plural: str, record_id: str) -> None:
        self.fieldcamp.remove(FC_KEY, plural, record_id)

    def told(self, plural: str) -> list[dict[str, Any]]:
        return self.fieldcamp.records(FC_KEY, plural)

    def deliver(self, known: int = 0) -> int:
        """Hand over FieldCamp's events from the ``known``-th on; how many there are by now."""
        events = self.fieldcamp.events(FC_KEY)
        receive_events(self.house, [parse_event(event, self.account_id) for event in events[known:]])
        return len(events)

    # QuickBooks

    def objects(self, entity: str) -> list[dict[str, Any]]:
        return self.quickbooks.objects(REALM, entity)

    def live(self, entity: str) -> list[dict[str, Any]]:
        """Those that count: neither void nor inactive."""
        return [one for one in self.objects(entity) if one.get("Active", True) and not _is_void(one)]

    def totals(self) -> dict[str, Any]:
        return self.quickbooks.totals(REALM)

    # Syncs

    def sync(self, mode: Mode = Mode.INCREMENTAL, trigger: Trigger = Trigger.CLI, **request: Any) -> Job:
        job = request_sync(self.house, self.account_id, BOOKS, JobRequest(mode, trigger=trigger, **request))
        run_job(self.house, job.id, "test")
        ended = self.store.jobs.get(job.id)
        assert ended is not None
        return ended

    def records(self, job: Job) -> list[JobRecord]:
        return [record for _, record in self.store.jobs.records(job.id, limit=10_000)]

    def expire_leases(self) -> None:
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("UPDATE jobs SET lease_until = 0")

    def recover(self) -> None:
        """Every lease runs out and what was running starts again, until it ends."""
        for _ in range(9):
            self.expire_leases()
            self.store.jobs.requeue_lost(self.now())
            active = self.store.jobs.active(self.connection.id)
            if active is None:
                return
            if active.status is JobStatus.QUEUED:
                run_job(self.house, active.id, "another worker")
        raise AssertionError("the job does not come to an end")

    def assert_agreement(self) -> None:
        """Both sides are equal to the cent, and each thing is there once."""
        invoices = [one for one in self.told("invoices") if not one["voidedAt"]]
        ours = sum((Decimal(str(one["total"])) for one in invoices), Decimal(0))
        paid = sum((Decimal(str(one["amount"])) for one in self.told("payments")), Decimal(0))
        totals = self.totals()
        assert (Decimal(totals["invoices"]), len(self.live("Invoice"))) == (ours, len(invoices))
        assert Decimal(totals["payments"]) == paid
        assert Decimal(totals["open"]) == ours - paid


def _is_void(one: dict[str, Any]) -> bool:
    return str(one.get("PrivateNote", "")).startswith("Voided")


def line(item: str | None = None, price: float | None = None, quantity: float = 1, **fields: Any) -> dict[str, Any]:
    """A line of an invoice at FieldCamp."""
    told = {"itemId": item, "quantity": quantity, "price": price, **fields}
    return {name: value for name, value in told.items() if value is not None}
