"""What of a visit shows on a calendar."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from worker.core.documents import CalendarEvent, Times
from worker.core.projections import VisitView, calendar_event, times_of, wanted_documents
from worker.core.records import Client, Job, Visit
from worker.core.visits import VisitStatus

START = datetime(2026, 5, 29, 14, tzinfo=UTC)
VISIT = Visit("vis_1", job_id="job_1", client_id="cli_1", team=("usr_1",), start=START, end=START + timedelta(hours=2))
JOB = Job("job_1", number="1042", title="Boiler service", address="1 Main St, Springfield", notes="Key at the desk")
CLIENT = Client("cli_1", name="Ada Lovelace", address="9 Elm St")
NEW_YORK = "America/New_York"


def test_an_event_says_who_what_and_where() -> None:
    event = calendar_event(VisitView(replace(VISIT, notes="Ring twice"), JOB, CLIENT), NEW_YORK)
    assert event is not None
    assert event.title == "Ada Lovelace – Boiler service"
    assert event.location == "1 Main St, Springfield"
    assert event.description == "Ring twice\n\nKey at the desk\n\nJob 1042"
    assert event.times == Times.span(START, START + timedelta(hours=2))
    assert event.time_zone == NEW_YORK


def test_the_description_ends_with_a_link_to_the_visit() -> None:
    event = calendar_event(VisitView(VISIT, JOB, CLIENT), NEW_YORK, "https://app.example.com")
    assert event is not None
    assert event.description.endswith("Job 1042\n\nhttps://app.example.com/visits/vis_1")


@pytest.mark.parametrize(
    ("job", "client", "title", "location"),
    [
        (None, None, "Visit", ""),
        (JOB, None, "Boiler service", "1 Main St, Springfield"),
        (None, CLIENT, "Ada Lovelace", "9 Elm St"),
        (replace(JOB, address=""), CLIENT, "Ada Lovelace – Boiler service", "9 Elm St"),
    ],
)
def test_an_event_shows_what_is_known_so_far(job: Job | None, client: Client | None, title: str, location: str) -> None:
    event = calendar_event(VisitView(VISIT, job, client), NEW_YORK)
    assert event is not None
    assert (event.title, event.location) == (title, location)


def test_a_job_without_a_number_or_notes_leaves_no_empty_lines() -> None:
    event = calendar_event(VisitView(VISIT, Job("job_1")), NEW_YORK)
    assert event is not None
    assert event.description == ""


@pytest.mark.parametrize("status", list(VisitStatus))
def test_every_state_shows_or_is_away(status: VisitStatus) -> None:
    event = calendar_event(VisitView(replace(VISIT, status=status), JOB, CLIENT), NEW_YORK)
    assert (event is None) is (status in {VisitStatus.UNSCHEDULED, VisitStatus.CANCELLED})


def test_a_visit_without_a_date_has_no_event() -> None:
    assert calendar_event(VisitView(replace(VISIT, start=None)), NEW_YORK) is None


@pytest.mark.parametrize(
    ("end", "minutes", "lasts"),
    [
        (START + timedelta(minutes=20), 90, 20),
        (None, 90, 90),
        (None, None, 60),
        (None, 0, 60),
        (START, 45, 45),
        (START - timedelta(hours=1), None, 60),
    ],
)
def test_a_visit_without_an_end_lasts_its_duration_or_an_hour(
    end: datetime | None, minutes: int | None, lasts: int
) -> None:
    visit = replace(VISIT, end=end, duration_minutes=minutes)
    assert times_of(visit, "UTC") == Times.span(START, START + timedelta(minutes=lasts))


@pytest.mark.parametrize(
    ("start", "zone", "day"),
    [
        (datetime(2026, 5, 29, tzinfo=UTC), NEW_YORK, date(2026, 5, 29)),
        (datetime(2026, 5, 30, 2, tzinfo=UTC), NEW_YORK, date(2026, 5, 29)),
        (datetime(2026, 5, 29, 23, tzinfo=UTC), "Asia/Tokyo", date(2026, 5, 30)),
    ],
)
def test_any_time_is_all_day_on_that_date(start: datetime, zone: str, day: date) -> None:
    assert times_of(replace(VISIT, any_time=True, start=start), zone) == Times.days(day)


def test_each_team_member_who_has_a_calendar_gets_one_event() -> None:
    streams = {"one": frozenset({"usr_1"}), "two": frozenset({"usr_2"}), "shared": frozenset({"usr_1", "usr_3"})}
    view = VisitView(replace(VISIT, team=("usr_1", "usr_3", "usr_9")), JOB, CLIENT)
    assert set(wanted_documents(view, streams, NEW_YORK)) == {"one", "shared"}


def test_without_calendars_every_visit_goes_to_the_primary_one() -> None:
    assert set(wanted_documents(VisitView(replace(VISIT, team=())), {"primary": None}, NEW_YORK)) == {"primary"}


def test_an_unknown_or_cancelled_visit_is_wanted_nowhere() -> None:
    assert wanted_documents(None, {"primary": None}, NEW_YORK) == {}
    cancelled = VisitView(replace(VISIT, status=VisitStatus.CANCELLED))
    assert wanted_documents(cancelled, {"primary": None}, NEW_YORK) == {}


def test_what_another_source_tells_of_is_a_past_event_of_its_own() -> None:
    """No status before its title, no job, no client, no link to FieldCamp's pages, and nobody's time is taken."""
    visit = replace(
        VISIT, status=VisitStatus.COMPLETED, origin="sell", subject="Lead 7", place="2 Elm St", notes="Warm"
    )
    event = calendar_event(VisitView(visit, JOB, CLIENT), NEW_YORK, "https://app.example.com")
    span = Times.span(START, START + timedelta(hours=2))
    assert event == CalendarEvent("Lead 7", span, "2 Elm St", "Warm", busy=False, time_zone=NEW_YORK)


def test_what_another_source_tells_of_shows_on_the_calendars_of_its_team_alone() -> None:
    streams = {"one": frozenset({"usr_1"}), "two": frozenset({"usr_2"})}
    visit = replace(VISIT, origin="sell", subject="Lead 7")
    assert set(wanted_documents(VisitView(visit), streams, NEW_YORK)) == {"one"}
    assert set(wanted_documents(VisitView(visit), {"primary": None}, NEW_YORK)) == {"primary"}
    for wherever in (streams, {"primary": None}):
        assert wanted_documents(VisitView(replace(visit, team=())), wherever, NEW_YORK) == {}
