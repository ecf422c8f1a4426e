"""How many events a second can be taken in?"""

import io
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from tests.bench.table import ratio, show
from tests.bench.webhooks import envelope, request, send_all
from tests.servers.postgres import Postgres
from tests.servers.redis import RedisServer
from worker.child import Child, Command
from worker.sources.fieldcamp.events import parse_event
from worker.store import Store, open_store
from worker.store.tables import events

pytestmark = pytest.mark.bench

CLIENTS = 16
EVENTS = 3000
SINGLES = 800
WARM = 500


@dataclass
class Door:
    """A running web process, and a store on the same database."""

    database: str
    store: Store
    url: str
    account_id: str
    secret: str


@pytest.fixture
def server() -> Iterator[RedisServer]:
    started = RedisServer(port=0).start()
    yield started
    started.close()


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def door(request: pytest.FixtureRequest, tmp_path: Path, keys: list[str], server: RedisServer) -> Iterator[Door]:
    if request.param == "SQLite":
        url = f"sqlite:///{tmp_path / 'intake.db'}"
    else:
        durable: Postgres = request.getfixturevalue("durable_postgres")
        url = durable.create("intake")
    store = open_store(url, keys)
    store.upgrade()
    account, _, secret = store.accounts.create("Many Events", datetime.now(UTC))
    store.connections.connect(account.id, "google_calendar", {}, {"": {"refresh_token": "x"}}, datetime.now(UTC))
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "SECRET_KEYS": keys[0],
        "REDIS_URL": server.url,
        "PORT": "0",
    }
    output = io.StringIO()
    web = Child(Command("web", (sys.executable, "-m", "worker.cli", "web")), environment, output)
    web.tend()
    try:
        yield Door(request.param, store, _address(output), account.id, secret)
    finally:
        web.kill()
        store.dispose()


def _address(output: io.StringIO) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for line in output.getvalue().splitlines():
            if "listening on " in line:
                return line.partition("listening on ")[2]
        time.sleep(0.05)
    raise AssertionError(output.getvalue())


def test_many_clients_share_commits(door: Door) -> None:
    """Compares events taken in through HTTP (signature, JSON, stored, then 202; 16 clients on open connections) with
    what the same database does when each event is a transaction of its own: once with all the work that an event is
    (``Inbox.take``), once the bare INSERT.

    Group commit is there so that HTTP and signatures cost less than commits save. All on the same two cores, the
    clients too; PostgreSQL and SQLite with each commit on the disk.
    """
    url = f"{door.url}/webhooks/fieldcamp/{door.account_id}"
    send_all(url, [request(url, door.secret, number) for number in range(WARM)], CLIENTS)
    requests = [request(url, door.secret, number) for number in range(WARM, WARM + EVENTS)]
    through_http = EVENTS / send_all(url, requests, CLIENTS)
    each_alone = SINGLES / _one_by_one(door, 10_000_000)
    bare = SINGLES / _bare(door, 20_000_000)
    show(
        f"Events taken in ({door.database})",
        ("", "a second", "HTTP against it"),
        [
            (f"through HTTP, {CLIENTS} clients", through_http, ""),
            ("the same work, one event a transaction", each_alone, ratio(through_http / each_alone)),
            ("a bare INSERT, one a transaction", bare, ratio(through_http / bare)),
        ],
    )
    assert _stored(door) == WARM + EVENTS + 2 * SINGLES


def _one_by_one(door: Door, first: int) -> float:
    parsed = [parse_event(envelope(first + number), door.account_id) for number in range(SINGLES)]
    begun = time.perf_counter()
    for event in parsed:
        now = datetime.now(UTC)
        door.store.inbox.take([event], due=now, now=now)
    return time.perf_counter() - begun


def _bare(door: Door, first: int) -> float:
    rows = [_row(door, envelope(first + number)) for number in range(SINGLES)]
    begun = time.perf_counter()
    for row in rows:
        with door.store._database.writing() as connection:
            connection.execute(insert(events), row)
    return time.perf_counter() - begun


def _row(door: Door, body: dict[str, object]) -> dict[str, object]:
    now = datetime.now(UTC)
    times = {"created_at": now, "received_at": now}
    return {"account_id": door.account_id, "event_id": body["id"], "type": body["type"], "body": body, **times} | {
        "result": "ignored"
    }


def _stored(door: Door) -> int:
    with door.store._database.reading() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one()
