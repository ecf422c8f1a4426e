"""Consent in the browser against the simulated Google, as strict about it as the real one."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.providers.suite import MemoryGrant
from worker.core.consents import ConsentRefused, Reason, challenge
from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, Transient, Uncertain
from worker.core.preferences import CalendarPreferences
from worker.http.limits import Limits
from worker.providers.google_calendar import GoogleCalendar, GoogleConsents, GoogleSettings
from worker.providers.google_calendar.tokens import SCOPE
from worker.simulators.faults import Fault
from worker.simulators.google_calendar import GoogleCalendarSimulator
from worker.simulators.server import serve

TECH, OTHER = "tech1@example.com", "tech2@example.com"
VERIFIER = "a-verifier-of-at-least-forty-three-characters"
BACK = "http://127.0.0.1/connect/google-calendar/callback"


@dataclass
class Browser:
    """A person who goes through the consent page, and the provider's part of it."""

    simulator: GoogleCalendarSimulator
    settings: GoogleSettings

    @property
    def consents(self) -> GoogleConsents:
        return GoogleConsents(self.settings)

    def agrees(self, hint: str | None = None) -> dict[str, str]:
        url = self.consents.authorize_url("state 1", challenge(VERIFIER), BACK, hint)
        return dict(parse_qsl(urlsplit(httpx.get(url).headers["location"]).query))

    def exchange(self, code: str, *, verifier: str = VERIFIER, back: str = BACK) -> Mapping[str, Any]:
        return self.consents.exchange(code, verifier, back, {"code": code})


@pytest.fixture
def browser() -> Iterator[Browser]:
    simulator = GoogleCalendarSimulator()
    simulator.add_client("client-id", "client-secret", [BACK])
    for user in (TECH, OTHER):
        simulator.add_user(user)
    with serve(simulator.app) as served:
        yield Browser(simulator, GoogleSettings(served.url, f"{served.url}/token", "client-id", "client-secret"))


def test_the_page_is_googles_own_or_the_one_beside_the_token_endpoint() -> None:
    pages = {
        "https://oauth2.googleapis.com/token": "https://accounts.google.com/o/oauth2/v2/auth",
        "http://127.0.0.1:9100/google/token": "http://127.0.0.1:9100/google/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com.example/token": "https://oauth2.googleapis.com.example/o/oauth2/v2/auth",
    }
    assert {url: GoogleConsents(GoogleSettings(token_url=url)).page for url in pages} == pages


def test_the_page_is_asked_for_what_we_need_and_no_more() -> None:
    consents = GoogleConsents(GoogleSettings(client_id="id", client_secret="secret"))
    query = dict(parse_qsl(urlsplit(consents.authorize_url("s&t", "c", BACK)).query))
    assert query == {
        "client_id": "id",
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "https://www.googleapis.com/auth/calendar.events openid email",
        "access_type": "offline",
        "prompt": "consent",
        "state": "s&t",
        "code_challenge": "c",
        "code_challenge_method": "S256",
    }
    assert "login_hint=7" in consents.authorize_url("s", "c", BACK, "7")


def test_a_code_becomes_credentials_that_work(browser: Browser) -> None:
    back = browser.agrees()
    assert back["state"] == "state 1"
    credentials = browser.exchange(back["code"])
    assert set(credentials) == {"refresh_token", "access_token", "expires_at", "identity", "person"}
    assert credentials["person"] == TECH
    assert 3500 < credentials["expires_at"] - time.time() < 3600
    grant = MemoryGrant({**credentials, "access_token": None})
    provider = GoogleCalendar(browser.settings, CalendarPreferences(), {"": grant}, Limits(), "acc_1")
    assert [page.complete for page in provider.changes(provider.streams()[0], None)] == [True]
    assert browser.simulator.counters()["refreshes"] == 1
    provider.close()


def test_the_same_person_has_the_same_identity_and_another_has_another(browser: Browser) -> None:
    first, second = (browser.exchange(browser.agrees()["code"])["identity"] for _ in range(2))
    browser.simulator.set(consent_user=OTHER)
    other = browser.exchange(browser.agrees()["code"])["identity"]
    assert first == second != other
    browser.simulator.set(consent_user=None)
    assert browser.exchange(browser.agrees(hint=other)["code"])["person"] == OTHER


def test_a_box_that_was_not_ticked_is_told_apart(browser: Browser) -> None:
    browser.simulator.set(unticked=[SCOPE])
    with pytest.raises(ConsentRefused) as refused:
        browser.exchange(browser.agrees()["code"])
    assert refused.value.reason is Reason.NARROWED


def test_a_grant_that_would_not_last_is_refused(browser: Browser) -> None:
    url = browser.consents.authorize_url("s", challenge(VERIFIER), BACK).replace("access_type=offline", "x=y")
    back = dict(parse_qsl(urlsplit(httpx.get(url).headers["location"]).query))
    with pytest.raises(ConsentRefused) as refused:
        browser.exchange(back["code"])
    assert refused.value.reason is Reason.PASSING


def test_an_answer_that_names_nobody_is_refused(browser: Browser) -> None:
    url = browser.consents.authorize_url("s", challenge(VERIFIER), BACK).replace("+openid+email", "")
    back = dict(parse_qsl(urlsplit(httpx.get(url).headers["location"]).query))
    with pytest.raises(Rejected, match="who consented"):
        browser.exchange(back["code"])


@pytest.mark.parametrize(
    "id_token", ["", "no token", "a.b.c", "a.bm90IGpzb24.c", "a.eyJzdWIiOiI3IiwiYXVkIjoib3RoZXItY2xpZW50In0.c"]
)
def test_an_id_token_that_is_none_or_for_another_client_is_refused(browser: Browser, id_token: str) -> None:
    body = {"access_token": "at", "refresh_token": "rt", "expires_in": 3599, "scope": SCOPE, "id_token": id_token}
    browser.simulator.faults.add(Fault(path="^/token", status=200, body=body))
    with pytest.raises(Rejected, match="who consented"):
        browser.exchange(browser.agrees()["code"])


@pytest.mark.parametrize("body", ["", "<html>", "[]", {"token_type": "Bearer"}])
def test_an_answer_without_a_token_is_no_grant(browser: Browser, body: object) -> None:
    browser.simulator.faults.add(Fault(path="^/token", status=200, body=body))
    with pytest.raises(Transient):
        browser.exchange(browser.agrees()["code"])


def test_a_code_is_good_once_and_with_its_verifier_alone(browser: Browser) -> None:
    code = browser.agrees()["code"]
    browser.exchange(code)
    for again in (code, "4/forged"):
        with pytest.raises(ConnectionRevoked, match="does not accept the code"):
            browser.exchange(again)
    with pytest.raises(ConnectionRevoked):
        browser.exchange(browser.agrees()["code"], verifier=VERIFIER[::-1])


def test_a_client_that_google_refuses_is_the_operators_matter(browser: Browser) -> None:
    with pytest.raises(Rejected) as refused:
        browser.exchange(browser.agrees()["code"], back="http://127.0.0.1/")
    assert refused.value.code == "OAUTH_REDIRECT_URI_MISMATCH"
    code = browser.agrees()["code"]
    browser.settings = replace(browser.settings, client_secret="wrong-secret")
    with pytest.raises(Rejected) as refused:
        browser.exchange(code)
    assert refused.value.code == "OAUTH_INVALID_CLIENT"
    assert "wrong-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(path="^/token", status=503), Transient),
        (Fault(path="^/token", status=429, headers={"Retry-After": "7"}), RateLimited),
        (Fault(path="^/token", drop="after"), Uncertain),
    ],
)
def test_google_in_trouble_is_passing_and_is_asked_once(browser: Browser, fault: Fault, error: type[Transient]) -> None:
    code = browser.agrees()["code"]
    browser.simulator.faults.add(fault)
    with pytest.raises(error) as raised:
        browser.exchange(code)
    assert code not in str(raised.value)
    assert len(browser.simulator.journal.entries("token")) == 1
