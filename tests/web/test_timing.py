"""What an attacker could measure: checks of keys and signatures do the same work, whatever they are given.

Work is counted, not timed: statements to the database, secrets opened, digests made and compared.
"""

from __future__ import annotations

import hmac
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.statements import counted
from tests.web.odd_webhooks import signed
from tests.web.premises import Premises, premises
from worker import reception
from worker.core.connections import ApiKey
from worker.reception import MOST_SECRETS, NOBODYS_SECRET, Reception
from worker.sources.fieldcamp import signature
from worker.store import secrets
from worker.wiring import now

BODY = b'{"id": "evt_1"}'
UNKNOWN = "acc_01HZX2Q8YV3D1G0N3WJ2P7K9MA"
WRONG = "whsec_d3JvbmcgYnV0IGp1c3QgYXMgbG9uZyBhcyB0aGUgcmlnaHQ="
STYLES = ["t_v1", "sha256", "hex", "standard_webhooks"]
Headers = dict[str, str]
Work = dict[str, int]


@dataclass(slots=True)
class Watch:
    """Counts what is done while a check runs."""

    found: Premises
    done: Counter[str]

    def work(self, check: Callable[[], Any]) -> tuple[Any, Work]:
        self.done.clear()
        with counted(self.found.wiring.store) as statements:
            said = check()
        selects = [text for text in statements if text.startswith("SELECT")]
        return said, {**self.done, "statements": len(statements), "selects": len(selects)}

    def verified(self, account_id: str, headers: Headers, reception: Reception | None = None) -> tuple[bool, Work]:
        """What a fresh reception, or this one, says of the body with these headers."""
        door = reception or Reception(self.found.wiring)
        said, work = self.work(lambda: door.verify_event(account_id, headers, BODY, now()))
        return bool(said), work


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    done: Counter[str] = Counter()

    def noting(name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **options: Any) -> Any:
            done[name] += 1
            return act(*arguments, **options)

        return noted

    with premises(tmp_path / "visit-sync.db") as found:
        ours = SimpleNamespace(
            new=noting("digests", hmac.new), compare_digest=noting("comparisons", hmac.compare_digest)
        )
        monkeypatch.setattr(signature, "hmac", ours)
        monkeypatch.setattr(signature.Webhook, "sign", noting("digests", signature.Webhook.sign))
        monkeypatch.setattr(secrets.Secrets, "open", noting("opened", secrets.Secrets.open))
        monkeypatch.setattr(secrets, "hashed", noting("hashes", secrets.hashed))
        yield Watch(found, done)


def headers(style: str, secret: str) -> Headers:
    return {name.decode(): value.decode() for name, value in signed(BODY, secret, style)}


def altered(given: Headers, change: Callable[[str], str]) -> Headers:
    """The headers with another signature in the last of them."""
    *_, last = given
    return {**given, last: change(given[last])}


CHANGES: dict[str, Callable[[str], str]] = {
    "cut by one": lambda value: value[:-1],
    "cut to its half": lambda value: value[: -len(value) // 4],
    "one character more": lambda value: value + "0",
    "another last character": lambda value: value[:-2] + ("00" if value[-2:] != "00" else "11"),
    "not ASCII": lambda value: value[:-2] + "éé",
}


@pytest.mark.parametrize("style", STYLES)
def test_a_signature_is_checked_with_the_same_work_whatever_is_wrong_with_it(watch: Watch, style: str) -> None:
    right = headers(style, watch.found.secret)
    accepted, work = watch.verified(watch.found.account_id, right)
    assert accepted
    times = 2 if style == "standard_webhooks" else 1  # the absent header is compared as well
    assert work == {**work, "digests": times, "comparisons": times, "opened": 1, "selects": 1}
    wrong = [headers(style, WRONG), *(altered(right, change) for change in CHANGES.values())]
    for given in wrong:
        assert watch.verified(watch.found.account_id, given) == (False, work), given


@pytest.mark.parametrize("style", STYLES)
def test_an_unknown_account_costs_what_a_known_one_does(watch: Watch, style: str) -> None:
    for secret in (watch.found.secret, WRONG, NOBODYS_SECRET):
        given = headers(style, secret)
        known = watch.verified(watch.found.account_id, given)[1]
        assert watch.verified(UNKNOWN, given) == (False, known)


def test_so_it_is_for_who_knocks_again(watch: Watch) -> None:
    given = headers("hex", WRONG)
    door = Reception(watch.found.wiring)
    first = [watch.verified(account, given, door) for account in (watch.found.account_id, UNKNOWN)]
    again = [watch.verified(account, given, door) for account in (watch.found.account_id, UNKNOWN)]
    assert first == [first[0]] * 2
    assert again == [again[0]] * 2
    assert (first[0][1]["selects"], again[0][1]["selects"]) == (1, 0)


def test_what_is_kept_of_accounts_that_there_are_not_has_an_end(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "MOST_SECRETS", 10)
    door = Reception(watch.found.wiring)
    for number in range(25):
        door.verify_event(f"acc_{number}", {}, BODY, now())
    assert len(door.secrets) <= 10 < MOST_SECRETS
    assert door.verify_event(watch.found.account_id, headers("hex", watch.found.secret), BODY, now())


def test_an_account_that_is_made_is_known_after_a_moment(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    door, clock = Reception(watch.found.wiring), [time.monotonic()]
    monkeypatch.setattr(reception.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr("worker.store.accounts.ULID.from_datetime", lambda _: UNKNOWN.removeprefix("acc_"))
    assert not door.verify_event(UNKNOWN, headers("hex", WRONG), BODY, now())
    account, _, secret = watch.found.wiring.store.accounts.create("New", now())
    assert account.id == UNKNOWN
    clock[0] += reception.SECRET_HOLDS + 0.1
    assert door.verify_event(UNKNOWN, headers("hex", secret), BODY, now())


def test_a_key_is_looked_up_with_the_same_work_whatever_it_is(watch: Watch) -> None:
    store, account_id = watch.found.wiring.store, watch.found.account_id
    revoked, raw_revoked = store.keys.create(account_id, ("sync:read",), now())
    store.keys.revoke(account_id, revoked.id, now())
    raw_keys = [watch.found.key, raw_revoked, "vs_live_" + "x" * 43, watch.found.key[:-1], watch.found.key + "x", "x"]
    checked = [watch.work(lambda raw=raw: store.keys.find(raw)) for raw in raw_keys]  # type: ignore[misc]
    found: list[ApiKey | None] = [said for said, _ in checked]
    assert [key is not None for key in found] == [True, False, False, False, False, False]
    assert [work for _, work in checked] == [{"hashes": 1, "statements": checked[0][1]["statements"], "selects": 1}] * 6
