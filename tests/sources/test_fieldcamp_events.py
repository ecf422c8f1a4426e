"""FieldCamp's event envelope: what it tells, and what is wrong with it, field by field."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.connections import InboxEvent
from worker.core.errors import Invalid
from worker.core.records import CLIENT, INVOICE, ITEM, PAYMENT, TAX, VISIT, Record
from worker.sources.fieldcamp import mapping
from worker.sources.fieldcamp.events import VISIT_TYPES, parse_event

CREATED = datetime(2026, 5, 29, 14, 22, 31, 812000, UTC)
UPDATED = datetime(2026, 5, 29, 14, 22, 30, tzinfo=UTC)
VISIT_SNAPSHOT: dict[str, Any] = {
    "id": "vis_1",
    "jobId": "job_1",
    "visitStatus": "in_transit",
    "scheduledStart": "2026-05-29T15:00:00Z",
    "scheduledEnd": "2026-05-29T16:00:00Z",
    "teamId": ["usr_1"],
    "serviceDuration": 60,
    "unscheduled": False,
    "anyTime": False,
    "updatedAt": "2026-05-29T14:22:30Z",
}


def envelope(event_type: str = "visit.status_changed", snapshot: Any = VISIT_SNAPSHOT, **fields: Any) -> dict[str, Any]:
    return {
        "id": "evt_01HZX9V0Q7K6F3JNYG6Q8E1P2A",
        "type": event_type,
        "created_at": "2026-05-29T14:22:31.812Z",
        "api_version": "2024-10-01",
        "data": {"object": snapshot, "previous_attributes": {"visitStatus": "scheduled"}},
        **fields,
    }


def visit_with(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in {**VISIT_SNAPSHOT, **fields}.items() if value is not ...}


def record_of(body: dict[str, Any]) -> Record:
    record = parse_event(body, "acc_1").record
    assert isinstance(record, Record)
    return record


def details_of(body: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_event(body, "acc_1")
    return caught.value.details


@pytest.mark.parametrize("event_type", sorted(VISIT_TYPES - {"visit.deleted"}))
def test_a_visit_event_tells_of_the_visit_as_of_its_last_change(event_type: str) -> None:
    body = envelope(event_type)
    event = parse_event(body, "acc_1")
    assert (event.account_id, event.event_id, event.type) == ("acc_1", "evt_01HZX9V0Q7K6F3JNYG6Q8E1P2A", event_type)
    assert (event.created_at, event.body) == (CREATED, body)
    record = record_of(body)
    assert (record.kind, record.local_id, record.source_time, record.told_at) == (VISIT, "vis_1", UPDATED, CREATED)
    assert record.content["status"] == "in_transit"
    assert record.content["team"] == ["usr_1"]


def test_without_updated_at_the_event_s_own_time_counts() -> None:
    assert record_of(envelope(snapshot=visit_with(updatedAt=...))).source_time == CREATED


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_visit_that_comes_to_its_end_does_so_when_its_event_was_made(status: str) -> None:
    told = record_of(envelope(snapshot=visit_with(visitStatus=status)))
    assert told.content["final_since"] == "2026-05-29T14:22:31.812000+00:00"
    updated = record_of(envelope("visit.updated", visit_with(visitStatus=status)))
    assert "final_since" not in {**updated.content, **record_of(envelope()).content}


def test_a_deleted_visit_needs_nothing_but_its_id() -> None:
    record = record_of(envelope("visit.deleted", {"id": "vis_1"}))
    assert (record.deleted, record.content, record.source_time) == (True, {"id": "vis_1"}, CREATED)


def test_a_deletion_is_as_new_as_its_event() -> None:
    assert record_of(envelope("visit.deleted")).source_time == CREATED


def test_client_events_tell_of_the_client() -> None:
    record = record_of(envelope("client.updated", {"id": "cli_1", "name": "Ann", "email": 5.5}))
    assert (record.kind, record.content, record.source_time) == (CLIENT, {"id": "cli_1", "name": "Ann"}, CREATED)
    gone = record_of(envelope("client.deleted", {"id": "cli_1", "name": "Ann"}))
    assert (gone.kind, gone.deleted) == (CLIENT, True)
    assert record_of(envelope("client.updated", {"id": "cli_1", "isDeleted": True})).deleted


@pytest.mark.parametrize("event_type", ["item.created", "invoice.paid", "payment.updated", "tax.deleted"])
def test_what_goes_to_the_books_must_have_an_object_with_an_id(event_type: str) -> None:
    assert record_of(envelope(event_type, {"id": "x_1"})).kind == event_type.partition(".")[0]
    assert set(details_of(envelope(event_type, {}))) == {"data.object.id"}
    assert set(details_of(envelope(event_type, None))) == {"data.object"}


INVOICE_SNAPSHOT: dict[str, Any] = {
    "id": "inv_1",
    "number": "INV-1001",
    "clientId": "cli_1",
    "status": "paid",
    "lineItems": [{"id": "lin_1", "itemId": "itm_1", "quantity": 3, "price": 19.99, "taxIds": []}],
    "total": 59.97,
    "updatedAt": "2026-05-29T14:22:30Z",
}
MONEY_SNAPSHOTS: dict[str, dict[str, Any]] = {
    INVOICE: INVOICE_SNAPSHOT,
    PAYMENT: {"id": "pay_1", "invoiceId": "inv_1", "amount": 59.97, "date": "2026-05-29", "externalId": None},
    ITEM: {"id": "itm_1", "name": "Boiler", "price": 19.99, "type": "Service", "isActive": True},
    TAX: {"id": "tax_1", "name": "VAT", "rate": 0.2, "isActive": True},
}


@pytest.mark.parametrize("verb", ["created", "updated", "paid"])
@pytest.mark.parametrize("kind", sorted(MONEY_SNAPSHOTS))
def test_events_of_the_books_tell_of_their_record(kind: str, verb: str) -> None:
    snapshot = MONEY_SNAPSHOTS[kind]
    body = json.loads(json.dumps(envelope(f"{kind}.{verb}", snapshot)))
    record = record_of(body)
    updated = UPDATED if "updatedAt" in snapshot else CREATED
    assert (record.kind, record.local_id, record.deleted) == (kind, snapshot["id"], False)
    assert (record.source_time, record.told_at) == (updated, CREATED)
    assert record.content == mapping.RECORDS[kind](snapshot, CREATED).content
    gone = record_of(envelope(f"{kind}.deleted", {"id": snapshot["id"]}))
    assert (gone.kind, gone.local_id, gone.deleted, gone.source_time) == (kind, snapshot["id"], True, CREATED)


def test_amounts_of_events_are_exact_to_the_cent() -> None:
    body = json.loads(json.dumps(envelope("invoice.paid", INVOICE_SNAPSHOT)))
    content = record_of(body).content
    assert (content["lines"][0]["price"], content["lines"][0]["quantity"], content["total"]) == ("19.99", "3", "59.97")


@pytest.mark.parametrize(
    ("event_type", "fields", "wrong"),
    [
        ("invoice.created", {"lineItems": [{"price": 5, "quantity": "many"}]}, {"lineItems[0].quantity"}),
        ("invoice.paid", {"lineItems": [{"price": 5}, 7]}, {"lineItems[1]"}),
        ("invoice.updated", {"discount": {"type": "half", "value": 1}, "total": {}}, {"discount.type", "total"}),
        ("invoice.updated", {"id": None, "total": "lots"}, {"id", "total"}),
        ("payment.created", {"amount": "all"}, {"amount"}),
        ("item.updated", {"price": "free"}, {"price"}),
        ("tax.updated", {"rate": "20%"}, {"rate"}),
    ],
)
def test_wrong_money_is_named_by_its_path(event_type: str, fields: dict[str, Any], wrong: set[str]) -> None:
    snapshot = {**MONEY_SNAPSHOTS[event_type.partition(".")[0]], **fields}
    assert set(details_of(envelope(event_type, snapshot))) == {f"data.object.{path}" for path in wrong}


@pytest.mark.parametrize(
    "event_type", ["team.updated", "job.created", "visit.rescheduled", "visits.created", "clientele"]
)
@pytest.mark.parametrize("snapshot", [{}, None, [], {"visitStatus": "?"}])
def test_other_types_are_kept_and_ignored(event_type: str, snapshot: Any) -> None:
    assert parse_event(envelope(event_type, snapshot), "acc_1").record is None


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"id": ...}, {"id"}),
        ({"id": ""}, {"id"}),
        ({"id": 5}, {"id"}),
        ({"type": ...}, {"type"}),
        ({"type": []}, {"type"}),
        ({"created_at": ...}, {"created_at"}),
        ({"created_at": "2026-05-29"}, {"created_at"}),
        ({"created_at": "2026-05-29T14:22:31"}, {"created_at"}),
        ({"created_at": 1780064551}, {"created_at"}),
        ({"created_at": "2026-02-30T14:22:31Z"}, {"created_at"}),
        ({"data": ...}, {"data"}),
        ({"data": []}, {"data"}),
        ({"data": {}}, {"data.object"}),
        ({"data": {"object": "vis_1"}}, {"data.object"}),
        ({"id": None, "type": "", "created_at": "now", "data": 1}, {"id", "type", "created_at", "data"}),
    ],
)
def test_a_wrong_envelope_is_named_field_by_field(fields: dict[str, Any], wrong: set[str]) -> None:
    body = {name: value for name, value in envelope(**fields).items() if value is not ...}
    assert set(details_of(body)) == wrong


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"id": ...}, {"id"}),
        ({"visitStatus": "done"}, {"visitStatus"}),
        ({"visitStatus": ...}, {"visitStatus"}),
        ({"teamId": "usr_1"}, {"teamId"}),
        ({"teamId": [1]}, {"teamId"}),
        ({"teamId": ..., "technicianId": []}, {"technicianId"}),
        ({"scheduledStart": "soon"}, {"scheduledStart"}),
        ({"scheduledEnd": 17}, {"scheduledEnd"}),
        ({"updatedAt": "yesterday"}, {"updatedAt"}),
        ({"anyTime": 1, "unscheduled": "no"}, {"anyTime", "unscheduled"}),
        ({"serviceDuration": "long"}, {"serviceDuration"}),
    ],
)
def test_a_wrong_visit_is_named_field_by_field(fields: dict[str, Any], wrong: set[str]) -> None:
    assert set(details_of(envelope(snapshot=visit_with(**fields)))) == {f"data.object.{name}" for name in wrong}


def test_an_older_snapshot_with_a_technician_is_right() -> None:
    assert record_of(envelope(snapshot=visit_with(teamId=..., technicianId="usr_2"))).content["team"] == ["usr_2"]


def test_a_snapshot_may_hold_nulls_and_fields_that_nobody_told_of() -> None:
    snapshot = visit_with(scheduledStart=None, scheduledEnd=None, serviceDuration=None, notes=None, mood="sunny")
    assert record_of(envelope(snapshot=snapshot)).content["start"] is None


@pytest.mark.parametrize("body", [None, [], "text", 5, {}])
def test_a_body_that_is_no_envelope_is_invalid(body: Any) -> None:
    assert details_of(body)


SNAPSHOT_OF_MONEY = {name: value for each in MONEY_SNAPSHOTS.values() for name, value in each.items()}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
BOOKS = ["item.created", "invoice.paid", "invoice.updated", "payment.created", "payment.deleted", "tax.updated"]
TYPES = st.sampled_from([*sorted(VISIT_TYPES), "client.updated", "client.deleted", "job.created", *BOOKS])
SNAPSHOTS = JSON | st.fixed_dictionaries(
    {}, optional={name: st.just(value) | JSON for name, value in (VISIT_SNAPSHOT | SNAPSHOT_OF_MONEY).items()}
)


@settings(max_examples=300, deadline=None)
@given(TYPES | JSON, SNAPSHOTS, st.dictionaries(st.sampled_from(["id", "created_at", "data"]), JSON, max_size=2))
def test_anything_is_an_event_or_invalid(event_type: Any, snapshot: Any, fields: dict[str, Any]) -> None:
    with contextlib.suppress(Invalid):
        assert isinstance(parse_event(envelope(event_type, snapshot, **fields), "acc_1"), InboxEvent)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_any_body_is_an_event_or_invalid(body: Any) -> None:
    with pytest.raises(Invalid):
        parse_event(body, "acc_1")
