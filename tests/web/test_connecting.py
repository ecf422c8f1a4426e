"""A person connects Google Calendar in a browser: the app on a socket, a real store, the simulated consent page."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from tests.web.house import served
from worker.reception import Reception
from worker.settings import Settings
from worker.simulators.faults import Fault
from worker.simulators.google_calendar import GoogleCalendarSimulator
from worker.simulators.server import serve
from worker.sync.connect import connect, disconnect
from worker.web.app import make_web
from worker.web.connecting import Lobby, connect_routes
from worker.wiring import Wiring, now

GOOGLE, PATH = "google_calendar", "/connect/google-calendar"
ADA, BOB = "ada@example.com", "bob@example.com"
COOKIE = "visit-sync-consent"
HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
EVENTS = "https://www.googleapis.com/auth/calendar.events"


@dataclass
class Desk:
    """The served app, Google beside it, and an account; ``ahead`` moves the clock."""

    wiring: Wiring
    google: GoogleCalendarSimulator
    google_url: str
    account_id: str
    key: str
    url: str = ""
    ahead: timedelta = timedelta(0)

    def browser(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=HTML, follow_redirects=True, timeout=20, **options)

    def stored(self, team: str = "") -> Mapping[str, Any]:
        connection = self.wiring.store.connections.find(self.account_id, GOOGLE)
        assert connection is not None
        return self.wiring.store.grants.grant(connection.id, team).read()

    @property
    def is_connected(self) -> bool:
        connection = self.wiring.store.connections.find(self.account_id, GOOGLE)
        return connection is not None and connection.connected

    def house_later(self) -> Any:
        return replace(self.wiring.house, now=lambda: now() + self.ahead)


@contextmanager
def desk_on(
    folder: Path, template: Path, keys: list[str], public_url: str | None = None, **settings: str
) -> Iterator[Desk]:
    path = folder / "visit-sync.db"
    shutil.copy(template, path)
    google = GoogleCalendarSimulator()
    for user in (ADA, BOB):
        google.add_user(user)
    with serve(google.app) as beside:
        known = {
            "database_url": f"sqlite:///{path}",
            "secret_keys": keys[0],
            "google_base_url": beside.url,
            "google_token_url": f"{beside.url}/token",
            "google_client_id": "client-id",
            "google_client_secret": "client-secret",
        }
        wiring = Wiring(Settings.model_validate({**known, "public_url": public_url, **settings}))
        account, key, _ = wiring.store.accounts.create("Acme", now())
        desk = Desk(wiring, google, beside.url, account.id, key)
        lobby = Lobby(desk.house_later(), wiring.open_consents, wiring.callers.find)
        with served(make_web(Reception(wiring), more=[connect_routes(lobby)])) as url:
            desk.url = url
            google.add_client("client-id", "client-secret", [f"{public_url or url}{PATH}/callback"])
            yield desk
        wiring.close()


@pytest.fixture
def desk(tmp_path: Path, sqlite_template: Path, keys: list[str]) -> Iterator[Desk]:
    with desk_on(tmp_path, sqlite_template, keys) as desk:
        yield desk


@pytest.fixture
def browser(desk: Desk) -> Iterator[httpx.Client]:
    with desk.browser() as browser:
        yield browser


def submit(desk: Desk, browser: httpx.Client, **fields: str) -> httpx.Response:
    """The form as a browser sends it."""
    return browser.post(PATH, data={"key": desk.key, **fields}, headers={"Sec-Fetch-Site": "same-origin"})


def to_consent(desk: Desk, browser: httpx.Client, **fields: str) -> str:
    """The address of the consent page that the form leads to."""
    answer = browser.post(PATH, data={"key": desk.key, **fields}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def back_from(consent_url: str) -> str:
    """Where the consent page sends the browser, not yet followed."""
    return httpx.get(consent_url).headers["Location"]


def heading(answer: httpx.Response) -> str:
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    found = re.findall(r"<h1>(.*?)</h1>", answer.text)
    assert len(found) == 1
    return str(found[0])


def links(answer: httpx.Response) -> list[str]:
    return re.findall(r'<a class="act" href="([^"]*)"', answer.text)


class TestTheWholeWay:
    def test_a_form_and_two_redirects_connect(self, desk: Desk, browser: httpx.Client) -> None:
        form = browser.get(PATH)
        assert (form.status_code, heading(form)) == (401, "Connect Google Calendar")
        done = submit(desk, browser)
        assert (done.status_code, heading(done)) == (200, "Google Calendar is connected")
        assert ADA in done.text
        assert [answer.status_code for answer in done.history] == [303, 302]
        assert desk.is_connected
        credentials = desk.stored()
        assert desk.google.grants.by_refresh_token(credentials["refresh_token"]).user == ADA  # type: ignore[union-attr]
        assert desk.google.counters()["exchanges"] == 1

    @pytest.mark.parametrize("name", ["Authorization", "X-API-Key"])
    def test_a_key_in_a_header_goes_straight_to_the_consent_page(self, desk: Desk, name: str) -> None:
        value = f"Bearer {desk.key}" if name == "Authorization" else desk.key
        with desk.browser() as browser:
            first = browser.get(PATH, headers={name: value}, follow_redirects=False)
            assert first.status_code == 303
            assert first.headers["Location"].startswith(f"{desk.google_url}/o/oauth2/v2/auth?")
            assert heading(browser.get(first.headers["Location"])) == "Google Calendar is connected"
        assert desk.is_connected

    def test_a_team_member_connects_alone(self, desk: Desk, browser: httpx.Client) -> None:
        assert 'value="usr_1"' in browser.get(f"{PATH}?team=usr_1").text
        submit(desk, browser, team="usr_1")
        desk.google.set(consent_user=BOB)
        submit(desk, browser, team="usr_2")
        assert (desk.stored("usr_1")["person"], desk.stored("usr_2")["person"]) == (ADA, BOB)

    def test_no_address_holds_a_secret_besides_oauths_own(self, desk: Desk, browser: httpx.Client) -> None:
        done = submit(desk, browser)
        credentials = desk.stored()
        urls = [str(answer.url) for answer in (*done.history, done)] + [links(done)]
        for secret in (desk.key, credentials["refresh_token"], credentials["access_token"], "client-secret", "@"):
            assert secret not in str(urls)
        asked = dict(parse_qsl(urlsplit(str(done.history[1].url)).query))
        assert set(asked) == {
            *("client_id", "redirect_uri", "response_type", "scope", "access_type", "prompt", "state"),
            *("code_challenge", "code_challenge_method"),
        }

    def test_nothing_secret_is_logged(self, desk: Desk, browser: httpx.Client, written: io.StringIO) -> None:
        begun = to_consent(desk, browser)
        back = back_from(begun)
        browser.get(back)
        browser.get(back)
        desk.google.set(consent_user=BOB)
        browser.get(back_from(to_consent(desk, browser, renew="1")))
        query = dict(parse_qsl(urlsplit(back).query))
        credentials = desk.stored()
        lines = written.getvalue()
        assert "connect.ended" in lines
        assert "other_person" in lines
        secrets = [desk.key, query["code"], query["state"], credentials["refresh_token"], credentials["access_token"]]
        for secret in (*secrets, credentials["identity"], browser.cookies[COOKIE], ADA, BOB):
            assert secret not in lines


class TestTheForm:
    @pytest.mark.parametrize("key", ["wrong", "vs_live_wrong", "ä", "x" * 600, "a b"])
    def test_a_wrong_key_says_so_and_begins_nothing(self, desk: Desk, browser: httpx.Client, key: str) -> None:
        answer = submit(desk, browser, key=key)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "unknown or was revoked" in answer.text
        assert f'"{key}"' not in answer.text
        assert COOKIE not in answer.cookies
        assert desk.google.journal.entries() == []

    def test_a_revoked_key_begins_nothing(self, desk: Desk, browser: httpx.Client) -> None:
        key = desk.wiring.store.keys.of(desk.account_id)[0]
        desk.wiring.store.keys.revoke(desk.account_id, key.id, now())
        assert submit(desk, browser).status_code == 401

    def test_a_key_that_may_only_read_begins_nothing(self, desk: Desk, browser: httpx.Client) -> None:
        _, reading = desk.wiring.store.keys.create(desk.account_id, ["sync:read"], now())
        answer = submit(desk, browser, key=reading)
        assert answer.status_code == 403
        assert "sync:write" in answer.text

    def test_a_key_in_the_address_is_no_key(self, desk: Desk, browser: httpx.Client) -> None:
        answer = browser.get(f"{PATH}?key={desk.key}")
        assert answer.status_code == 401
        assert desk.key not in answer.text

    def test_space_around_a_pasted_key_does_no_harm(self, desk: Desk, browser: httpx.Client) -> None:
        assert submit(desk, browser, key=f" {desk.key}\n").status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://["},
        ],
    )
    def test_another_sites_form_is_refused(self, desk: Desk, browser: httpx.Client, headers: dict[str, str]) -> None:
        answer = browser.post(PATH, data={"key": desk.key}, headers=headers)
        assert (answer.status_code, heading(answer)) == (403, "This form came from another site")
        assert desk.google.journal.entries() == []

    def test_a_form_of_our_own_site_is_taken(self, desk: Desk, browser: httpx.Client) -> None:
        answer = browser.post(PATH, data={"key": desk.key}, headers={"Origin": desk.url})
        assert heading(answer) == "Google Calendar is connected"

    @pytest.mark.parametrize("host", ["[", "x@y", "evil/..", "a b", ""])
    def test_a_host_that_is_none_is_a_callers_mistake(self, desk: Desk, browser: httpx.Client, host: str) -> None:
        answer = browser.get(PATH, headers={"X-API-Key": desk.key, "Host": host}, follow_redirects=False)
        assert (answer.status_code, heading(answer)) == (400, "This address names no host")
        assert "Location" not in answer.headers

    @pytest.mark.parametrize("host", ["[", "x@y", ""])
    def test_a_return_under_such_a_host_uses_nothing_up(self, desk: Desk, browser: httpx.Client, host: str) -> None:
        back = back_from(to_consent(desk, browser))
        answer = browser.get(back, headers={"Host": host})
        assert (answer.status_code, heading(answer)) == (400, "This address names no host")
        assert desk.google.counters().get("exchanges", 0) == 0
        assert heading(browser.get(back)) == "Google Calendar is connected"

    def test_a_form_that_is_too_large_or_none_is_refused(self, desk: Desk, browser: httpx.Client) -> None:
        assert submit(desk, browser, team="x" * 9000).status_code == 413
        assert browser.post(PATH, content=b"\xff\x00&&&=" * 9).status_code == 401
        assert browser.post(PATH, content="&".join(f"a{n}=1" for n in range(99)).encode()).status_code == 401

    def test_what_people_type_is_escaped(self, desk: Desk, browser: httpx.Client) -> None:
        evil = '"><script>alert(1)</script>'
        for answer in (browser.get(PATH, params={"team": evil}), submit(desk, browser, key="x", team=evil)):
            assert "<script" not in answer.text
            assert "&lt;script&gt;" in answer.text

    def test_a_team_member_who_is_none_is_named(self, desk: Desk, browser: httpx.Client) -> None:
        answer = submit(desk, browser, team="x" * 101)
        assert answer.status_code == 400
        assert "Team member" in answer.text

    def test_the_form_may_lead_to_us_and_to_the_consent_page_alone(self, desk: Desk, browser: httpx.Client) -> None:
        policy = browser.get(PATH).headers["Content-Security-Policy"]
        assert f"form-action 'self' {desk.google_url};" in policy


class TestPages:
    def test_a_page_runs_nothing_and_fetches_nothing(self, desk: Desk, browser: httpx.Client) -> None:
        for answer in (
            browser.get(PATH),
            browser.get(f"{PATH}/callback"),
            submit(desk, browser),
            submit(desk, browser),
        ):
            policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
            assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
            style = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)[0]
            digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
            assert policy["style-src"] == f"'sha256-{digest}'"
            assert not re.search(r"<script|<img|<link|<iframe|\sstyle=|\son\w+=|javascript:", answer.text)
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Frame-Options"] == "DENY"

    def test_no_address_with_a_code_is_told_to_anybody(self, browser: httpx.Client) -> None:
        assert browser.get(f"{PATH}/callback?code=x&state=y").headers["Referrer-Policy"] == "no-referrer"
        # With "no-referrer" a browser would send our own form with an origin of "null".
        assert browser.get(PATH).headers["Referrer-Policy"] == "same-origin"

    @pytest.mark.parametrize("slug", ["fieldcamp", "nothing", "google_calendar", "google-calendar%2f"])
    def test_what_is_not_connected_in_the_browser_is_not_found(self, browser: httpx.Client, slug: str) -> None:
        for path in (f"/connect/{slug}", f"/connect/{slug}/callback"):
            answer = browser.get(path)
            assert answer.status_code == 404
            assert "There is nothing here" in answer.text
            plain = browser.get(path, headers={"Accept": "*/*"})
            assert (plain.status_code, plain.json()["code"]) == (404, "NOT_FOUND")

    def test_without_a_client_the_operator_is_told_what_to_set(
        self, tmp_path: Path, sqlite_template: Path, keys: list[str]
    ) -> None:
        unset = {"google_client_id": "", "google_client_secret": ""}
        with desk_on(tmp_path, sqlite_template, keys, **unset) as desk, desk.browser() as browser:
            for answer in (browser.get(PATH), submit(desk, browser), browser.get(f"{PATH}/callback?state=x&code=y")):
                assert (answer.status_code, heading(answer)) == (501, "Google Calendar cannot be connected here yet")
                assert "GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET" in answer.text


class TestTheCookie:
    def test_it_is_out_of_reach_of_scripts_and_other_sites(self, desk: Desk, browser: httpx.Client) -> None:
        answer = browser.post(PATH, data={"key": desk.key}, follow_redirects=False)
        parts = [part.strip().lower() for part in answer.headers["Set-Cookie"].split(";")]
        assert parts[0].startswith(f"{COOKIE}=")
        assert {"httponly", "samesite=lax", "path=/", "max-age=600"} <= set(parts)
        assert "secure" not in parts

    def test_behind_https_it_is_ours_alone(self, tmp_path: Path, sqlite_template: Path, keys: list[str]) -> None:
        public = "https://sync.example"
        with desk_on(tmp_path, sqlite_template, keys, public) as desk, desk.browser() as browser:
            answer = browser.post(PATH, data={"key": desk.key}, follow_redirects=False)
            begun = answer.headers["Location"]
            assert answer.headers["Set-Cookie"].startswith(f"__Host-{COOKIE}=")
            assert "Secure" in answer.headers["Set-Cookie"]
            assert "Domain" not in answer.headers["Set-Cookie"]
            query = dict(parse_qsl(urlsplit(begun).query))
            assert query["redirect_uri"] == f"{public}{PATH}/callback"
            back = back_from(begun).replace(public, desk.url)
            secret = answer.headers["Set-Cookie"].split(";")[0]
            assert heading(browser.get(back, headers={"Cookie": secret})) == "Google Calendar is connected"

    def test_a_form_at_the_public_address_is_our_own(
        self, tmp_path: Path, sqlite_template: Path, keys: list[str]
    ) -> None:
        with desk_on(tmp_path, sqlite_template, keys, "https://sync.example") as desk, desk.browser() as browser:
            answer = browser.post(
                PATH, data={"key": desk.key}, headers={"Origin": "https://sync.example"}, follow_redirects=False
            )
            assert answer.status_code == 303


class TestWhatMayGoWrong:
    def refused(self, desk: Desk, answer: httpx.Response, status: int, title: str, link: str | None) -> None:
        assert (answer.status_code, heading(answer)) == (status, title)
        assert links(answer) == ([link] if link else [])
        if link:
            again = str(answer.url.join(link))
            assert again.partition("?")[0] == f"{desk.url}{PATH}"

    def test_the_person_says_no(self, desk: Desk, browser: httpx.Client) -> None:
        desk.google.set(deny_consent=True)
        answer = submit(desk, browser, team="usr_1")
        self.refused(desk, answer, 403, "You did not allow it", "../google-calendar?team=usr_1")
        assert not desk.is_connected
        assert desk.google.counters()["exchanges"] == 0

    @pytest.mark.parametrize(
        ("error", "shown"),
        [
            ("server_error", "server_error"),
            ("<script>alert(1)</script>", "no reason"),
            ("Call 555-1234 now", "no reason"),
        ],
    )
    def test_google_says_no(self, desk: Desk, browser: httpx.Client, error: str, shown: str) -> None:
        state = dict(parse_qsl(urlsplit(to_consent(desk, browser)).query))["state"]
        query = urlencode({"state": state, "error": error, "error_description": "<b>words of others</b>"})
        answer = browser.get(f"{PATH}/callback?{query}")
        self.refused(desk, answer, 502, "Google Calendar did not let us in", "../google-calendar")
        assert shown in answer.text
        for words in ("words of others", "alert(1)", "555"):
            assert words not in answer.text

    @pytest.mark.parametrize("query", ["", "?code=x", "?state=", "?state=x&code=y", "?state=%00&code=y", "?error=x"])
    def test_a_state_that_is_none(self, desk: Desk, browser: httpx.Client, query: str) -> None:
        answer = browser.get(f"{PATH}/callback{query}")
        self.refused(desk, answer, 400, "This address leads nowhere", "../google-calendar")
        assert desk.google.journal.entries() == []

    def test_a_state_without_a_code(self, desk: Desk, browser: httpx.Client) -> None:
        state = dict(parse_qsl(urlsplit(to_consent(desk, browser)).query))["state"]
        answer = browser.get(f"{PATH}/callback?{urlencode({'state': state})}")
        self.refused(desk, answer, 502, "Google Calendar did not let us in", "../google-calendar")

    def test_a_state_used_twice(self, desk: Desk, browser: httpx.Client) -> None:
        back = back_from(to_consent(desk, browser, team="usr_1"))
        assert browser.get(back).status_code == 200
        self.refused(desk, browser.get(back), 400, "This step was taken before", "../google-calendar?team=usr_1")
        assert desk.google.counters()["exchanges"] == 1

    def test_a_state_too_late(self, desk: Desk, browser: httpx.Client) -> None:
        back = back_from(to_consent(desk, browser))
        desk.ahead = timedelta(minutes=10)
        self.refused(desk, browser.get(back), 400, "That took too long", "../google-calendar")
        assert not desk.is_connected

    def test_a_state_of_another_browser(self, desk: Desk, browser: httpx.Client) -> None:
        back = back_from(to_consent(desk, browser))
        with desk.browser() as other:
            self.refused(desk, other.get(back), 400, "This is another browser", "../google-calendar")
            other.post(PATH, data={"key": desk.key}, follow_redirects=False)
            back = back_from(to_consent(desk, browser))
            assert heading(other.get(back)) == "This is another browser"
        assert not desk.is_connected
        assert desk.google.counters()["exchanges"] == 0

    def test_a_state_of_another_account(self, desk: Desk, browser: httpx.Client) -> None:
        other, their_key, _ = desk.wiring.store.accounts.create("Evil", now())
        with desk.browser() as attacker:
            trap = to_consent(desk, attacker, key=their_key)
        to_consent(desk, browser)
        assert heading(browser.get(trap)) == "This is another browser"
        assert not desk.is_connected
        assert desk.wiring.store.connections.find(other.id, GOOGLE) is None

    def test_two_callbacks_with_one_state_at_once_store_one_grant(self, desk: Desk, browser: httpx.Client) -> None:
        back = back_from(to_consent(desk, browser))
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: browser.get(back), range(6)))
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 5
        assert desk.google.counters()["exchanges"] == 1
        assert desk.stored()["person"] == ADA

    def test_a_box_that_was_not_ticked(self, desk: Desk, browser: httpx.Client) -> None:
        desk.google.set(unticked=[EVENTS])
        self.refused(desk, submit(desk, browser), 403, "A box was not ticked", "../google-calendar")
        assert not desk.is_connected

    def test_somebody_else_signs_in(self, desk: Desk, browser: httpx.Client) -> None:
        submit(desk, browser)
        before = desk.stored()
        desk.google.set(consent_user=BOB)
        answer = submit(desk, browser, renew="1")
        self.refused(desk, answer, 409, "Somebody else is connected", "../google-calendar")
        assert ADA in answer.text
        assert "visit-sync disconnect google_calendar" in answer.text
        assert desk.stored() == before
        disconnect(desk.wiring.house, desk.account_id, GOOGLE, desk.wiring.revoke)
        assert submit(desk, browser).status_code == 200
        assert desk.stored()["person"] == BOB

    def test_a_code_that_google_does_not_know(self, desk: Desk, browser: httpx.Client) -> None:
        back = back_from(to_consent(desk, browser))
        answer = browser.get(re.sub(r"code=[^&]*", "code=4%2Fforged", back))
        title = "Google Calendar does not know this sign-in any more"
        self.refused(desk, answer, 502, title, "../google-calendar")

    def test_a_client_that_google_refuses(self, desk: Desk, browser: httpx.Client) -> None:
        back = back_from(to_consent(desk, browser))
        desk.google.add_client("client-id", "another secret")
        answer = browser.get(back)
        self.refused(desk, answer, 502, "This installation is not set up right", "../google-calendar")
        assert "OAUTH_INVALID_CLIENT" in answer.text

    @pytest.mark.parametrize("fault", [Fault(path="^/token", status=503), Fault(path="^/token", drop="after")])
    def test_google_is_away(self, desk: Desk, browser: httpx.Client, fault: Fault) -> None:
        back = back_from(to_consent(desk, browser))
        desk.google.faults.add(fault)
        answer = browser.get(back)
        self.refused(desk, answer, 503, "Google Calendar does not answer", "../google-calendar")
        assert int(answer.headers["Retry-After"]) > 0
        assert heading(browser.get(back)) == "This step was taken before"
        assert submit(desk, browser).status_code == 200

    def test_the_database_is_away(
        self, tmp_path: Path, sqlite_template: Path, keys: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("worker.store.engine.BUSY_SECONDS", 1)
        with desk_on(tmp_path, sqlite_template, keys) as desk, desk.browser() as browser:
            back = back_from(to_consent(desk, browser))
            with closing(sqlite3.connect(desk.wiring.settings.sqlite_path)) as holder:
                holder.execute("BEGIN IMMEDIATE")
                self.refused(desk, browser.get(back), 503, "Visit Sync cannot do this now", "../google-calendar")
                assert submit(desk, browser).status_code == 503
            assert heading(browser.get(back)) == "Google Calendar is connected"


class TestConnectedAlready:
    def test_a_second_time_says_so_and_offers_to_go_on(self, desk: Desk, browser: httpx.Client) -> None:
        submit(desk, browser)
        first = desk.stored()
        answer = submit(desk, browser)
        assert (answer.status_code, heading(answer)) == (200, "Google Calendar is connected already")
        assert ADA in answer.text
        assert desk.stored() == first
        on = links(answer)[0].replace("&amp;", "&")
        assert heading(browser.get(on)) == "Google Calendar is connected"
        assert desk.stored()["refresh_token"] != first["refresh_token"]

    def test_whoever_asks_to_renew_is_not_asked_again(self, desk: Desk, browser: httpx.Client) -> None:
        submit(desk, browser)
        assert heading(submit(desk, browser, renew="1")) == "Google Calendar is connected"
        headers = {"X-API-Key": desk.key}
        assert heading(browser.get(PATH, headers=headers)) == "Google Calendar is connected already"
        assert heading(browser.get(f"{PATH}?renew=1", headers=headers)) == "Google Calendar is connected"
        assert 'name="renew"' in browser.get(f"{PATH}?renew=1").text

    def test_grants_that_would_go_are_named(self, desk: Desk, browser: httpx.Client) -> None:
        submit(desk, browser, team="usr_1")
        answer = submit(desk, browser)
        assert heading(answer) == "Google Calendar is connected already"
        house, by_hand = desk.wiring.house, {"refresh_token": "by hand"}
        for team in ("usr_1", "usr_2"):
            connect(house, desk.account_id, GOOGLE, by_hand, team=team)
        assert "the sign-in of usr_1, usr_2" in submit(desk, browser).text
        connect(house, desk.account_id, GOOGLE, by_hand)
        assert "the sign-in that is there" in submit(desk, browser, team="usr_3").text
        assert desk.stored()["refresh_token"] == "by hand"

    def test_settings_stay(self, desk: Desk, browser: httpx.Client) -> None:
        connect(desk.wiring.house, desk.account_id, GOOGLE, {"refresh_token": "x"}, {"time_zone": "Europe/Berlin"})
        submit(desk, browser, renew="1")
        connection = desk.wiring.store.connections.find(desk.account_id, GOOGLE)
        assert connection is not None
        assert connection.settings == {"time_zone": "Europe/Berlin"}
        assert desk.stored()["person"] == ADA

    def test_after_a_disconnect_it_is_connected_as_before(self, desk: Desk, browser: httpx.Client) -> None:
        submit(desk, browser)
        disconnect(desk.wiring.house, desk.account_id, GOOGLE, desk.wiring.revoke)
        assert not desk.is_connected
        assert heading(submit(desk, browser)) == "Google Calendar is connected"
        assert len(desk.wiring.store.connections.of(desk.account_id)) == 1
