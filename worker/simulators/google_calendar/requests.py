"""What a handler is given: the caller, the parsed query and the ids in the path."""

from __future__ import annotations

from dataclasses import dataclass

from worker.simulators.google_calendar.access import calendar_for
from worker.simulators.google_calendar.calls import Call, Query
from worker.simulators.google_calendar.push import Channels
from worker.simulators.google_calendar.refusal import Refusal
from worker.simulators.google_calendar.rules import Event
from worker.simulators.google_calendar.state import Calendar, World


@dataclass(frozen=True)
class Request:
    """`ids` are those in the path, the calendar's first; `user` acts, by its own will when `in_person`."""

    world: World
    channels: Channels
    call: Call
    query: Query
    ids: tuple[str, ...]
    user: str
    in_person: bool = True

    def calendar(self, role: str = "reader") -> Calendar:
        return calendar_for(self.world, self.user, self.ids[0], role)

    def check_if_match(self, event: Event) -> None:
        wanted = self.call.headers.get("if-match")
        if wanted not in (None, "*", event["etag"]):
            raise Refusal(412, "conditionNotMet")
