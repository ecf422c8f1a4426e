"""When to look next."""

from datetime import UTC, datetime, timedelta

import pytest

from worker.core.cadence import Facts, next_look

NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize(("chance", "minutes"), [(0.0, 27), (0.5, 30), (1.0, 33)])
def test_the_cadence_has_ten_percent_of_jitter(chance: float, minutes: int) -> None:
    assert next_look(NOW, HALF_HOUR, Facts(), chance) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 5), (1, 5), (2, 10), (3, 20), (4, 40), (8, 640), (9, 900), (500, 900)]
)
def test_what_is_unfinished_is_looked_at_soon_and_then_less_often(failures: int, seconds: int) -> None:
    assert next_look(NOW, HALF_HOUR, Facts(True, failures), 0.0) == NOW + timedelta(seconds=seconds)


def test_never_before_the_other_side_asked() -> None:
    assert next_look(NOW, HALF_HOUR, Facts(True, 1, retry_after=7200), 0.9) == NOW + timedelta(hours=2)


def test_never_later_than_the_cadence_otherwise() -> None:
    assert next_look(NOW, timedelta(minutes=1), Facts(True, 9), 0.5) == NOW + timedelta(minutes=1)
