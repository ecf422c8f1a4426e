"""Visit Sync as it is run: web, worker and beat as processes, a real Redis and database, providers simulated."""

import json
import os
import socket
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from celery import Celery
from cryptography.fernet import Fernet
from sqlalchemy import NullPool, Table, create_engine, select, text

from tests.servers.redis import RedisServer
from tests.system.processes import Running
from worker.core.connections import Connection
from worker.core.errors import SyncInProgress
from worker.core.jobs import ACTIVE, Job, JobRequest, JobStatus, Mode
from worker.demo.company import API_KEY, Company
from worker.demo.comparison import compare
from worker.settings import Settings, environment_with
from worker.simulators.faults import Fault
from worker.simulators.fieldcamp.signing import signature_headers
from worker.simulators.town import Town, variables
from worker.store.tables import jobs
from worker.sync.connect import connect
from worker.sync.request import request_sync
from worker.wiring import Wiring, now

LEASE, DEBOUNCE = 3.0, 0.2
GOOGLE, FIELDCAMP = "google_calendar", "fieldcamp"
TRANSACTIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
"""


class System:
    """One installation with one account; ``wiring`` looks into the same database as the processes do."""

    def __init__(self, folder: Path, database_url: str, visits: int = 0) -> None:
        self.folder, self.database_url = folder, database_url
        self.redis = RedisServer(port=0).start()
        self.town = Town()
        self.served = self.town.serve()
        self.company = Company(self.town, tomorrow())
        self.company.found(visits)
        self.port = free_port()
        self.variables = {
            "DATABASE_URL": database_url,
            "REDIS_URL": self.redis.url,
            "SECRET_KEYS": Fernet.generate_key().decode(),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "SYNC_LEASE_SECONDS": str(LEASE),
            "SYNC_DEBOUNCE_SECONDS": str(DEBOUNCE),
            "SYNC_CADENCE_SECONDS": "3600",
            **variables(self.served.url),
        }
        self.wiring = Wiring(Settings.model_validate({name.lower(): value for name, value in self.variables.items()}))
        self.wiring.store.upgrade()
        self._engine = create_engine(database_url, poolclass=NullPool)
        self.running: list[Running] = []
        self._numbers = count(visits)
        self._logs = count(1)
        self._open_account()

    def _open_account(self) -> None:
        account, self.api_key, self.secret = self.wiring.store.accounts.create("System & Daughters", now())
        self.account_id = account.id
        self.town.fieldcamp.subscribe(API_KEY, self.webhook_url, self.secret)
        connect(self.wiring.house, account.id, FIELDCAMP, {"api_key": API_KEY})
        connect(self.wiring.house, account.id, GOOGLE, self.company.credentials, self.company.settings)

    def close(self) -> None:
        for process in self.running:
            process.kill()
        self.wiring.close()
        self.served.stop()
        self.town.close()
        self.redis.close()

    # Processes

    def start(self, *arguments: str, **environment: str) -> Running:
        """One more process."""
        log = self.folder / f"{next(self._logs)}-{arguments[0]}.log"
        process = Running(arguments, environment_with(**{**self.variables, **environment}), log)
        self.running.append(process)
        return process

    def have(self, **wanted: int) -> None:
        """See to it that so many processes of each role run, and that the web answers."""
        for role, number in wanted.items():
            alive = self.alive(role)
            for process in alive[number:]:
                process.kill()
            for _ in range(number - len(alive)):
                self.start(role, *(["--concurrency", "2"] if role == "worker" else []))
        if wanted.get("web"):
            self.wait_until("the web to answer", self.answers, 15)

    def alive(self, role: str) -> list[Running]:
        return [process for process in self.running if process.role == role and process.is_alive]

    def answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2).is_success
        except httpx.HTTPError:
            return False

    def owner(self, job: Job) -> int:
        """The id of the process that runs a job: with prefork that of the child."""
        found = self.rows(jobs, jobs.c.id == job.id)[0]["owner"]
        assert found is not None, "nobody has that job"
        return int(found.rpartition(":")[2])

    def worker_of(self, job: Job) -> Running:
        return next(worker for worker in self.alive("worker") if worker.owns(self.owner(job)))

    def freeze(self, worker: Running) -> None:
        """Pause a worker where it holds no lock in PostgreSQL, which would keep it for as long as the client sleeps."""

        def paused_outside_of_transactions() -> bool:
            worker.pause()
            for _ in range(10):
                if not self._transactions():
                    return True
                time.sleep(0.02)
            worker.resume()
            return False

        self.wait_until("a moment without a transaction", paused_outside_of_transactions)

    def _transactions(self) -> int:
        with self._engine.connect() as connection:
            return int(connection.execute(text(TRANSACTIONS)).scalar_one())

    def is_sound(self, **wanted: int) -> bool:
        """Whether the next test can begin here, with so many processes of each role."""
        try:
            self.have(**wanted)
            self.wait_until("a quiet system", self.is_quiet, 5)
        except AssertionError:
            return False
        return compare(self.town).agree

    # What happens at FieldCamp

    def add_visits(self, number: int, *, told: bool = True) -> list[str]:
        """Plan new visits, with an event for each, or silently; their ids."""
        visits = [self.company.next_visit(next(self._numbers)) for _ in range(number)]
        if told:
            for visit in visits:
                self.town.fieldcamp.add_visit(API_KEY, **visit)
        else:
            self.town.fieldcamp.load_visits(API_KEY, visits)
        return [visit["id"] for visit in visits]

    def change(self, visit_id: str, **fields: Any) -> None:
        self.town.fieldcamp.change_visit(API_KEY, visit_id, **fields)

    def visit(self, visit_id: str) -> dict[str, Any]:
        return next(visit for visit in self.town.fieldcamp.visits(API_KEY) if visit["id"] == visit_id)

    def envelope(self, visit_id: str) -> dict[str, Any]:
        """The last event about a visit."""
        events = self.town.fieldcamp.events(API_KEY)
        return [event for event in events if event["data"]["object"]["id"] == visit_id][-1]

    @property
    def webhook_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/fieldcamp/{self.account_id}"

    def post(self, envelope: dict[str, Any]) -> httpx.Response:
        """Deliver an event by hand, signed."""
        body = json.dumps(envelope).encode()
        signed = signature_headers("t_v1", self.secret, envelope["id"], int(time.time()), body)
        return httpx.post(self.webhook_url, content=body, headers=signed, timeout=10)

    # What calendars show

    def shown(self, visit_id: str) -> list[tuple[str, dict[str, Any]]]:
        """The events of a visit, each with its calendar."""
        calendars = [row["calendar"] for row in self.company.settings["calendars"]]
        return [(name, event) for name in calendars for event in self.town.google.events(name) if _is(event, visit_id)]

    def agrees(self) -> bool:
        return compare(self.town).agree

    def assert_agreement(self) -> None:
        """Once everything is quiet, each calendar shows each visit that it should, once and right."""
        self.settle()
        assert compare(self.town).differences == []

    # Jobs

    @property
    def connection(self) -> Connection:
        found = self.wiring.store.connections.find(self.account_id, GOOGLE)
        assert found is not None
        return found

    def request(self, mode: Mode = Mode.INCREMENTAL) -> Job:
        """Ask for a sync as the API does."""
        return request_sync(self.wiring.house, self.account_id, GOOGLE, JobRequest(mode))

    def request_until_accepted(self, seconds: float) -> Job:
        """Ask until no other sync is in the way."""
        accepted: list[Job] = []

        def ask() -> bool:
            try:
                accepted.append(self.request())
            except SyncInProgress:
                return False
            return True

        self.wait_until("a sync to be accepted", ask, seconds)
        return accepted[0]

    def job(self, job_id: str) -> Job:
        found = self.wiring.store.jobs.get(job_id)
        assert found is not None
        return found

    def ended(self, job: Job, seconds: float = 30) -> Job:
        """The job after its end."""
        self.wait_until("the job to end", lambda: self.job(job.id).status not in ACTIVE, seconds)
        return self.job(job.id)

    def jobs(self) -> list[Job]:
        """The Google syncs so far, newest first."""
        return self.wiring.store.jobs.listed(self.account_id, GOOGLE, limit=1000)

    def caught_in_the_middle(self, visits: int) -> Job:
        """A sync that has pushed some of so many new visits, and not all, at a Google that is slow from now on."""
        self.settle()
        self.add_visits(visits, told=False)
        self.delay("batch", 0.5)
        job = self.request()
        self.wait_until("a sync to push something", lambda: self.job(job.id).counts.pushed > 0)
        caught = self.job(job.id)
        assert caught.status is JobStatus.RUNNING
        assert 0 < caught.counts.pushed < visits
        return caught

    def delay(self, operation: str, seconds: float) -> None:
        """From now on each such request to Google takes so long; ``batch`` and ``events.list`` are most of them."""
        self.town.google.faults.clear()
        self.town.google.faults.add(Fault(operation=operation, delay=seconds, times=None))

    def hurry(self) -> None:
        """Google is fast again."""
        self.town.google.faults.clear()

    # Waiting and looking

    def is_quiet(self) -> bool:
        """Every event is delivered, and no sync runs or is about to."""
        if not self.town.fieldcamp.wait_until_delivered(0.01):
            return False
        return not self._is_due() and self._is_idle() and not self._is_due()

    def _is_idle(self) -> bool:
        store = self.wiring.store
        return all(store.jobs.active(each.id) is None for each in store.connections.of(self.account_id))

    def _is_due(self) -> bool:
        soon = now() + timedelta(seconds=60)
        looks = [each.next_look_at for each in self.wiring.store.connections.of(self.account_id)]
        return any(look is not None and look < soon for look in looks)

    def settle(self) -> None:
        self.wait_until("everything to be quiet", self.is_quiet)

    def wait_until(self, what: str, holds: Callable[[], bool], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds:g} s for {what}\n{self._last_words()}")
            time.sleep(0.02)

    def rows(self, table: Table, *conditions: Any) -> list[dict[str, Any]]:
        """What a table holds, in the order of its key."""
        statement = select(table).where(*conditions).order_by(*table.primary_key.columns)
        with self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(statement)]

    def stranger(self) -> Celery:
        """A Celery application that shares our broker and knows nothing of us."""
        return Celery("stranger", broker=self.redis.broker_url, backend=self.redis.broker_url, set_as_current=False)

    def _last_words(self) -> str:
        told = [f"--- {process.role} {process.pid}\n{process.output[-1500:]}" for process in self.running[-4:]]
        latest = [f"{job.id} {job.status} attempts={job.attempts} {job.counts} {job.error}" for job in self.jobs()[:4]]
        return "\n".join([*latest, *told])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def intervals(found: Sequence[Job]) -> list[tuple[datetime, datetime]]:
    """From when to when each job ran, oldest first."""
    return sorted((job.started_at, job.finished_at) for job in found if job.started_at and job.finished_at)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _is(event: dict[str, Any], visit_id: str) -> bool:
    key: str = event.get("extendedProperties", {}).get("private", {}).get("visitSyncKey", "")
    return key.rpartition(".")[0] == visit_id


def tomorrow() -> datetime:
    return (now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
