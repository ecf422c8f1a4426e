"""Who wins, per field, when people changed an object at the provider: decided without clocks."""

from dataclasses import dataclass
from enum import Enum

from worker.core.documents import CalendarEvent
from worker.core.preferences import CALENDAR, CalendarPreferences


class Verdict(Enum):
    """What to do about an edit made at the provider."""

    PUT_BACK = "put back"
    RESCHEDULE = "reschedule"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict; ``conflict`` is a (code, sentence) where both sides had moved."""

    verdict: Verdict
    conflict: tuple[str, str] | None = None


def verdict(agreed: CalendarEvent, seen: CalendarEvent, wanted: CalendarEvent, how: CalendarPreferences) -> Ruling:
    """Three ways: what both last agreed on, what the provider shows now, what the source wants now.

    Times moved there alone reschedule the visit; every other field is put back. Where both moved the times,
    ``on_both_changed`` decides. Both moved to the same times: no conflict, nothing to reschedule.
    """
    if seen.times in (agreed.times, wanted.times) or not how.remote_reschedule:
        return Ruling(Verdict.PUT_BACK)
    if wanted.times == agreed.times:
        return Ruling(Verdict.RESCHEDULE)
    if how.on_both_changed == CALENDAR:
        return Ruling(
            Verdict.RESCHEDULE, ("BOTH_CHANGED", "Both sides moved this visit; the calendar's times were kept.")
        )
    return Ruling(Verdict.PUT_BACK, ("BOTH_CHANGED", "Both sides moved this visit; FieldCamp's times were kept."))
