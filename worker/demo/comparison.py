"""Puts FieldCamp and the calendars side by side, as a person would who trusts neither."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.demo.calendars import Shown, places
from worker.demo.company import API_KEY, mailbox, technician
from worker.simulators.town import Town

SHOWN = {
    "scheduled": "",
    "in_transit": "In transit",
    "arrived": "Arrived",
    "in_progress": "In progress",
    "paused": "Paused",
    "completed": "✓",
}
"""The states that have an event, and what its title begins with."""

Row = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row a calendar in use: its name, visits that should show, events of ours that do, private appointments; and
    each difference in words."""

    rows: list[Row]
    differences: list[str]

    @property
    def agree(self) -> bool:
        return not self.differences


def compare(town: Town, on_outlook: Collection[int] = frozenset()) -> Comparison:
    """What each technician's calendars should show and what they show; ``on_outlook`` are the technicians whose visits
    belong there, and to Google those of all others."""
    visits = town.fieldcamp.visits(API_KEY)
    rows: list[Row] = []
    differences: list[str] = []
    for number, name, events in places(town):
        in_use = (number in on_outlook) == (name == mailbox(number))
        wanted = _wanted(visits, technician(number)) if in_use else {}
        ours = [event for event in events if event.is_ours]
        private = sum(not event.visit_id for event in events)
        differences += _differences(name, wanted, ours)
        if in_use:
            rows.append((name, len(wanted), len(ours), private))
    return Comparison(rows, differences)


def _wanted(visits: Sequence[Mapping[str, Any]], team_id: str) -> dict[str, Mapping[str, Any]]:
    shown = [visit for visit in visits if team_id in visit["teamId"] and visit["visitStatus"] in SHOWN]
    return {visit["id"]: visit for visit in shown if visit["scheduledStart"]}


def _differences(name: str, wanted: Mapping[str, Mapping[str, Any]], ours: Sequence[Shown]) -> list[str]:
    seen: dict[str, Shown] = {}
    found = []
    for event in ours:
        if event.visit_id in seen:
            found.append(f"{name}: {event.visit_id} shows twice")
        seen[event.visit_id] = event
    found += [f"{name}: {visit_id} is missing" for visit_id in wanted.keys() - seen.keys()]
    found += [f"{name}: {visit_id} should not be there" for visit_id in seen.keys() - wanted.keys()]
    for visit_id in wanted.keys() & seen.keys():
        found += [f"{name}: {visit_id}: {what}" for what in _mismatches(wanted[visit_id], seen[visit_id])]
    return found


def _mismatches(visit: Mapping[str, Any], event: Shown) -> list[str]:
    found = []
    for side, shown in (("scheduledStart", event.start), ("scheduledEnd", event.end)):
        if shown != _moment(visit[side]):
            found.append(f"shows {shown}, not {side} at {visit[side]}")
    if not event.title.startswith(SHOWN[visit["visitStatus"]]):
        found.append(f"is {visit['visitStatus']} and shows as {event.title!r}")
    if (visit.get("notes") or "") not in event.text:
        found.append("shows other notes")
    return found


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
