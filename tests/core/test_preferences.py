"""The settings files of connections: calendars and books."""

from datetime import timedelta
from typing import Any

import pytest

from worker.core.errors import Invalid
from worker.core.preferences import BooksPreferences, CalendarPreferences, books_preferences, calendar_preferences


def test_everything_is_optional() -> None:
    assert calendar_preferences({}) == CalendarPreferences()


def test_the_settings_of_the_contract_are_understood() -> None:
    found = calendar_preferences(
        {
            "calendars": [{"team_id": "usr_1", "calendar": "tech1@example.com"}],
            "time_zone": "America/New_York",
            "on_remote_delete": "flag",
            "on_both_changed": "calendar",
            "remote_reschedule": False,
            "window_days": {"past": 7, "future": 90},
        }
    )
    assert found.calendars == {"usr_1": "tech1@example.com"}
    assert (found.on_remote_delete, found.on_both_changed, found.remote_reschedule) == ("flag", "calendar", False)
    assert (found.past, found.future) == (timedelta(days=7), timedelta(days=90))


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"time_zone": 5}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"on_remote_delete": "ignore"}, "on_remote_delete"),
        ({"on_both_changed": "newest"}, "on_both_changed"),
        ({"remote_reschedule": "yes"}, "remote_reschedule"),
        ({"window_days": 30}, "window_days"),
        ({"window_days": {"past": -1}}, "window_days.past"),
        ({"window_days": {"past": True}}, "window_days.past"),
        ({"window_days": {"sideways": 1}}, "window_days.sideways"),
        ({"calendars": {"usr_1": "a"}}, "calendars"),
        ({"calendars": ["usr_1"]}, "calendars[0]"),
        ({"calendars": [{"team_id": "usr_1"}]}, "calendars[0]"),
        ({"calendars": [{"team_id": "u", "calendar": "a"}, {"team_id": "u", "calendar": "b"}]}, "calendars[1]"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        calendar_preferences(settings)
    assert list(refused.value.details) == [field]
    assert field in refused.value.message


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        calendar_preferences({"time_zone": 5, "remote_reschedule": 1})
    assert list(refused.value.details) == ["time_zone", "remote_reschedule"]


def test_the_letters_of_an_address_have_no_case() -> None:
    rows = [{"team_id": "usr_1", "calendar": " Tech1@Example.com"}, {"team_id": "usr_2", "calendar": "Primary"}]
    assert calendar_preferences({"calendars": rows}).calendars == {"usr_1": "tech1@example.com", "usr_2": "Primary"}


def test_everything_of_the_books_is_optional() -> None:
    assert books_preferences({}) == BooksPreferences()


def test_the_settings_of_the_books_are_understood() -> None:
    found = books_preferences(
        {
            "income_account": " 79 ",
            "item_accounts": {" Plumbing ": 80, "Heating": "81"},
            "default_tax_code": "NON",
            "customer_match": "create",
            "invoice_on_completed_visit": False,
        }
    )
    assert found == BooksPreferences("79", {"Plumbing": "80", "Heating": "81"}, "NON", True, False)
    assert books_preferences({"customer_match": "suggest", "income_account": 79}) == BooksPreferences("79")


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"calendars": []}, "calendars"),
        ({"income_account": True}, "income_account"),
        ({"income_account": 7.5}, "income_account"),
        ({"income_account": " "}, "income_account"),
        ({"income_account": "7\n9"}, "income_account"),
        ({"income_account": None}, "income_account"),
        ({"item_accounts": []}, "item_accounts"),
        ({"item_accounts": {"Plumbing": ""}}, "item_accounts"),
        ({"item_accounts": {"Plumbing": None}}, "item_accounts"),
        ({"default_tax_code": {}}, "default_tax_code"),
        ({"customer_match": "guess"}, "customer_match"),
        ({"invoice_on_completed_visit": "yes"}, "invoice_on_completed_visit"),
    ],
)
def test_a_wrong_setting_of_the_books_is_named(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        books_preferences(settings)
    assert list(refused.value.details) == [field]
    assert field in refused.value.message
