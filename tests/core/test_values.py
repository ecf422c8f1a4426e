"""The small values that everything else passes around."""

import pickle
from dataclasses import dataclass
from datetime import UTC, date, datetime

from worker.core.codec import decode, encode
from worker.core.errors import Invalid, MassChangeHeld, RateLimited, Rejected, SyncInProgress, Transient
from worker.core.jobs import Counts
from worker.core.records import Client
from worker.core.visits import VisitStatus


@dataclass(frozen=True)
class Everything:
    when: datetime
    status: VisitStatus
    inner: Client | None = None
    days: tuple[date, ...] = ()
    number: int = 0


def test_values_survive_the_way_through_json() -> None:
    value = Everything(
        datetime(2026, 5, 29, tzinfo=UTC), VisitStatus.PAUSED, Client("cli_1", "Ada"), (date(2026, 5, 29),), 3
    )
    assert decode(Everything, encode(value)) == value


def test_what_is_missing_takes_its_default_and_what_is_unknown_is_left_out() -> None:
    data = {"when": "2026-05-29T00:00:00+00:00", "status": "paused", "colour": "red", "inner": None}
    assert decode(Everything, data) == Everything(datetime(2026, 5, 29, tzinfo=UTC), VisitStatus.PAUSED)


def test_an_error_may_carry_a_code_of_its_own() -> None:
    assert Rejected("no").code == "REJECTED"
    assert Rejected("no", code="timeRangeEmpty").code == "timeRangeEmpty"
    assert RateLimited("slow down", retry_after=3).retry_after == 3
    assert Transient("away").retry_after is None


def test_a_conflict_names_the_active_job_and_survives_a_broker() -> None:
    error = pickle.loads(pickle.dumps(SyncInProgress("syn_1")))
    assert (error.active_job_id, error.status_code, error.code) == ("syn_1", 409, "SYNC_IN_PROGRESS")
    assert str(error) == error.message == SyncInProgress("syn_1").message
    assert error.args == ("syn_1", 409)


def test_a_held_mass_change_says_what_to_do() -> None:
    assert "confirm_mass_change" in MassChangeHeld(4, 10).message


def test_a_mistake_names_its_fields() -> None:
    assert Invalid("limit: too large", {"limit": "at most 500"}).details == {"limit": "at most 500"}
    assert Invalid("no").details == {}


def test_counts_add_up() -> None:
    assert Counts(1, 2, 3, 4, 5) + Counts(pushed=1) == Counts(1, 3, 3, 4, 5)
