"""Where a visit stands in every system, and why, as `explain` answers it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.sources.sell import REPS, served_sell
from tests.sync.books_house import BOOKS, REALM, BooksHouse, line
from tests.sync.books_house import FC_KEY as BOOKS_KEY
from tests.sync.memory import START
from tests.sync.reviews_house import REVIEWS, ReviewsHouse
from tests.sync.reviews_house import street as reviews_street
from tests.sync.sell_house import SELL, SellHouse
from tests.sync.small_house import FIELDCAMP, GOOGLE, ONE, TWO, SmallHouse
from worker.core import books
from worker.core.connections import InboxEvent
from worker.core.documents import CalendarEvent, ReviewVisit, Times
from worker.core.errors import NotConnected, NotFound
from worker.core.explanation import Explanation, Place, Presence
from worker.core.fates import State
from worker.core.reconcile import CONFLICTS, DELETED_AT_PROVIDER
from worker.core.records import CLIENT, INVOICE, PAYMENT, Record
from worker.core.visits import VisitStatus
from worker.sync.explain import explain
from worker.sync.receive import receive_events

AnyHouse = SmallHouse | ReviewsHouse | BooksHouse


def ask(there: AnyHouse, visit_id: str = "vis_1") -> Explanation:
    """What is answered; nothing is written for it."""
    before = dump(there.path)
    found = explain(there.house, there.account_id, visit_id)
    assert dump(there.path) == before
    return found


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())


def presence(there: AnyHouse, integration: str, visit_id: str = "vis_1") -> Presence:
    [found] = [each for each in ask(there, visit_id).presences if each.integration == integration]
    return found


def place(there: AnyHouse, integration: str, visit_id: str = "vis_1", kind: str = "visit") -> Place:
    [found] = [each for each in presence(there, integration, visit_id).places if each.kind == kind]
    return found


def told(found: Place) -> tuple[State, str | None]:
    return found.fate.state, found.fate.code


# The visit


def test_the_visit_is_told_as_its_source_last_told_it(small: SmallHouse) -> None:
    small.arrive("vis_1", client_id="cli_1", status=VisitStatus.IN_PROGRESS)
    found = ask(small)
    assert (found.source, found.deleted) == (FIELDCAMP, False)
    assert (found.visit.id, found.visit.status, found.visit.team) == ("vis_1", VisitStatus.IN_PROGRESS, ("usr_1",))
    assert (found.visit.start, found.visit.end) == (START, START + timedelta(hours=1))
    assert found.changed_at == found.told_at == small.source.clock
    assert [each.integration for each in found.presences] == [GOOGLE, FIELDCAMP]


def test_an_unknown_visit_or_account_is_not_found(small: SmallHouse) -> None:
    for visit_id in ("vis_none", "", "vis\x00", "v" * 300):
        with pytest.raises(NotFound, match="FieldCamp has not told of it"):
            explain(small.house, small.account_id, visit_id)
    small.arrive("vis_1")
    with pytest.raises(NotFound, match="no such account"):
        explain(small.house, "acc_nobody", "vis_1")


def test_another_accounts_visit_is_not_there(small: SmallHouse) -> None:
    small.arrive("vis_1")
    other = small.store.accounts.create("Other", small.clock)[0].id
    with pytest.raises(NotConnected, match="FieldCamp, where it would come from, is not connected"):
        explain(small.house, other, "vis_1")


# Calendars


def test_before_its_first_sync_it_is_to_be_created_and_the_next_sync_is_named(small: SmallHouse) -> None:
    small.arrive("vis_1")
    found = presence(small, GOOGLE)
    [calendar] = found.places
    assert told(calendar) == (State.TO_CREATE, None)
    assert (calendar.target, calendar.remote_id, calendar.shown, calendar.written_at) == (ONE, None, None, None)
    assert isinstance(calendar.wanted, CalendarEvent)
    assert found.next_sync_at == small.connection.next_look_at
    assert found.next_sync_at is not None
    assert (found.active_job_id, small.calendars.reads, small.calendars.writes) == (None, 0, 0)


def test_a_sync_that_is_under_way_is_named(small: SmallHouse) -> None:
    small.arrive("vis_1")
    job = small.queue()
    assert presence(small, GOOGLE).active_job_id == job.id


def test_once_it_is_shown_it_says_what_is_there_since_when_and_from_which_sync(small: SmallHouse) -> None:
    small.arrive("vis_1")
    job = small.sync()
    reads = small.calendars.reads
    found = ask(small)
    [calendar] = found.presences[0].places
    assert told(calendar) == (State.SHOWN, None)
    assert calendar.fate.agrees
    assert calendar.remote_id == next(iter(small.calendars.live(ONE)))
    assert calendar.shown == small.calendars.ours(ONE)["vis_1"]
    assert (calendar.wanted, calendar.written_at) == (None, small.clock)
    [happened] = found.history
    assert (happened.job_id, happened.integration, happened.dry_run) == (job.id, GOOGLE, False)
    assert (happened.record.outcome, happened.record.target) == ("created", ONE)
    assert small.calendars.reads == reads


def test_a_dry_run_is_told_as_one_and_wrote_nothing(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync(dry_run=True)
    found = ask(small)
    assert [each.dry_run for each in found.history] == [True]
    assert found.presences[0].places[0].written_at is None


def test_what_the_next_sync_is_to_change_is_told_with_both_sides(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    small.arrive("vis_1", start=START + timedelta(hours=3), end=START + timedelta(hours=4))
    calendar = place(small, GOOGLE)
    assert told(calendar) == (State.TO_UPDATE, None)
    assert isinstance(calendar.shown, CalendarEvent)
    assert isinstance(calendar.wanted, CalendarEvent)
    assert calendar.shown.times.start == START
    assert calendar.wanted.times.start == START + timedelta(hours=3)


def test_a_cancelled_visit_is_to_be_removed_and_then_removed(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    small.arrive("vis_1", status=VisitStatus.CANCELLED)
    assert told(place(small, GOOGLE)) == (State.TO_REMOVE, "CANCELLED")
    small.sync()
    calendar = place(small, GOOGLE)
    assert (told(calendar), calendar.shown) == ((State.ABSENT, "CANCELLED"), None)
    assert calendar.fate.message == "The visit is cancelled. What was there is removed."


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": VisitStatus.UNSCHEDULED}, "UNSCHEDULED"),
        ({"start": None, "end": None}, "NO_DATE"),
        ({"team": ()}, "NO_TEAM"),
        ({"team": ("usr_9",)}, "NO_CALENDAR"),
    ],
)
def test_a_visit_that_shows_nowhere_says_why(small: SmallHouse, fields: dict[str, object], code: str) -> None:
    small.arrive("vis_1", **fields)
    small.sync()
    nowhere = place(small, GOOGLE)
    assert (told(nowhere), nowhere.target) == ((State.ABSENT, code), None)
    assert small.calendars.writes == 0


def test_a_member_without_a_calendar_is_named_beside_those_who_have_one(small: SmallHouse) -> None:
    small.arrive("vis_1", team=("usr_1", "usr_9"))
    small.sync()
    found = presence(small, GOOGLE).places
    assert [told(each) for each in found] == [(State.SHOWN, None), (State.ABSENT, "NO_CALENDAR")]
    assert found[1].fate.message == "usr_9 has no calendar in Google Calendar."


def test_a_deleted_visit_is_to_go_and_says_so_where_it_never_was(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    small.deliver(small.source.tell(None, "vis_1"), small.source.tell(None, "vis_2"))
    assert ask(small).deleted
    assert told(place(small, GOOGLE)) == (State.TO_REMOVE, "DELETED_AT_SOURCE")
    assert told(place(small, GOOGLE, "vis_2")) == (State.ABSENT, "DELETED_AT_SOURCE")


def test_a_reassigned_visit_leaves_one_calendar_for_the_other(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    small.arrive("vis_1", team=("usr_2",))
    found = {each.target: told(each) for each in presence(small, GOOGLE).places}
    assert found == {ONE: (State.TO_REMOVE, "NOT_ASSIGNED"), TWO: (State.TO_CREATE, None)}


def test_a_calendar_that_the_settings_name_no_more_is_told_of(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    del small.routes[ONE]
    found = {each.target: told(each) for each in presence(small, GOOGLE).places}
    assert found == {ONE: (State.TO_REMOVE, "CALENDAR_NOT_USED"), None: (State.ABSENT, "NO_CALENDAR")}


def test_a_calendar_for_everybody_needs_no_team(small: SmallHouse) -> None:
    small.routes.clear()
    small.routes[ONE] = None
    small.arrive("vis_1", team=())
    assert told(place(small, GOOGLE)) == (State.TO_CREATE, None)


def test_what_a_person_moved_is_to_be_followed_or_is_a_conflict(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    small.source.refuse_moves.add("vis_1")
    times = Times.span(START + timedelta(hours=5), START + timedelta(hours=6))
    small.calendars.person_moves(ONE, next(iter(small.calendars.live(ONE))), times)
    small.sync()
    found = ask(small)
    assert told(found.presences[0].places[0]) == (State.SHOWN, None)
    assert "conflict" in {each.record.outcome for each in found.history}


def test_what_people_keep_deleting_is_left_deleted_and_told_as_a_conflict(tmp_path: Path) -> None:
    with closing(SmallHouse(tmp_path / "flag.db", on_remote_delete="flag")) as small:
        small.arrive("vis_1")
        small.sync()
        small.calendars.person_deletes(ONE, next(iter(small.calendars.live(ONE))))
        small.sync()
        calendar = place(small, GOOGLE)
        assert told(calendar) == (State.LEFT_DELETED, DELETED_AT_PROVIDER)
        assert calendar.conflict is not None
        assert calendar.conflict[0] in CONFLICTS
        assert not calendar.fate.agrees


def test_what_the_provider_refused_is_told_in_its_words(small: SmallHouse) -> None:
    small.calendars.refuse_titles.add("Visit")
    small.arrive("vis_1")
    small.sync()
    calendar = place(small, GOOGLE)
    assert (told(calendar), calendar.fate.message) == ((State.REFUSED, "invalid"), "this title is refused")
    assert ask(small).history[0].record.reason == "invalid"


def test_a_lost_answer_is_told_as_one(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.calendars.lose_answers = 9
    small.sync()
    assert "no answer came" in place(small, GOOGLE).fate.message


def test_a_disconnected_integration_says_so_and_what_is_left_there(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.sync()
    small.store.connections.disconnect(small.account_id, GOOGLE, small.clock)
    found = presence(small, GOOGLE)
    assert (found.connected, found.remark, found.next_sync_at) == (
        False,
        ("DISCONNECTED", "It is not connected any more."),
        None,
    )
    [calendar] = found.places
    assert told(calendar) == (State.UNKNOWN, "NOT_CONNECTED")
    assert (calendar.target, calendar.written_at is not None) == (ONE, True)
    assert calendar.remote_id in small.calendars.live(ONE)


def test_a_revoked_grant_is_the_error_of_its_integration(small: SmallHouse) -> None:
    small.arrive("vis_1")
    small.calendars.revoked = True
    small.sync()
    found = presence(small, GOOGLE)
    assert not found.connected
    assert found.error is not None
    assert found.error[1] == "the grant is gone"
    assert found.places == []


def test_an_integration_that_never_was_connected_says_so(small: SmallHouse) -> None:
    manifest = replace(small.house.manifests[GOOGLE], name="outlook_calendar", title="Outlook")
    small.house = replace(small.house, manifests={**small.house.manifests, manifest.name: manifest})
    small.arrive("vis_1")
    found = presence(small, manifest.name)
    assert (found.connected, found.remark, found.places) == (
        False,
        ("NEVER_CONNECTED", "It was never connected."),
        (),
    )


def test_events_that_no_sync_has_dealt_with_are_named_and_others_are_not(small: SmallHouse) -> None:
    for visit_id in ("vis_1", "vis_12"):
        record = small.visit(visit_id)
        assert record.told_at is not None
        body = {"type": "visit.created", "data": {"object": {"id": visit_id, "jobId": "vis_1"}}}
        event = InboxEvent(small.account_id, f"evt_{visit_id}", "visit.created", body, record.told_at, record)
        odd = InboxEvent(small.account_id, f"odd_{visit_id}", "visit.odd", {"data": None}, record.told_at, None)
        receive_events(small.house, [event, odd])
    found = ask(small)
    assert [(each.event_id, each.type) for each in found.events] == [("evt_vis_1", "visit.created")]
    assert found.presences[0].news == 1
    small.sync()
    found = ask(small)
    assert (found.events, found.presences[0].news) == ([], 0)


# Zendesk Sell


@pytest.fixture
def sales(tmp_path: Path) -> Iterator[SellHouse]:
    with served_sell() as sell, closing(SellHouse(tmp_path / "sell.db", sell)) as house:
        yield house


def test_a_sales_visit_comes_from_sell_and_shows_on_the_calendar_of_its_rep(sales: SellHouse) -> None:
    visit_id = f"sell:{sales.sell.visit(creator_id=1, resource_type='lead', resource_id=4711)}"
    sales.show()
    found = ask(sales, visit_id)
    assert found.source == SELL
    by_name = {each.integration: each for each in found.presences}
    assert by_name[SELL].remark == ("ITS_SOURCE", "The visit comes from here.")
    assert by_name[FIELDCAMP].remark == ("OTHER_SOURCE", "The visit does not come from here.")
    [calendar] = by_name[GOOGLE].places
    assert (told(calendar), calendar.target) == ((State.SHOWN, None), ONE)
    assert isinstance(calendar.shown, CalendarEvent)
    assert calendar.shown.title == "Lead 4711"


def test_a_sales_visit_of_nobodys_rep_shows_nowhere(sales: SellHouse) -> None:
    creator = max(int(rep) for rep in REPS) + 1
    visit_id = f"sell:{sales.sell.visit(creator_id=creator)}"
    sales.show()
    assert told(place(sales, GOOGLE, visit_id)) == (State.ABSENT, "NO_TEAM")


def test_an_unknown_sales_visit_names_sell(sales: SellHouse) -> None:
    with pytest.raises(NotFound, match="Zendesk Sell has not told of it"):
        explain(sales.house, sales.account_id, "sell:1")
    sales.store.connections.disconnect(sales.account_id, SELL, sales.clock)
    with pytest.raises(NotConnected, match="Zendesk Sell"):
        explain(sales.house, sales.account_id, "sell:1")


# ReviewRover


@pytest.fixture
def reviews(tmp_path: Path) -> Iterator[ReviewsHouse]:
    with reviews_street() as street, closing(ReviewsHouse(street, tmp_path / "reviews.db")) as house:
        yield house


def test_a_completed_visit_says_what_review_rover_was_told(reviews: ReviewsHouse) -> None:
    visit = reviews.visit()
    reviews.paid(visit, 10.10, 20)
    reviews.sync()
    asked = reviews.requests()
    found = place(reviews, REVIEWS, visit)
    assert told(found) == (State.SHOWN, None)
    assert isinstance(found.shown, ReviewVisit)
    assert (found.shown.amount, found.shown.completed is not None) == (Decimal("30.10"), True)
    assert found.remote_id == str(reviews.there[visit]["id"])
    assert reviews.requests() == asked, "nobody is asked"
    reviews.paid(visit, 5)
    reviews.deliver()
    found = place(reviews, REVIEWS, visit)
    assert told(found) == (State.TO_UPDATE, None)
    assert isinstance(found.wanted, ReviewVisit)
    assert found.wanted.amount == Decimal("35.10")


def test_a_visit_that_is_not_completed_waits(reviews: ReviewsHouse) -> None:
    visit = reviews.visit(state="in_progress")
    reviews.sync()
    found = place(reviews, REVIEWS, visit)
    assert told(found) == (State.ABSENT, "NOT_YET")
    assert found.fate.message == "The visit is in_progress; it is sent once it is completed."


def test_a_client_without_an_address_is_held_before_and_after_the_sync(reviews: ReviewsHouse) -> None:
    visit = reviews.visit(reviews.client(email=None))
    reviews.deliver()
    assert told(place(reviews, REVIEWS, visit)) == (State.HELD, "NO_EMAIL")
    reviews.sync()
    assert told(place(reviews, REVIEWS, visit)) == (State.HELD, "NO_EMAIL")
    assert [each.record.reason for each in ask(reviews, visit).history] == ["NO_EMAIL"]


def test_the_client_is_named_by_what_the_source_calls_them(reviews: ReviewsHouse) -> None:
    visit = reviews.visit(reviews.client())
    reviews.sync()
    client = ask(reviews, visit).client
    assert client is not None
    assert client.name == "Ada Lovelace"


# The books


def billed(there: BooksHouse, **fields: object) -> tuple[str, str]:
    """A visit of a job with an invoice; both ids."""
    client = there.client(email="ada@example.com")
    visit = visit_of(there, client, jobId="job_1", visitStatus="completed")
    return visit, there.invoice(client, line(there.item(), 100), **{"visitId": visit, **fields})


def visit_of(there: BooksHouse, client: str, **fields: object) -> str:
    at = there.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    return str(there.fieldcamp.add_visit(BOOKS_KEY, clientId=client, scheduledStart=at, **fields)["id"])


def test_the_money_of_a_visit_is_told_with_where_each_stands(there: BooksHouse) -> None:
    visit, invoice = billed(there, number="INV-7")
    payment = there.payment(invoice, 40)
    there.sync()
    there.deliver()
    calls = len(there.quickbooks.journal.entries())
    found = {each.kind: each for each in presence(there, BOOKS, visit).places}
    assert [told(found[kind]) for kind in (CLIENT, INVOICE, PAYMENT)] == [(State.SHOWN, None)] * 3
    assert (found[INVOICE].local_id, found[PAYMENT].local_id) == (invoice, payment)
    assert found[INVOICE].remote_id == there.live("Invoice")[0]["Id"]
    assert found[INVOICE].written_at is not None
    shown = found[INVOICE].shown
    assert isinstance(shown, books.Invoice)
    assert (shown.number, shown.total) == ("INV-7", Decimal("100.00"))
    assert {each.record.kind for each in ask(there, visit).history} == {CLIENT, INVOICE, PAYMENT}
    assert len(there.quickbooks.journal.entries()) == calls, "nobody is asked"


def test_an_invoice_of_its_job_belongs_to_a_visit_too(there: BooksHouse) -> None:
    visit, invoice = billed(there, visitId=None, jobId="job_1")
    there.sync()
    there.deliver()
    assert place(there, BOOKS, visit, INVOICE).local_id == invoice


def test_a_visit_without_an_invoice_says_so(there: BooksHouse) -> None:
    visit = visit_of(there, there.client(), jobId="job_1")
    there.invoice(there.client("Bob"), line(None, 5), jobId="job_12")
    there.sync()
    there.deliver()
    found = presence(there, BOOKS, visit)
    assert found.remark == ("NO_INVOICES", "No invoice names the visit or its job.")
    assert [each.kind for each in found.places] == [CLIENT]


def test_an_invoice_that_is_held_says_what_it_waits_for(company: Callable[..., BooksHouse]) -> None:
    there = company(settings={})
    visit, _ = billed(there)
    there.deliver()
    assert told(place(there, BOOKS, visit, CLIENT)) == (State.TO_CREATE, None)
    assert told(place(there, BOOKS, visit, INVOICE)) == (State.HELD, "WAITS_FOR_CUSTOMER")
    there.sync()
    held = place(there, BOOKS, visit, INVOICE)
    assert told(held) == (State.HELD, "WAITS_FOR_ITEM")
    assert "income_account" in held.fate.message
    assert (held.remote_id, held.shown, held.fate.agrees) == (None, None, False)


def test_a_line_without_an_item_makes_no_item_when_it_is_explained(there: BooksHouse) -> None:
    client = there.client()
    visit = visit_of(there, client)
    there.invoice(client, line(None, 5), visitId=visit)
    there.deliver()
    assert told(place(there, BOOKS, visit, INVOICE)) == (State.HELD, "WAITS_FOR_CUSTOMER")
    there.sync()
    assert told(place(there, BOOKS, visit, INVOICE)) == (State.SHOWN, None)


def test_a_client_that_a_person_is_asked_about_says_where_to_answer(there: BooksHouse) -> None:
    there.quickbooks.add_customer(REALM, "Ada L.", PrimaryPhone={"FreeFormNumber": "555 0100"})
    client = there.client("Ada Lovelace", phoneNumber={"number": "5550100"})
    visit = visit_of(there, client)
    there.sync()
    there.deliver()
    asked = place(there, BOOKS, visit, CLIENT)
    assert told(asked) == (State.HELD, "MATCH_NEEDED")
    assert "visit-sync match list" in asked.fate.message


def test_a_void_invoice_is_to_be_voided_and_then_is(there: BooksHouse) -> None:
    visit, invoice = billed(there)
    there.sync()
    there.change("invoices", invoice, status="void")
    there.deliver()
    assert told(place(there, BOOKS, visit, INVOICE)) == (State.TO_REMOVE, "VOID")
    there.sync()
    assert told(place(there, BOOKS, visit, INVOICE)) == (State.ABSENT, "VOID")


def test_a_deleted_invoice_is_still_told_of(there: BooksHouse) -> None:
    visit, invoice = billed(there)
    there.sync()
    there.remove("invoices", invoice)
    there.deliver()
    assert told(place(there, BOOKS, visit, INVOICE)) == (State.TO_REMOVE, "DELETED_AT_SOURCE")


def test_a_payment_from_the_books_is_told_as_one(there: BooksHouse) -> None:
    visit, invoice = billed(there)
    there.sync()
    there.deliver()
    at = datetime.now(UTC)
    content = {"invoice_id": invoice, "amount": "40", "external_id": f"quickbooks:77:{invoice}"}
    there.store.records.receive(there.account_id, [Record(PAYMENT, "pay_1", content, at, at)])
    found = place(there, BOOKS, visit, PAYMENT)
    assert (told(found), found.remote_id) == ((State.ABSENT, "FROM_THE_BOOKS"), "77")


def test_a_bookkeepers_amount_is_told_as_a_difference(there: BooksHouse) -> None:
    visit, _ = billed(there)
    there.sync()
    there.deliver()
    [theirs] = there.objects("Invoice")
    item = theirs["Line"][0]["SalesItemLineDetail"]["ItemRef"]
    sold = {"Amount": 90, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": item}}
    there.quickbooks.edit_invoice(REALM, theirs["Id"], Line=[sold])
    there.sync()
    found = place(there, BOOKS, visit, INVOICE)
    assert (told(found), found.conflict is not None) == ((State.DIFFERS, "EDITED_AT_PROVIDER"), True)
    assert "90" in found.fate.message
