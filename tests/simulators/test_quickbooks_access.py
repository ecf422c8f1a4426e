"""Tokens, consent, realms and the gateway of the QuickBooks simulator."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.simulators.quickbooks import CLIENT, OTHER_REALM, REALM, Books, fault, gateway_fault, served_quickbooks
from worker.simulators.faults import Fault

WAY_BACK = "http://127.0.0.1:8000/connect/quickbooks/callback"
SCOPE = "com.intuit.quickbooks.accounting"
DAY = 86_400


@pytest.fixture(scope="module")
def server() -> Iterator[Books]:
    with served_quickbooks() as books:
        yield books


@pytest.fixture
def books(server: Books) -> Books:
    server.start_over()
    return server


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def works(books: Books, access_token: str) -> bool:
    answer = books.client.get("/preferences", headers={"authorization": f"Bearer {access_token}"})
    return answer.status_code == 200


class TestTheGateway:
    @pytest.mark.parametrize("authorization", ["", "Bearer nonsense", "Basic Y2xpZW50"])
    def test_a_stranger_gets_401_in_lower_case(self, books: Books, authorization: str) -> None:
        answer = books.client.get("/preferences", headers={"authorization": authorization})
        assert gateway_fault(answer) == (401, "AUTHENTICATION", "3200")
        assert answer.json()["warnings"] is None
        assert "Fault" not in answer.json()

    def test_a_token_opens_its_own_company_alone(self, books: Books) -> None:
        books.simulator.add_company(OTHER_REALM, "global")
        answer = books.client.post(f"{books.url}/v3/company/{OTHER_REALM}/customer", json={"DisplayName": "Ada"})
        assert gateway_fault(answer) == (403, "SERVICE", "3100")
        assert books.simulator.objects(OTHER_REALM, "Customer") == []
        answer = books.client.get(f"{books.url}/v3/company/1/preferences")
        assert gateway_fault(answer) == (403, "SERVICE", "3100")

    def test_it_may_also_speak_in_upper_case(self, books: Books) -> None:
        books.simulator.set(gateway_casing="upper")
        answer = books.client.get("/preferences", headers={"authorization": "Bearer nonsense"})
        assert fault(answer) == (401, "AUTHENTICATION", "3200")

    def test_an_access_token_lives_for_an_hour(self, books: Books) -> None:
        token = books.refresh().json()["access_token"]
        books.simulator.pass_time(3590)
        assert works(books, token)
        books.simulator.pass_time(20)
        assert not works(books, token)

    def test_access_tokens_can_be_made_to_expire(self, books: Books) -> None:
        books.simulator.expire_access_tokens()
        assert gateway_fault(books.client.get("/preferences"))[0] == 401
        assert works(books, books.refresh().json()["access_token"])


class TestRefreshing:
    def test_a_refresh_answers_with_both_tokens_and_their_lives(self, books: Books) -> None:
        body = books.refresh().json()
        assert (body["token_type"], body["expires_in"], body["x_refresh_token_expires_in"]) == ("bearer", 3600, 8726400)
        assert body["refresh_token"] != books.refresh_token
        assert works(books, body["access_token"])
        assert "x_refresh_token_hard_expires_in" not in body

    def test_the_hard_limit_is_told_to_those_who_ask(self, books: Books) -> None:
        headers = {"x-include-refresh-token-hard-expires-in": "true"}
        form = {"grant_type": "refresh_token", "refresh_token": books.refresh_token}
        left = books.token(headers, **form).json()["x_refresh_token_hard_expires_in"]
        assert 157_680_000 - 60 < left <= 157_680_000

    def test_the_value_before_brings_the_current_one_until_its_grace_is_over(self, books: Books) -> None:
        newer = books.refresh().json()["refresh_token"]
        assert books.refresh().json()["refresh_token"] == newer
        books.simulator.pass_time(DAY + 1)
        assert said(books.refresh()) == (400, "invalid_grant")
        assert books.refresh(newer).status_code == 200

    def test_without_grace_the_value_before_is_dead_at_once(self, books: Books) -> None:
        books.simulator.set(refresh_grace=0)
        newer = books.refresh().json()["refresh_token"]
        assert said(books.refresh()) == (400, "invalid_grant")
        assert books.refresh(newer).status_code == 200

    def test_the_value_may_also_change_once_a_day(self, books: Books) -> None:
        books.simulator.set(refresh_rotation="daily")
        assert books.refresh().json()["refresh_token"] == books.refresh_token
        books.simulator.pass_time(DAY)
        assert books.refresh().json()["refresh_token"] != books.refresh_token

    def test_reuse_at_the_same_time_ends_the_chain_where_that_is_switched_on(self, books: Books) -> None:
        newer = books.refresh().json()
        assert books.refresh().status_code == 200
        assert books.simulator.counters()["concurrent_refreshes"] == 1
        books.simulator.set(kill_chain_on_concurrent_reuse=True)
        assert said(books.refresh()) == (400, "invalid_grant")
        assert said(books.refresh(newer["refresh_token"])) == (400, "invalid_grant")
        assert not works(books, newer["access_token"])

    def test_later_reuse_does_not_end_the_chain(self, books: Books) -> None:
        books.simulator.set(kill_chain_on_concurrent_reuse=True)
        newer = books.refresh().json()
        books.simulator.pass_time(10)
        assert books.refresh().json()["refresh_token"] == newer["refresh_token"]

    def test_it_lives_a_hundred_days_from_its_last_use_and_five_years_at_most(self, books: Books) -> None:
        value = books.refresh_token
        for _ in range(18):
            books.simulator.pass_time(100 * DAY)
            value = books.refresh(value).json()["refresh_token"]
        books.simulator.pass_time(26 * DAY)
        assert said(books.refresh(value)) == (400, "invalid_grant")
        fresh = books.simulator.grant(REALM)
        books.simulator.pass_time(101 * DAY)
        assert said(books.refresh(fresh)) == (400, "invalid_grant")

    def test_refresh_tokens_can_be_made_to_expire(self, books: Books) -> None:
        books.simulator.expire_refresh_tokens()
        assert said(books.refresh()) == (400, "invalid_grant")

    @pytest.mark.parametrize(
        ("form", "expected"),
        [
            ({"grant_type": "refresh_token", "refresh_token": "nonsense"}, (400, "invalid_grant")),
            ({"grant_type": "refresh_token"}, (400, "invalid_request")),
            ({"grant_type": "password"}, (400, "unsupported_grant_type")),
            ({"grant_type": "authorization_code", "code": "nonsense"}, (400, "invalid_grant")),
        ],
    )
    def test_what_is_wrong_is_refused(self, books: Books, form: dict[str, str], expected: tuple[int, str]) -> None:
        assert said(books.token(**form)) == expected
        assert books.simulator.counters()["refreshes"] == 0

    def test_clients_prove_themselves_in_the_header_alone(self, books: Books) -> None:
        url = f"{books.url}/oauth2/v1/tokens/bearer"
        form = {"grant_type": "refresh_token", "refresh_token": books.refresh_token}
        secrets = {"client_id": CLIENT[0], "client_secret": CLIENT[1]}
        assert said(httpx.post(url, data={**form, **secrets})) == (401, "invalid_client")
        assert said(httpx.post(url, data=form, auth=(CLIENT[0], "wrong"))) == (401, "invalid_client")
        assert said(httpx.post(url, json=form, auth=CLIENT)) == (400, "invalid_request")
        bearer = {"authorization": f"Bearer {base64.b64encode(':'.join(CLIENT).encode()).decode()}"}
        assert said(httpx.post(url, data=form, headers=bearer)) == (401, "invalid_client")
        assert books.refresh().status_code == 200

    def test_a_token_of_another_client_is_nobodys(self, books: Books) -> None:
        books.simulator.add_client("second", "its-secret")
        form = {"grant_type": "refresh_token", "refresh_token": books.refresh_token}
        answer = httpx.post(f"{books.url}/oauth2/v1/tokens/bearer", data=form, auth=("second", "its-secret"))
        assert said(answer) == (400, "invalid_grant")

    def test_the_token_endpoint_can_be_in_trouble(self, books: Books) -> None:
        books.simulator.faults.add(Fault(operation="token", status=400, reason="invalid_grant"))
        books.simulator.faults.add(Fault(operation="token", status=503))
        assert said(books.refresh()) == (400, "invalid_grant")
        answer = books.refresh()
        assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert books.refresh().status_code == 200


class TestTheEndOfAGrant:
    def revoke(self, books: Books, token: str) -> httpx.Response:
        return httpx.post(f"{books.url}/v2/oauth2/tokens/revoke", json={"token": token}, auth=CLIENT)

    @pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
    def test_a_token_of_either_kind_ends_it(self, books: Books, kind: str) -> None:
        body = books.refresh().json()
        assert self.revoke(books, body[kind]).status_code == 200
        assert not works(books, body["access_token"])
        assert said(books.refresh(body["refresh_token"])) == (400, "invalid_grant")

    def test_an_unknown_token_ends_nothing(self, books: Books) -> None:
        assert said(self.revoke(books, "nonsense")) == (400, "invalid_request")
        assert books.refresh().status_code == 200

    def test_a_company_disconnects(self, books: Books) -> None:
        books.simulator.revoke(REALM)
        assert said(books.refresh()) == (400, "invalid_grant")
        assert gateway_fault(books.client.get("/preferences"))[0] == 401
        again = books.simulator.grant(REALM)
        assert books.refresh(again).status_code == 200


class TestConsent:
    QUERY = {  # noqa: RUF012 - never written to
        "client_id": CLIENT[0],
        "response_type": "code",
        "scope": SCOPE,
        "redirect_uri": WAY_BACK,
        "state": "s",
    }

    def ask(self, books: Books, **changes: str) -> httpx.Response:
        return httpx.get(f"{books.url}/connect/oauth2", params={**self.QUERY, **changes})

    def back(self, answer: httpx.Response) -> dict[str, str]:
        assert answer.status_code == 302, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    def exchange(self, books: Books, code: str, redirect_uri: str = WAY_BACK) -> httpx.Response:
        return books.token(grant_type="authorization_code", code=code, redirect_uri=redirect_uri)

    def test_the_code_comes_with_the_company_and_is_exchanged_once(self, books: Books) -> None:
        back = self.back(self.ask(books))
        assert (back["realmId"], back["state"]) == (REALM, "s")
        body = self.exchange(books, back["code"]).json()
        assert works(books, body["access_token"])
        assert books.refresh(body["refresh_token"]).status_code == 200
        assert said(self.exchange(books, back["code"])) == (400, "invalid_grant")

    def test_a_person_chooses_the_company(self, books: Books) -> None:
        books.simulator.add_company(OTHER_REALM)
        books.simulator.set(consent_realm=OTHER_REALM)
        assert self.back(self.ask(books))["realmId"] == OTHER_REALM

    def test_a_person_declines(self, books: Books) -> None:
        books.simulator.set(deny_consent=True)
        assert self.back(self.ask(books)) == {"error": "access_denied", "state": "s"}

    def test_a_code_is_good_for_its_redirect_uri_and_a_few_minutes(self, books: Books) -> None:
        code = self.back(self.ask(books))["code"]
        assert said(self.exchange(books, code, "http://127.0.0.1:8000/elsewhere")) == (400, "invalid_grant")
        code = self.back(self.ask(books))["code"]
        books.simulator.pass_time(301)
        assert said(self.exchange(books, code)) == (400, "invalid_grant")

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"client_id": "unknown"}, (401, "invalid_client")),
            ({"scope": "openid"}, (400, "invalid_scope")),
            ({"scope": f"{SCOPE} everything"}, (400, "invalid_scope")),
            ({"state": ""}, (400, "invalid_request")),
            ({"response_type": "token"}, (400, "invalid_request")),
            ({"redirect_uri": "http://example.com/callback"}, (400, "invalid_request")),
        ],
    )
    def test_what_is_wrong_stays_on_the_page(
        self, books: Books, changes: dict[str, str], expected: tuple[int, str]
    ) -> None:
        assert said(self.ask(books, **changes)) == expected

    def test_it_leads_back_to_registered_addresses_alone(self, books: Books) -> None:
        books.simulator.add_client(*CLIENT, redirect_uris=[WAY_BACK])
        assert self.ask(books).status_code == 302
        assert said(self.ask(books, redirect_uri=f"{WAY_BACK}/other")) == (400, "invalid_request")
