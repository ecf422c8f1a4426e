"""What the source's word makes of a record, and what of that others did."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from worker.core.ports import Manifest
from worker.core.records import VISIT, Record
from worker.core.revisions import Revision, feed_entry, revisions

NOON = datetime(2026, 5, 29, 12, tzinfo=UTC)
SHOWN = {"subject": "Lead 1", "start": "2026-05-29T11:00:00+02:00", "duration_minutes": 30, "origin": "zendesk_sell"}


def told(minutes: float | None = 0, *, name: str = "sell:1", deleted: bool = False, **content: Any) -> Record:
    when = None if minutes is None else NOON + timedelta(minutes=minutes)
    return Record(VISIT, name, {} if deleted else {**SHOWN, **content}, when, NOON, deleted)


GONE = told(None, deleted=True)


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        (None, told(), "created"),
        (GONE, told(), "created"),
        (told(), told(1, notes="Hot"), "updated"),
        (told(), GONE, "deleted"),
        (None, GONE, "unchanged"),
        (GONE, GONE, "unchanged"),
    ],
)
def test_the_outcome_is_what_became_of_the_record(before: Record | None, after: Record, outcome: str) -> None:
    assert Revision(before, after).outcome == outcome


def test_new_words_make_a_revision_and_old_or_known_ones_none() -> None:
    known = {"sell:1": told(5), "sell:2": told(5, name="sell:2"), "sell:3": told(5, name="sell:3")}
    words = [told(4, notes="old"), told(6, name="sell:2"), told(6, name="sell:3", notes="new"), told(name="sell:4")]
    found = revisions(known, words)
    assert [(each.after.local_id, each.outcome) for each in found] == [("sell:3", "updated"), ("sell:4", "created")]
    assert found[0].before == known["sell:3"]
    assert found[0].after.content["notes"] == "new"


def test_several_words_about_a_record_make_one_revision() -> None:
    [found] = revisions({}, [told(1, notes="a"), told(2, notes="b"), told(1, notes="c")])
    assert (found.before, found.after.content["notes"]) == (None, "b")


def test_the_feed_shows_a_visit_as_an_event() -> None:
    entry = feed_entry(Revision(None, replace(told(), number=7)), "sell:")
    assert entry is not None
    assert (entry.action, entry.remote_id, entry.local_id) == ("created", "1", "sell:1")
    assert (entry.version, entry.changed_at) == ("created:7", NOON)
    assert entry.shown == {
        "summary": "Lead 1",
        "start": "2026-05-29T09:00:00Z",
        "end": "2026-05-29T09:30:00Z",
        "status": "confirmed",
    }


def test_a_visit_without_a_start_has_no_times_in_the_feed() -> None:
    entry = feed_entry(Revision(None, told(start=None)), "sell:")
    assert entry is not None
    assert (entry.shown["start"], entry.shown["end"]) == (None, None)


def test_a_deleted_visit_has_lost_its_title_and_times() -> None:
    entry = feed_entry(Revision(told(), GONE), "sell:")
    assert entry is not None
    assert (entry.action, entry.changed_at, entry.shown) == ("deleted", None, {})


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [
        (told(), told(1), True),
        (told(), told(notes="Hot"), True),
        (told(team=["usr_1"]), told(team=["usr_2"]), False),
        (told(team=["usr_1"]), told(1, team=["usr_2"]), True),
        (GONE, GONE, False),
    ],
)
def test_what_our_settings_alone_made_of_it_is_nobodys_change(before: Record, after: Record, is_told: bool) -> None:
    assert (feed_entry(Revision(before, after), "sell:") is not None) is is_told


@pytest.mark.parametrize(
    ("source", "direction", "pulled"),
    [(True, "pull", True), (True, "bidirectional", False), (False, "push", False)],
)
def test_a_source_that_is_only_read_is_pulled(source: bool, direction: str, pulled: bool) -> None:
    assert Manifest("x", "x", direction, "X", source=source).pulled is pulled
