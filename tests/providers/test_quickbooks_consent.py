"""Consent in the browser against the simulated Intuit, where a person chooses a company."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.providers.quickbooks_line import FREE, House, settings_for
from tests.simulators.quickbooks import CLIENT, OTHER_REALM, REALM, Books, served_quickbooks
from worker.core.consents import ConsentRefused, Reason, challenge
from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, Transient, Uncertain
from worker.providers.quickbooks.consent import QuickBooksConsents
from worker.providers.quickbooks.service import QuickBooksSettings
from worker.simulators.faults import Fault

VERIFIER = "a-verifier-of-at-least-forty-three-characters"
BACK = "http://127.0.0.1/connect/quickbooks/callback"


@dataclass
class Browser:
    """A person who goes through the consent page, and the provider's part of it."""

    books: Books
    settings: QuickBooksSettings

    @property
    def consents(self) -> QuickBooksConsents:
        return QuickBooksConsents(self.settings)

    def agrees(self) -> dict[str, str]:
        url = self.consents.authorize_url("state 1", challenge(VERIFIER), BACK)
        return dict(parse_qsl(urlsplit(httpx.get(url).headers["location"]).query))

    def exchange(self, query: Mapping[str, str], back: str = BACK) -> Mapping[str, Any]:
        return self.consents.exchange(query["code"], VERIFIER, back, query)

    def order(self, **how: Any) -> None:
        self.books.simulator.faults.add(Fault(**how))

    def asked(self, operation: str = "token") -> int:
        return len(self.books.simulator.journal.entries(operation))


@pytest.fixture(scope="module")
def server() -> Iterator[Books]:
    with served_quickbooks() as books:
        yield books


@pytest.fixture
def browser(server: Books) -> Browser:
    server.start_over()
    server.simulator.add_client(*CLIENT, [BACK])
    return Browser(server, settings_for(server))


def test_the_page_is_asked_for_what_we_need_and_no_more() -> None:
    consents = QuickBooksConsents(QuickBooksSettings(client_id="id", client_secret="secret"))
    url = consents.authorize_url("s&t", "c", BACK, "hint")
    assert consents.page == url.partition("?")[0] == "https://appcenter.intuit.com/connect/oauth2"
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "client_id": "id",
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "state": "s&t",
        "code_challenge": "c",
        "code_challenge_method": "S256",
    }


def test_a_code_becomes_credentials_that_work(browser: Browser) -> None:
    back = browser.agrees()
    assert (back["state"], back["realmId"]) == ("state 1", REALM)
    credentials = browser.exchange(back)
    assert set(credentials) == {
        "realm_id",
        "refresh_token",
        "access_token",
        "expires_at",
        "refresh_expires_at",
        "identity",
        "person",
    }
    assert (credentials["realm_id"], credentials["identity"]) == (REALM, REALM)
    assert credentials["person"] == browser.books.get("companyinfo", REALM)["CompanyName"]
    assert 3500 < credentials["expires_at"] - time.time() <= 3600
    with House(browser.books).line(FREE, {**credentials, "access_token": None}) as line:
        assert line.query("SELECT * FROM Customer").body == {}


def test_another_company_is_another_identity(browser: Browser) -> None:
    browser.books.simulator.add_company(OTHER_REALM)
    browser.books.simulator.set(consent_realm=OTHER_REALM)
    assert browser.exchange(browser.agrees())["identity"] == OTHER_REALM


@pytest.mark.parametrize("realm", [None, "", "a b", "../1", "٣"])
def test_without_a_company_the_code_is_not_even_offered(browser: Browser, realm: str | None) -> None:
    back = {**browser.agrees(), "realmId": realm}
    query = {name: value for name, value in back.items() if value is not None}
    with pytest.raises(Rejected, match="realmId") as refused:
        browser.exchange(query)
    assert refused.value.code == "OAUTH_IDENTITY_MISSING"
    assert browser.asked() == 0


def test_a_company_that_was_not_granted_is_refused(browser: Browser) -> None:
    """The browser brings the company's id, so anybody may have changed it on the way."""
    browser.books.simulator.add_company(OTHER_REALM)
    with pytest.raises(ConnectionRevoked):
        browser.exchange({**browser.agrees(), "realmId": OTHER_REALM})


@pytest.mark.parametrize(
    "how",
    [
        {"status": 503},
        {"drop": "after"},
        {"status": 429},
        {"status": 200, "body": {}},
        {"status": 400},
        {"status": 404},
    ],
)
def test_a_company_whose_name_cannot_be_had_is_connected_all_the_same(browser: Browser, how: dict[str, Any]) -> None:
    browser.order(operation="companyinfo.read", **how)
    credentials = browser.exchange(browser.agrees())
    assert (credentials["person"], credentials["realm_id"]) == ("", REALM)
    assert browser.asked("companyinfo.read") == 1


def test_a_grant_that_would_not_last_is_refused(browser: Browser) -> None:
    browser.order(operation="token", status=200, body={"access_token": "at", "expires_in": 3600})
    with pytest.raises(ConsentRefused) as refused:
        browser.exchange(browser.agrees())
    assert refused.value.reason is Reason.PASSING


@pytest.mark.parametrize("body", ["", "<html>", "[]", {"token_type": "bearer"}])
def test_an_answer_without_a_token_is_no_grant(browser: Browser, body: object) -> None:
    browser.order(operation="token", status=200, body=body)
    with pytest.raises(Transient):
        browser.exchange(browser.agrees())


def test_a_code_is_good_once(browser: Browser) -> None:
    back = browser.agrees()
    browser.exchange(back)
    for code in (back["code"], "XABforged"):
        with pytest.raises(ConnectionRevoked, match="does not accept the code") as refused:
            browser.exchange({**back, "code": code})
        assert code not in str(refused.value)
    with pytest.raises(ConnectionRevoked):
        browser.exchange(browser.agrees(), "http://127.0.0.1/elsewhere")


def test_a_client_that_intuit_refuses_is_the_operators_matter(browser: Browser) -> None:
    back = browser.agrees()
    for secret in ("wrong-secret", ""):
        browser.settings = replace(browser.settings, client_secret=secret)
        with pytest.raises(Rejected, match="QUICKBOOKS_CLIENT_SECRET") as refused:
            browser.exchange(back)
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
def test_intuit_in_trouble_is_passing_and_is_asked_once(
    browser: Browser, how: dict[str, Any], error: type[Transient]
) -> None:
    back = browser.agrees()
    browser.order(operation="token", **how)
    with pytest.raises(error) as raised:
        browser.exchange(back)
    assert back["code"] not in str(raised.value)
    assert browser.asked() == 1
