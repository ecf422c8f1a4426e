"""An account with two connections, and a sync that runs."""

import pytest

from tests.store.bookshelf import connected
from tests.store.things import NOON, start
from worker.core.connections import Account, Connection, StreamState
from worker.core.jobs import Job, Lease
from worker.store import Store


@pytest.fixture
def account(store: Store) -> Account:
    return store.accounts.create("Acme Heating", NOON)[0]


@pytest.fixture
def google(store: Store, account: Account) -> Connection:
    grants = {"": {"refresh_token": "rt-1", "access_token": "at-1"}}
    return store.connections.connect(account.id, "google_calendar", {"time_zone": "UTC"}, grants, NOON)


@pytest.fixture
def books(store: Store, account: Account) -> Connection:
    return connected(store, account.id)


@pytest.fixture
def fieldcamp(store: Store, account: Account) -> Connection:
    return store.connections.connect(account.id, "fieldcamp", {}, {"": {"api_key": "fc"}}, NOON)


@pytest.fixture
def running(store: Store, google: Connection) -> tuple[Job, Lease]:
    return start(store, google)


@pytest.fixture
def primary(store: Store, google: Connection) -> StreamState:
    return store.streams.ensure(google.id, ["primary"])["primary"]
