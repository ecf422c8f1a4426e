"""Whose grant takes whose place, and how a verifier is answered for."""

from typing import Any

import pytest

from worker.core.consents import ConsentRefused, Reason, challenge, hashed, is_other_person, replaced


def test_the_challenge_is_that_of_the_rfc() -> None:
    # https://www.rfc-editor.org/rfc/rfc7636#appendix-B
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_hash_tells_nothing_and_is_always_the_same() -> None:
    assert hashed("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("teams", "team", "expected"),
    [
        ([], "", []),
        ([], "usr_1", []),
        ([""], "", [""]),
        ([""], "usr_1", [""]),
        (["usr_1"], "usr_1", ["usr_1"]),
        (["usr_2"], "usr_1", []),
        (["usr_2", "usr_1"], "", ["usr_1", "usr_2"]),
    ],
)
def test_a_grant_takes_the_place_of_the_same_members_and_of_one_for_all(
    teams: list[str], team: str, expected: list[str]
) -> None:
    assert replaced(teams, team) == expected


@pytest.mark.parametrize(
    ("known", "new", "expected"),
    [
        ({}, {"identity": "1"}, False),
        ({"identity": "1"}, {"identity": "1"}, False),
        ({"identity": "1"}, {"identity": "2"}, True),
        ({"identity": "1"}, {}, True),
        ({}, {}, False),
    ],
)
def test_who_is_connected_is_compared_where_it_is_known(
    known: dict[str, Any], new: dict[str, Any], expected: bool
) -> None:
    assert is_other_person(known, new) is expected


def test_what_is_shown_to_the_person_is_not_in_the_message() -> None:
    refused = ConsentRefused(Reason.OTHER_PERSON, "ada@example.com")
    assert refused.shown == "ada@example.com"
    assert "ada" not in str(refused)
