"""What a decision means for people: each row of the planning table as a state with its reason."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.core.test_projections import VISIT
from worker.core import posting, sales
from worker.core.absences import DELETED_AT_SOURCE, Absence
from worker.core.documents import CalendarEvent, Times
from worker.core.fates import Fate, State, conflict_of, fate
from worker.core.holds import Hold
from worker.core.links import Link
from worker.core.preferences import FLAG, UNSCHEDULE, CalendarPreferences
from worker.core.projections import NO_DATE, NO_TEAM, NOT_ASSIGNED, VisitView, absence
from worker.core.reconcile import BOTH_CHANGED, DELETED_AT_PROVIDER, Decision, decide
from worker.core.reviews import NOT_A_JOB, ReviewPreferences, unasked
from worker.core.visits import VisitStatus

AT = datetime(2026, 5, 29, 8, tzinfo=UTC)
EVENT = CalendarEvent("Boiler", Times.span(AT, AT + timedelta(hours=1)))
LATER = EVENT.moved_to(Times.span(AT + timedelta(hours=2), AT + timedelta(hours=3)))
NEW = Link("one", "vis_1")
THERE = replace(NEW, published=True, remote_id="r1", version="1", agreed=EVENT)
GONE = Absence("CANCELLED", "The visit is cancelled.")
HOW = CalendarPreferences()


def of(link: Link | None, wanted: CalendarEvent | None, how: CalendarPreferences = HOW) -> Fate:
    """What the decision of a sync means for people."""
    return fate(link, decide("one", "vis_1", link, wanted, how), None if wanted else GONE)


@pytest.mark.parametrize(
    ("link", "wanted", "state", "code", "words"),
    [
        (None, None, State.ABSENT, "CANCELLED", "The visit is cancelled."),
        (None, EVENT, State.TO_CREATE, None, "The next sync creates it there."),
        (THERE, EVENT, State.SHOWN, None, "It shows what is wanted."),
        (THERE, LATER, State.TO_UPDATE, None, "The next sync brings it up to date there."),
        (THERE, None, State.TO_REMOVE, "CANCELLED", "The visit is cancelled. The next sync removes it there."),
        (replace(NEW, generation=1), None, State.ABSENT, "CANCELLED", "is cancelled. What was there is removed."),
        (replace(NEW, offered=EVENT), EVENT, State.TO_CREATE, None, "no answer came"),
        (replace(NEW, removed=True), EVENT, State.TO_CREATE, None, "A person deleted it there; the next sync puts"),
        (replace(THERE, seen=LATER), EVENT, State.TO_FOLLOW, None, "the next sync moves the visit to the same times"),
        (
            replace(NEW, refused=EVENT.fingerprint(), reason="invalid", message="No such title."),
            EVENT,
            State.REFUSED,
            "invalid",
            "No such title.",
        ),
        (
            replace(THERE, refused=LATER.fingerprint(), reason="invalid", message="No such time."),
            LATER,
            State.REFUSED,
            "invalid",
            "No such time.",
        ),
        (
            replace(NEW, refused="older", reason="invalid", message="No such title."),
            EVENT,
            State.TO_CREATE,
            "invalid",
            "creates it there. The last try: No such title.",
        ),
        (
            replace(THERE, reason="notFound", message="The calendar is not shared."),
            None,
            State.TO_REMOVE,
            "notFound",
            "The last try: The calendar is not shared.",
        ),
    ],
)
def test_each_decision_is_told_with_its_reason(
    link: Link | None, wanted: CalendarEvent | None, state: State, code: str | None, words: str
) -> None:
    told = of(link, wanted)
    assert (told.state, told.code) == (state, code)
    assert words in told.message
    assert told.agrees == (state in (State.SHOWN, State.ABSENT))


def test_what_a_person_deleted_is_told_as_the_settings_have_it() -> None:
    removed = replace(NEW, removed=True, generation=1)
    flagged = of(removed, EVENT, CalendarPreferences(on_remote_delete=FLAG))
    assert (flagged.state, flagged.code) == (State.LEFT_DELETED, DELETED_AT_PROVIDER)
    follows = of(removed, EVENT, CalendarPreferences(on_remote_delete=UNSCHEDULE))
    assert (follows.state, "takes the visit off the plan" in follows.message) == (State.TO_FOLLOW, True)


def test_what_waits_for_something_is_held_and_a_standing_conflict_differs() -> None:
    held = replace(NEW, reason="NO_EMAIL", message="No address.")
    assert fate(None, Decision(held, hold=Hold("NO_EMAIL", "No address."))) == Fate(
        State.HELD, "NO_EMAIL", "No address."
    )
    differs = replace(THERE, reason=BOTH_CHANGED)
    assert fate(differs, Decision(differs)) == Fate(State.DIFFERS, BOTH_CHANGED, "")
    assert conflict_of(Decision(differs)) == (BOTH_CHANGED, "")
    assert conflict_of(Decision(differs, conflict=("X", "now"))) == ("X", "now")
    assert conflict_of(Decision(held)) is None
    assert conflict_of(Decision()) is None


def test_what_was_found_there_is_told_as_such() -> None:
    assert fate(None, Decision(THERE)).state is State.TO_ADOPT
    assert fate(NEW, Decision(THERE)).state is State.TO_ADOPT


def test_what_people_changed_there_and_stays_is_told() -> None:
    kept = replace(THERE, agreed=LATER, source=EVENT)
    assert "which stays" in fate(kept, Decision(kept)).message


def test_nothing_known_and_nothing_wanted_is_agreement() -> None:
    told = fate(None, Decision())
    assert (told.state, told.code, told.message) == (State.ABSENT, None, "Nothing is wanted there.")


def test_a_calendar_says_why_it_does_not_show_a_visit() -> None:
    view = VisitView(VISIT)
    member = frozenset(VISIT.team)
    assert absence(view, member, "UTC") is None
    assert absence(view, None, "UTC") is None
    assert absence(view, frozenset({"usr_nobody"}), "UTC") is NOT_ASSIGNED
    assert absence(VisitView(replace(VISIT, origin="sell", team=())), None, "UTC") is NO_TEAM
    assert absence(None, member, "UTC") is DELETED_AT_SOURCE
    assert absence(VisitView(replace(VISIT, start=None)), member, "UTC") is NO_DATE
    cancelled = absence(VisitView(replace(VISIT, status=VisitStatus.CANCELLED)), member, "UTC")
    assert cancelled == Absence("CANCELLED", "The visit is cancelled.")


def test_a_campaign_says_why_it_is_not_told_of_a_visit() -> None:
    how = ReviewPreferences()
    waits = unasked(VisitView(VISIT), how)
    assert waits == Absence("NOT_YET", "The visit is scheduled; it is sent once it is completed.")
    assert unasked(VisitView(replace(VISIT, status=VisitStatus.COMPLETED)), how) is None
    assert unasked(VisitView(replace(VISIT, origin="zendesk_sell")), how) is NOT_A_JOB
    assert unasked(None, how) is DELETED_AT_SOURCE


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (sales.Invoice("inv_1"), None),
        (sales.Invoice("inv_1", void=True), posting.VOID),
        (sales.Payment("pay_1"), posting.NOTHING_PAID),
        (sales.Payment("pay_1", amount=Decimal(1)), None),
        (sales.Payment("pay_1", amount=Decimal(1), external_id="quickbooks:7:9"), posting.FROM_THE_BOOKS),
    ],
)
def test_the_books_say_why_they_show_nothing_of_it(told: sales.Invoice | sales.Payment, why: Absence | None) -> None:
    assert posting.unposted(told) == why
