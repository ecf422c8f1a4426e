"""One refresh of a token at a time, and credentials that nobody reads in the file."""

import time
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, update

from tests.store.things import NOON, at_once, in_processes
from worker.core.connections import Account, Connection
from worker.core.errors import ConnectionRevoked, Invalid, Transient
from worker.store import Store, open_store, tables
from worker.store.engine import Database

REFRESH = """
import sys, time
from worker.store import open_store
url, key, connection_id, log = sys.argv[1:]
def refresh(credentials):
    with open(log, "a") as file:
        file.write("refreshed\\n")
    time.sleep(0.3)
    return {"access_token": "at-2", "refresh_token": "rt-2"}
print(open_store(url, [key]).grants.grant(int(connection_id)).renew("at-1", refresh)["access_token"])
"""


def test_eight_threads_with_the_same_stale_token_refresh_it_once(store: Store, google: Connection) -> None:
    calls: list[dict] = []

    def refresh(credentials: dict) -> dict:
        calls.append(dict(credentials))
        time.sleep(0.2)
        return {"access_token": "at-2", "refresh_token": "rt-2"}

    got = at_once(8, lambda _: store.grants.grant(google.id).renew("at-1", refresh))
    assert got == [{"access_token": "at-2", "refresh_token": "rt-2"}] * 8
    assert calls == [{"access_token": "at-1", "refresh_token": "rt-1"}]
    assert store.grants.grant(google.id).read() == got[0]


def test_two_processes_with_the_same_stale_token_refresh_it_once(
    google: Connection, database_url: str, keys: list[str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    arguments = [[database_url, keys[0], str(google.id), str(log)]] * 2
    assert in_processes(REFRESH, arguments) == ["at-2", "at-2"]
    assert log.read_text() == "refreshed\n"


def test_a_refresh_that_fails_lets_the_next_try(store: Store, google: Connection) -> None:
    grant = store.grants.grant(google.id)

    def refuse(_credentials: dict) -> dict:
        raise Transient("not now")

    with pytest.raises(Transient, match="not now"):
        grant.renew("at-1", refuse)
    assert grant.renew("at-1", lambda _: {"access_token": "at-2"})["access_token"] == "at-2"


def test_a_refresh_keeps_what_it_does_not_name(store: Store, google: Connection) -> None:
    grant = store.grants.grant(google.id)
    assert grant.renew("at-1", lambda _: {"access_token": "at-2"})["refresh_token"] == "rt-1"


def test_a_token_that_is_new_already_is_not_refreshed(store: Store, google: Connection) -> None:
    assert store.grants.grant(google.id).renew("at-0", pytest.fail)["access_token"] == "at-1"


def test_a_holder_that_comes_back_late_does_not_overwrite(
    store: Store, account: Account, google: Connection, database_url: str
) -> None:
    def late(_credentials: dict) -> dict:
        _let_locks_run_out(database_url)
        store.grants.grant(google.id).renew("at-1", lambda _: {"access_token": "at-2"})
        return {"access_token": "at-late"}

    grant = store.grants.grant(google.id)
    assert grant.renew("at-1", late)["access_token"] == "at-2"
    assert grant.read()["access_token"] == "at-2"


def test_a_refresh_that_a_reconnect_overtook_does_not_overwrite(
    store: Store, account: Account, google: Connection
) -> None:
    def late(_credentials: dict) -> dict:
        store.connections.connect(account.id, "google_calendar", {}, {"": {"access_token": "new"}}, NOON)
        return {"access_token": "at-late"}

    assert store.grants.grant(google.id).renew("at-1", late) == {"access_token": "new"}


def test_each_team_member_has_a_grant_of_their_own(store: Store, account: Account, google: Connection) -> None:
    grants = {"usr_1": {"access_token": "one"}, "usr_2": {"access_token": "two"}}
    store.connections.connect(account.id, "google_calendar", {}, grants, NOON)
    assert store.grants.grant(google.id, "usr_2").read() == {"access_token": "two"}
    with pytest.raises(ConnectionRevoked):
        store.grants.grant(google.id).read()


def test_without_credentials_the_connection_counts_as_revoked(
    store: Store, account: Account, google: Connection
) -> None:
    store.connections.disconnect(account.id, "google_calendar", NOON)
    with pytest.raises(ConnectionRevoked):
        store.grants.grant(google.id).renew("at-1", pytest.fail)


def test_secrets_cannot_be_read_in_the_database(
    store: Store, account: Account, google: Connection, database_url: str
) -> None:
    raw_key, secret = store.accounts.create("Other", NOON)[1:]
    database = Database(database_url)
    with database.reading() as connection:
        rows = [connection.execute(select(table)).all() for table in tables.metadata.sorted_tables]
    database.dispose()
    kept = repr(rows)
    if database_url.startswith("sqlite"):
        home = Path(database_url.removeprefix("sqlite:///")).parent
        kept += "".join(path.read_bytes().decode("latin-1") for path in home.glob("visit-sync.db*"))
    for word in (
        "rt-1",
        "at-1",
        raw_key,
        secret,
        secret.removeprefix("whsec_"),
        store.accounts.webhook_secret(account.id),
    ):
        assert word not in kept


def test_rotation_seals_everything_with_the_first_key(
    store: Store, account: Account, google: Connection, database_url: str, keys: list[str]
) -> None:
    secret = store.accounts.webhook_secret(account.id)
    new = Fernet.generate_key().decode()
    both = open_store(database_url, [new, *keys])
    assert both.grants.grant(google.id).read()["access_token"] == "at-1"
    assert both.rotate_secrets() == 2
    both.dispose()
    alone = open_store(database_url, [new])
    assert alone.grants.grant(google.id).read()["access_token"] == "at-1"
    assert alone.accounts.webhook_secret(account.id) == secret
    alone.dispose()
    with pytest.raises(Invalid, match="SECRET_KEYS: none of the keys opens"):
        store.grants.grant(google.id).read()


@pytest.mark.parametrize("keys", [[], ["short"], [""]])
def test_keys_that_are_none_are_refused_with_the_variables_name(keys: list[str]) -> None:
    with pytest.raises(Invalid, match=r"^SECRET_KEYS: "):
        open_store("sqlite:///x.db", keys)


def test_an_account_is_found_by_its_id_and_has_a_secret(store: Store) -> None:
    account, raw_key, secret = store.accounts.create("Other", NOON)
    assert raw_key.startswith("vs_live_")
    assert secret.startswith("whsec_")
    assert store.accounts.get(account.id) == account
    assert store.accounts.get("acc_nobody") is None
    assert store.accounts.webhook_secret("acc_nobody") is None


def _let_locks_run_out(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as connection:
        connection.execute(update(tables.grants).values(locked_until=NOON.replace(year=2020)))
    database.dispose()
