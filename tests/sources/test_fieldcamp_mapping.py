"""FieldCamp's JSON becomes records, whatever it leaves out, and edits become FieldCamp's JSON."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.codec import decode, encode
from worker.core.documents import Times
from worker.core.errors import Invalid
from worker.core.projections import times_of
from worker.core.records import CLIENT, JOB, MEMBER, VISIT, Client, Job, Member, Visit
from worker.core.visits import VisitStatus
from worker.sources.fieldcamp import MANIFEST, clients, mapping
from worker.sources.fieldcamp.listing import PLURALS

TOLD = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
KINDS: dict[str, type] = {VISIT: Visit, JOB: Job, CLIENT: Client, MEMBER: Member}

DOCUMENTED: dict[str, Any] = {
    "id": "vis_1",
    "jobId": "job_1",
    "scheduledStart": "2026-06-01T09:00:00.250Z",
    "scheduledEnd": "2026-06-01T12:00:00+02:00",
    "teamId": ["usr_1", "usr_2", "usr_1"],
    "serviceDuration": 60,
    "unscheduled": False,
    "anyTime": False,
    "visitStatus": "in_transit",
    "createdAt": "2026-05-01T00:00:00Z",
}


def content(kind: str, **fields: Any) -> dict[str, Any]:
    found = dict(mapping.RECORDS[kind]({"id": "x_1", **fields}, TOLD).content)
    assert found.pop("id") == "x_1"
    return found


def test_the_manifest_names_the_system_of_record() -> None:
    assert (MANIFEST.name, MANIFEST.slug) == ("fieldcamp", "fieldcamp")
    assert set(MANIFEST.reads) == set(mapping.RECORDS) == set(PLURALS)


def test_a_documented_visit_is_read_exactly_and_names_nothing_that_it_does_not_say() -> None:
    record = mapping.visit_record(DOCUMENTED, TOLD)
    assert (record.kind, record.local_id, record.deleted) == (VISIT, "vis_1", False)
    assert (record.source_time, record.told_at) == (TOLD, TOLD)
    assert record.content == {
        "id": "vis_1",
        "job_id": "job_1",
        "start": "2026-06-01T09:00:00.250000+00:00",
        "end": "2026-06-01T10:00:00+00:00",
        "team": ["usr_1", "usr_2"],
        "duration_minutes": 60,
        "any_time": False,
        "status": "in_transit",
    }


NOT_TOLD = {"origin": "", "subject": "", "place": "", "final_since": None}
"""What only other sources tell, and our own note."""


def test_content_is_what_the_codec_would_write() -> None:
    whole = {
        **DOCUMENTED,
        "clientId": "cli_1",
        "notes": "Gate code 7",
        "completedAt": None,
        "cancelledAt": "2026-06-01T10:00:00Z",
    }
    record = mapping.visit_record(whole, TOLD)
    visit = decode(Visit, record.content)
    assert encode(visit) == {**record.content, **NOT_TOLD}
    assert visit.status is VisitStatus.IN_TRANSIT
    assert visit.cancelled_at == datetime(2026, 6, 1, 10, tzinfo=UTC)


def test_updated_at_is_the_source_time_where_it_can_be_read() -> None:
    told = mapping.visit_record({**DOCUMENTED, "updatedAt": "2026-06-01T07:00:00.5Z"}, TOLD)
    assert (told.source_time, told.told_at) == (datetime(2026, 6, 1, 7, 0, 0, 500000, UTC), TOLD)
    wrong: list[Any] = [None, "", "soon", 7, [], "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]
    for malformed in wrong:
        assert mapping.visit_record({**DOCUMENTED, "updatedAt": malformed}, TOLD).source_time == TOLD


@pytest.mark.parametrize(
    ("json", "team"),
    [
        ({"teamId": ["usr_1"]}, ["usr_1"]),
        ({"teamId": []}, []),
        ({"teamId": None}, []),
        ({"technicianId": "usr_1"}, ["usr_1"]),
        ({"technicianId": None}, []),
        ({"technicianId": "usr_1", "teamId": ["usr_2"]}, ["usr_2"]),
        ({"technicianId": "usr_1", "teamId": "usr_2"}, ["usr_1"]),
    ],
)
def test_a_technician_is_a_team_of_one(json: dict[str, Any], team: list[str]) -> None:
    assert content(VISIT, **json) == {"team": team}


@pytest.mark.parametrize(
    "json",
    [
        {},
        {"unknown": {"deep": [1]}},
        {"teamId": "usr_1"},
        {"teamId": [1]},
        {"teamId": {}},
        {"scheduledStart": "tomorrow"},
        {"scheduledStart": 12},
        {"scheduledEnd": "2026-13-01T00:00:00Z"},
        {"scheduledEnd": "3500-01-01T00:00:00Z"},
        {"serviceDuration": "an hour"},
        {"serviceDuration": True},
        {"serviceDuration": -5},
        {"serviceDuration": 1e300},
        {"serviceDuration": 10**30},
        {"serviceDuration": 999_999},
        {"anyTime": "yes"},
        {"notes": ["a"]},
        {"jobId": 5},
        {"visitStatus": None},
    ],
)
def test_what_is_missing_unknown_or_malformed_is_left_out(json: dict[str, Any]) -> None:
    assert content(VISIT, **json) == {}


def test_null_erases_and_absence_does_not() -> None:
    nothing = {"jobId": None, "scheduledStart": None, "serviceDuration": None, "anyTime": None, "notes": None}
    assert content(VISIT, **nothing) == {
        "job_id": None,
        "start": None,
        "duration_minutes": None,
        "any_time": False,
        "notes": "",
    }


@pytest.mark.parametrize("minutes", [90, 90.0, "90"])
def test_minutes_are_read_however_they_are_written(minutes: object) -> None:
    assert content(VISIT, serviceDuration=minutes) == {"duration_minutes": 90}


@pytest.mark.parametrize("given", [{"anyTime": True}, {}, {"anyTime": None}])
def test_a_date_in_the_place_of_the_start_is_all_day(given: dict[str, Any]) -> None:
    record = mapping.visit_record({"id": "vis_1", "scheduledStart": "2026-06-01", **given}, TOLD)
    visit = decode(Visit, record.content)
    assert (visit.any_time, visit.start) == (True, datetime(2026, 6, 1, tzinfo=UTC))
    assert times_of(visit, "America/Los_Angeles") == Times.days(date(2026, 6, 1))


def test_text_that_no_database_takes_is_cleaned() -> None:
    assert content(VISIT, notes="a\x00b\ud800c") == {"notes": "abc"}


@pytest.mark.parametrize("wrong", [None, "", "  ", 7, [], "a\x00", "\ud800", "x" * 256])
@pytest.mark.parametrize("kind", KINDS)
def test_a_record_without_an_id_is_invalid(kind: str, wrong: object) -> None:
    with pytest.raises(Invalid) as caught:
        mapping.RECORDS[kind]({"id": wrong}, TOLD)
    assert list(caught.value.details) == ["id"]


@pytest.mark.parametrize("wrong", ["done", "Scheduled", "", 5, [], {}])
def test_an_unknown_state_is_invalid(wrong: object) -> None:
    with pytest.raises(Invalid) as caught:
        mapping.visit_record({"id": "vis_1", "visitStatus": wrong}, TOLD)
    assert list(caught.value.details) == ["visitStatus"]
    assert "expected one of" in caught.value.message


@pytest.mark.parametrize(
    ("address", "line"),
    [
        (
            {"street": "Main Street", "houseNumber": "12", "city": "Springfield", "state": "IL", "postalCode": "62701"},
            "Main Street 12, Springfield, IL 62701",
        ),
        ({"street": "Main  Street", "zipCode": 62701, "country": "US", "latitude": 1.5}, "Main Street, 62701, US"),
        ({"city": None, "state": ["IL"]}, ""),
        ("12 Main Street,\n Springfield ", "12 Main Street, Springfield"),
        (None, ""),
    ],
)
def test_an_address_is_one_line(address: object, line: str) -> None:
    assert content(JOB, jobAddress=address) == {"address": line}


def test_a_job_is_read() -> None:
    fields = {"jobNumber": 1001, "title": "Boiler", "clientId": "cli_1", "notes": None, "jobAddress": 5.5}
    assert content(JOB, **fields) == {"number": "1001", "title": "Boiler", "client_id": "cli_1", "notes": ""}


def test_a_member_is_read() -> None:
    fields = {"firstName": "Ann", "lastName": None, "email": "ann@example.com", "role": "tech", "isActive": False}
    assert content(MEMBER, **fields) == {"name": "Ann", "email": "ann@example.com", "active": False}
    assert content(MEMBER) == {}


def test_moving_to_other_times_keeps_the_duration_in_step() -> None:
    start = datetime(2026, 6, 1, 9, tzinfo=UTC)
    assert mapping.reschedule_body(Times.span(start, start + timedelta(minutes=90, seconds=30))) == {
        "scheduledStart": "2026-06-01T09:00:00.000Z",
        "scheduledEnd": "2026-06-01T10:30:30.000Z",
        "anyTime": False,
        "serviceDuration": 90,
    }
    assert mapping.reschedule_body(Times.span(start, start + timedelta(seconds=10)))["serviceDuration"] == 1


def test_moving_to_a_whole_day_sends_its_date() -> None:
    body = mapping.reschedule_body(Times.days(date(2026, 6, 1)))
    assert body == {"scheduledStart": "2026-06-01", "scheduledEnd": None, "anyTime": True}


def test_taking_a_visit_off_the_plan_sends_no_times() -> None:
    assert mapping.unschedule_body() == {"visitStatus": "unscheduled", "unscheduled": True}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(list(VisitStatus)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CLIENTS = {*clients.READERS, "billingAddress", "propertyAddress"}
NAMES = sorted({*mapping.VISIT_READERS, *mapping.JOB_READERS, *CLIENTS, "updatedAt", "name", "isActive"})


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6))
def test_any_json_becomes_a_record_that_decodes_or_is_invalid(kind: str, json: dict[str, Any]) -> None:
    if kind == VISIT and json.get("visitStatus") not in (None, *VisitStatus):
        with pytest.raises(Invalid):
            mapping.visit_record({**json, "id": "x_1"}, TOLD)
        return
    record = mapping.RECORDS[kind]({**json, "id": "x_1"}, TOLD)
    value: Any = decode(KINDS[kind], record.content)
    assert {name: encoded for name, encoded in encode(value).items() if name in record.content} == record.content
    if isinstance(value, Visit):
        times_of(value, "America/New_York")
