"""How many events a second can be taken in?"""

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from tests.bench.doors import Door
from tests.bench.table import ratio, show
from tests.bench.webhooks import envelope, request, send_all
from worker.sources.fieldcamp.events import parse_event
from worker.store.tables import events

pytestmark = pytest.mark.bench

CLIENTS = 16
EVENTS = 3000
SINGLES = 800
WARM = 500


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
