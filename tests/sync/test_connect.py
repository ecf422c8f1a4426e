"""Connections come and go."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sync.small_house import GOOGLE, SmallHouse
from worker.core.errors import ConnectionRevoked, Invalid, NotConnected, Transient
from worker.sync.connect import FIRST_LOOK, connect, disconnect

KEY_FILE = {"client_email": "robot@example.com", "private_key": "-----BEGIN PRIVATE KEY-----"}


@pytest.mark.parametrize(
    ("integration", "credentials"),
    [
        ("fieldcamp", {"api_key": "fc_live_1"}),
        (GOOGLE, {"refresh_token": "1//x"}),
        (GOOGLE, {"service_account": KEY_FILE}),
    ],
)
def test_credentials_of_the_contract_are_taken(
    small: SmallHouse, integration: str, credentials: dict[str, Any]
) -> None:
    connection = connect(small.house, small.account_id, integration, credentials)
    assert connection.connected
    assert small.store.grants.grant(connection.id).read() == credentials


@pytest.mark.parametrize(
    ("integration", "credentials", "named"),
    [
        ("xero", {"token": "secretsecret"}, "integration"),
        ("fieldcamp", {}, "api_key"),
        ("fieldcamp", {"api_key": ""}, "api_key"),
        ("fieldcamp", {"api_key": 5}, "api_key"),
        (GOOGLE, {"token": "secretsecret"}, "refresh_token"),
        (GOOGLE, {"service_account": "secretsecret"}, "service_account"),
        (GOOGLE, {"service_account": {"client_email": "x"}}, "private_key"),
    ],
)
def test_wrong_credentials_are_named_and_never_repeated(
    small: SmallHouse, integration: str, credentials: dict[str, Any], named: str
) -> None:
    with pytest.raises(Invalid) as refused:
        connect(small.house, small.account_id, integration, credentials)
    assert named in refused.value.message
    assert "secretsecret" not in str(refused.value) + str(refused.value.details)


def test_wrong_settings_leave_the_connection_as_it_was(small: SmallHouse) -> None:
    before = small.connection
    with pytest.raises(Invalid, match="time_zone"):
        connect(small.house, small.account_id, GOOGLE, {"refresh_token": "x"}, {"time_zone": "Mars"})
    assert small.connection == before


def test_settings_stay_where_only_the_grant_is_renewed(small: SmallHouse) -> None:
    connect(small.house, small.account_id, GOOGLE, {"refresh_token": "x"}, {"on_remote_delete": "flag"})
    connect(small.house, small.account_id, GOOGLE, {"refresh_token": "y"})
    assert small.connection.settings == {"on_remote_delete": "flag"}


def test_fieldcamp_takes_no_settings(small: SmallHouse) -> None:
    with pytest.raises(Invalid, match="settings"):
        connect(small.house, small.account_id, "fieldcamp", {"api_key": "fc_live_1"}, {"time_zone": "UTC"})


def test_whoever_connects_may_ask_for_the_first_sync(small: SmallHouse) -> None:
    connection = connect(small.house, small.account_id, GOOGLE, {"refresh_token": "x"})
    assert connection.next_look_at == small.clock + FIRST_LOOK


def test_each_team_member_may_have_a_grant(small: SmallHouse) -> None:
    for team in ("usr_1", "usr_2", "usr_1"):
        connect(small.house, small.account_id, GOOGLE, {"refresh_token": f"of {team}"}, team=team)
    grants = small.store.grants
    assert sorted(grants.teams(small.connection.id)) == ["usr_1", "usr_2"]
    assert grants.grant(small.connection.id, "usr_2").read()["refresh_token"] == "of usr_2"
    with pytest.raises(Invalid, match="team"):
        connect(small.house, small.account_id, "fieldcamp", {"api_key": "fc_live_1"}, team="usr_1")


def test_a_disconnect_revokes_and_forgets(small: SmallHouse) -> None:
    revoked: list[int] = []
    disconnect(small.house, small.account_id, GOOGLE, lambda connection: revoked.append(connection.id))
    assert revoked == [small.connection.id]
    assert not small.connection.connected
    with pytest.raises(ConnectionRevoked):
        small.store.grants.grant(small.connection.id).read()
    with pytest.raises(NotConnected):
        disconnect(small.house, small.account_id, GOOGLE, lambda _: None)


def test_tokens_are_forgotten_though_the_provider_is_away(small: SmallHouse) -> None:
    def away(_: object) -> None:
        raise Transient("Google is away")

    disconnect(small.house, small.account_id, GOOGLE, away)
    assert not small.connection.connected


def test_team_members_who_connect_at_once_all_keep_their_grants(small: SmallHouse) -> None:
    teams = [f"usr_{number}" for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda t: connect(small.house, small.account_id, GOOGLE, {"refresh_token": t}, team=t), teams))
    assert small.store.grants.teams(small.connection.id) == sorted(teams)


def test_what_was_revoked_at_the_provider_can_be_disconnected(small: SmallHouse) -> None:
    small.store.connections.revoke(small.connection.id, "gone", small.clock)
    disconnect(small.house, small.account_id, GOOGLE, lambda _: None)
    assert small.store.grants.teams(small.connection.id) == []
    assert small.connection.error is None
