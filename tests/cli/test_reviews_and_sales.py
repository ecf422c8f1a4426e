"""The demo finds whatever differs between FieldCamp and ReviewRover, and between Zendesk Sell and the calendars."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from worker.demo.company import API_KEY, Company, calendar
from worker.demo.comparison import compare
from worker.demo.reviews import CAMPAIGN, compare_reviews
from worker.demo.sales import REPS, STRANGER, TENANT, compare_sales
from worker.simulators.town import Town

DONE, ANONYMOUS = "vis_0", "vis_25"
"""A visit of a client with an e-mail address, and one of the client without."""

REP = next(creator for creator, number in REPS.items() if number == 0)
VISITED = "2026-05-04T09:00:00Z"


@pytest.fixture(scope="module")
def company() -> Iterator[Town]:
    town = Town()
    Company(town, datetime(2026, 5, 5, tzinfo=UTC)).found(30)
    town.review_rover.add_account(CAMPAIGN)
    town.zendesk_sell.add_account(TENANT)
    for visit_id in (DONE, ANONYMOUS):
        town.fieldcamp.change_visit(API_KEY, visit_id, visitStatus="completed")
    yield town
    town.close()


@pytest.fixture
def town(company: Town) -> Iterator[Town]:
    """The company with nothing in ReviewRover, in Sell or on calendars."""
    yield company
    for visit in company.review_rover.visits(CAMPAIGN):
        company.review_rover.delete_visit(CAMPAIGN, visit["id"])
    company.review_rover.world.account(CAMPAIGN).requests.clear()
    for logged in company.zendesk_sell.visits(TENANT):
        company.zendesk_sell.delete_visit(TENANT, logged["id"])
    for event in company.google.events(calendar(0)):
        company.google.person_deletes(calendar(0), event["id"])


def ask(town: Town, visit_id: str, amount: str | None = None) -> None:
    contact = town.review_rover.add_contact(CAMPAIGN, email="somebody@home.example")["id"]
    told = {"time_scheduled": VISITED, "time_completed": VISITED, "amount_collected": amount}
    town.review_rover.add_visit(CAMPAIGN, external_id=visit_id, contact_id=contact, **told)


def show(town: Town, visit_id: int, start: str = VISITED, text: str = "They want an offer.") -> None:
    times = {"start": start, "end": start.replace("09:", "10:")}
    private = {"private": {"visitSyncKey": f"sell:{visit_id}.0"}}
    town.google.person_creates(calendar(0), summary="Lead 1", description=text, extendedProperties=private, **times)


def log(town: Town, creator: int = REP) -> int:
    fields: dict[str, Any] = {"creator_id": creator, "visited_at": VISITED, "summary": "They want an offer."}
    return int(town.zendesk_sell.add_visit(TENANT, **fields)["id"])


def test_one_review_request_for_the_completed_visit_with_an_address_is_right(town: Town) -> None:
    ask(town, DONE)
    found = compare_reviews(town)
    assert found.differences == []
    assert found.rows == [("reviews asked", 1, 1), ("collected", "0.00", "0.00")]


def test_a_review_that_nobody_is_asked_for_is_found(town: Town) -> None:
    assert compare_reviews(town).differences == [f"{DONE}: no review is asked for"]


def test_a_client_who_is_asked_twice_is_found(town: Town) -> None:
    town.review_rover.configure(second_external_id="created")
    ask(town, DONE)
    ask(town, DONE)
    town.review_rover.configure(second_external_id="refused")
    found = compare_reviews(town)
    assert found.differences == [f"{DONE}: a review is asked for 2 times"]
    assert found.rows[0] == ("reviews asked", 1, 2)


@pytest.mark.parametrize("visit_id", ["vis_1", ANONYMOUS, "nobodys"])
def test_a_request_that_should_not_be_is_found(town: Town, visit_id: str) -> None:
    ask(town, DONE)
    ask(town, visit_id)
    assert f"{visit_id}: no review should be asked for" in compare_reviews(town, {ANONYMOUS}).differences


def test_a_visit_that_was_completed_once_may_have_its_request(town: Town) -> None:
    ask(town, DONE)
    ask(town, "vis_1")
    assert compare_reviews(town, {"vis_1", ANONYMOUS}).differences == []


def test_a_cancellation_that_one_side_alone_knows_and_a_deleted_visit_that_is_still_there_are_found(town: Town) -> None:
    for visit_id in (DONE, "nobodys"):
        ask(town, visit_id)
    town.review_rover.edit_visit(CAMPAIGN, DONE, date_cancelled=VISITED)
    deleted, _, cancelled = compare_reviews(town).differences
    assert deleted == "nobodys: is deleted at FieldCamp, and at ReviewRover still"
    assert cancelled.startswith(f"{DONE}: is completed at FieldCamp, date_cancelled is ")


def test_another_amount_at_review_rover_is_found(town: Town) -> None:
    ask(town, DONE, "12.50")
    found = compare_reviews(town)
    assert found.differences == [f"{DONE}: 0.00 is paid at FieldCamp, 12.50 at ReviewRover"]
    assert found.rows[1] == ("collected", "0.00", "12.50")


def test_a_sales_visit_that_shows_as_it_is_is_right_and_no_visit_of_fieldcamp(town: Town) -> None:
    log(town, STRANGER)
    show(town, log(town))
    found = compare_sales(town)
    assert found.differences == []
    assert (calendar(0), 1, 1) in found.rows
    name, _, ours, private = compare(town).rows[0]
    assert (name, ours, private) == (calendar(0), 0, 0)


@pytest.mark.parametrize(
    ("start", "text", "what"),
    [
        ("2026-05-04T09:30:00Z", "They want an offer.", "shows 2026-05-04 09:30:00+00:00"),
        (VISITED, "They signed.", "shows another summary"),
    ],
)
def test_a_sales_visit_that_shows_something_else_is_found(town: Town, start: str, text: str, what: str) -> None:
    show(town, log(town), start, text)
    [difference] = compare_sales(town).differences
    assert what in difference


def test_a_sales_visit_that_is_missing_there_twice_or_too_much_is_found(town: Town) -> None:
    missing, twice, strangers = log(town), log(town), log(town, STRANGER)
    for visit_id in (twice, twice, strangers):
        show(town, visit_id)
    name = calendar(0)
    assert sorted(compare_sales(town).differences) == sorted(
        [
            f"{name}: 1 sales visits show twice",
            f"{name}: sell:{missing} is missing",
            f"{name}: sell:{strangers} should not be there",
        ]
    )
