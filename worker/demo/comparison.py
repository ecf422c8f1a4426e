"""Puts FieldCamp and the calendars side by side, as a person would who trusts neither."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.demo.company import API_KEY, TECHNICIANS, calendar, technician
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
    """One row a technician: calendar, visits that should show, events of ours that do, private appointments; and each
    difference in words."""

    rows: list[Row]
    differences: list[str]

    @property
    def agree(self) -> bool:
        return not self.differences


def compare(town: Town) -> Comparison:
    """What each technician's calendar should show and what it shows."""
    visits = town.fieldcamp.visits(API_KEY)
    rows: list[Row] = []
    differences: list[str] = []
    for number in range(TECHNICIANS):
        name = calendar(number)
        shown = [v for v in visits if technician(number) in v["teamId"] and v["visitStatus"] in SHOWN]
        wanted = {visit["id"]: visit for visit in shown if visit["scheduledStart"]}
        events = town.google.events(name)
        ours = [event for event in events if _visit_of(event)]
        differences += _differences(name, wanted, ours)
        rows.append((name, len(wanted), len(ours), len(events) - len(ours)))
    return Comparison(rows, differences)


def _differences(name: str, wanted: dict[str, Any], ours: list[dict[str, Any]]) -> list[str]:
    seen: dict[str, dict[str, Any]] = {}
    found = []
    for event in ours:
        visit_id = _visit_of(event)
        if visit_id in seen:
            found.append(f"{name}: {visit_id} shows twice")
        seen[visit_id] = event
    found += [f"{name}: {visit_id} is missing" for visit_id in wanted.keys() - seen.keys()]
    found += [f"{name}: {visit_id} should not be there" for visit_id in seen.keys() - wanted.keys()]
    for visit_id in wanted.keys() & seen.keys():
        found += [f"{name}: {visit_id}: {what}" for what in _mismatches(wanted[visit_id], seen[visit_id])]
    return found


def _mismatches(visit: dict[str, Any], event: dict[str, Any]) -> list[str]:
    found = []
    for side, ours in (("start", "scheduledStart"), ("end", "scheduledEnd")):
        if _moment(event[side].get("dateTime")) != _moment(visit[ours]):
            found.append(f"{side}s at {event[side].get('dateTime')}, not at {visit[ours]}")
    if not event.get("summary", "").startswith(SHOWN[visit["visitStatus"]]):
        found.append(f"is {visit['visitStatus']} and shows as {event.get('summary')!r}")
    if (visit.get("notes") or "") not in event.get("description", ""):
        found.append("shows other notes")
    return found


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _visit_of(event: dict[str, Any]) -> str:
    key: str = event.get("extendedProperties", {}).get("private", {}).get("visitSyncKey", "")
    return key.rpartition(".")[0]
