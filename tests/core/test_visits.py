"""The states of a visit, their moves and their effects."""

from itertools import pairwise

import pytest

from worker.core.visits import CALENDAR, FINAL, MOVES, VisitStatus, is_legal

PATH = ["unscheduled", "scheduled", "in_transit", "arrived", "in_progress", "paused", "in_progress", "completed"]


@pytest.mark.parametrize(("before", "after"), list(pairwise(PATH)))
def test_a_visit_goes_its_way_step_by_step(before: str, after: str) -> None:
    assert is_legal(VisitStatus(before), VisitStatus(after))


@pytest.mark.parametrize("status", [status for status in VisitStatus if status not in FINAL])
def test_every_state_but_the_final_ones_may_be_cancelled(status: VisitStatus) -> None:
    assert is_legal(status, VisitStatus.CANCELLED)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_the_api_never_leaves_a_final_state(status: VisitStatus) -> None:
    assert MOVES[status] == frozenset()
    assert is_legal(status, status)


@pytest.mark.parametrize(
    ("before", "after"),
    [("scheduled", "completed"), ("unscheduled", "in_transit"), ("arrived", "scheduled"), ("in_transit", "paused")],
)
def test_steps_are_not_skipped(before: str, after: str) -> None:
    assert not is_legal(VisitStatus(before), VisitStatus(after))


@pytest.mark.parametrize(
    ("status", "prefix", "busy", "colour"),
    [
        ("scheduled", "", True, None),
        ("in_transit", "In transit: ", True, "in_transit"),
        ("arrived", "Arrived: ", True, "arrived"),
        ("in_progress", "In progress: ", True, "in_progress"),
        ("paused", "Paused: ", True, "paused"),
        ("completed", "✓ ", False, None),
    ],
)
def test_each_state_shows_as_the_contract_says(status: str, prefix: str, busy: bool, colour: str | None) -> None:
    effect = CALENDAR[VisitStatus(status)]
    assert effect is not None
    assert (effect.title_prefix, effect.busy, effect.colour) == (prefix, busy, colour)


@pytest.mark.parametrize("status", ["unscheduled", "cancelled"])
def test_these_states_have_no_event(status: str) -> None:
    assert CALENDAR[VisitStatus(status)] is None
