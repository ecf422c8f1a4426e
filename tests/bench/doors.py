"""A web process with a database and a Redis of its own, to knock at."""

import io
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from tests.servers.postgres import Postgres
from tests.servers.redis import RedisServer
from worker.child import Child, Command
from worker.store import Store, open_store


@dataclass
class Door:
    """A running web process, and a store on the same database."""

    database: str
    store: Store
    url: str
    account_id: str
    secret: str


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def door(request: pytest.FixtureRequest, tmp_path: Path, keys: list[str]) -> Iterator[Door]:
    if request.param == "SQLite":
        url = f"sqlite:///{tmp_path / 'door.db'}"
    else:
        durable: Postgres = request.getfixturevalue("durable_postgres")
        url = durable.create(f"door_{uuid4().hex}")
    store = open_store(url, keys)
    store.upgrade()
    account, _, secret = store.accounts.create("Many Events", datetime.now(UTC))
    store.connections.connect(account.id, "google_calendar", {}, {"": {"refresh_token": "x"}}, datetime.now(UTC))
    server = RedisServer(port=0).start()
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
        server.close()
        store.dispose()


def _address(output: io.StringIO) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for line in output.getvalue().splitlines():
            if "listening on " in line:
                return line.partition("listening on ")[2]
        time.sleep(0.05)
    raise AssertionError(output.getvalue())
