"""How many requests a second does the sync API answer?"""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from tests.bench.doors import Door
from tests.bench.table import ratio, show
from tests.bench.webhooks import send_all
from worker.core.connections import SCOPES

pytestmark = pytest.mark.bench

CLIENTS = 16
REQUESTS = 1500
TRIGGERS = 300
PER_KEY = 500
"""Below the quota of a minute."""

API = "/api/v1/integrations"
SYNC = f"{API}/google-calendar/sync"


def test_the_api_answers(door: Door) -> None:
    """Each kind of request from 16 clients with open connections, against the same server's ``/healthz``, which does
    nothing: so what the key, the quota in Redis and the database cost is seen, not the machine."""
    keys = [door.store.keys.create(door.account_id, SCOPES, datetime.now(UTC))[1] for _ in range(60)]
    others = [_other_account(door, number) for number in range(TRIGGERS)]
    nothing = _rate(door, "GET", "/healthz", lambda _: "", 200)
    accepted = _rate(door, "POST", SYNC, lambda place: others[place], 202, TRIGGERS)
    send_all(door.url, [_request(door, "POST", SYNC, keys[0], "Idempotency-Key: one\r\n")], 1)
    rates = {
        "a sync that is accepted": accepted,
        "a sync that is refused: one is queued": _rate(door, "POST", SYNC, _dealt(keys), 409),
        "a sync that is replayed": _rate(door, "POST", SYNC, _dealt(keys), 202, more="Idempotency-Key: one\r\n"),
        "the status of one integration": _rate(door, "GET", f"{API}/google-calendar/status", _dealt(keys), 200),
        "the list of jobs": _rate(door, "GET", f"{API}/jobs", _dealt(keys), 200),
        "the change feed": _rate(door, "GET", SYNC, _dealt(keys), 200),
    }
    rows = [(name, rate, ratio(rate / nothing)) for name, rate in rates.items()]
    show(f"The sync API ({door.database})", ("", "a second", "of /healthz"), [("/healthz", nothing, ""), *rows])
    assert min(rates.values()) > 0


def _dealt(keys: list[str]) -> Callable[[int], str]:
    """Keys in turn, each for so few requests that no quota is in the way."""
    taken = [keys.pop() for _ in range(REQUESTS // PER_KEY)]
    return lambda place: taken[place // PER_KEY]


def _rate(
    door: Door, method: str, path: str, key: Callable[[int], str], status: int, number: int = REQUESTS, more: str = ""
) -> float:
    requests = [_request(door, method, path, key(place), more) for place in range(number)]
    return number / send_all(door.url, requests, CLIENTS, status)


def _request(door: Door, method: str, path: str, key: str, more: str = "") -> bytes:
    who = f"Authorization: Bearer {key}\r\n" if key else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(door.url).netloc}\r\nContent-Length: 0\r\n"
    return f"{head}{who}{more}\r\n".encode()


def _other_account(door: Door, number: int) -> str:
    now = datetime.now(UTC)
    account, key, _ = door.store.accounts.create(f"Company {number}", now)
    door.store.connections.connect(account.id, "google_calendar", {}, {"": {"refresh_token": "x"}}, now)
    return key
