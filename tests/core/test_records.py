"""What the source told: older never overwrites newer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from worker.core.records import (
    CLIENT,
    INVOICE,
    JOB,
    PAYMENT,
    VISIT,
    Origin,
    Record,
    is_stale,
    merged,
    plural,
    same_meaning,
)

NOON = datetime(2026, 5, 29, 12, tzinfo=UTC)


def told(minutes: float | None, told_at: float | None = None, *, deleted: bool = False, **content: Any) -> Record:
    when = None if minutes is None else NOON + timedelta(minutes=minutes)
    heard = None if told_at is None else NOON + timedelta(minutes=told_at)
    return Record(VISIT, "vis_1", content, when, heard, deleted)


@pytest.mark.parametrize(
    ("known", "arrived", "stale"),
    [
        (told(5), told(4), True),
        (told(5), told(6), False),
        (told(5), told(5), False),
        (told(5, 7), told(5, 6), True),
        (told(5, 6), told(5, 7), False),
        (told(5, 6), told(5), False),
        (told(None), told(1), False),
        (told(5), told(None), False),
    ],
)
def test_a_snapshot_older_than_what_is_known_is_stale(known: Record, arrived: Record, stale: bool) -> None:
    assert is_stale(known, arrived) is stale


@pytest.mark.parametrize(
    ("known", "arrived", "applied"),
    [
        (told(5, status="completed"), told(4, status="in_progress"), False),
        (told(5, status="completed"), told(5, status="in_progress"), False),
        (told(5, status="completed"), told(6, status="in_progress"), True),
        (told(5, status="cancelled"), told(5, status="scheduled"), False),
        (told(5, status="cancelled"), told(6, status="scheduled"), True),
        (told(5, status="completed"), told(None, status="paused"), False),
        (told(5, status="completed"), told(5, notes="x"), True),
        (told(5, status="completed"), told(5, status="completed", notes="x"), True),
        (told(None, status="completed"), told(5, status="paused"), True),
        (told(5, status="paused"), told(5, status="in_progress"), True),
    ],
)
def test_final_states_are_left_only_by_something_newer(known: Record, arrived: Record, applied: bool) -> None:
    """Lesson 17: `completed`, then a late `in_progress`: stays completed."""
    assert (merged(known, arrived) is not None) is applied


def test_fields_that_were_not_named_stay_as_they_were() -> None:
    after = merged(told(1, status="scheduled", notes="Ring twice"), told(2, status="in_transit"))
    assert after is not None
    assert after.content == {"status": "in_transit", "notes": "Ring twice"}
    assert after.source_time == NOON + timedelta(minutes=2)


def test_what_was_unknown_is_taken_as_told() -> None:
    record = told(1, status="scheduled")
    assert merged(None, record) is record


def since(known: Record | None, arrived: Record) -> str | None:
    """The minutes after noon that are noted as those of the end."""
    after = merged(known, arrived)
    assert after is not None
    noted = after.content.get("final_since")
    return noted and f"{(datetime.fromisoformat(noted) - NOON).total_seconds() / 60:g}"


END = {"end": (NOON + timedelta(minutes=60)).isoformat()}
BARE = {"start": "2026-05-29T13:00:00"}


@pytest.mark.parametrize(
    ("known", "arrived", "noted"),
    [
        (told(1, status="arrived", **END), told(90, status="completed"), "90"),
        (told(1, status="arrived", **END), told(9, status="cancelled"), "9"),
        (told(1, status="arrived"), told(None, 8, status="completed"), "8"),
        (told(1, status="arrived"), told(None, status="completed"), None),
        (told(1, status="arrived"), told(9, status="paused"), None),
        (told(1, status="arrived"), told(9, notes="x"), None),
        (None, told(90, status="completed", **END), "60"),
        (None, told(90, status="completed", **BARE), "60"),
        (None, told(30, status="completed", **END), "30"),
        (None, told(30, status="completed"), "30"),
    ],
)
def test_when_a_visit_came_to_its_end_is_noted(known: Record | None, arrived: Record, noted: str | None) -> None:
    """Where nobody saw it happen it is the planned end, unless it was told before that."""
    assert since(known, arrived) == noted


def test_the_note_stays_and_an_end_that_comes_again_is_noted_anew() -> None:
    ended = merged(told(1, status="arrived"), told(9, status="completed"))
    assert since(ended, told(20, status="completed", notes="x")) == "9"
    assert since(told(9, status="completed"), told(20, status="completed")) is None
    reopened = merged(ended, told(30, status="in_progress"))
    assert since(reopened, told(40, status="completed")) == "40"
    assert since(ended, told(50, status="cancelled")) == "50"


def test_who_says_when_it_happened_is_believed() -> None:
    said = (NOON + timedelta(minutes=7)).isoformat()
    assert since(told(1, status="arrived"), told(9, status="completed", final_since=said)) == "7"
    assert since(None, told(9, status="completed", final_since=said, **END)) == "7"


def test_other_kinds_come_to_no_end() -> None:
    invoice = Record(INVOICE, "inv_1", {"status": "cancelled"}, NOON, NOON)
    assert merged(None, invoice) is invoice


def test_a_late_update_does_not_bring_a_deleted_visit_back() -> None:
    assert merged(told(5, deleted=True), told(4, status="scheduled")) is None


def test_the_same_content_again_changes_nothing() -> None:
    assert same_meaning(told(1, notes="x"), told(9, notes="x"))
    assert not same_meaning(told(1, notes="x"), told(9, notes="y"))
    assert not same_meaning(told(1, notes="x"), told(9, deleted=True, notes="x"))
    assert not same_meaning(None, told(1))


def test_a_visit_needs_its_job_and_its_client() -> None:
    assert told(1, job_id="job_1", client_id="cli_1").needs == {(JOB, "job_1"), (CLIENT, "cli_1")}
    assert told(1, job_id=None).needs == frozenset()


def test_an_invoice_is_looked_at_again_when_its_visit_moves_on() -> None:
    assert Record(INVOICE, "inv_1", {"visit_id": "vis_1", "client_id": "cli_1"}).needs == {(VISIT, "vis_1")}
    assert Record(INVOICE, "inv_1", {"visit_id": "vis_1", "job_id": "job_1"}).needs == {(VISIT, "vis_1")}
    assert Record(INVOICE, "inv_1", {"visit_id": None, "job_id": "job_1"}).needs == {(JOB, "job_1")}
    assert Record(INVOICE, "inv_1", {}).needs == frozenset()


def test_a_payment_needs_its_invoice() -> None:
    """What is paid of it depends on what it comes to, and on whether it is void."""
    assert Record(PAYMENT, "pay_1", {"invoice_id": "inv_1", "client_id": "cli_1"}).needs == {(INVOICE, "inv_1")}


def test_records_that_are_shown_alone_need_no_other() -> None:
    assert Record(CLIENT, "cli_1", {"job_id": "job_1"}).needs == frozenset()
    assert Record(PAYMENT, "pay_1", {"client_id": "cli_1"}).needs == frozenset()


def test_several_records_have_a_plural() -> None:
    assert [plural(kind) for kind in ("visit", "tax")] == ["visits", "taxes"]


def test_records_are_everybodys_until_an_origin_says_whose_they_are() -> None:
    assert Origin() == Origin(prefix="", others=())


def test_a_deletion_that_nobody_dated_gives_way_to_whatever_is_told_later() -> None:
    """A source that tells of no deletions: what is concluded from a listing is taken back by the next one."""
    gone = merged(told(5, status="completed"), told(None, 6, deleted=True))
    assert gone is not None
    assert gone.deleted
    back = merged(gone, told(5, 7, status="completed"))
    assert back is not None
    assert not back.deleted
