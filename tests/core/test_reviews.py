"""From visits to requests for reviews: what is told, whom it asks, and what is told once alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from worker.core.books import Customer
from worker.core.documents import CalendarEvent, ReviewVisit, Times, entity_of, event_of, from_json, to_json
from worker.core.errors import Invalid
from worker.core.links import Link
from worker.core.observation import observe
from worker.core.ports import Change, Create, Done, Key
from worker.core.projections import VisitView
from worker.core.reconcile import after
from worker.core.records import Client, Visit
from worker.core.reviews import NO_EMAIL, ReviewPreferences, review_preferences, review_visit
from worker.core.visits import VisitStatus

S = VisitStatus
START = datetime(2026, 6, 1, 9, tzinfo=UTC)
END, LATER = START + timedelta(hours=1), START + timedelta(days=1)
ADA = Client("cli_1", "Ada Lovelace", given="Ada", family="Lovelace", email="Ada@Example.com", phone="+15550100")
VISIT = Visit("vis_1", S.COMPLETED, client_id="cli_1", start=START, end=END, completed_at=LATER)
WHEN_DONE, WHEN_PLANNED = ReviewPreferences(), ReviewPreferences("scheduled")
NOTHING = Decimal(0)
TOLD = ReviewVisit("ada@example.com", "Ada", "Lovelace", "+15550100", scheduled=START, completed=LATER)


def seen(client: Client | None = ADA, **fields: object) -> VisitView:
    return VisitView(replace(VISIT, **fields), None, client)  # type: ignore[arg-type]


def asked(view: VisitView | None, how: ReviewPreferences = WHEN_DONE, *told: ReviewVisit) -> ReviewVisit:
    document = review_visit(view, NOTHING, how, told)
    assert isinstance(document, ReviewVisit)
    return document


def test_a_completed_visit_is_told_with_all_that_is_known() -> None:
    assert review_visit(seen(), Decimal("10.104"), WHEN_DONE) == replace(TOLD, amount=Decimal("10.10"))


@pytest.mark.parametrize("status", S)
def test_what_is_told_first_depends_on_the_setting(status: VisitStatus) -> None:
    view = seen(status=status)
    assert (review_visit(view, NOTHING, WHEN_DONE) is not None) == (status is S.COMPLETED)
    planned = status not in (S.UNSCHEDULED, S.CANCELLED)
    assert (review_visit(view, NOTHING, WHEN_PLANNED) is not None) == planned


@pytest.mark.parametrize("told", [(), (TOLD,)])
def test_a_deleted_visit_is_not_told(told: tuple[ReviewVisit, ...]) -> None:
    assert review_visit(None, NOTHING, WHEN_DONE, told) is None


@pytest.mark.parametrize("client", [None, replace(ADA, email=""), replace(ADA, email="none")])
def test_without_an_address_nobody_can_be_asked(client: Client | None) -> None:
    assert review_visit(seen(client), NOTHING, WHEN_DONE) is NO_EMAIL
    assert not NO_EMAIL.failed


def test_a_client_who_loses_the_address_is_still_told_of_where_it_was_known() -> None:
    unread = ReviewVisit("", scheduled=START)
    assert asked(seen(None), WHEN_DONE, unread, TOLD).email == TOLD.email
    assert review_visit(seen(None), NOTHING, WHEN_DONE, (unread,)) is NO_EMAIL


@pytest.mark.parametrize(
    ("client", "names"),
    [
        (ADA, ("Ada", "Lovelace")),
        (replace(ADA, given=""), ("", "Lovelace")),
        (replace(ADA, given="", family="", name="Ada King Lovelace"), ("Ada", "King Lovelace")),
        (replace(ADA, given="", family="", name=""), ("", "")),
    ],
)
def test_a_name_comes_in_two_parts(client: Client, names: tuple[str, str]) -> None:
    document = asked(seen(client))
    assert (document.given, document.family) == names


def test_a_cancellation_is_told_of_what_was_told_before() -> None:
    view = seen(status=S.CANCELLED, cancelled_at=LATER)
    planned = replace(TOLD, completed=None)
    assert asked(view, WHEN_DONE, planned) == replace(planned, cancelled=LATER)
    assert asked(seen(status=S.CANCELLED), WHEN_DONE, planned).cancelled == START


def test_what_is_planned_no_longer_is_told_without_a_time() -> None:
    view = seen(status=S.UNSCHEDULED, start=None, end=None)
    assert asked(view, WHEN_PLANNED, replace(TOLD, completed=None)).scheduled is None


def test_a_completion_is_told_once() -> None:
    """Whatever becomes of the visit after it: a second one would ask the client a second time."""
    for status in S:
        assert asked(seen(status=status, completed_at=LATER + timedelta(days=9)), WHEN_DONE, TOLD).completed == LATER


def test_the_surest_word_about_a_completion_counts() -> None:
    planned, theirs = replace(TOLD, completed=None), replace(TOLD, completed=END)
    assert asked(seen(), WHEN_DONE, planned, theirs).completed == END
    assert asked(seen(), WHEN_DONE, TOLD, theirs).completed == LATER
    assert asked(seen(), WHEN_DONE, planned).completed == LATER


def test_where_fieldcamp_does_not_say_when_our_note_does() -> None:
    noted = END + timedelta(minutes=7)
    assert asked(seen(completed_at=None, final_since=noted)).completed == noted
    assert asked(seen(final_since=noted)).completed == LATER
    cancelled = seen(status=S.CANCELLED, final_since=noted)
    assert asked(cancelled, WHEN_DONE, replace(TOLD, completed=None)).cancelled == noted


@pytest.mark.parametrize(("end", "completed"), [(END, END), (None, START)])
def test_a_completion_without_a_moment_is_when_the_visit_was_to_be_over(
    end: datetime | None, completed: datetime
) -> None:
    assert asked(seen(completed_at=None, end=end)).completed == completed


def test_nobody_was_paid_less_than_nothing() -> None:
    document = review_visit(seen(), Decimal("-5"), WHEN_DONE)
    assert isinstance(document, ReviewVisit)
    assert document.amount == 0


# The document


def test_names_are_no_part_of_the_meaning_for_a_contact_keeps_its_own() -> None:
    assert TOLD.fingerprint() == ReviewVisit("Ada@example.com ", scheduled=START, completed=LATER).fingerprint()


@pytest.mark.parametrize("field", ["scheduled", "completed", "cancelled"])
def test_each_moment_is_part_of_the_meaning_to_the_second(field: str) -> None:
    moment: dict[str, Any] = {field: END + timedelta(minutes=1)}
    finer: dict[str, Any] = {field: END + timedelta(minutes=1, microseconds=5)}
    assert replace(TOLD, **moment).fingerprint() == replace(TOLD, **finer).fingerprint() != TOLD.fingerprint()


def test_the_address_and_the_amount_are_part_of_the_meaning() -> None:
    assert replace(TOLD, email="bob@example.com").fingerprint() != TOLD.fingerprint()
    assert replace(TOLD, amount=Decimal("0.01")).fingerprint() != TOLD.fingerprint()
    assert replace(TOLD, amount=Decimal("0.004")).fingerprint() == TOLD.fingerprint()


def test_texts_are_as_short_as_reviewrover_takes_them() -> None:
    long = ReviewVisit("a" * 300 + "@example.com", "b" * 300, "c\n" * 300, "1" * 300)
    assert max(map(len, (long.email, long.given, long.family, long.phone))) == 255
    assert "\n" not in long.family


def test_a_document_survives_the_store() -> None:
    for document in (TOLD, replace(TOLD, cancelled=END, amount=Decimal("10.10")), ReviewVisit("")):
        assert from_json(to_json(document)) == document


def test_each_kind_of_document_has_its_place() -> None:
    event, customer = CalendarEvent("Boiler", Times.span(START, END)), Customer("Ada")
    assert (event_of(event), entity_of(customer)) == (event, customer)
    for wrong in (TOLD, event):
        with pytest.raises(AssertionError):
            entity_of(wrong)
    with pytest.raises(AssertionError):
        event_of(TOLD)


def test_what_was_found_there_is_looked_at_once_more_and_has_no_source_of_its_own() -> None:
    sent = Link("visits", "vis_1", offered=TOLD)
    shown = replace(TOLD, email="")
    found = after(sent, Create(Key("vis_1"), TOLD), Done("1", "v", shown, found=True))
    assert (found.published, found.agreed, found.retry, found.source) == (True, shown, True, None)


def test_a_second_object_with_our_key_is_somebodys_own_where_copies_stay() -> None:
    link = Link("visits", "vis_1", published=True, remote_id="1", version="v", agreed=TOLD)
    copy = Change("2", "w", Key("vis_1"), TOLD)
    observed = observe("visits", [link], {}, [copy], keeps_copies=True)
    assert (observed.strays, observed.foreign, observed.links) == ((), (copy,), ())


# The settings


@pytest.mark.parametrize("settings", [{}, {"create_on": "completed"}])
def test_a_visit_is_told_when_it_is_completed_unless_somebody_says_otherwise(settings: dict[str, str]) -> None:
    assert review_preferences(settings) == WHEN_DONE
    assert review_preferences({"create_on": "scheduled"}) == WHEN_PLANNED


@pytest.mark.parametrize(("settings", "field"), [({"create_on": "never"}, "create_on"), ({"when": 1}, "when")])
def test_a_wrong_setting_is_named(settings: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid, match=f"settings: {field}: ") as raised:
        review_preferences(settings)
    assert list(raised.value.details) == [field]
