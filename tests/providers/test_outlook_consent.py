"""Consent in the browser against the simulated identity platform, as strict about it as the real one."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.providers.outlook import OTHER, TECH, Outlook, served_outlook
from tests.providers.suite import MemoryGrant, read
from worker.core.consents import ConsentRefused, Reason, challenge
from worker.core.errors import ConnectionRevoked, Invalid, RateLimited, Rejected, SyncError, Transient, Uncertain
from worker.providers.outlook_calendar import OutlookConsents, OutlookSettings
from worker.simulators.faults import Fault
from worker.wiring import Settings, Wiring

VERIFIER = "a-verifier-of-at-least-forty-three-characters"
BACK = "http://127.0.0.1/connect/outlook-calendar/callback"
TOKEN = r"/oauth2/v2.0/token$"
WRITE = "Calendars.ReadWrite"


@dataclass
class Browser:
    """A person who goes through the consent page, and the provider's part of it."""

    outlook: Outlook
    settings: OutlookSettings

    @property
    def consents(self) -> OutlookConsents:
        return OutlookConsents(self.settings)

    def agrees(self, url: str = "") -> dict[str, str]:
        url = url or self.consents.authorize_url("state 1", challenge(VERIFIER), BACK)
        return dict(parse_qsl(urlsplit(httpx.get(url).headers["location"]).query))

    def exchange(self, code: str, *, verifier: str = VERIFIER, back: str = BACK) -> Mapping[str, Any]:
        return self.consents.exchange(code, verifier, back, {"code": code})

    def fault(self, **how: Any) -> None:
        self.outlook.simulator.faults.add(Fault(path=TOKEN, **how))


@pytest.fixture
def browser() -> Iterator[Browser]:
    with served_outlook() as outlook:
        outlook.simulator.add_client("client-id", "client-secret", [BACK])
        for user in (TECH, OTHER):
            outlook.simulator.add_user(user)
        yield Browser(outlook, outlook.settings)


def test_the_page_is_the_authoritys_and_asked_for_what_we_need_and_no_more() -> None:
    consents = OutlookConsents(OutlookSettings(client_id="id", client_secret="secret"))
    assert consents.page == "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
    url = consents.authorize_url("s&t", "c", BACK, "7")
    assert url.startswith(f"{consents.page}?")
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "client_id": "id",
        "redirect_uri": BACK,
        "response_type": "code",
        "response_mode": "query",
        "scope": "https://graph.microsoft.com/Calendars.ReadWrite offline_access openid profile",
        "prompt": "select_account",
        "state": "s&t",
        "code_challenge": "c",
        "code_challenge_method": "S256",
    }


def test_a_code_becomes_credentials_that_work(browser: Browser) -> None:
    back = browser.agrees()
    assert back["state"] == "state 1"
    credentials = browser.exchange(back["code"])
    assert set(credentials) == {"refresh_token", "access_token", "expires_at", "identity", "person"}
    assert credentials["person"] == TECH
    assert 3500 < credentials["expires_at"] - time.time() < 3600
    provider = browser.outlook.connected({"": MemoryGrant({**credentials, "access_token": None})})
    assert read(provider, provider.streams()[0])[1].complete
    assert browser.outlook.counted("refreshes") == 1


def test_the_same_person_has_the_same_identity_and_another_has_another(browser: Browser) -> None:
    first, second = (browser.exchange(browser.agrees()["code"])["identity"] for _ in range(2))
    browser.outlook.simulator.set(consent_user=OTHER)
    other = browser.exchange(browser.agrees()["code"])["identity"]
    assert first == second != other


def test_a_permission_that_was_not_granted_is_told_apart(browser: Browser) -> None:
    browser.outlook.simulator.set(unticked=[WRITE])
    with pytest.raises(ConsentRefused) as refused:
        browser.exchange(browser.agrees()["code"])
    assert refused.value.reason is Reason.NARROWED


@pytest.mark.parametrize(
    "scope", ["Calendars.ReadWrite", f"https://graph.microsoft.com/{WRITE} profile", "openid calendars.readwrite"]
)
def test_a_granted_scope_is_known_in_all_its_spellings(browser: Browser, scope: str) -> None:
    browser.fault(status=200, body=tokens(scope=scope))
    assert browser.exchange(browser.agrees()["code"])["identity"] == "o.t"


def test_a_grant_that_would_not_last_is_refused(browser: Browser) -> None:
    browser.fault(status=200, body=tokens(refresh_token=None))
    with pytest.raises(ConsentRefused) as refused:
        browser.exchange(browser.agrees()["code"])
    assert refused.value.reason is Reason.PASSING


@pytest.mark.parametrize("claims", [{}, {"oid": "o"}, {"tid": "t"}, {"oid": "o", "tid": "t", "aud": "other"}])
def test_an_id_token_that_names_nobody_or_is_for_another_client_is_refused(
    browser: Browser, claims: dict[str, str]
) -> None:
    body = tokens(id_token=id_token(**{"aud": "client-id", **claims}))
    for answer in (body, {**body, "id_token": "a.b.c"}, {**body, "id_token": ""}):
        browser.fault(status=200, body=answer)
        with pytest.raises(Rejected, match="who consented"):
            browser.exchange(browser.agrees()["code"])


@pytest.mark.parametrize("body", ["", "<html>", "[]", {"token_type": "Bearer"}])
def test_an_answer_without_a_token_is_no_grant(browser: Browser, body: object) -> None:
    browser.fault(status=200, body=body)
    with pytest.raises(Transient):
        browser.exchange(browser.agrees()["code"])


def test_a_code_is_good_once_and_with_its_verifier_alone(browser: Browser) -> None:
    code = browser.agrees()["code"]
    browser.exchange(code)
    for again in (code, "forged"):
        with pytest.raises(ConnectionRevoked):
            browser.exchange(again)
    with pytest.raises((ConnectionRevoked, Rejected)):
        browser.exchange(browser.agrees()["code"], verifier=VERIFIER[::-1])


def test_a_client_that_microsoft_refuses_is_the_operators_matter(browser: Browser) -> None:
    code = browser.agrees()["code"]
    browser.settings = replace(browser.settings, client_secret="wrong-secret")
    with pytest.raises(Rejected, match="MICROSOFT_CLIENT_SECRET") as refused:
        browser.exchange(code)
    assert refused.value.code == "OAUTH_CLIENT_INVALID"
    assert "wrong-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"status": 503}, Transient),
        ({"status": 429, "headers": {"Retry-After": "7"}}, RateLimited),
        ({"drop": "after"}, Uncertain),
    ],
)
def test_microsoft_in_trouble_is_passing_and_is_asked_once(
    browser: Browser, how: dict[str, Any], error: type[SyncError]
) -> None:
    code = browser.agrees()["code"]
    browser.fault(**how)
    with pytest.raises(error) as raised:
        browser.exchange(code)
    assert code not in str(raised.value)
    assert len(browser.outlook.simulator.journal.entries("token")) == 1


def test_an_installation_that_is_not_registered_names_both_variables() -> None:
    wiring = Wiring(Settings(redis_url=None))
    with pytest.raises(Invalid, match="MICROSOFT_CLIENT_ID and MICROSOFT_CLIENT_SECRET"):
        wiring.open_consents("outlook_calendar")


def id_token(**claims: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.sig"


def tokens(**fields: Any) -> dict[str, Any]:
    told = {"access_token": "at", "refresh_token": "rt", "expires_in": 3599, "scope": WRITE}
    return {**told, "id_token": id_token(oid="o", tid="t", aud="client-id"), **fields}
