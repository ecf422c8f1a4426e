"""From records to documents: what of a visit shows on a calendar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from worker.core.absences import DELETED_AT_SOURCE, Absence
from worker.core.documents import CalendarEvent, Times
from worker.core.records import Client, Job, Visit
from worker.core.visits import CALENDAR, CalendarEffect

DEFAULT_DURATION = timedelta(minutes=60)
NO_DATE = Absence("NO_DATE", "The visit has no date.")
NO_TEAM = Absence("NO_TEAM", "Nobody of the team is on the visit.")
NOT_ASSIGNED = Absence("NOT_ASSIGNED", "Nobody of this calendar's team is on the visit.")


@dataclass(frozen=True, slots=True)
class VisitView:
    """A visit with what is needed to show it; ``job`` and ``client`` are None until the source has told them."""

    visit: Visit
    job: Job | None = None
    client: Client | None = None


def calendar_event(view: VisitView, time_zone: str, pages: str = "") -> CalendarEvent | None:
    """The event that shows this visit, None where it has none: by its state, or because it has no date (contract
    §6).
    """
    visit, looks = view.visit, appearance(view.visit, time_zone)
    if isinstance(looks, Absence):
        return None
    effect, times = looks
    if visit.origin:
        return _past_event(visit, times, time_zone)
    return CalendarEvent(
        title=effect.title_prefix + _subject(view),
        times=times,
        location=_address(view),
        description=_description(view, pages),
        busy=effect.busy,
        colour=effect.colour,
        time_zone=time_zone,
    )


def appearance(visit: Visit, time_zone: str) -> tuple[CalendarEffect, Times] | Absence:
    """How and when the visit shows on a calendar, or why on none."""
    effect, times = CALENDAR[visit.status], times_of(visit, time_zone)
    if effect is None:
        return Absence(visit.status.upper(), f"The visit is {visit.status}.")
    return NO_DATE if times is None else (effect, times)


def absence(view: VisitView | None, team: frozenset[str] | None, time_zone: str) -> Absence | None:
    """Why a calendar of these team members (None: of all) does not show the visit; None where it does."""
    if view is None:
        return DELETED_AT_SOURCE
    looks = appearance(view.visit, time_zone)
    if isinstance(looks, Absence):
        return looks
    if is_wanted_by(view.visit, team):
        return None
    return NO_TEAM if team is None else NOT_ASSIGNED


def _past_event(visit: Visit, times: Times, time_zone: str) -> CalendarEvent:
    """What another source tells of is over, and takes nobody's time."""
    return CalendarEvent(visit.subject, times, visit.place, visit.notes, busy=False, time_zone=time_zone)


def times_of(visit: Visit, time_zone: str) -> Times | None:
    """When the visit is: ``anyTime`` is all day on its date; without an end it lasts its duration, or 60 minutes.

    The date of an ``anyTime`` visit is the one written in ``scheduledStart``: FieldCamp sends midnight UTC for a bare
    date. An instant that is not midnight UTC is a moment of somebody's day, and that day is the connection's.
    """
    if visit.start is None:
        return None
    if visit.any_time:
        return Times.days(_local_day(visit.start, time_zone))
    end = visit.end
    if end is None or end <= visit.start:
        minutes = visit.duration_minutes or 0
        end = visit.start + (timedelta(minutes=minutes) if minutes > 0 else DEFAULT_DURATION)
    return Times.span(visit.start, end)


def is_wanted_by(visit: Visit, team: frozenset[str] | None) -> bool:
    """Whether a calendar of these team members shows the visit; None is a calendar for every visit, but for those
    of another source that are nobody's here."""
    if team is None:
        return bool(visit.team) or not visit.origin
    return not team.isdisjoint(visit.team)


def wanted_documents(
    view: VisitView | None, streams: Mapping[str, frozenset[str] | None], time_zone: str, pages: str = ""
) -> dict[str, CalendarEvent]:
    """The event for each stream that shows this visit, by stream name; one event per team member who has a calendar."""
    event = calendar_event(view, time_zone, pages) if view else None
    if view is None or event is None:
        return {}
    return {name: event for name, team in streams.items() if is_wanted_by(view.visit, team)}


def _local_day(start: datetime, time_zone: str) -> date:
    midnight = start.hour == start.minute == start.second == 0
    return (start if midnight else start.astimezone(ZoneInfo(time_zone))).date()


def _subject(view: VisitView) -> str:
    names = [view.client.name if view.client else "", view.job.title if view.job else ""]
    return " – ".join(name for name in names if name) or "Visit"


def _address(view: VisitView) -> str:
    job_address = view.job.address if view.job else ""
    return job_address or (view.client.address if view.client else "")


def _description(view: VisitView, pages: str) -> str:
    job = view.job
    link = f"{pages}/visits/{view.visit.id}" if pages else ""
    lines = [view.visit.notes, job.notes if job else "", f"Job {job.number}" if job and job.number else "", link]
    return "\n\n".join(line for line in lines if line)
