"""API keys: known by their hash alone, looked up without a writer, revoked at once."""

import hashlib
from datetime import datetime

import pytest

from tests.statements import counted
from tests.store.things import NOON, at_once, later
from worker.core.connections import Account, ApiKey
from worker.store import Store, open_store
from worker.store.engine import Database

BOTH = frozenset({"sync:read", "sync:write"})


def make(store: Store, account: Account, label: str | None = None) -> tuple[ApiKey, str]:
    return store.keys.create(account.id, BOTH, NOON, label)


def last_used(store: Store, account: Account, key: ApiKey) -> datetime | None:
    return {each.id: each for each in store.keys.of(account.id)}[key.id].last_used_at


def test_a_key_is_found_by_its_text_and_by_nothing_else(store: Store, account: Account) -> None:
    key, raw_key = store.keys.create(account.id, ["sync:read", "sync:read"], NOON, "the office")
    assert raw_key.startswith("vs_live_")
    assert store.keys.find(raw_key) == key
    assert (key.account_id, key.scopes, key.label) == (account.id, {"sync:read"}, "the office")
    assert (key.created_at, key.last_used_at, key.revoked_at) == (NOON, None, None)
    for wrong in ("", raw_key + "x", raw_key[:-1], key.id, key.prefix, hashlib.sha256(raw_key.encode()).hexdigest()):
        assert store.keys.find(wrong) is None


def test_an_account_is_made_with_a_key_of_all_scopes(store: Store) -> None:
    account, raw_key, _ = store.accounts.create("Other", NOON)
    found = store.keys.find(raw_key)
    assert found is not None
    assert (found.account_id, found.scopes) == (account.id, BOTH)
    assert store.keys.of(account.id) == [found]


def test_neither_a_key_nor_its_whole_hash_leaves_the_store(store: Store, account: Account) -> None:
    key, raw_key = make(store, account)
    digest = hashlib.sha256(raw_key.encode()).hexdigest()
    assert key.id == f"key_{digest[:16]}"
    shown = repr(store.keys.of(account.id))
    assert key.id in shown
    assert raw_key not in shown
    assert raw_key[len(key.prefix) :] not in shown
    assert digest[:17] not in shown


def test_keys_are_listed_oldest_first_and_those_of_others_are_not(store: Store, account: Account) -> None:
    other = store.accounts.create("Other", NOON)[0]
    second = store.keys.create(account.id, BOTH, later(2))[0]
    first = store.keys.create(account.id, BOTH, later(1))[0]
    assert [key.id for key in store.keys.of(account.id)][1:] == [first.id, second.id]
    assert len(store.keys.of(other.id)) == 1
    assert store.keys.of("acc_nobody") == []


def test_a_revoked_key_opens_nothing_from_then_on_and_the_first_moment_stays(
    store: Store, account: Account, database_url: str, keys: list[str]
) -> None:
    other_process = open_store(database_url, keys)
    key, raw_key = make(store, account)
    assert other_process.keys.find(raw_key) == key
    assert store.keys.revoke(account.id, key.id, later(1))
    assert other_process.keys.find(raw_key) is None
    assert store.keys.revoke(account.id, key.id, later(2))
    assert {each.id: each.revoked_at for each in store.keys.of(account.id)}[key.id] == later(1)
    other_process.dispose()


def test_a_key_is_revoked_by_its_own_account_alone(store: Store, account: Account) -> None:
    other = store.accounts.create("Other", NOON)[0]
    key, raw_key = make(store, account)
    for account_id, key_id in [(other.id, key.id), (account.id, "key_0000000000000000"), (account.id, "key_")]:
        assert not store.keys.revoke(account_id, key_id, NOON)
    assert store.keys.find(raw_key) == key
    assert len(store.keys.of(account.id)) == 2
    assert all(each.revoked_at is None for each in store.keys.of(account.id))


def test_looking_up_takes_the_same_work_whatever_comes_and_writes_nothing(store: Store, account: Account) -> None:
    revoked, revoked_text = make(store, account)
    store.keys.revoke(account.id, revoked.id, NOON)
    work = []
    for raw_key in (make(store, account)[1], revoked_text, "vs_live_unknown", ""):
        with counted(store) as sent:
            store.keys.find(raw_key)
        work.append(sent)
    assert work == [work[0]] * 4
    assert len([text for text in work[0] if text.startswith("SELECT")]) == 1
    assert not [text for text in work[0] if text.startswith(("UPDATE", "INSERT", "BEGIN IMMEDIATE"))]


@pytest.mark.timeout(30)
def test_looking_up_needs_no_writer(store: Store, account: Account, database_url: str) -> None:
    key, raw_key = make(store, account)
    database = Database(database_url)
    with database.writing() as writer:
        writer.exec_driver_sql("UPDATE api_keys SET label = 'taken'")
        assert store.keys.find(raw_key) == key
    database.dispose()


def test_the_last_use_is_written_down_once_a_minute(store: Store, account: Account) -> None:
    key, _ = make(store, account)
    bystander, _ = make(store, account)
    seen = []
    for minutes in (0, 0.5, 0.99, 1, 1.5, 3):
        store.keys.note_use(account.id, key.id, later(minutes))
        seen.append(last_used(store, account, key))
    assert seen == [NOON, NOON, NOON, later(1), later(1), later(3)]
    assert last_used(store, account, bystander) is None


def test_of_many_that_note_a_use_at_once_one_writes(store: Store, account: Account) -> None:
    key, _ = make(store, account)
    at_once(8, lambda place: store.keys.note_use(account.id, key.id, later(place / 10)))
    first = last_used(store, account, key)
    assert first is not None
    assert NOON <= first <= later(0.7)
    store.keys.note_use(account.id, key.id, later(0.9))
    assert last_used(store, account, key) == first
