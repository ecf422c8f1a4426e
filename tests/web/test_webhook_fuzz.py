"""Ten thousand webhooks, from honest to hostile: 202, 400, 401 or 413, and nothing is stored unless it was accepted."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.knocking import Headers, Knocker, Reply, running
from tests.web.odd_webhooks import (
    LIMIT,
    Make,
    bad_signatures,
    good_signatures,
    large,
    mixed_signatures,
    mutated,
    signed,
    strange_texts,
    written,
)
from tests.web.premises import premises
from worker.store import Store
from worker.wiring import now

ENVELOPE, RECEIPT = {"success", "error", "code", "details"}, {"received", "event_id", "duplicate"}


def examples(number: int) -> Any:
    """So many of them, the same in each run."""
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(max_examples=number, deadline=None, derandomize=True, database=None, suppress_health_check=quiet)


@dataclass(slots=True)
class Door:
    """The real site over a real database, with two accounts; it counts what it answers."""

    knocker: Knocker
    database: sqlite3.Connection
    accounts: dict[str, str]
    met: Counter[int] = field(default_factory=Counter)

    def knock(self, account: str, body: bytes, headers: Headers) -> Reply:
        """One webhook, with all that has to hold for it whatever it is."""
        before = self._stored()
        reply = self.knocker.post(f"/webhooks/fieldcamp/{account}", body, headers)
        grown = self._stored() - before
        assert reply.status in (202, 400, 401, 413), reply
        assert reply.headers["x-request-id"]
        if reply.status == 202:
            assert set(reply.body) == RECEIPT
            assert grown == int(not reply.body["duplicate"]), reply
            assert self._has(account, reply.body["event_id"])
        else:
            assert set(reply.body) == ENVELOPE
            assert (grown, reply.body["success"]) == (0, False), reply
        self.met[reply.status] += 1
        return reply

    def _stored(self) -> int:
        return int(self.database.execute("SELECT count(*) FROM events").fetchone()[0])

    def _has(self, account: str, event_id: str) -> bool:
        found = self.database.execute("SELECT 1 FROM events WHERE account_id = ? AND event_id = ?", (account, event_id))
        return found.fetchone() is not None


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    path = tmp_path / "visit-sync.db"
    with premises(path) as found, running(found.site) as knocker:
        other = _other(found.wiring.store)
        database = sqlite3.connect(path)
        yield Door(knocker, database, {found.account_id: found.secret, **other})
        database.close()


def _other(store: Store) -> dict[str, str]:
    account, _, secret = store.accounts.create("Next Door", now())
    return {account.id: secret}


def test_mutated_events_rightly_signed(door: Door) -> None:
    [account, *_], secrets = list(door.accounts), door.accounts

    @examples(4000)
    @given(mutated(), good_signatures(), st.booleans())
    def knock(event: Any, make: Make, ascii_only: bool) -> None:
        body = written(event, ascii_only)
        assert door.knock(account, body, make(body, secrets[account])).status in (202, 400)

    knock()
    assert min(door.met[status] for status in (202, 400)) > 800, door.met


def test_strange_texts_rightly_signed(door: Door) -> None:
    [account, *_], secrets = list(door.accounts), door.accounts

    @examples(2500)
    @given(strange_texts(), good_signatures())
    def knock(body: bytes, make: Make) -> None:
        assert door.knock(account, body, make(body, secrets[account])).status in (202, 400)

    knock()
    assert door.met[202] > 50, door.met
    assert door.met[400] > 1000, door.met


def test_signatures_that_prove_nothing(door: Door) -> None:
    accounts, secrets = list(door.accounts), door.accounts
    bodies = st.one_of(mutated().map(written), strange_texts())

    @examples(2000)
    @given(st.sampled_from(accounts), bodies, bad_signatures())
    def knock(account: str, body: bytes, make: Make) -> None:
        assert door.knock(account, body, make(body, secrets[account])).status == 401

    knock()


def test_right_and_wrong_signatures_together_at_any_account(door: Door) -> None:
    accounts, secrets = list(door.accounts), door.accounts
    odd = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=120)
    addressed = st.one_of(st.sampled_from(accounts), st.sampled_from(accounts), st.just("acc_nobody"), odd)

    @examples(1200)
    @given(
        addressed, st.sampled_from(accounts), mutated().map(written), st.one_of(good_signatures(), mixed_signatures())
    )
    def knock(account: str, signer: str, body: bytes, make: Make) -> None:
        status = door.knock(account, body, make(body, secrets[signer])).status
        assert status == 401 or account == signer

    knock()
    assert min(door.met[status] for status in (202, 401)) > 100, door.met


def test_bodies_around_the_limit(door: Door) -> None:
    [account, *_], secrets = list(door.accounts), door.accounts

    @examples(300)
    @given(large(), st.one_of(good_signatures(), good_signatures(), bad_signatures()), st.booleans())
    def knock(body: bytes, make: Make, measured: bool) -> None:
        length = [(b"Content-Length", str(len(body)).encode())] if measured else []
        status = door.knock(account, body, [*length, *make(body, secrets[account])]).status
        assert (status == 413) == (len(body) > LIMIT)

    knock()
    assert min(door.met[status] for status in (202, 400, 401, 413)) > 10, door.met


def test_the_signature_of_this_test_is_the_contracts() -> None:
    right = hmac.new(b"whsec_x", b"{}", hashlib.sha256).hexdigest()
    assert signed(b"{}", "whsec_x", "sha256") == [(b"X-FieldCamp-Signature", f"sha256={right}".encode())]
