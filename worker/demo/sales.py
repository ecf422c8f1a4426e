"""What happens in the demo between Zendesk Sell and the calendars of the reps, and both side by side."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.core.jobs import Mode
from worker.demo.calendars import Shown, places
from worker.demo.company import mailbox, technician
from worker.demo.stage import SELL, Stage
from worker.simulators.town import Town
from worker.sources.zendesk_sell.mapping import local_id
from worker.sync.connect import connect

TENANT = "demo"
REPS = {4711: 0, 4712: 8}
"""Users of Sell by their number among the technicians: the first has Google, the second Outlook."""

STRANGER = 4799
"""A user of Sell who is nobody's technician."""

LOGGED, HOURS_APART = 36, 8
Row = tuple[str, int, int]


@dataclass
class Sales:
    """The part of the story that is about sales visits."""

    stage: Stage

    def open(self) -> str:
        """Sell is connected, with the visits of the last days in it."""
        sell, first = self.stage.town.zendesk_sell, self.stage.company.tomorrow - timedelta(days=13)
        token = sell.add_account(TENANT)
        reps, apart = (*REPS, STRANGER), HOURS_APART * 60
        sell.load(TENANT, LOGGED, creators=reps, first_visited_at=first.isoformat(), minutes_apart=apart)
        settings = {"reps": {str(creator): technician(number) for creator, number in REPS.items()}}
        connect(self.stage.wiring.house, self.stage.account_id, SELL, {"token": token}, settings)
        self._look(Mode.INCREMENTAL)
        return f"{LOGGED} sales visits, {self._shown()} of the reps on their calendars"

    def go_on(self) -> str:
        """A rep logs one more visit and corrects another; one is deleted, which a full sync alone can see."""
        sell, mine = self.stage.town.zendesk_sell, self._visits_of(min(REPS))
        an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        for creator in REPS:
            sell.add_visit(TENANT, creator_id=creator, visited_at=an_hour_ago, summary="They want an offer.")
        sell.edit_visit(TENANT, mine[-1]["id"], summary="They signed.", outcome_id=11)
        self._look(Mode.INCREMENTAL)
        before = self._shown()
        sell.delete_visit(TENANT, mine[0]["id"])
        self._look(Mode.FULL)
        return f"{before} on the calendars, {self._shown()} after the deletion"

    def _look(self, mode: Mode) -> None:
        self.stage.settle()
        self.stage.sync(SELL, mode)
        self.stage.settle()

    def _visits_of(self, creator: int) -> list[dict[str, Any]]:
        return [one for one in self.stage.town.zendesk_sell.visits(TENANT) if one["creator_id"] == creator]

    def _shown(self) -> int:
        return sum(event.is_sales for _, _, events in places(self.stage.town) for event in events)


@dataclass(frozen=True, slots=True)
class Logged:
    """One row a rep's calendar: its name, sales visits at Sell, events that show them; and each difference in words."""

    rows: list[Row]
    differences: list[str]


def compare_sales(town: Town, on_outlook: Collection[int] = frozenset()) -> Logged:
    """What Sell has and what the calendars show; ``on_outlook`` are the technicians whose calendar is there. Nothing
    was ever asked of Sell but what it has."""
    visits = town.zendesk_sell.visits(TENANT)
    creators = {number: creator for creator, number in REPS.items()}
    rows: list[Row] = []
    found: list[str] = []
    for number, name, events in places(town):
        in_use = (number in on_outlook) == (name == mailbox(number))
        creator = creators.get(number) if in_use else None
        wanted = {local_id(one["id"]): one for one in visits if one["creator_id"] == creator}
        shown = [event for event in events if event.is_sales]
        found += _differences(name, wanted, shown)
        if creator is not None:
            rows.append((name, len(wanted), len(shown)))
    writes = sum(entry.method != "GET" for entry in town.zendesk_sell.journal.entries())
    return Logged(rows, [*found, *([f"{writes} requests to Sell were no GET"] if writes else [])])


def _differences(name: str, wanted: Mapping[str, Mapping[str, Any]], shown: Sequence[Shown]) -> list[str]:
    seen = {event.visit_id: event for event in shown}
    found = [f"{name}: {len(shown) - len(seen)} sales visits show twice"] if len(seen) < len(shown) else []
    found += [f"{name}: {visit_id} is missing" for visit_id in wanted.keys() - seen.keys()]
    found += [f"{name}: {visit_id} should not be there" for visit_id in seen.keys() - wanted.keys()]
    for visit_id in wanted.keys() & seen.keys():
        visit, event = wanted[visit_id], seen[visit_id]
        if event.start != datetime.fromisoformat(visit["visited_at"]):
            found.append(f"{name}: {visit_id} shows {event.start}, not {visit['visited_at']}")
        if (visit["summary"] or "") not in event.text:
            found.append(f"{name}: {visit_id} shows another summary")
    return found
