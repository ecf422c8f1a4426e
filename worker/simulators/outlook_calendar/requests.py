"""What a handler is given: the caller, the parsed query and the mailbox, calendar and ids in the path."""

from __future__ import annotations

from dataclasses import dataclass

from worker.simulators.outlook_calendar.calls import Answer, Call, Query
from worker.simulators.outlook_calendar.grants import AccessToken
from worker.simulators.outlook_calendar.ids import is_shaped
from worker.simulators.outlook_calendar.preferences import Preferences
from worker.simulators.outlook_calendar.refusal import Refusal, not_found
from worker.simulators.outlook_calendar.state import Calendar, Mailbox, Stored, World


@dataclass(frozen=True)
class Request:
    """`names` are those in the path: `user`, `calendar`, `event`; `owner` is the mailbox that the path means."""

    world: World
    call: Call
    query: Query
    preferred: Preferences
    names: dict[str, str | None]
    token: AccessToken
    owner: Mailbox | None = None

    @property
    def mailbox(self) -> Mailbox:
        if self.owner is None:
            raise LookupError("this path means no mailbox")
        return self.owner

    @property
    def resource(self) -> str:
        """The path below the base without its last segment's query, as links and contexts repeat it."""
        return f"{self.call.base}{self.call.path}"

    def calendar(self) -> Calendar:
        """The calendar that the path names, or the default one."""
        name = self.names.get("calendar")
        if name is None:
            return self.mailbox.calendar
        if name not in self.mailbox.calendars:
            raise not_found()
        return self.mailbox.calendars[name]

    def event(self) -> tuple[Calendar, Stored, str]:
        """The event of the path, the calendar that holds it, and the day where an occurrence of a series is meant.

        400 for what cannot be an id, 404 for an event that is not there, or whose id is of the kind not asked for.
        """
        told = str(self.names["event"])
        if not is_shaped(told):
            raise Refusal(400, "ErrorInvalidIdMalformed")
        number, day = self.mailbox.ids.get(told, (-1, ""))
        found = self.mailbox.find(number)
        if found is None or (day and day in {gone.isoformat() for gone in found[1].missing}):
            raise not_found()
        calendar, stored = found
        self._check_kind(told, calendar, stored, day)
        if self.names.get("calendar") not in (None, calendar.id):
            raise not_found()
        return calendar, stored, day

    def check_if_match(self, stored: Stored, etag: str) -> None:
        """412 when the version that the caller saw is not the current one."""
        wanted = self.call.headers.get("if-match")
        if wanted not in (None, "*", etag):
            raise Refusal(412, "ErrorIrresolvableConflict")

    def answer(self, status: int, body: object = None) -> Answer:
        """With the preferences that were applied."""
        applied = ", ".join(self.preferred.applied)
        return Answer(status, body, {"preference-applied": applied} if applied else {})

    def _check_kind(self, told: str, calendar: Calendar, stored: Stored, day: str) -> None:
        expected = self.mailbox.id_of(calendar, stored, immutable=self.preferred.immutable, day=day)
        if told != expected and self.world.settings.other_ids == "refused":
            raise not_found()
