"""ReviewRover as a Provider: every visit once, and as its document says."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.providers.review_rover import (
    ADA,
    DONE,
    PLANNED,
    TEN,
    TENANT,
    Campaign,
    create,
    delete,
    served_campaigns,
    update,
)
from worker.core.documents import ReviewVisit
from worker.core.errors import ConnectionRevoked, Gone, RateLimited, Rejected, SyncError, Transient, Uncertain
from worker.core.ports import Delete, Done, Failed, Key, Operation
from worker.providers.review_rover.account import STREAM
from worker.providers.review_rover.reading import LIMIT

Open = Callable[[], Campaign]


@pytest.fixture(scope="module")
def served() -> Iterator[Open]:
    with served_campaigns() as open_one:
        yield open_one


@pytest.fixture
def there(served: Open) -> Iterator[Campaign]:
    campaign = served()
    yield campaign
    campaign.provider.close()


# Creating


def test_a_visit_is_made_with_all_its_fields(there: Campaign) -> None:
    made = there.create(replace(DONE, cancelled=TEN))
    visit = there.visit()
    assert (made.remote_id, made.document, made.found) == (str(visit["id"]), None, False)
    told = ("time_scheduled", "time_completed", "event_date", "date_cancelled", "amount_collected")
    nine, ten = "2026-06-01T09:00:00.000Z", "2026-06-01T10:00:00.000Z"
    assert [visit[name] for name in told] == [nine, ten, nine, ten, "10.10"]
    [contact] = there.simulator.contacts(TENANT)
    assert visit["contact_id"] == contact["id"]
    names = ("email", "first_name", "last_name", "phone")
    assert [contact[name] for name in names] == [ADA, "Ada", "Lovelace", "+15550100"]
    assert there.asked() == ["vis_1"]


def test_what_is_empty_is_not_sent(there: Campaign) -> None:
    there.create(ReviewVisit(ADA, completed=TEN))
    visit = there.visit()
    assert (visit["time_scheduled"], visit["date_cancelled"], visit["amount_collected"]) == (None, None, "0.00")
    assert there.simulator.contacts(TENANT)[0]["first_name"] is None


@pytest.mark.parametrize("answers", ["bare", "data", "named"])
@pytest.mark.parametrize("match", ["exact", "any_case"])
def test_an_answer_may_stand_alone_or_below_a_name(there: Campaign, answers: str, match: str) -> None:
    there.simulator.configure(single_answers=answers, email_match=match)
    made = there.create(PLANNED)
    assert there.update(made, DONE, PLANNED).document is None
    assert there.create(DONE, uncertain=True).found
    assert there.asked() == ["vis_1"]


def test_a_list_of_visits_may_stand_below_its_name(there: Campaign) -> None:
    made = there.create(PLANNED)
    there.simulator.configure(visit_lists="named")
    assert [change.remote_id for change in there.read()[0]] == [made.remote_id]


@pytest.mark.parametrize("second", ["refused", "created"])
@pytest.mark.parametrize("uncertain", [True, False])
def test_the_same_create_again_finds_what_is_there_and_sends_nothing(
    there: Campaign, second: str, uncertain: bool
) -> None:
    there.simulator.configure(second_external_id=second)
    first = there.create()
    there.reopen()
    with there.watched() as calls:
        again = there.create(uncertain=uncertain)
    assert again == replace(first, found=True, document=again.document)
    assert again.document is not None
    assert again.document.fingerprint() == DONE.fingerprint()
    assert calls == ["visits.get", "contacts.list"]
    assert (len(there.visits()), there.asked()) == (1, ["vis_1"])


def test_what_is_found_with_another_content_says_what_it_shows(there: Campaign) -> None:
    there.create(PLANNED)
    found = there.create(replace(DONE, email="bob@example.com"))
    assert found.found
    assert found.document is not None
    assert found.document.fingerprint() == replace(PLANNED, email="").fingerprint()
    there.update(found, DONE, replace(PLANNED, email=""))
    assert there.asked() == ["vis_1"]


def test_after_a_complete_listing_nothing_is_looked_up_but_what_is_uncertain(there: Campaign) -> None:
    there.read()
    with there.watched() as calls:
        there.create(DONE, "vis_1")
        there.create(DONE, "vis_2", uncertain=True)
    assert calls == ["contacts.list", "contacts.create", "visits.create", "visits.get", "visits.create"]


def test_one_that_came_after_the_listing_is_found_by_the_refusal(there: Campaign) -> None:
    there.read()
    with there.opened() as other:
        other.apply(STREAM, [create()])
    assert there.create().found
    assert there.asked() == ["vis_1"]


def test_an_id_of_digits_does_not_take_another_visit_for_ours(there: Campaign) -> None:
    theirs = there.create()
    made = there.create(DONE, theirs.remote_id)
    assert (made.found, made.remote_id != theirs.remote_id) == (False, True)


def test_an_id_of_digits_that_is_another_visits_number_is_found_in_the_list(there: Campaign) -> None:
    there.simulator.configure(second_external_id="created")
    theirs = there.create()
    there.fault(operation="visits.create", drop="after")
    digits = theirs.remote_id
    assert isinstance(there.refused(create(DONE, digits)), Uncertain)
    assert there.create(DONE, digits, uncertain=True).found
    assert there.asked() == ["vis_1", digits]


def test_an_id_with_odd_characters_stays_one_part_of_the_address(there: Campaign) -> None:
    odd = "vis?x=ü #2"
    there.create(DONE, odd)
    assert there.create(DONE, odd, uncertain=True).found
    assert there.visit(odd)


# Contacts


def test_a_contact_is_asked_for_once(there: Campaign) -> None:
    for number in range(3):
        there.create(DONE, f"vis_{number}")
    assert there.calls().count("contacts.list") == there.calls().count("contacts.create") == 1


def test_of_several_contacts_with_one_address_any_will_do(there: Campaign) -> None:
    first, second = (there.simulator.add_contact(TENANT, email=ADA)["id"] for _ in range(2))
    made = there.create(PLANNED)
    assert there.visit()["contact_id"] == first
    there.simulator.edit_visit(TENANT, "vis_1", contact_id=second)
    there.update(made, DONE, PLANNED)
    assert there.visit()["contact_id"] == second


def test_a_contact_with_another_address_is_not_taken_for_the_one_asked_for(there: Campaign) -> None:
    there.fault(operation="contacts.list", status=200, body={"data": [{"id": "cont_1", "email": "bob@example.com"}]})
    there.create()
    assert [one["email"] for one in there.simulator.contacts(TENANT)] == [ADA]


def test_a_contact_that_somebody_made_in_between_is_used(there: Campaign) -> None:
    there.simulator.configure(second_email="refused")
    there.simulator.add_contact(TENANT, email=ADA)
    there.fault(operation="contacts.list", status=200, body={"has_more": False, "data": []})
    there.create()
    assert len(there.simulator.contacts(TENANT)) == 1


def test_a_contact_that_is_refused_says_so(there: Campaign) -> None:
    error = there.refused(create(replace(DONE, email="ada@nowhere")))
    assert isinstance(error, Rejected)
    assert error.message == "ReviewRover refuses this: email is not an email address"


def test_a_contact_that_went_is_made_anew(there: Campaign) -> None:
    there.create(DONE, "vis_1")
    [gone] = there.simulator.contacts(TENANT)
    there.simulator.remove_contact(TENANT, gone["id"])
    there.create(DONE, "vis_2")
    [contact] = there.simulator.contacts(TENANT)
    assert there.visit("vis_2")["contact_id"] == contact["id"] != gone["id"]


def test_no_address_and_no_token_is_in_any_log_or_error(there: Campaign, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    told = {"error": f"{ADA}, Lovelace or +15550100 is wrong, says {there.token}"}
    there.fault(operation="contacts.create", status=422, body=told)
    error = there.refused(create())
    there.fault(operation="contacts.list", status=500, times=None)
    passing = there.refused(create(replace(DONE, email="bob@example.com")))
    private = (ADA, "Lovelace", "5550100", "bob@example.com", "bob%40example.com")
    assert not [word for word in private if word in error.message + passing.message]
    assert not [word for word in private if any(word in record.getMessage() for record in _shown(caplog))]


def _shown(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What is logged at all: ``worker.logs`` leaves out what libraries say below a warning."""
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


# Changing


def test_an_update_sends_what_differs_alone_in_one_request(there: Campaign) -> None:
    made = there.create(PLANNED)
    there.simulator.edit_visit(TENANT, "vis_1", event_date="2026-07-01")
    with there.watched() as calls:
        done = there.update(made, replace(PLANNED, amount=Decimal(5)), PLANNED)
    assert calls == ["visits.update"]
    assert there.visit()["event_date"] == "2026-07-01T00:00:00.000Z"
    assert (done.document, there.visit()["amount_collected"]) == (None, "5.00")
    assert done.version == there.read()[0][0].version != made.version


def test_a_value_that_is_no_more_is_taken_away(there: Campaign) -> None:
    made = there.create(replace(PLANNED, cancelled=TEN))
    there.update(made, ReviewVisit(ADA), replace(PLANNED, cancelled=TEN))
    visit = there.visit()
    assert (visit["time_scheduled"], visit["date_cancelled"], visit["event_date"]) == (None, None, None)


@pytest.mark.parametrize("before", [None, PLANNED, DONE])
def test_whatever_people_made_of_it_meanwhile_it_shows_the_document_after(
    there: Campaign, before: ReviewVisit | None
) -> None:
    made = there.create(PLANNED)
    bob = there.simulator.add_contact(TENANT, email="bob@example.com")["id"]
    there.simulator.edit_visit(TENANT, "vis_1", amount_collected="99", contact_id=bob, date_cancelled="2026-01-01")
    done = there.update(made, DONE, before)
    assert done.document is None
    [change] = there.read()[0]
    assert change.document is not None
    assert change.document.fingerprint() == replace(DONE, email="").fingerprint()
    assert there.visit()["contact_id"] != bob
    assert there.asked() == ["vis_1"]


def test_an_update_that_is_made_already_writes_nothing(there: Campaign) -> None:
    made = there.create()
    with there.watched() as calls:
        assert there.update(made, DONE) == made
    assert calls == ["visits.get"]


def test_what_reviewrover_makes_something_else_of_is_told(there: Campaign) -> None:
    made = there.create(PLANNED)
    body = {**there.visit(), "amount_collected": "7.00"}
    there.fault(operation="visits.update", status=200, body=body, times=None)
    done = there.update(made, replace(PLANNED, amount=Decimal(5)), PLANNED)
    assert done.document == replace(PLANNED, amount=Decimal(7), given="", family="")


def test_another_address_is_another_contact(there: Campaign) -> None:
    made = there.create(PLANNED)
    there.update(made, replace(PLANNED, email="ada.king@example.com"), PLANNED)
    contacts = {one["id"]: one["email"] for one in there.simulator.contacts(TENANT)}
    assert contacts[there.visit()["contact_id"]] == "ada.king@example.com"


def test_what_is_gone_says_so_to_an_update_and_is_done_to_a_deletion(there: Campaign) -> None:
    made = there.create()
    there.simulator.delete_visit(TENANT, "vis_1")
    for before in (None, PLANNED):
        assert isinstance(there.refused(update(made, DONE, before)), Gone)
    assert there.do(delete(made)).remote_id == made.remote_id


def test_a_deletion_leaves_nothing(there: Campaign) -> None:
    made = there.create()
    there.do(delete(made))
    assert there.visits() == []


@pytest.mark.parametrize("drop", ["before", "after"])
def test_what_was_sent_without_an_answer_is_looked_up_to_be_deleted(there: Campaign, drop: Any) -> None:
    there.create(DONE, "vis_2")
    there.fault(operation="visits.create", drop=drop)
    there.refused(create())
    gone = there.do(Delete(create().key, "", None))
    assert [one["external_id"] for one in there.visits()] == ["vis_2"]
    assert bool(gone.remote_id) == (drop == "after")


# Lost answers and refusals


@pytest.mark.parametrize("drop", ["before", "after", "mid"])
def test_a_create_without_an_answer_is_uncertain_and_made_once(there: Campaign, drop: Any) -> None:
    there.simulator.configure(second_external_id="created")
    there.fault(operation="visits.create", drop=drop)
    assert isinstance(there.refused(create()), Uncertain)
    there.reopen()
    there.create(uncertain=True)
    assert (len(there.visits()), there.asked()) == (1, ["vis_1"])


@pytest.mark.parametrize("body", ["<html>", {"data": None}, {"id": 1, "time_completed": "soon"}])
def test_an_answer_to_a_write_that_cannot_be_read_is_uncertain(there: Campaign, body: Any) -> None:
    there.fault(operation="visits.create", status=201, body=body, carried_out=True)
    assert isinstance(there.refused(create()), Uncertain)
    assert there.create(uncertain=True).found


@pytest.mark.parametrize("status", [408, 500, 502, 503])
def test_a_write_that_meets_a_broken_server_is_uncertain_and_a_reading_passes(there: Campaign, status: int) -> None:
    made = there.create()
    there.fault(method="PUT", status=status, body="<html>")
    assert isinstance(there.refused(update(made, PLANNED, DONE)), Uncertain)
    there.fault(method="DELETE", status=status, carried_out=True)
    assert isinstance(there.refused(delete(made)), Uncertain)
    there.fault(operation="visits.list", status=status, body="<html>", times=None)
    with pytest.raises(Transient) as raised:
        there.read()
    assert not isinstance(raised.value, Uncertain)


def test_a_reading_that_fails_in_passing_is_tried_again_and_a_write_is_not(there: Campaign) -> None:
    there.fault(operation="visits.list", status=503, times=2)
    there.read()
    there.fault(operation="visits.create", drop="before", times=None)
    there.refused(create())
    assert there.calls().count("visits.create") == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET"])
def test_a_404_of_somebody_else_is_no_word_about_a_visit(there: Campaign, method: str) -> None:
    made = there.create()
    there.fault(method=method, path="/v1/visits", status=404, body="<html>", times=None)
    operations: dict[str, Operation] = {
        "PUT": update(made, PLANNED, DONE),
        "DELETE": delete(made),
        "GET": update(made, DONE),
    }
    error = there.refused(operations[method])
    assert (type(error), "not as an API does" in error.message) == (Transient, True)


@pytest.mark.parametrize(
    ("status", "body", "expected", "words"),
    [
        (400, {"error": "no"}, Rejected, "ReviewRover refuses this: no"),
        (403, {}, Rejected, "ReviewRover refuses this."),
        (422, {"errors": {"event_date": ["is odd", "is late"]}}, Rejected, "event_date is odd, is late"),
        (422, {"errors": {"event_date": "is odd"}}, Rejected, "event_date is odd"),
        (422, ["odd"], Rejected, "ReviewRover refuses this."),
        (302, "", Uncertain, "answers 302"),
    ],
)
def test_each_refusal_says_what_to_do(
    there: Campaign, status: int, body: Any, expected: type[SyncError], words: str
) -> None:
    there.fault(operation="visits.create", status=status, body=body)
    error = there.refused(create())
    assert type(error).__mro__[:2].count(expected) == 1
    assert words in error.message


@pytest.mark.parametrize("body", [{"errors": {"external_id": ["is taken"]}}, {"error": "External id is taken"}])
def test_a_refused_external_id_that_is_not_there_stays_refused(there: Campaign, body: Any) -> None:
    there.fault(operation="visits.create", status=422, body=body)
    assert isinstance(there.refused(create()), Rejected)
    assert there.calls().count("visits.get") == 2


@pytest.mark.parametrize("token", ["unknown", "", "ä", 7])
def test_a_token_that_is_not_accepted_ends_the_connection(there: Campaign, token: Any) -> None:
    with there.opened(token) as provider:
        with pytest.raises(ConnectionRevoked):
            list(provider.changes(STREAM, None))
        with pytest.raises(ConnectionRevoked):
            provider.apply(STREAM, [create()])


def test_a_limit_stops_everybody_with_the_token_for_as_long_as_it_says(there: Campaign) -> None:
    there.fault(operation="visits.create", status=429, headers={"Retry-After": "7"})
    with pytest.raises(RateLimited) as raised:
        there.provider.apply(STREAM, [create()])
    assert raised.value.retry_after == 7
    before = len(there.entries())
    with there.opened() as other, pytest.raises(RateLimited) as held:
        other.apply(STREAM, [create()])
    assert 5 < (held.value.retry_after or 0) <= 7
    assert len(there.entries()) == before
    with there.opened(there.simulator.issue_token(TENANT)) as stranger:
        assert isinstance(stranger.apply(STREAM, [create()])[0], Done)


def test_a_limit_that_names_no_time_is_waited_for_as_well(there: Campaign) -> None:
    there.simulator.configure(rate_limit_per_minute=0, retry_after_offered=False)
    with pytest.raises(RateLimited) as raised:
        list(there.provider.changes(STREAM, None))
    assert raised.value.retry_after == 10


def test_our_own_share_is_kept(there: Campaign) -> None:
    with there.opened(per_minute=8) as provider, pytest.raises(RateLimited):
        provider.apply(STREAM, [create(DONE, f"vis_{number}") for number in range(1)] * 2)
        provider.apply(STREAM, [create(DONE, "vis_9")])
    assert len(there.entries()) == 2


def test_after_a_limit_the_rest_of_a_batch_is_not_sent(there: Campaign) -> None:
    there.fault(operation="visits.create", status=429, skip=1)
    outcomes = there.provider.apply(STREAM, [create(DONE, f"vis_{number}") for number in range(3)])
    assert [type(one) for one in outcomes] == [Done, Failed, Failed]
    assert there.calls().count("visits.create") == 2


def test_refused_content_does_not_stop_its_neighbours(there: Campaign) -> None:
    bad = replace(DONE, email="nobody@nowhere")
    outcomes = there.provider.apply(STREAM, [create(DONE, "a"), create(bad, "b"), create(DONE, "c")])
    assert [type(one) for one in outcomes] == [Done, Failed, Done]


# Reading


def test_what_was_created_is_listed_with_our_key_and_version(there: Campaign) -> None:
    made = there.create()
    [change], last = there.read()
    assert (change.remote_id, change.version, change.key) == (made.remote_id, made.version, Key("vis_1"))
    assert change.document is not None
    assert change.document.fingerprint() == replace(DONE, email="").fingerprint()
    assert change.changed_at is not None
    assert (last.complete, bool(last.cursor)) == (True, True)


def test_with_a_cursor_nothing_is_read(there: Campaign) -> None:
    there.create()
    cursor = there.read()[1].cursor
    with there.watched() as calls:
        changes, last = there.read(cursor)
    assert (calls, changes, last.cursor, last.complete) == ([], [], cursor, False)


def test_what_people_change_moves_the_version_and_what_they_leave_does_not(there: Campaign) -> None:
    there.create()
    bob = there.simulator.add_contact(TENANT, email="bob@example.com")["id"]
    versions = [there.read()[0][0].version]
    for change in ({"amount_collected": "1"}, {"contact_id": bob}, {"external_id": "vis_2"}, {"time_completed": ""}):
        there.simulator.edit_visit(TENANT, int(there.visits()[0]["id"]), **change)
        versions.append(there.read()[0][0].version)
    assert len(set(versions)) == 5
    there.simulator.edit_visit(TENANT, "vis_2", event_date="2026-07-07")
    assert there.read()[0][0].version == versions[-1]


def test_what_people_made_is_told_without_a_key(there: Campaign) -> None:
    contact = there.simulator.add_contact(TENANT, email="bob@example.com")["id"]
    there.simulator.add_visit(TENANT, contact_id=contact)
    [change], last = there.read()
    assert (change.key, change.deleted, last.complete) == (None, False, True)
    assert "bob" not in str(change)


def fill(there: Campaign, count: int) -> list[str]:
    contact = there.simulator.add_contact(TENANT, email=ADA)["id"]
    for number in range(count):
        there.simulator.add_visit(TENANT, contact_id=contact, external_id=f"vis_{number}")
    return [f"vis_{number}" for number in range(count)]


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (LIMIT, 1), (LIMIT + 1, 4), (250, 6)])
def test_all_pages_are_read_and_several_are_read_twice(there: Campaign, count: int, requests: int) -> None:
    names = fill(there, count)
    with there.watched() as calls:
        changes, last = there.read()
    assert sorted(change.key.local_id for change in changes if change.key) == sorted(names)
    assert (last.complete, len(calls)) == (True, requests)


class Meddler:
    """Does something while page 2 is being asked for, each time it is."""

    def __init__(self, there: Campaign, *deeds: Callable[[], object]) -> None:
        self._deeds = list(deeds)
        self._send = there.provider._line._send
        there.provider._line._send = self._meddle  # type: ignore[method-assign]

    def _meddle(self, method: str, path: str, **rest: Any) -> Any:
        if (rest.get("params") or {}).get("page") == "2" and self._deeds:
            self._deeds.pop(0)()
        return self._send(method, path, **rest)


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("gone", [0, 249])
@pytest.mark.parametrize("adds", [True, False])
def test_a_listing_that_moves_while_it_is_read_skips_nothing(
    there: Campaign, order: str, gone: int, adds: bool
) -> None:
    names = fill(there, 250)
    there.simulator.configure(order=order)
    contact = there.simulator.contacts(TENANT)[0]["id"]

    def meddle() -> None:
        there.simulator.delete_visit(TENANT, names[gone])
        if adds:
            there.simulator.add_visit(TENANT, contact_id=contact, external_id="vis_new")

    Meddler(there, meddle)
    changes, last = there.read()
    assert last.complete
    shown = {change.remote_id: change for change in changes}
    expected = [name for name in names if name != names[gone]] + ["vis_new"] * adds
    assert sorted(one.key.local_id for one in shown.values() if one.key and not one.deleted) == sorted(expected)


def test_a_listing_that_does_not_come_to_rest_is_not_complete_and_has_no_cursor(there: Campaign) -> None:
    names = fill(there, 150)
    Meddler(there, *[lambda name=name: there.simulator.delete_visit(TENANT, name) for name in names[:9]])
    last = there.read()[1]
    assert (last.complete, last.cursor) == (False, None)


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        {"data": []},
        {"data": {}, "pagination": {"total": 0, "total_pages": 0}},
        {"data": ["x"], "pagination": {"total": 1, "total_pages": 1}},
        {"data": [{}], "pagination": {"total": 1, "total_pages": 1}},
        {"data": [], "pagination": {"total": "many", "total_pages": 1}},
        {"data": [], "pagination": {"total": 0, "total_pages": True}},
        {"data": [{"id": 1, "amount_collected": "much"}], "pagination": {"total": 1, "total_pages": 1}},
        {"data": [{"id": 1, "time_completed": "soon"}], "pagination": {"total": 1, "total_pages": 1}},
    ],
)
def test_a_listing_that_cannot_be_read_is_no_empty_one(there: Campaign, body: Any) -> None:
    there.fault(operation="visits.list", status=200, body=body, times=None)
    with pytest.raises(Transient):
        there.read()


def test_a_listing_that_is_shorter_than_its_total_is_not_complete(there: Campaign) -> None:
    there.fault(
        operation="visits.list", status=200, body={"data": [], "pagination": {"total": 5, "total_pages": 1}}, times=None
    )
    assert not there.read()[1].complete


def test_when_a_visit_changed_is_of_no_weight(there: Campaign) -> None:
    body = {"data": [{"id": 1, "updated_at": "soon"}], "pagination": {"total": 1, "total_pages": 1}}
    there.fault(operation="visits.list", status=200, body=body)
    assert there.read()[0][0].changed_at is None


def test_amounts_pass_through_no_float(there: Campaign) -> None:
    row = '{"id": 1, "amount_collected": 1234567890.10}'
    body = f'{{"data": [{row}], "pagination": {{"total": 1, "total_pages": 1}}}}'
    there.fault(operation="visits.list", status=200, body=body)
    [change] = there.read()[0]
    assert isinstance(change.document, ReviewVisit)
    assert change.document.amount == Decimal("1234567890.10")


def test_two_workers_at_once_make_one_visit(there: Campaign) -> None:
    providers = [there.opened() for _ in range(4)]
    outcomes: list[Any] = []
    threads = [
        threading.Thread(target=lambda one=one: outcomes.extend(one.apply(STREAM, [create()]))) for one in providers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [type(one) for one in outcomes] == [Done] * 4
    assert (len(there.visits()), there.asked()) == (1, ["vis_1"])
    for one in providers:
        one.close()


def test_seconds_are_as_fine_as_it_gets(there: Campaign) -> None:
    made = there.create(PLANNED)
    there.update(made, replace(PLANNED, completed=TEN + timedelta(microseconds=999)), PLANNED)
    assert there.visit()["time_completed"] == "2026-06-01T10:00:00.000Z"
