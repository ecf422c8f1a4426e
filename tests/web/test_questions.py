"""What a refused question is told: for each field, in plain words, what was expected of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.office import API, JOBS, SYNC, Office, refused
from worker.core.errors import Invalid
from worker.core.ports import Manifest
from worker.core.records import CLIENT, ITEM
from worker.web.questions import Order, asked, sync_question

MODES = "expected 'incremental' or 'full'"
YES_OR_NO = "expected true or false"
STATUSES = "expected 'queued', 'running', 'succeeded', 'partial', 'failed' or 'cancelled'"
OUTCOMES = "expected 'created', 'updated', 'deleted', 'unchanged', 'failed', 'conflict' or 'held'"
UNKNOWN = "is not known here; leave it out"
RECORDS = f"{JOBS}/syn_01HZX2Q8YV3D1G0N3WJ2P7K9MA/records"

BODIES = [
    ("mode", "fast", MODES),
    ("mode", 1, MODES),
    ("mode", None, MODES),
    ("mode", ["full"], MODES),
    ("dry_run", "yes", YES_OR_NO),
    ("dry_run", 1, YES_OR_NO),
    ("dry_run", None, YES_OR_NO),
    ("confirm_mass_change", {}, YES_OR_NO),
    ("speed", 1, UNKNOWN),
]
QUERIES = [
    (SYNC, "limit", "0", "expected 1 or more"),
    (SYNC, "limit", "501", "expected 500 or less"),
    (SYNC, "limit", "many", "expected a whole number"),
    (SYNC, "limit", "1.5", "expected a whole number"),
    (SYNC, "limit", "", "expected a whole number"),
    (SYNC, "limit", "9" * 5000, "expected a whole number"),
    (SYNC, "cursor", "x" * 2001, "expected at most 2000 characters"),
    (SYNC, "since", "yesterday", "expected a moment in RFC 3339, such as 2026-05-29T14:21:08Z"),
    (SYNC, "speed", "1", UNKNOWN),
    (JOBS, "status", "done", STATUSES),
    (RECORDS, "outcome", "lost", OUTCOMES),
    (API, "speed", "1", UNKNOWN),
]
KEYS = [("", "expected at least 1 character"), ("k" * 256, "expected at most 255 characters")]


def assert_told(answer: Any, field: str, expected: str) -> None:
    told = refused(answer, 400, "VALIDATION_ERROR")
    assert told["details"] == {field: expected}
    assert told["error"] == f"{field}: {expected}"


@pytest.mark.parametrize(("field", "value", "expected"), BODIES)
def test_a_field_of_a_body(office: Office, field: str, value: Any, expected: str) -> None:
    assert_told(office.client.post(SYNC, json={field: value}), field, expected)


@pytest.mark.parametrize(("path", "field", "value", "expected"), QUERIES)
def test_a_parameter(office: Office, path: str, field: str, value: str, expected: str) -> None:
    assert_told(office.client.get(path, params={field: value}), field, expected)


def test_an_integration(office: Office) -> None:
    answer = office.client.get(JOBS, params={"integration": "pigeons"})
    told = refused(answer, 400, "VALIDATION_ERROR")["details"]["integration"]
    # In which order is Python's affair: to ``typing`` both are one and the same.
    assert told in ("expected 'google_calendar' or 'fieldcamp'", "expected 'fieldcamp' or 'google_calendar'")


@pytest.mark.parametrize(("value", "expected"), KEYS)
def test_a_header(office: Office, value: str, expected: str) -> None:
    assert_told(office.client.post(SYNC, headers={"Idempotency-Key": value}), "Idempotency-Key", expected)


def test_a_scope() -> None:
    scopes = {"customers": (CLIENT,), "items": (ITEM,)}
    books = Manifest("books", "books", "bidirectional", "Books", scopes=scopes)
    with pytest.raises(Invalid) as refusal:
        asked(sync_question(books), {"scope": "payments"})
    assert refusal.value.details == {"scope": "expected 'all', 'customers' or 'items'"}


def test_an_order_that_says_something() -> None:
    with pytest.raises(Invalid) as refusal:
        asked(Order, {"force": True})
    assert refusal.value.details == {"force": UNKNOWN}
