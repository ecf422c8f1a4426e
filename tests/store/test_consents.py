"""A browser comes back once, with a state that only we could have made."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, update

from tests.store.things import NOON, at_once, later
from worker.core.connections import Account
from worker.core.consents import Consent, ConsentRefused, Reason
from worker.store import Store, open_store, tables
from worker.store.engine import Database
from worker.store.secrets import Secrets

GOOGLE = "google_calendar"
VERIFIER = "verifier-that-never-leaves-the-house"


@pytest.fixture
def consent(account: Account) -> Consent:
    return Consent(account.id, GOOGLE, "usr_1", "browser", VERIFIER, "https://x.example/callback", later(10))


def refusal(store: Store, state: str, integration: str = GOOGLE, now: datetime = NOON) -> ConsentRefused:
    with pytest.raises(ConsentRefused) as refused:
        store.consents.take(state, integration, now)
    return refused.value


def test_what_set_out_comes_back(store: Store, consent: Consent) -> None:
    assert store.consents.take(store.consents.begin(consent), GOOGLE, NOON) == consent


def test_two_flows_at_once_are_two(store: Store, consent: Consent) -> None:
    other = replace(consent, verifier="another")
    states = [store.consents.begin(one) for one in (consent, other)]
    assert [store.consents.take(state, GOOGLE, NOON) for state in reversed(states)] == [other, consent]


def test_a_state_is_good_once(store: Store, consent: Consent) -> None:
    state = store.consents.begin(consent)
    store.consents.take(state, GOOGLE, NOON)
    refused = refusal(store, state)
    assert (refused.reason, refused.team) == (Reason.USED, "usr_1")
    assert refusal(store, state, now=later(11)).reason is Reason.USED


def test_of_eight_that_come_at_once_one_gets_it(store: Store, consent: Consent) -> None:
    state = store.consents.begin(consent)
    got = at_once(8, lambda _: store.consents.take(state, GOOGLE, NOON))
    assert got.count(consent) == 1
    assert [one.reason for one in got if one != consent] == [Reason.USED] * 7


def test_who_comes_while_another_is_coming_gets_nothing(store: Store, consent: Consent, database_url: str) -> None:
    state = store.consents.begin(consent)
    database = Database(database_url)
    with ThreadPoolExecutor(1) as pool:
        with database.writing() as first:
            first.execute(update(tables.consents).values(used_at=NOON))
            second = pool.submit(store.consents.take, state, GOOGLE, NOON)
            time.sleep(0.3)  # by then it has looked, and waits for the row
            assert not second.done()
        with pytest.raises(ConsentRefused) as refused:
            second.result(10)
    database.dispose()
    assert refused.value.reason is Reason.USED


def test_a_state_expires(store: Store, consent: Consent) -> None:
    state = store.consents.begin(consent)
    refused = refusal(store, state, now=later(10))
    assert (refused.reason, refused.team) == (Reason.EXPIRED, "usr_1")
    assert store.consents.take(state, GOOGLE, later(9.99)) == consent


def test_a_state_is_of_one_integration_and_is_not_used_up_at_another(store: Store, consent: Consent) -> None:
    state = store.consents.begin(consent)
    assert refusal(store, state, "quickbooks").reason is Reason.UNKNOWN
    assert store.consents.take(state, GOOGLE, NOON) == consent


@pytest.mark.parametrize("state", ["", "nonsense", "ä", "x" * 5000, "gAAAAA==", "\x00"])
def test_a_state_that_is_none_is_unknown(store: Store, state: str) -> None:
    assert refusal(store, state).reason is Reason.UNKNOWN


def test_a_state_that_others_made_or_changed_is_unknown(store: Store, consent: Consent, keys: list[str]) -> None:
    state = store.consents.begin(consent)
    number = Secrets(keys).open(state)["consent"]
    forged = Secrets([Fernet.generate_key().decode()]).seal({"consent": number})
    for made in (forged, number, state[:-8] + "AAAAAAA=", Secrets(keys).seal({"access_token": number})):
        assert refusal(store, made).reason is Reason.UNKNOWN
    assert store.consents.take(state, GOOGLE, NOON) == consent


def test_a_state_outlives_a_rotation_of_the_keys(
    store: Store, consent: Consent, database_url: str, keys: list[str]
) -> None:
    state = store.consents.begin(consent)
    rotated = open_store(database_url, [Fernet.generate_key().decode(), *keys])
    assert rotated.consents.take(state, GOOGLE, NOON) == consent
    rotated.dispose()


def test_neither_verifier_nor_state_can_be_read_in_the_database(
    store: Store, consent: Consent, database_url: str, keys: list[str]
) -> None:
    state = store.consents.begin(consent)
    database = Database(database_url)
    with database.reading() as connection:
        kept = repr(connection.execute(select(tables.consents)).all())
    database.dispose()
    if database_url.startswith("sqlite"):
        home = Path(database_url.removeprefix("sqlite:///")).parent
        kept += "".join(path.read_bytes().decode("latin-1") for path in home.glob("visit-sync.db*"))
    for word in (VERIFIER, state, Secrets(keys).open(state)["consent"]):
        assert word not in kept


def test_the_verifier_goes_with_the_first_use(store: Store, consent: Consent, database_url: str) -> None:
    store.consents.take(store.consents.begin(consent), GOOGLE, NOON)
    database = Database(database_url)
    with database.reading() as connection:
        assert connection.execute(select(tables.consents.c.sealed)).scalars().all() == [""]
    database.dispose()


def test_what_expired_long_ago_is_forgotten_and_nothing_else(store: Store, consent: Consent) -> None:
    old, new = (store.consents.begin(replace(consent, expires_at=later(minutes))) for minutes in (10, 30))
    assert store.consents.forget(later(20)) == 1
    assert refusal(store, old).reason is Reason.UNKNOWN
    assert store.consents.take(new, GOOGLE, NOON)
