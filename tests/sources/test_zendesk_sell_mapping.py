"""Sell's fields and ours, the settings, and the cursor."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from worker.core.codec import decode
from worker.core.documents import CalendarEvent, Times
from worker.core.errors import Invalid
from worker.core.projections import VisitView, calendar_event
from worker.core.records import VISIT, Visit
from worker.core.visits import VisitStatus
from worker.sources.zendesk_sell import MANIFEST
from worker.sources.zendesk_sell.cursor import Cursor, Round
from worker.sources.zendesk_sell.mapping import deleted_record, local_id, sell_id, visit_record
from worker.sources.zendesk_sell.preferences import SellPreferences, sell_preferences

NOON = datetime(2026, 5, 29, 12, tzinfo=UTC)
ROUND = Round(NOON, NOON, 100, NOON).content()
REPS = {"7": "usr_1"}
ROW = {
    "id": 12,
    "creator_id": 7,
    "outcome_id": 3,
    "resource_type": "lead",
    "resource_id": 4711,
    "visited_at": "2026-05-28T09:30:00Z",
    "resource_address": "1 Main St\nSpringfield",
    "rep_location_verification_status": "verified",
    "summary": " Wants a quote. ",
    "created_at": "2026-05-28T10:00:00Z",
    "updated_at": "2026-05-28T11:00:00Z",
}


def shown(**fields: Any) -> Visit:
    record = visit_record({**ROW, **fields}, REPS, NOON)
    return decode(Visit, record.content)


def test_a_sales_visit_is_a_completed_visit_of_the_rep() -> None:
    record = visit_record(ROW, REPS, NOON)
    assert (record.kind, record.local_id, record.told_at) == (VISIT, "sell:12", NOON)
    assert record.source_time == datetime(2026, 5, 28, 11, tzinfo=UTC)
    assert decode(Visit, record.content) == Visit(
        "sell:12",
        status=VisitStatus.COMPLETED,
        team=("usr_1",),
        start=datetime(2026, 5, 28, 9, 30, tzinfo=UTC),
        duration_minutes=30,
        notes="Outcome 3\n\nWants a quote.\n\nLocation verified",
        origin="zendesk_sell",
        subject="Lead 4711",
        place="1 Main St Springfield",
    )


def test_it_shows_as_a_past_event_that_takes_nobodys_time() -> None:
    start = datetime(2026, 5, 28, 9, 30, tzinfo=UTC)
    assert calendar_event(VisitView(shown()), "Europe/Paris", "https://app.example.com") == CalendarEvent(
        "Lead 4711",
        Times.span(start, start + timedelta(minutes=30)),
        "1 Main St Springfield",
        "Outcome 3\n\nWants a quote.\n\nLocation verified",
        busy=False,
        time_zone="Europe/Paris",
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("verified", "Location verified"),
        ("resource_location_too_far", "Too far from the address"),
        ("location_unknown", "Location unknown"),
        ("location_services_disabled", "Location services were off"),
        ("phone_was_stolen", "Location: phone was stolen"),
        (None, ""),
        (5, ""),
    ],
)
def test_the_location_status_is_told_in_words(status: object, words: str) -> None:
    assert shown(rep_location_verification_status=status, summary=None, outcome_id=None).notes == words


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        ({"resource_type": "contact"}, "Contact 4711"),
        ({"resource_type": "sales_account"}, "Sales account 4711"),
        ({"resource_type": None}, "Sales visit 4711"),
        ({"resource_type": None, "resource_id": None}, "Sales visit"),
        ({"resource_id": True}, "Lead"),
    ],
)
def test_the_title_is_the_resource(fields: dict[str, Any], subject: str) -> None:
    assert shown(**fields).subject == subject


@pytest.mark.parametrize("creator", [8, None, "7", True])
def test_who_is_mapped_to_no_member_is_in_no_team(creator: object) -> None:
    assert shown(creator_id=creator).team == ()


def test_only_an_id_and_a_time_are_needed_and_the_unknown_is_left_out() -> None:
    record = visit_record({"id": 1, "visited_at": "2026-05-28T09:30:00+02:00", "mood": "good"}, REPS, NOON)
    assert record.source_time is None
    assert decode(Visit, record.content).start == datetime(2026, 5, 28, 7, 30, tzinfo=UTC)
    assert "mood" not in record.content


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"id": None}, "id"),
        ({"id": "12"}, "id"),
        ({"id": 0}, "id"),
        ({"id": True}, "id"),
        ({"id": 2**63}, "id"),
        ({"visited_at": None}, "visited_at"),
        ({"visited_at": "yesterday"}, "visited_at"),
        ({"visited_at": 1780000000}, "visited_at"),
        ({"visited_at": "0001-01-01T00:00:00+14:00"}, "visited_at"),
        ({"visited_at": "1066-10-14T09:00:00Z"}, "visited_at"),
    ],
)
def test_a_row_without_an_id_or_a_time_is_refused_by_that_name(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(Invalid) as refused:
        visit_record({**ROW, **fields}, REPS, NOON)
    assert list(refused.value.details) == [name]


def test_what_no_database_stores_is_left_out() -> None:
    assert shown(summary="a\x00b\ud800c", outcome_id=None, rep_location_verification_status=None).notes == "abc"


def test_a_deletion_has_no_time_so_that_whatever_is_told_later_is_newer() -> None:
    record = deleted_record(12, NOON)
    assert (record.local_id, record.deleted, record.source_time) == ("sell:12", True, None)


def test_our_name_for_a_visit_leads_back_to_its_number() -> None:
    assert local_id(12).startswith(MANIFEST.prefix)
    assert [sell_id(name) for name in ("sell:12", "vis_12", "12", "sell:", "sell:x", "sell:²")] == [12, *[None] * 5]


def test_nothing_in_the_settings_is_nobody_mapped() -> None:
    assert sell_preferences({}) == SellPreferences({})
    assert sell_preferences({"reps": {"7": "usr_1", "8": "usr_1"}}).reps == {"7": "usr_1", "8": "usr_1"}


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"calendars": []}, "calendars"),
        ({"reps": ["7"]}, "reps"),
        ({"reps": None}, "reps"),
        ({"reps": {"anna": "usr_1"}}, "reps.anna"),
        ({"reps": {"7": ""}}, "reps.7"),
        ({"reps": {"7": " usr_1"}}, "reps.7"),
        ({"reps": {"7": 1}}, "reps.7"),
        ({"reps": {"07": "usr_1"}}, "reps.07"),
        ({"reps": {"²": "usr_1"}}, "reps.²"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], name: str) -> None:
    with pytest.raises(Invalid, match=f"settings: {name}") as refused:
        sell_preferences(settings)
    assert list(refused.value.details) == [name]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        sell_preferences({"rep": {}, "reps": {"7": 1, "8": "usr_1", "x": "usr_2"}})
    assert set(refused.value.details) == {"rep", "reps.7", "reps.x"}


def test_a_cursor_comes_back_as_it_was_written() -> None:
    for reached in (None, Round(NOON), Round(NOON, NOON + timedelta(days=14), 300, NOON + timedelta(days=9))):
        cursor = Cursor(4711, NOON, "ab12", reached)
        assert Cursor.parse(str(cursor)) == cursor


def test_a_cursor_of_before_there_were_rounds_has_none() -> None:
    text = '{"highest": 7, "when": "2026-05-29T12:00:00+00:00", "reps": "ab12"}'
    assert Cursor.parse(text) == Cursor(7, NOON, "ab12")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{",
        "7",
        '{"highest": true, "when": "2026-05-29T12:00:00+00:00", "reps": ""}',
        '{"highest": 7, "when": "2026-05-29T12:00:00", "reps": ""}',
        '{"highest": 7, "when": "2026-05-29T12:00:00+00:00", "reps": 1}',
        '{"highest": 7, "when": 5, "reps": ""}',
        f'{{"highest": 7, "when": "{NOON.isoformat()}", "reps": "", "round": 3}}',
        f'{{"highest": 7, "when": "{NOON.isoformat()}", "reps": "", "round": {{"edge": "{NOON.isoformat()}"}}}}',
        *(
            json.dumps({"highest": 7, "when": NOON.isoformat(), "reps": "", "round": {**ROUND, **wrong}})
            for wrong in (
                {"rows": -1},
                {"rows": "2"},
                {"edge": "2026-05-29T12:00:00"},
                {"began": "now"},
                {"down_to": 4},
            )
        ),
    ],
)
def test_anything_else_is_no_cursor(text: str | None) -> None:
    assert Cursor.parse(text) is None
