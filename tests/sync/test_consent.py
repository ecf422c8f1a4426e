"""From setting out to the consent page until the grant is stored, or nothing is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.store.things import at_once
from tests.sync.small_house import GOOGLE, SmallHouse
from worker.core.connections import Connection
from worker.core.consents import ConsentRefused, Reason, challenge
from worker.core.errors import ConnectionRevoked, Invalid, Transient
from worker.sync.connect import connect, disconnect
from worker.sync.consent import LIFE, Held, Setting, begin_consent, come_back, end_consent, held

BACK = "https://sync.example/connect/google-calendar/callback"
ADA, BOB = {"identity": "1", "person": "ada@example.com"}, {"identity": "2", "person": "bob@example.com"}


@dataclass
class MemoryConsents:
    """A provider whose codes name who consented; it wants the verifier, and the way back that was asked for."""

    page: str = "https://provider.example/consent"
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    exchanged: list[str] = field(default_factory=list)
    trouble: Exception | None = None

    def authorize_url(self, state: str, challenge: str, redirect_uri: str, hint: str | None = None) -> str:
        self.asked[challenge] = {"state": state, "redirect_uri": redirect_uri, "hint": hint or ""}
        return f"{self.page}?{urlencode({'state': state, 'challenge': challenge})}"

    def exchange(self, code: str, verifier: str, redirect_uri: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        self.exchanged.append(code)
        if self.trouble is not None:
            raise self.trouble
        assert self.asked[challenge(verifier)]["redirect_uri"] == redirect_uri
        assert query["code"] == code
        return {"refresh_token": f"of {code}", **(ADA if code.startswith("ada") else BOB)}


@dataclass
class Browser:
    """One browser, which keeps its secret, in a small house."""

    small: SmallHouse
    consents: MemoryConsents
    secret: str | None = None

    def sets_out(self, team: str = "") -> dict[str, str]:
        setting = Setting(self.small.account_id, GOOGLE, team)
        begun = begin_consent(self.small.house, self.consents, setting, BACK, self.secret)
        self.secret = begun.browser
        return dict(parse_qsl(urlsplit(begun.url).query))

    def returns(self, sent: Mapping[str, str], code: str = "ada", **query: str) -> tuple[Connection, str]:
        back = {"state": sent["state"], **({"code": code} if code else {}), **query}
        consent = come_back(self.small.house, GOOGLE, back)
        return end_consent(self.small.house, self.consents, consent, back, self.secret)

    def is_refused(self, sent: Mapping[str, str], code: str = "ada", **query: str) -> ConsentRefused:
        with pytest.raises(ConsentRefused) as refused:
            self.returns(sent, code, **query)
        return refused.value


@pytest.fixture
def browser(small: SmallHouse) -> Browser:
    disconnect(small.house, small.account_id, GOOGLE, lambda _: None)
    return Browser(small, MemoryConsents())


def stored(small: SmallHouse, team: str = "") -> Mapping[str, Any]:
    return small.store.grants.grant(small.connection.id, team).read()


def test_who_comes_back_is_connected(small: SmallHouse, browser: Browser) -> None:
    connection, person = browser.returns(browser.sets_out())
    assert (connection.connected, person) == (True, "ada@example.com")
    assert stored(small) == {"refresh_token": "of ada", **ADA}


def test_the_verifier_stays_in_the_house(browser: Browser) -> None:
    sent = browser.sets_out()
    assert set(sent) == {"state", "challenge"}
    assert sent["challenge"] not in sent["state"]
    assert browser.sets_out()["challenge"] != sent["challenge"]


def test_settings_links_and_what_is_published_stay(small: SmallHouse) -> None:
    connect(small.house, small.account_id, GOOGLE, {"refresh_token": "x"}, {"on_remote_delete": "flag"})
    small.arrive("vis_1")
    small.sync()
    before = small.connection.settings
    disconnect(small.house, small.account_id, GOOGLE, lambda _: None)
    browser = Browser(small, MemoryConsents())
    browser.returns(browser.sets_out())
    small.sync()
    assert small.connection.settings == before == {"on_remote_delete": "flag"}
    small.assert_agreement()
    assert len(small.calendars.ours("one@example.com")) == 1


def test_a_state_is_good_once_even_after_a_failure(small: SmallHouse, browser: Browser) -> None:
    sent = browser.sets_out()
    browser.consents.trouble = Transient("away")
    with pytest.raises(Transient):
        browser.returns(sent)
    browser.consents.trouble = None
    assert browser.is_refused(sent).reason is Reason.USED
    assert browser.consents.exchanged == ["ada"]
    assert not small.connection.connected


def test_of_two_that_come_back_at_once_one_is_connected(small: SmallHouse, browser: Browser) -> None:
    sent = browser.sets_out()
    got = at_once(6, lambda _: browser.returns(sent))
    assert len([one for one in got if isinstance(one, tuple)]) == 1
    assert browser.consents.exchanged == ["ada"]


def test_ten_minutes_are_enough(small: SmallHouse, browser: Browser) -> None:
    sent = browser.sets_out()
    small.tick(LIFE.total_seconds())
    assert browser.is_refused(sent).reason is Reason.EXPIRED
    assert browser.consents.exchanged == []


@pytest.mark.parametrize("secret", [None, "", "x" * 43])
def test_another_browser_gets_nothing(small: SmallHouse, browser: Browser, secret: str | None) -> None:
    sent = browser.sets_out()
    other = replace(browser, secret=secret)
    assert other.is_refused(sent).reason is Reason.ELSEWHERE
    assert browser.consents.exchanged == []
    assert not small.connection.connected


def test_two_flows_of_one_browser_do_not_disturb_each_other(small: SmallHouse, browser: Browser) -> None:
    first, second = browser.sets_out("usr_1"), browser.sets_out("usr_2")
    browser.returns(first, "ada")
    browser.returns(second, "bob")
    assert [stored(small, team)["person"][:3] for team in ("usr_1", "usr_2")] == ["ada", "bob"]


def test_the_state_of_another_account_is_no_way_in(small: SmallHouse, browser: Browser) -> None:
    other, _, _ = small.store.accounts.create("Other", small.clock)
    theirs = Browser(small, browser.consents)
    begun = begin_consent(small.house, browser.consents, Setting(other.id, GOOGLE), BACK)
    theirs.secret = begun.browser
    browser.sets_out()
    state = dict(parse_qsl(urlsplit(begun.url).query))
    assert browser.is_refused(state).reason is Reason.ELSEWHERE
    assert small.store.connections.find(other.id, GOOGLE) is None
    assert not small.connection.connected


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"error": "access_denied"}, Reason.DECLINED),
        ({"error": "server_error"}, Reason.REFUSED),
        ({}, Reason.REFUSED),
    ],
)
def test_a_no_is_told_apart_and_nothing_is_exchanged(browser: Browser, query: dict[str, str], reason: Reason) -> None:
    sent = browser.sets_out()
    assert browser.is_refused(sent, "", **query).reason is reason
    assert browser.is_refused(sent).reason is Reason.USED
    assert browser.consents.exchanged == []


def test_somebody_else_takes_nobodys_place(small: SmallHouse, browser: Browser) -> None:
    browser.returns(browser.sets_out())
    refused = browser.is_refused(browser.sets_out(), "bob")
    assert (refused.reason, refused.shown) == (Reason.OTHER_PERSON, "ada@example.com")
    assert "ada" not in str(refused)
    assert stored(small)["refresh_token"] == "of ada"


def test_the_same_person_may_connect_again_and_is_expected(small: SmallHouse, browser: Browser) -> None:
    browser.returns(browser.sets_out())
    sent = browser.sets_out()
    assert browser.consents.asked[sent["challenge"]]["hint"] == "1"
    browser.returns(sent, "ada again")
    assert stored(small)["refresh_token"] == "of ada again"


def test_after_a_disconnect_anybody_may_connect(small: SmallHouse, browser: Browser) -> None:
    browser.returns(browser.sets_out())
    disconnect(small.house, small.account_id, GOOGLE, lambda _: None)
    browser.returns(browser.sets_out(), "bob")
    assert stored(small)["person"] == "bob@example.com"


def test_a_revoked_grant_is_still_somebodys(small: SmallHouse, browser: Browser) -> None:
    connection, _ = browser.returns(browser.sets_out())
    small.store.connections.revoke(connection.id, "gone", small.clock)
    assert browser.is_refused(browser.sets_out(), "bob").reason is Reason.OTHER_PERSON
    assert browser.returns(browser.sets_out(), "ada again")[0].connected


def test_credentials_that_name_nobody_may_be_anybodys(small: SmallHouse, browser: Browser) -> None:
    connect(small.house, small.account_id, GOOGLE, {"refresh_token": "by hand"})
    browser.returns(browser.sets_out(), "bob")
    assert stored(small)["person"] == "bob@example.com"


def test_each_team_member_is_compared_with_themselves(small: SmallHouse, browser: Browser) -> None:
    browser.returns(browser.sets_out("usr_1"), "ada")
    browser.returns(browser.sets_out("usr_2"), "bob")
    assert browser.is_refused(browser.sets_out("usr_2"), "ada").shown == "bob@example.com"
    assert sorted(small.store.grants.teams(small.connection.id)) == ["usr_1", "usr_2"]


def test_what_is_held_is_what_a_new_grant_would_take_the_place_of(small: SmallHouse, browser: Browser) -> None:
    def there(team: str = "") -> Held:
        return held(small.house, Setting(small.account_id, GOOGLE, team))

    assert there() == Held()
    browser.returns(browser.sets_out("usr_1"), "ada")
    assert there("usr_2") == Held()
    assert there("usr_1") == there() == Held(["usr_1"], ["ada@example.com"])
    connect(small.house, small.account_id, GOOGLE, {"refresh_token": "by hand"})
    assert there("usr_2") == Held([""], [])
    small.store.connections.revoke(small.connection.id, "gone", small.clock)
    assert there() == Held()


@pytest.mark.parametrize("team", ["x" * 101, "usr\n1", "usr\x00"])
def test_a_team_member_who_is_none_is_named(browser: Browser, team: str) -> None:
    with pytest.raises(Invalid, match="team"):
        browser.sets_out(team)


def test_only_calendars_have_team_members(small: SmallHouse, browser: Browser) -> None:
    with pytest.raises(Invalid, match="team: only calendars"):
        begin_consent(small.house, browser.consents, Setting(small.account_id, "fieldcamp", "usr_1"), BACK)


def test_nothing_is_stored_where_the_provider_does_not_take_the_code(small: SmallHouse, browser: Browser) -> None:
    browser.consents.trouble = ConnectionRevoked("used before")
    with pytest.raises(ConnectionRevoked):
        browser.returns(browser.sets_out())
    assert small.store.grants.teams(small.connection.id) == []
