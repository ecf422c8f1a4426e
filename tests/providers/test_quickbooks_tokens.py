"""Tokens against the simulated Intuit, whose refresh tokens rotate: nothing that goes astray costs the connection."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.quickbooks_line import grant_for, settings_for
from tests.providers.suite import MemoryGrant
from tests.simulators.quickbooks import REALM, Books, served_quickbooks
from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, Transient, Uncertain
from worker.http.tokens import TokenKeeper
from worker.providers.quickbooks.service import QuickBooksSettings
from worker.providers.quickbooks.tokens import TIMEOUTS, keeper_for, revoke
from worker.simulators.faults import Fault
from worker.store.grants import LOCK

DAY = 86_400


@pytest.fixture(scope="module")
def server() -> Iterator[Books]:
    with served_quickbooks() as books:
        yield books


@pytest.fixture
def books(server: Books) -> Books:
    server.start_over()
    return server


def keeper(books: Books, grant: MemoryGrant) -> TokenKeeper:
    return keeper_for(grant, settings_for(books))


def asked(books: Books, operation: str = "token") -> int:
    return len(books.simulator.journal.entries(operation))


def order(books: Books, **how: Any) -> None:
    books.simulator.faults.add(Fault(**{"operation": "token", **how}))


def works(books: Books, token: str) -> bool:
    return books.client.get("/preferences", headers={"authorization": f"Bearer {token}"}).status_code == 200


class TestRotation:
    def test_the_newest_token_is_kept_and_the_one_before_it(self, books: Books) -> None:
        grant = grant_for(books)
        first = grant.credentials["refresh_token"]
        token = keeper(books, grant).token()
        kept = grant.credentials
        assert works(books, token)
        assert kept["access_token"] == token
        assert kept["refresh_token"] != first
        assert (kept["previous_refresh_token"], kept["realm_id"]) == (first, REALM)
        assert 3500 < kept["expires_at"] - time.time() <= 3600
        assert 99 * DAY < kept["refresh_expires_at"] - time.time() < 102 * DAY

    def test_a_value_that_did_not_change_does_not_push_the_one_before_it_out(self, books: Books) -> None:
        books.simulator.set(refresh_rotation="daily")
        grant = grant_for(books, previous_refresh_token="older")
        keeper(books, grant).token()
        assert grant.credentials["refresh_token"] == books.refresh_token
        assert grant.credentials["previous_refresh_token"] == "older"

    def test_the_end_for_good_counts_where_it_comes_first(self, books: Books) -> None:
        books.simulator.set(hard_life=10 * DAY, refresh_life=100 * DAY)
        grant = grant_for(books)
        keeper(books, grant).token()
        assert 9 * DAY < grant.credentials["refresh_expires_at"] - time.time() <= 10 * DAY

    def test_two_at_once_are_one_refresh(self, books: Books) -> None:
        """Lesson 14, the provider's part."""
        books.simulator.set(kill_chain_on_concurrent_reuse=True)
        grant, tokens = grant_for(books), set()
        both = [keeper(books, grant) for _ in range(2)]
        threads = [threading.Thread(target=lambda one=one: tokens.add(one.token())) for one in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(tokens), grant.refreshes, asked(books)) == (1, 1, 1)
        assert works(books, tokens.pop())

    def test_a_token_that_was_never_committed_is_not_missed(self, books: Books) -> None:
        """We died between Intuit's answer and our commit: what we hold is the one before Intuit's newest."""
        grant = grant_for(books)
        books.refresh()
        assert works(books, keeper(books, grant).token())

    def test_a_token_that_intuit_does_not_know_is_not_missed_either(self, books: Books) -> None:
        grant = grant_for(books, refresh_token="AB11never-came-to-be", previous_refresh_token=books.refresh_token)
        assert works(books, keeper(books, grant).token())
        assert grant.credentials["previous_refresh_token"] == books.refresh_token
        assert asked(books) == 2
        assert works(books, keeper(books, MemoryGrant({**grant.credentials, "access_token": None})).token())

    def test_the_one_before_is_not_kept_as_its_own_forerunner(self, books: Books) -> None:
        books.simulator.set(refresh_rotation="daily")
        grant = grant_for(books, refresh_token="AB11never-came-to-be", previous_refresh_token=books.refresh_token)
        keeper(books, grant).token()
        assert grant.credentials["refresh_token"] == books.refresh_token
        assert grant.credentials["previous_refresh_token"] is None


class TestTrouble:
    @pytest.mark.parametrize(
        "how",
        [
            {"drop": "before"},
            {"drop": "after"},
            {"drop": "mid"},
            {"status": 500},
            {"status": 503},
            {"status": 200, "body": "<html>"},
            {"status": 200, "body": {"token_type": "bearer"}},
        ],
    )
    def test_a_lost_answer_is_asked_for_again_at_once_with_the_same_token(
        self, books: Books, how: dict[str, Any]
    ) -> None:
        grant = grant_for(books)
        order(books, **how)
        assert works(books, keeper(books, grant).token())
        assert (asked(books), grant.refreshes) == (2, 1)

    @pytest.mark.parametrize("how", [{"drop": "after"}, {"drop": "before"}, {"status": 503}])
    def test_and_one_that_is_lost_again_is_left_for_later(self, books: Books, how: dict[str, Any]) -> None:
        grant = grant_for(books)
        before = dict(grant.credentials)
        order(books, **how, times=None)
        with pytest.raises(Transient) as passing:
            keeper(books, grant).token()
        assert type(passing.value) is Transient
        assert asked(books) == 2
        assert grant.credentials == before
        books.simulator.faults.clear()
        assert works(books, keeper(books, grant).token())

    def test_a_refresh_ends_before_another_holder_may_begin(self) -> None:
        assert TIMEOUTS.connect is not None
        assert TIMEOUTS.read is not None
        assert 3 * (TIMEOUTS.connect + TIMEOUTS.read) < LOCK.total_seconds()

    def test_one_refresh_asks_no_more_than_three_times(self, books: Books) -> None:
        grant = grant_for(books, previous_refresh_token="AB11other")
        for how in ({"drop": "before"}, {"status": 400, "reason": "invalid_grant"}, {"status": 503}):
            order(books, **how)
        with pytest.raises(Transient):
            keeper(books, grant).token()
        assert asked(books) == 3

    def test_a_limit_is_heeded_and_not_tried(self, books: Books) -> None:
        order(books, status=429, headers={"Retry-After": "7"}, body="<html>")
        with pytest.raises(RateLimited) as limited:
            keeper(books, grant_for(books)).token()
        assert (limited.value.retry_after, asked(books)) == (7, 1)

    def test_a_server_that_is_not_there_is_passing_trouble(self, books: Books) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        settings = replace(settings_for(books), token_url=f"http://127.0.0.1:{port}/oauth2/v1/tokens/bearer")
        with pytest.raises(Transient) as passing:
            keeper_for(grant_for(books), settings).token()
        assert type(passing.value) is Transient


class TestRefusals:
    @pytest.mark.parametrize("previous", [None, "AB11older", "the same"])
    def test_a_grant_that_is_no_more_is_told_once(self, books: Books, previous: str | None) -> None:
        refresh_token = books.refresh_token
        grant = grant_for(books, previous_refresh_token=refresh_token if previous == "the same" else previous)
        books.simulator.revoke(REALM)
        with pytest.raises(ConnectionRevoked, match="Connect again") as revoked:
            keeper(books, grant).token()
        assert refresh_token not in revoked.value.message
        assert asked(books) == (2 if previous == "AB11older" else 1)

    def test_an_expired_grant_is_no_more(self, books: Books) -> None:
        books.simulator.pass_time(102 * DAY)
        with pytest.raises(ConnectionRevoked):
            keeper(books, grant_for(books)).token()

    def test_a_grant_without_a_refresh_token_is_not_connected(self, books: Books) -> None:
        with pytest.raises(ConnectionRevoked):
            keeper(books, grant_for(books, refresh_token="")).token()
        assert asked(books) == 0

    def test_our_own_bad_secret_is_the_operators_matter_and_leaves_the_grant_alone(self, books: Books) -> None:
        grant = grant_for(books, previous_refresh_token="AB11older")
        before = dict(grant.credentials)
        mistakes: list[dict[str, Any]] = [
            {"client_secret": "wrong-secret"},
            {"client_id": "x-wrong"},
            {"client_secret": ""},
        ]
        for wrong in mistakes:
            with pytest.raises(Rejected, match="QUICKBOOKS_CLIENT_ID and QUICKBOOKS_CLIENT_SECRET") as refused:
                keeper_for(grant, replace(settings_for(books), **wrong)).token()
            assert refused.value.code == "OAUTH_CLIENT_INVALID"
            assert "wrong" not in refused.value.message
        assert grant.credentials == before
        assert asked(books) == 2, "without a secret nobody is asked"
        assert works(books, keeper(books, grant).token())

    @pytest.mark.parametrize("error", ["invalid_request", "unsupported_grant_type", "invalid_scope"])
    def test_a_mistake_of_ours_disconnects_nobody(self, books: Books, error: str) -> None:
        order(books, status=400, reason=error)
        with pytest.raises(Rejected) as refused:
            keeper(books, grant_for(books)).token()
        assert refused.value.code == f"OAUTH_{error.upper()}"

    @pytest.mark.parametrize("body", ["<html>", {"error": "something_new"}, {"error": {"a": 1}}, [], ""])
    def test_what_is_not_known_disconnects_nobody(self, books: Books, body: object) -> None:
        order(books, status=400, body=body, times=None)
        with pytest.raises(Transient):
            keeper(books, grant_for(books)).token()


class TestGivingBack:
    def test_the_grant_is_given_back_whole(self, books: Books) -> None:
        grant = grant_for(books)
        token = keeper(books, grant).token()
        revoke(grant, settings_for(books))
        assert not works(books, token)
        assert books.simulator.counters()["revocations"] == 1

    def test_one_that_is_gone_already_is_no_error(self, books: Books) -> None:
        revoke(grant_for(books, refresh_token="AB11unknown"), settings_for(books))
        revoke(MemoryGrant({"realm_id": REALM}), settings_for(books))
        assert asked(books, "revoke") == 1

    @pytest.mark.parametrize(("how", "kind"), [({"status": 503}, Transient), ({"drop": "after"}, Uncertain)])
    def test_trouble_is_told(self, books: Books, how: dict[str, Any], kind: type[Transient]) -> None:
        order(books, operation="revoke", **how)
        with pytest.raises(kind):
            revoke(grant_for(books), settings_for(books))

    def test_a_bad_secret_is_the_operators_matter(self, books: Books) -> None:
        with pytest.raises(Rejected, match="QUICKBOOKS_CLIENT_SECRET"):
            revoke(grant_for(books), replace(settings_for(books), client_secret="wrong"))


@pytest.mark.parametrize(
    ("token_url", "consent_url", "revoke_url"),
    [
        (
            "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
            "https://appcenter.intuit.com/connect/oauth2",
            "https://developer.api.intuit.com/v2/oauth2/tokens/revoke",
        ),
        (
            "http://127.0.0.1:9100/quickbooks/oauth2/v1/tokens/bearer",
            "http://127.0.0.1:9100/quickbooks/connect/oauth2",
            "http://127.0.0.1:9100/quickbooks/v2/oauth2/tokens/revoke",
        ),
        (
            "http://127.0.0.1:9/token?x=1",
            "http://127.0.0.1:9/connect/oauth2",
            "http://127.0.0.1:9/v2/oauth2/tokens/revoke",
        ),
        (
            "https://oauth.platform.intuit.com.example/oauth2/v1/tokens/bearer",
            "https://oauth.platform.intuit.com.example/connect/oauth2",
            "https://oauth.platform.intuit.com.example/v2/oauth2/tokens/revoke",
        ),
    ],
)
def test_the_other_addresses_follow_from_the_token_endpoint(token_url: str, consent_url: str, revoke_url: str) -> None:
    settings = QuickBooksSettings(token_url=token_url)
    assert (settings.consent_url, settings.revoke_url) == (consent_url, revoke_url)
