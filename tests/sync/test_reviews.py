"""From FieldCamp to ReviewRover and nowhere else: each finished visit once, whatever happens on the way."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.sync.memory import Died
from tests.sync.reviews_house import ADA, FC_KEY, TENANT, ReviewsHouse, Street, street, to_the_second
from worker.core.errors import Invalid
from worker.core.jobs import JobStatus, Mode, Trigger
from worker.simulators.faults import Fault
from worker.sources.fieldcamp.events import parse_event
from worker.sync.connect import disconnect
from worker.sync.receive import receive_events
from worker.sync.run import run_job

MakeHouse = Callable[..., ReviewsHouse]
FULL, INCREMENTAL = Mode.FULL, Mode.INCREMENTAL


@pytest.fixture(scope="module")
def served() -> Iterator[Street]:
    with street() as both:
        yield both


@pytest.fixture
def make(served: Street, tmp_path: Path) -> Iterator[MakeHouse]:
    made: list[ReviewsHouse] = []

    def open_one(**settings: Any) -> ReviewsHouse:
        made.append(ReviewsHouse(served, tmp_path / f"{len(made)}.db", settings))
        return made[-1]

    yield open_one
    for one in made:
        one.close()


@pytest.fixture
def reviews(make: MakeHouse) -> ReviewsHouse:
    return make()


# What a visit becomes


def test_a_completed_visit_is_sent_with_its_completion_and_what_was_paid(reviews: ReviewsHouse) -> None:
    visit = reviews.visit(reviews.client(phoneNumber={"countryCode": "+1", "number": "5550100"}))
    reviews.paid(visit, 10.10, 20)
    job = reviews.sync()
    assert (job.status, job.counts.pushed) == (JobStatus.SUCCEEDED, 1)
    there, told = reviews.there[visit], reviews.told_of(visit)
    assert to_the_second(there["time_completed"]) == to_the_second(told["completedAt"])
    assert to_the_second(there["time_scheduled"]) == to_the_second(told["scheduledStart"])
    assert (there["amount_collected"], there["date_cancelled"]) == ("30.10", None)
    [contact] = reviews.rover.contacts(TENANT)
    assert (contact["email"], contact["first_name"], contact["last_name"]) == (ADA, "Ada", "Lovelace")
    assert contact["phone"]
    assert reviews.asked == [visit]


@pytest.mark.parametrize("state", ["scheduled", "in_progress", "unscheduled", "cancelled"])
def test_what_is_not_completed_is_not_sent(reviews: ReviewsHouse, state: str) -> None:
    reviews.visit(state=state)
    assert reviews.sync().status is JobStatus.SUCCEEDED
    assert (reviews.there, reviews.writes) == ({}, 0)


def test_a_visit_may_be_sent_when_it_is_scheduled(make: MakeHouse) -> None:
    reviews = make(create_on="scheduled")
    visit = reviews.visit(state="scheduled")
    reviews.visit(state="unscheduled")
    reviews.sync()
    assert list(reviews.there) == [visit]
    assert (reviews.there[visit]["time_completed"], reviews.asked) == (None, [])
    for state in ("in_progress", "completed"):
        reviews.becomes(visit, state)
        reviews.sync(trigger=Trigger.EVENT)
    assert reviews.there[visit]["completed"]
    assert reviews.asked == [visit]


def test_a_moved_visit_moves_there(make: MakeHouse) -> None:
    reviews = make(create_on="scheduled")
    visit = reviews.visit(state="scheduled")
    reviews.sync()
    reviews.fieldcamp.change_visit(FC_KEY, visit, scheduledStart="2026-08-01T10:00:00.000Z", scheduledEnd=None)
    reviews.deliver()
    reviews.sync()
    there = reviews.there[visit]
    assert there["time_scheduled"] == there["event_date"] == "2026-08-01T10:00:00.000Z"


def test_a_settings_file_is_checked_by_name(reviews: ReviewsHouse) -> None:
    reviews.settings = {"create_on": "tuesday"}
    with pytest.raises(Invalid, match="create_on: expected completed or scheduled"):
        reviews.connect()


def test_what_is_paid_later_follows(reviews: ReviewsHouse) -> None:
    visit = reviews.visit()
    invoice = reviews.paid(visit)
    reviews.sync()
    assert reviews.there[visit]["amount_collected"] == "0.00"
    payment = reviews.fieldcamp.add_payment(FC_KEY, invoiceId=invoice, amount=99.95)["id"]
    reviews.deliver()
    reviews.sync(trigger=Trigger.EVENT)
    assert reviews.there[visit]["amount_collected"] == "99.95"
    reviews.fieldcamp.remove(FC_KEY, "payments", payment)
    reviews.deliver()
    reviews.sync(trigger=Trigger.EVENT)
    assert reviews.there[visit]["amount_collected"] == "0.00"
    assert reviews.asked == [visit]


def test_a_cancellation_is_told_and_a_deletion_deletes(make: MakeHouse) -> None:
    reviews = make(create_on="scheduled")
    cancelled, deleted, never_sent = (reviews.visit(state=state) for state in ("scheduled", "scheduled", "cancelled"))
    reviews.sync()
    assert never_sent not in reviews.there
    reviews.becomes(cancelled, "cancelled")
    reviews.fieldcamp.delete_visit(FC_KEY, deleted)
    reviews.deliver()
    reviews.sync()
    assert list(reviews.there) == [cancelled]
    assert to_the_second(reviews.there[cancelled]["date_cancelled"]) == to_the_second(
        reviews.told_of(cancelled)["cancelledAt"]
    )
    assert reviews.asked == []


def test_a_completed_visit_that_is_cancelled_after_all_keeps_its_completion(reviews: ReviewsHouse) -> None:
    visit = reviews.visit()
    reviews.sync()
    completed = reviews.there[visit]["time_completed"]
    reviews.becomes(visit, "cancelled")
    reviews.sync()
    there = reviews.there[visit]
    assert there["time_completed"] == completed
    assert there["date_cancelled"] is not None
    assert reviews.asked == [visit]


def test_a_visit_that_is_opened_and_completed_again_asks_once(reviews: ReviewsHouse) -> None:
    """Whatever ReviewRover does with a second completion: it sees one."""
    visit = reviews.visit()
    reviews.sync()
    completed = reviews.there[visit]["time_completed"]
    writes = reviews.writes
    for state in ("in_progress", "completed", "in_progress", "completed"):
        reviews.becomes(visit, state)
        reviews.sync()
        assert reviews.there[visit]["time_completed"] == completed
    reviews.full()
    assert (reviews.asked, reviews.writes) == ([visit], writes)


# Whom it asks


def test_a_client_without_an_address_is_left_out_with_a_reason_and_asked_once_there_is_one(
    reviews: ReviewsHouse,
) -> None:
    client = reviews.client(email=None)
    visit = reviews.visit(client)
    job = reviews.sync()
    [held] = [record for record in reviews.records(job) if record.outcome == "held"]
    assert (held.local_id, held.reason) == (visit, "NO_EMAIL")
    assert (job.status, reviews.requests("contacts.list"), reviews.writes) == (JobStatus.SUCCEEDED, 0, 0)
    assert [one for one in reviews.records(reviews.sync()) if one.outcome == "held"] == []
    reviews.fieldcamp.change(FC_KEY, "clients", client, email=ADA)
    reviews.deliver()
    reviews.sync(trigger=Trigger.EVENT)
    assert reviews.asked == [visit]


def test_visits_of_one_client_share_a_contact_that_is_asked_for_once(reviews: ReviewsHouse) -> None:
    client = reviews.client("Ada@Example.com")
    visits = [reviews.visit(client, hour=hour) for hour in range(3)]
    reviews.sync()
    assert reviews.asked == sorted(visits)
    assert reviews.requests("contacts.list") == 1
    assert [one["email"] for one in reviews.rover.contacts(TENANT)] == [ADA]


def test_a_contact_that_people_made_is_used_as_it_is(reviews: ReviewsHouse) -> None:
    theirs = reviews.rover.add_contact(TENANT, email=ADA, first_name="Countess")
    visit = reviews.visit()
    reviews.sync()
    assert reviews.there[visit]["contact_id"] == theirs["id"]
    writes = reviews.writes
    assert reviews.full().counts.pushed == 0
    assert (reviews.rover.contacts(TENANT), reviews.writes) == ([theirs], writes)


def test_a_clients_new_address_moves_the_visit_to_another_contact(make: MakeHouse) -> None:
    reviews = make(create_on="scheduled")
    client = reviews.client()
    visit = reviews.visit(client, state="scheduled")
    reviews.sync()
    reviews.fieldcamp.change(FC_KEY, "clients", client, email="ada.king@example.com")
    reviews.deliver()
    reviews.sync()
    reviews.becomes(visit, "completed")
    reviews.sync()
    assert [sent["email"] for sent in reviews.rover.review_requests()] == ["ada.king@example.com"]


# What people do there


def test_a_full_sync_puts_back_what_people_changed(reviews: ReviewsHouse) -> None:
    visit, other = reviews.visit(), reviews.visit()
    reviews.paid(visit, 50)
    reviews.sync()
    before = reviews.there
    stranger = reviews.rover.add_contact(TENANT, email="bob@example.com")["id"]
    reviews.rover.edit_visit(TENANT, visit, amount_collected="1.00", date_cancelled="2026-01-01", time_completed="")
    reviews.rover.edit_visit(TENANT, other, contact_id=stranger)
    assert reviews.sync().counts.pulled == 0
    job = reviews.full()
    assert (job.counts.pulled, job.counts.pushed, job.status) == (2, 2, JobStatus.SUCCEEDED)
    for one in (visit, other):
        assert {**reviews.there[one], "updated_at": None} == {**before[one], "updated_at": None}
    writes = reviews.writes
    assert reviews.full().counts.pushed == 0
    assert reviews.writes == writes
    assert reviews.asked == sorted([visit, other])


@pytest.mark.parametrize("mode", [FULL, INCREMENTAL])
def test_what_people_deleted_there_is_never_sent_again(reviews: ReviewsHouse, mode: Mode) -> None:
    visit = reviews.visit()
    invoice = reviews.paid(visit)
    reviews.sync()
    reviews.rover.delete_visit(TENANT, visit)
    reviews.sync(mode)
    for amount in (10, 20):
        reviews.fieldcamp.add_payment(FC_KEY, invoiceId=invoice, amount=amount)
        reviews.deliver()
        job = reviews.sync()
    assert job.status is JobStatus.SUCCEEDED
    reviews.becomes(visit, "in_progress")
    reviews.becomes(visit, "completed")
    reviews.full()
    reviews.sync(trigger=Trigger.RETRY)
    assert (reviews.there, reviews.asked) == ({}, [visit])


def test_what_people_deleted_there_is_told_once(reviews: ReviewsHouse) -> None:
    visit = reviews.visit()
    reviews.sync()
    reviews.rover.delete_visit(TENANT, visit)
    told = [record for _ in range(2) for record in reviews.records(reviews.full()) if record.outcome == "conflict"]
    assert [(one.local_id, one.reason) for one in told] == [(visit, "DELETED_AT_PROVIDER")]
    assert "not sent again" in (told[0].message or "")


def test_another_systems_visits_and_those_made_by_hand_are_left_alone(reviews: ReviewsHouse) -> None:
    contact = reviews.rover.add_contact(TENANT, email="bob@example.com")["id"]
    reviews.rover.configure(second_external_id="created")
    for external_id in ("crm-7", "crm-7", "crm-8", ""):
        reviews.rover.add_visit(TENANT, contact_id=contact, external_id=external_id)
    before = reviews.rover.visits(TENANT)
    for mode in (INCREMENTAL, FULL, FULL):
        assert reviews.sync(mode).status is JobStatus.SUCCEEDED
    assert reviews.rover.visits(TENANT) == before
    assert reviews.writes == 0


def test_a_copy_of_a_visit_of_ours_is_left_alone(reviews: ReviewsHouse) -> None:
    visit = reviews.visit()
    reviews.sync()
    reviews.rover.configure(second_external_id="created")
    contact = reviews.there[visit]["contact_id"]
    copy = reviews.rover.add_visit(TENANT, contact_id=contact, external_id=visit)
    reviews.full()
    assert copy in reviews.rover.visits(TENANT)
    assert len(reviews.rover.visits(TENANT)) == 2


# What goes wrong


@pytest.mark.parametrize("second", ["refused", "created"])
@pytest.mark.parametrize("drop", ["before", "after", "mid"])
def test_a_lost_answer_leaves_each_visit_once(reviews: ReviewsHouse, drop: Any, second: str) -> None:
    reviews.rover.configure(second_external_id=second)
    visits = [reviews.visit(reviews.client(f"{number}@example.com")) for number in range(4)]
    reviews.rover.faults.add(Fault(operation="visits.create", drop=drop, every_nth=2, times=2))
    assert reviews.sync().status is JobStatus.PARTIAL
    assert reviews.sync().status is JobStatus.SUCCEEDED
    assert sorted(reviews.there) == reviews.asked == sorted(visits)


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_visit_that_is_deleted_before_the_answer_is_known_does_not_stay_there(
    reviews: ReviewsHouse, drop: Any
) -> None:
    visit = reviews.visit()
    reviews.rover.faults.add(Fault(operation="visits.create", drop=drop))
    assert reviews.sync().status is JobStatus.PARTIAL
    reviews.fieldcamp.delete_visit(FC_KEY, visit)
    reviews.deliver()
    reviews.rover.faults.add(Fault(operation="visits.get", status=503, times=3))
    reviews.sync()
    reviews.sync()
    assert reviews.there == {}
    writes = reviews.writes
    reviews.sync()
    assert reviews.writes == writes


def test_a_completion_is_told_when_it_happened_though_fieldcamp_does_not_say_so(reviews: ReviewsHouse) -> None:
    visit = reviews.visit(state="in_progress", hour=96)
    bare = {**reviews.told_of(visit), "visitStatus": "completed", "completedAt": None}
    made = to_the_second(reviews.now().isoformat())
    body = {"id": "evt_1", "type": "visit.status_changed", "created_at": f"{made}Z", "data": {"object": bare}}
    receive_events(reviews.house, [parse_event(body, reviews.account_id)])
    reviews.sync()
    assert to_the_second(reviews.there[visit]["time_completed"]) == made


@pytest.mark.parametrize("operation", ["visits.create", "contacts.create"])
def test_a_gateways_page_after_the_deed_leaves_each_visit_once(reviews: ReviewsHouse, operation: str) -> None:
    reviews.rover.configure(second_external_id="created")
    visit = reviews.visit()
    page = "<html>502</html>"
    reviews.rover.faults.add(Fault(operation=operation, status=502, body=page, carried_out=True))
    assert reviews.sync().status is JobStatus.PARTIAL
    reviews.sync()
    assert list(reviews.there) == reviews.asked == [visit]
    assert len(reviews.rover.contacts(TENANT)) == 1


def test_a_change_whose_answer_was_lost_is_not_believed_undone(reviews: ReviewsHouse) -> None:
    """What was wanted goes back to what it was before the answer is known: a look tells that it has to be sent."""
    visit = reviews.visit()
    invoice = reviews.paid(visit)
    reviews.sync()
    payment = reviews.fieldcamp.add_payment(FC_KEY, invoiceId=invoice, amount=80)["id"]
    reviews.deliver()
    reviews.rover.faults.add(Fault(operation="visits.update", drop="after"))
    assert reviews.sync().status is JobStatus.PARTIAL
    assert reviews.there[visit]["amount_collected"] == "80.00"
    reviews.fieldcamp.remove(FC_KEY, "payments", payment)
    reviews.deliver()
    reviews.sync()
    assert reviews.there[visit]["amount_collected"] == "0.00"
    assert reviews.asked == [visit]


@pytest.mark.parametrize("when", ["before_apply", "after_apply"])
@pytest.mark.parametrize("second", ["refused", "created"])
def test_a_killed_worker_leaves_each_visit_once(reviews: ReviewsHouse, when: str, second: str) -> None:
    reviews.rover.configure(second_external_id=second)
    visits = [reviews.visit(hour=hour) for hour in range(3)]
    hooks = [lambda: None, reviews.fate.dies]
    getattr(reviews.fate, when).extend(hooks)
    job = reviews.queue()
    with suppress(Died):
        run_job(reviews.house, job.id, "doomed")
    assert len(reviews.there) < 3
    reviews.recover()
    assert sorted(reviews.there) == reviews.asked == sorted(visits)


@pytest.mark.parametrize("mode", [FULL, INCREMENTAL])
@pytest.mark.parametrize("second", ["refused", "created"])
def test_a_visit_that_was_sent_and_forgotten_is_found(reviews: ReviewsHouse, second: str, mode: Mode) -> None:
    """As after a database that was restored from yesterday: by the listing, or by a look before it is sent."""
    visits = [reviews.visit(reviews.client(f"{number}@example.com")) for number in range(3)]
    reviews.sync()
    there = reviews.there
    reviews.rover.configure(second_external_id=second)
    with reviews.store._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM links")
    reviews.connect()
    assert reviews.sync(mode).status is JobStatus.SUCCEEDED
    assert reviews.there == there
    assert reviews.asked == sorted(visits)


def test_reconnecting_sends_nothing_again(reviews: ReviewsHouse) -> None:
    visit = reviews.visit()
    reviews.sync()
    there = reviews.there
    disconnect(reviews.house, reviews.account_id, "review_rover", lambda _: None)
    reviews.token = reviews.rover.issue_token(TENANT)
    reviews.connect()
    for mode in (INCREMENTAL, FULL):
        assert reviews.sync(mode).status is JobStatus.SUCCEEDED
    assert (reviews.there, reviews.asked) == (there, [visit])


def test_a_revoked_token_ends_the_connection_until_somebody_reconnects(reviews: ReviewsHouse) -> None:
    visit = reviews.visit()
    reviews.rover.revoke_token(reviews.token)
    job = reviews.sync()
    assert (job.status, (job.error or {})["code"]) == (JobStatus.FAILED, "INTEGRATION_NOT_CONNECTED")
    assert not reviews.connection.connected
    reviews.token = reviews.rover.issue_token(TENANT)
    reviews.connect()
    reviews.sync()
    assert reviews.asked == [visit]


def test_a_limit_is_waited_out_and_nothing_is_sent_twice(reviews: ReviewsHouse) -> None:
    visits = [reviews.visit(hour=hour) for hour in range(3)]
    reviews.rover.faults.add(Fault(operation="visits.create", status=429, headers={"Retry-After": "1"}, skip=1))
    assert reviews.sync().status is JobStatus.SUCCEEDED
    assert reviews.asked == sorted(visits)


def test_what_reviewrover_refuses_is_told_in_its_words_and_not_offered_again(reviews: ReviewsHouse) -> None:
    visit = reviews.visit(reviews.client("ada@nowhere"))
    job = reviews.sync()
    [failed] = [record for record in reviews.records(job) if record.outcome == "failed"]
    assert (failed.local_id, failed.reason) == (visit, "REVIEW_ROVER_REFUSED")
    assert "email is not an email address" in (failed.message or "")
    assert "nowhere" not in json.dumps([one.message for one in reviews.records(job)])
    requests = reviews.writes
    reviews.sync()
    assert reviews.writes == requests


def test_a_dry_run_tells_and_writes_nothing(reviews: ReviewsHouse) -> None:
    visit = reviews.visit()
    job = reviews.sync(dry_run=True)
    assert [(one.local_id, one.outcome) for one in reviews.records(job)] == [(visit, "created")]
    assert (reviews.there, reviews.writes) == ({}, 0)


def test_an_incremental_sync_reads_nothing_once_all_was_read(reviews: ReviewsHouse) -> None:
    reviews.visit()
    reviews.sync()
    before = reviews.requests()
    reviews.sync()
    assert reviews.requests() == before


def test_a_listing_that_lacks_too_much_changes_nothing(reviews: ReviewsHouse) -> None:
    visits = [reviews.visit(hour=hour) for hour in range(12)]
    reviews.sync()
    for visit in visits[:6]:
        reviews.rover.delete_visit(TENANT, visit)
    assert (reviews.full().error or {})["code"] == "MASS_CHANGE_HELD"
    assert reviews.full(confirm_mass_change=True).status is JobStatus.SUCCEEDED
    assert (sorted(reviews.there), reviews.asked) == (sorted(visits[6:]), sorted(visits))
