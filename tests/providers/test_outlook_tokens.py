"""Tokens through msal against the simulated identity platform, without msal's traps."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.outlook import OTHER, TECH, TENANT, Outlook, served_outlook
from tests.providers.suite import MemoryGrant
from tests.simulators.outlook import eventually
from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, SyncError, Transient
from worker.http.mint import Mint
from worker.http.tokens import TokenKeeper
from worker.providers.outlook_calendar.authority import DISCOVERIES, of_tenant
from worker.providers.outlook_calendar.tokens import keeper_for
from worker.simulators.faults import Fault

TOKEN = r"/oauth2/v2.0/token$"


@pytest.fixture
def outlook() -> Iterator[Outlook]:
    with served_outlook() as outlook:
        yield outlook


def keeper(outlook: Outlook, grant: MemoryGrant, mint: Mint | None = None) -> TokenKeeper:
    return keeper_for(grant, outlook.settings, mint or Mint())


def asked(outlook: Outlook, operation: str = "token") -> int:
    return len(outlook.simulator.journal.entries(operation))


def fault(outlook: Outlook, **how: Any) -> None:
    outlook.simulator.faults.add(Fault(**{"path": TOKEN, **how}))


class TestPeople:
    def test_the_newest_refresh_token_is_kept(self, outlook: Outlook) -> None:
        grant = outlook.grant()
        given = grant.credentials["refresh_token"]
        token = keeper(outlook, grant).token()
        assert grant.credentials["refresh_token"] != given
        assert grant.credentials["access_token"] == token
        assert 3500 < grant.credentials["expires_at"] - time.time() < 3600

    def test_the_authority_is_asked_for_its_endpoints_once_in_a_process(self, outlook: Outlook) -> None:
        for _ in range(3):
            keeper(outlook, outlook.grant()).token()
        keeper(outlook, outlook.grant(OTHER)).token()
        assert (asked(outlook, "discovery"), asked(outlook)) == (1, 4)

    def test_what_the_authority_says_of_itself_in_http_is_understood(self, outlook: Outlook) -> None:
        outlook.simulator.set(discovery_scheme="http")
        assert keeper(outlook, outlook.grant()).token()

    def test_a_mended_server_is_seen_at_once(self, outlook: Outlook) -> None:
        """msal answers the same bad request from its memory for a minute."""
        grant = outlook.grant()
        for error in ("invalid_grant", "throttled", "unavailable"):
            fault(outlook, status=400 if error == "invalid_grant" else 503, reason=error)
            with pytest.raises(SyncError):
                keeper(outlook, grant).token()
        assert keeper(outlook, grant).token()
        assert asked(outlook) == 4

    def test_two_at_once_are_one_refresh(self, outlook: Outlook) -> None:
        """Lesson 14, the provider's part."""
        grant, tokens = outlook.grant(), set()
        both = [keeper(outlook, grant) for _ in range(2)]
        threads = [threading.Thread(target=lambda one=one: tokens.add(one.token())) for one in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(tokens), grant.refreshes, asked(outlook)) == (1, 1, 1)

    @pytest.mark.parametrize("error", ["interaction_required", "consent_required"])
    def test_what_only_the_person_can_mend_is_not_connected_until_they_do(self, outlook: Outlook, error: Any) -> None:
        grant = outlook.grant()
        outlook.simulator.demand(TECH, error)
        with pytest.raises(ConnectionRevoked, match="Connect again"):
            keeper(outlook, grant).token()
        outlook.simulator.demand(TECH, None)
        assert keeper(outlook, outlook.grant()).token()

    def test_a_revoked_or_lapsed_grant_is_not_connected(self, outlook: Outlook) -> None:
        for end in (lambda: outlook.simulator.revoke(TECH), outlook.simulator.expire_refresh_tokens):
            grant = outlook.grant()
            end()
            with pytest.raises(ConnectionRevoked):
                keeper(outlook, grant).token()

    def test_a_grant_without_a_refresh_token_is_not_connected(self, outlook: Outlook) -> None:
        with pytest.raises(ConnectionRevoked):
            keeper(outlook, MemoryGrant({"access_token": None})).token()
        assert asked(outlook) == 0

    def test_our_own_bad_secret_is_the_operators_matter_and_leaves_the_grant_alone(self, outlook: Outlook) -> None:
        grant = outlook.grant()
        before = dict(grant.credentials)
        for wrong in ({"client_secret": "wrong-secret"}, {"client_id": "wrong-id"}, {"client_secret": ""}):
            settings = replace(outlook.settings, **wrong)
            with pytest.raises(Rejected, match="MICROSOFT_CLIENT_SECRET") as refused:
                keeper_for(grant, settings, Mint()).token()
            assert refused.value.code == "OAUTH_CLIENT_INVALID"
            assert "wrong-secret" not in refused.value.message
        assert grant.credentials == before
        assert keeper(outlook, grant).token()

    @pytest.mark.parametrize(
        ("how", "kind", "wait"),
        [
            ({"status": 503}, Transient, None),
            ({"status": 503, "headers": {"Retry-After": "7"}}, Transient, 7),
            ({"status": 429, "headers": {"Retry-After": "7"}, "reason": "throttled"}, RateLimited, 7),
            ({"status": 429, "body": "<html>"}, RateLimited, None),
            ({"status": 400, "reason": "unavailable"}, Transient, None),
            ({"status": 400, "body": {"error": "something_new"}}, Transient, None),
            ({"status": 400, "body": "<html>"}, Transient, None),
            ({"status": 200, "body": {"token_type": "Bearer"}}, Transient, None),
            ({"status": 200, "body": ""}, Transient, None),
            ({"status": 302, "headers": {"Location": "https://elsewhere.example/"}}, Transient, None),
            ({"drop": "after", "reset": True}, Transient, None),
            ({"drop": "before"}, Transient, None),
        ],
    )
    def test_trouble_passes_and_says_when_to_come_back(
        self, outlook: Outlook, how: dict[str, Any], kind: type[Transient], wait: float | None
    ) -> None:
        grant = outlook.grant()
        fault(outlook, **how)
        with pytest.raises(Transient) as told:
            keeper(outlook, grant).token()
        assert (type(told.value), told.value.retry_after) == (kind, wait)
        assert str(grant.credentials["refresh_token"]) not in told.value.message
        eventually(lambda: asked(outlook) == 1)

    @pytest.mark.parametrize("how", [{"status": 503}, {"drop": "before"}, {"status": 200, "body": "<html>"}])
    def test_an_authority_that_says_nothing_of_itself_is_passing_trouble(
        self, outlook: Outlook, how: dict[str, Any]
    ) -> None:
        outlook.simulator.faults.add(Fault(operation="discovery", **how))
        with pytest.raises(Transient):
            keeper(outlook, outlook.grant()).token()
        assert keeper(outlook, outlook.grant()).token(), "a bad answer is not kept"

    def test_a_server_that_is_not_there_is_passing_trouble(self, outlook: Outlook) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        settings = replace(outlook.settings, authority_url=f"http://127.0.0.1:{port}/common")
        with pytest.raises(Transient):
            keeper_for(outlook.grant(), settings, Mint()).token()


class TestTenants:
    @pytest.fixture
    def grant(self, outlook: Outlook) -> MemoryGrant:
        outlook.simulator.add_user(TECH)
        outlook.simulator.add_tenant()
        return MemoryGrant({"tenant_id": TENANT})

    def test_a_token_is_kept_in_the_process_and_not_in_the_grant(self, outlook: Outlook, grant: MemoryGrant) -> None:
        mint = Mint()
        tokens = {keeper(outlook, grant, mint).token() for _ in range(3)}
        assert (len(tokens), asked(outlook)) == (1, 1)
        assert grant.credentials == {"tenant_id": TENANT}
        assert keeper(outlook, grant, mint).renewed(tokens.pop())
        assert asked(outlook) == 2

    def test_another_tenant_or_secret_has_another_token(self, outlook: Outlook, grant: MemoryGrant) -> None:
        mint = Mint()
        first = keeper(outlook, grant, mint).token()
        outlook.simulator.add_user(OTHER, tenant="contoso.example")
        outlook.simulator.add_tenant("contoso.example")
        assert keeper(outlook, MemoryGrant({"tenant_id": "contoso.example"}), mint).token() != first
        with pytest.raises(Rejected):
            keeper_for(grant, replace(outlook.settings, client_secret="other"), mint).token()

    def test_a_permission_that_was_taken_back_names_the_operators_variables(
        self, outlook: Outlook, grant: MemoryGrant
    ) -> None:
        outlook.simulator.revoke_tenant()
        with pytest.raises(Rejected, match="MICROSOFT_CLIENT_ID"):
            keeper(outlook, grant).token()

    @pytest.mark.parametrize("tenant", ["a/b", "?x", "", "..", "a b"])
    def test_what_cannot_be_a_tenant_is_never_sent(self, outlook: Outlook, tenant: str) -> None:
        with pytest.raises((Rejected, ConnectionRevoked)):
            keeper(outlook, MemoryGrant({"tenant_id": tenant})).token()
        assert (asked(outlook), asked(outlook, "discovery")) == (0, 0)

    def test_a_tenant_that_is_unknown_is_told_by_the_name_of_the_field(self, outlook: Outlook) -> None:
        """The identity platform says so where its endpoints are asked for, or where a token is."""
        with pytest.raises(Rejected, match="tenant_id"):
            keeper(outlook, MemoryGrant({"tenant_id": "unknown.example"})).token()
        outlook.simulator.faults.add(Fault(operation="discovery", status=400, reason="tenant"))
        with pytest.raises(Rejected, match="tenant_id"):
            keeper(outlook, MemoryGrant({"tenant_id": "nowhere.example"})).token()

    def test_a_tenant_is_at_the_host_of_the_authority(self) -> None:
        for authority, expected in (
            ("https://login.microsoftonline.com/common", f"https://login.microsoftonline.com/{TENANT}"),
            ("http://127.0.0.1:9100/outlook/common", f"http://127.0.0.1:9100/outlook/{TENANT}"),
        ):
            assert of_tenant(authority, TENANT) == expected


def test_what_an_authority_said_is_known_under_its_address_alone(outlook: Outlook) -> None:
    keeper(outlook, outlook.grant()).token()
    known = DISCOVERIES.find(
        f"{outlook.settings.authority_url.replace('http:', 'https:')}/v2.0/.well-known/openid-configuration"
    )
    assert known is not None
    assert DISCOVERIES.find("https://elsewhere.example/v2.0/.well-known/openid-configuration") is None
