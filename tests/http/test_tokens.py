"""The token keeper: one refresh, never a dead token."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from worker.core.errors import ConnectionRevoked
from worker.http.tokens import TokenKeeper, unix_seconds

NOW = 1_800_000_000.0


class Kept:
    """A Grant in memory; what other processes commit appears in ``credentials``."""

    def __init__(self, **credentials: Any) -> None:
        self.credentials: Mapping[str, Any] = credentials
        self.reads = 0

    def read(self) -> Mapping[str, Any]:
        self.reads += 1
        return self.credentials

    def renew(self, stale: str | None, refresh: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Mapping[str, Any]:
        if self.credentials.get("access_token") == stale:
            self.credentials = refresh(self.credentials)
        return self.credentials


class Refresher:
    """Hands out t1, t2, … and counts."""

    def __init__(self, seconds: float = 3600) -> None:
        self.count = 0
        self.seconds = seconds

    def __call__(self, credentials: Mapping[str, Any]) -> Mapping[str, Any]:
        time.sleep(0.02)
        self.count += 1
        return {**credentials, "access_token": f"t{self.count}", "expires_at": NOW + self.seconds}


@pytest.mark.parametrize(
    ("expires_at", "used"),
    [
        (None, True),
        ("", True),
        (NOW + 301, True),
        (NOW + 299, False),
        (str(int(NOW + 301)), True),
        (NOW - 1, False),
        ("2027-01-15T08:05:01Z", True),
        ("2027-01-15T08:04:59+00:00", False),
        ("2027-01-15T03:05:01-05:00", True),
        ("2027-01-15T08:04:59", False),
        ("nonsense", False),
    ],
)
def test_a_token_is_used_until_five_minutes_before_its_end(expires_at: object, used: bool) -> None:
    refresher = Refresher()
    keeper = TokenKeeper(Kept(access_token="t0", expires_at=expires_at), refresher, clock=lambda: NOW)
    assert keeper.token() == ("t0" if used else "t1")
    assert refresher.count == (not used)


def test_without_a_token_one_is_fetched_and_then_kept_at_hand() -> None:
    refresher, grant = Refresher(), Kept(refresh_token="r")
    keeper = TokenKeeper(grant, refresher, clock=lambda: NOW)
    assert [keeper.token(), keeper.token()] == ["t1", "t1"]
    assert (refresher.count, grant.reads) == (1, 1)


def test_many_threads_cause_one_refresh() -> None:
    refresher = Refresher()
    keeper, barrier = TokenKeeper(Kept(refresh_token="r"), refresher, clock=lambda: NOW), threading.Barrier(16)

    def one(_: int) -> str:
        barrier.wait()
        return keeper.token()

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(one, range(16))) == {"t1"}
    assert refresher.count == 1


def test_many_threads_whose_token_was_refused_cause_one_refresh() -> None:
    refresher = Refresher()
    keeper, barrier = TokenKeeper(Kept(access_token="t0"), refresher, clock=lambda: NOW), threading.Barrier(16)
    keeper.token()

    def one(_: int) -> str:
        barrier.wait()
        return keeper.renewed("t0")

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(one, range(16))) == {"t1"}
    assert refresher.count == 1


def test_a_token_that_another_process_renewed_is_taken_over() -> None:
    refresher, grant = Refresher(), Kept(access_token="t0")
    keeper = TokenKeeper(grant, refresher, clock=lambda: NOW)
    assert keeper.token() == "t0"
    grant.credentials = {"access_token": "theirs"}
    assert keeper.renewed("t0") == "theirs"
    assert refresher.count == 0


def test_credentials_that_give_no_token_are_a_revoked_grant() -> None:
    keeper = TokenKeeper(Kept(), lambda credentials: credentials, clock=lambda: NOW)
    with pytest.raises(ConnectionRevoked):
        keeper.token()


def test_what_the_refresh_raises_comes_through_and_the_next_may_try_again() -> None:
    refresher = Refresher()

    def broken(credentials: Mapping[str, Any]) -> Mapping[str, Any]:
        if refresher.count == 0:
            refresher.count = 1
            raise ConnectionRevoked("gone")
        return refresher(credentials)

    keeper = TokenKeeper(Kept(), broken, clock=lambda: NOW)
    with pytest.raises(ConnectionRevoked):
        keeper.token()
    assert keeper.token() == "t2"


def test_moments_are_read_in_both_forms() -> None:
    assert unix_seconds(12) == unix_seconds("12") == unix_seconds("1970-01-01T00:00:12Z") == 12.0
    assert unix_seconds(None) is None
