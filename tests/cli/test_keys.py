"""`visit-sync account key create`, `list` and `revoke`."""

import re
from datetime import datetime

import pytest

from tests.cli.shell import Shell

BOTH = ["sync:read", "sync:write"]


@pytest.fixture
def account(shell: Shell) -> dict[str, str]:
    """The one account of a machine, as it was told when it was made."""
    made: dict[str, str] = shell("account", "create", "Acme", "--json").json
    return made


def test_a_key_is_told_once_with_how_to_use_it(shell: Shell, account: dict[str, str]) -> None:
    told = shell("account", "key", "create", "--label", "the office")
    assert told.status == 0
    words = dict(line.split(maxsplit=1) for line in told.out.splitlines()[:4])
    assert words["scopes"] == "sync:read sync:write"
    assert words["label"] == "the office"
    assert words["api_key"].startswith("vs_live_")
    assert "Authorization: Bearer" in told.out
    assert "X-API-Key" in told.out
    listed = shell("account", "key", "list").out + shell("account", "key", "list", "--json").out
    assert words["key_id"] in listed
    for secret in (words["api_key"], account["api_key"]):
        assert secret[12:] not in listed


def test_a_key_is_told_as_json(shell: Shell, account: dict[str, str]) -> None:
    made = shell("account", "key", "create", "--scope", "sync:read", "--json").json
    assert set(made) == {"key_id", "api_key", "scopes", "label", "account_id"}
    assert re.fullmatch(r"key_[0-9a-f]{16}", made["key_id"])
    assert (made["scopes"], made["label"], made["account_id"]) == (["sync:read"], None, account["account_id"])
    both = shell("account", "key", "create", "--scope", "sync:write", "--scope", "sync:read", "--json").json
    assert both["scopes"] == BOTH


def test_keys_are_listed_with_all_but_themselves(shell: Shell, account: dict[str, str]) -> None:
    made = shell("account", "key", "create", "--label", "CI", "--json").json
    assert shell("account", "key", "revoke", made["key_id"]).status == 0
    first, second = shell("account", "key", "list", "--json").json["keys"]
    assert set(second) == {"key_id", "prefix", "label", "scopes", "created_at", "last_used_at", "revoked_at"}
    assert (first["label"], first["scopes"], first["revoked_at"]) == (None, BOTH, None)
    assert account["api_key"].startswith(first["prefix"])
    assert (second["key_id"], second["label"], second["last_used_at"]) == (made["key_id"], "CI", None)
    for moment in (second["created_at"], second["revoked_at"]):
        assert moment.endswith("Z")
        datetime.fromisoformat(moment)
    shown = shell("account", "key", "list").out
    for value in (first["key_id"], first["prefix"], "CI", second["revoked_at"]):
        assert value in shown


def test_a_revoked_key_stays_revoked_since_the_first_time(shell: Shell, account: dict[str, str]) -> None:
    (key,) = shell("account", "key", "list", "--json").json["keys"]
    told = [shell("account", "key", "revoke", key["key_id"]) for _ in range(2)]
    assert [each.status for each in told] == [0, 0]
    assert key["key_id"] in told[0].out
    assert shell("account", "key", "list", "--json").json["keys"][0]["revoked_at"] is not None


def test_making_an_account_tells_what_it_always_told(account: dict[str, str]) -> None:
    assert list(account) == ["account_id", "api_key", "webhook_secret"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("create", "--scope", "sync:everything"), "--scope: expected sync:read or sync:write"),
        (("create", "--scope", "sync:read", "--scope", ""), "--scope: expected sync:read or sync:write"),
        (("create", "--label", "x" * 101), "--label: expected at most 100 characters"),
        (("create", "--account", "acc_nobody"), "acc_nobody"),
        (("list", "--account", "acc_nobody"), "acc_nobody"),
        (("revoke", "key_0123456789abcdef"), "has no key key_0123456789abcdef"),
        (("revoke", "key_0123456789abcdef", "--account", "acc_nobody"), "acc_nobody"),
        (("revoke", "key_"), "KEY_ID: expected key_ and 16 hex digits"),
        (("revoke",), "KEY_ID"),
    ],
)
@pytest.mark.usefixtures("account")
def test_a_mistake_is_told_in_one_line(shell: Shell, arguments: tuple[str, ...], named: str) -> None:
    done = shell("account", "key", *arguments)
    assert done.status == 2
    assert done.is_one_line_of_complaint()
    assert named in done.err
    assert len(shell("account", "key", "list", "--json").json["keys"]) == 1


def test_a_key_given_where_its_id_is_asked_for_is_not_repeated(shell: Shell, account: dict[str, str]) -> None:
    for arguments in (("revoke", account["api_key"]), ("create", "--scope", account["api_key"])):
        done = shell("account", "key", *arguments)
        assert done.status == 2
        assert done.is_one_line_of_complaint()
        assert account["api_key"] not in done.err


def test_with_several_accounts_one_is_named(shell: Shell, account: dict[str, str]) -> None:
    other = shell("account", "create", "Other", "--json").json["account_id"]
    for arguments in (("create",), ("list",), ("revoke", "key_0123456789abcdef")):
        done = shell("account", "key", *arguments)
        assert done.status == 2
        assert "--account" in done.err
    (key,) = shell("account", "key", "list", "--account", account["account_id"], "--json").json["keys"]
    refused = shell("account", "key", "revoke", key["key_id"], "--account", other)
    assert refused.status == 2
    assert refused.is_one_line_of_complaint()
    (kept,) = shell("account", "key", "list", "--account", account["account_id"], "--json").json["keys"]
    assert kept["revoked_at"] is None
