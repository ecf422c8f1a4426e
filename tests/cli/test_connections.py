"""`visit-sync account`, `connect` and `disconnect`."""

import json
from typing import Any

import pytest

from tests.cli.office import Office
from tests.cli.shell import Said, Shell

SECRET = "do-not-repeat-me"


def test_an_account_is_made_and_its_key_shown(office: Office, shell: Shell) -> None:
    assert set(office.account) == {"account_id", "api_key", "webhook_secret"}
    told = shell("account", "create", "Small & Sons")
    assert told.status == 0
    words = dict(line.split(maxsplit=1) for line in told.out.splitlines()[:3])
    assert set(words) == {"account_id", "api_key", "webhook_secret"}


def test_an_account_needs_a_name(shell: Shell) -> None:
    done = shell("account", "create", "  ")
    assert done.status == 2
    assert done.is_one_line_of_complaint()


def test_the_database_is_upgraded_as_often_as_one_likes(shell: Shell) -> None:
    for _ in range(2):
        assert shell("db", "upgrade").status == 0
    assert (shell.folder / "visit-sync.db").exists()


def test_connecting_says_what_to_do_next(office: Office) -> None:
    for integration, said in zip(("fieldcamp", "google_calendar"), office.said, strict=True):
        assert said.startswith(f"{integration} is connected.")
        assert f"visit-sync sync {integration} --account {office.account_id}" in said


@pytest.mark.parametrize(
    ("integration", "content", "named"),
    [
        ("fieldcamp", None, "--credentials"),
        ("fieldcamp", f"api_key={SECRET}", "not JSON"),
        ("fieldcamp", [SECRET], "a JSON object"),
        ("fieldcamp", {"apikey": SECRET}, "api_key"),
        ("fieldcamp", {"api_key": 7}, "api_key"),
        ("google_calendar", {"access_token": SECRET}, "refresh_token"),
        ("google_calendar", {"service_account": {"private_key": SECRET}}, "client_email"),
        ("review_rover", {"api_key": SECRET}, "token"),
        ("zendesk_sell", {"token": [SECRET]}, "token"),
        ("no_such_system", {"token": SECRET}, "expected one of"),
    ],
)
def test_credentials_that_are_wrong_are_refused_in_one_line(
    office: Office, integration: str, content: Any, named: str
) -> None:
    path = office.shell.file("wrong.json", content) if content is not None else "/nowhere/credentials.json"
    done = office.shell("connect", integration, "--account", office.account_id, "--credentials", path)
    assert done.status == 2
    assert done.is_one_line_of_complaint()
    assert named in done.err
    assert SECRET not in done.err


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "--settings"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"calendars": [{"team_id": "usr_1"}]}, "calendar"),
        ({"on_remote_delete": "shout"}, "on_remote_delete"),
    ],
)
def test_settings_that_are_wrong_are_refused_in_one_line(office: Office, content: Any, named: str) -> None:
    settings = office.shell.file("wrong-settings.json", content)
    credentials = office.shell.file("good.json", office.company.credentials)
    options = ("--account", office.account_id, "--credentials", credentials, "--settings", settings)
    done = office.shell("connect", "google_calendar", *options)
    assert done.status == 2
    assert done.is_one_line_of_complaint()
    assert named in done.err


@pytest.mark.parametrize(
    ("integration", "content"),
    [
        ("review_rover", {"create_on": "scheduled"}),
        ("zendesk_sell", {"reps": {"4711": "usr_1", "4712": "usr_1"}}),
    ],
)
def test_reviews_and_sales_visits_are_connected_with_a_token_and_settings(
    office: Office, integration: str, content: Any
) -> None:
    done = _connected(office, integration, content)
    assert done.status == 0, done.err
    assert done.out.startswith(f"{integration} is connected.")
    assert SECRET not in done.out
    assert office.shell("disconnect", integration, "--account", office.account_id).status == 0


@pytest.mark.parametrize(
    ("integration", "content", "named"),
    [
        ("review_rover", {"create_on": "paid"}, "create_on"),
        ("review_rover", {"created_on": "completed"}, "created_on"),
        ("zendesk_sell", {"reps": ["usr_1"]}, "reps"),
        ("zendesk_sell", {"reps": {"Ada": "usr_1"}}, "reps.Ada"),
        ("zendesk_sell", {"reps": {"4711": ""}}, "reps.4711"),
        ("zendesk_sell", {"rep": {}}, "rep: is not a setting"),
    ],
)
def test_settings_of_reviews_and_sales_that_are_wrong_are_refused_in_one_line(
    office: Office, integration: str, content: Any, named: str
) -> None:
    done = _connected(office, integration, content)
    assert done.status == 2
    assert done.is_one_line_of_complaint()
    assert named in done.err
    assert SECRET not in done.err


def test_an_account_that_is_not_there_is_named(office: Office) -> None:
    done = office.shell("disconnect", "google_calendar", "--account", "acc_nobody")
    assert done.status == 2
    assert done.is_one_line_of_complaint()
    assert "acc_nobody" in done.err


def test_what_is_disconnected_is_not_synced_and_comes_back_without_duplicates(office: Office) -> None:
    """Lesson 29."""
    asked = ("sync", "google_calendar", "--account", office.account_id, "--wait")
    assert office.shell(*asked).status == 0
    writes = office.town.google.counters()["insert"]

    assert office.shell("disconnect", "google_calendar", "--account", office.account_id).status == 0
    refused = office.shell(*asked)
    again = office.shell("disconnect", "google_calendar", "--account", office.account_id)
    office.connect("google_calendar")
    done = office.shell(*asked, "--mode", "full", "--json")

    assert (refused.status, again.status) == (4, 4)
    assert refused.is_one_line_of_complaint()
    assert again.is_one_line_of_complaint()
    assert done.status == 0
    assert json.loads(done.out)["counts"]["pushed"] == 0
    assert office.town.google.counters()["insert"] == writes


def _connected(office: Office, integration: str, content: Any) -> Said:
    credentials = office.shell.file("token.json", {"token": SECRET})
    settings = office.shell.file("its-settings.json", content)
    options = ("--account", office.account_id, "--credentials", credentials, "--settings", settings)
    return office.shell("connect", integration, *options)
