"""What the simulated calendars show, the same way for Google and for Outlook."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

from worker.demo.company import TECHNICIANS, calendar, mailbox
from worker.simulators.town import Town
from worker.sources.zendesk_sell.mapping import PREFIX

OURS = "VisitSyncKey"
"""How the extended property ends that names the visit on an event in Outlook."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An event as a person sees it; ``visit_id`` is empty for one that is not ours. Instants are in UTC."""

    technician: int
    place: str
    event_id: str
    visit_id: str
    title: str
    text: str
    start: datetime | None
    end: datetime | None

    @property
    def is_ours(self) -> bool:
        """Whether it shows a visit of FieldCamp's."""
        return bool(self.visit_id) and not self.is_sales

    @property
    def is_sales(self) -> bool:
        """Whether it shows a visit of Zendesk Sell's."""
        return self.visit_id.startswith(PREFIX)


def places(town: Town) -> Iterator[tuple[int, str, list[Shown]]]:
    """Each technician's calendars, at Google and in Outlook, with what they show."""
    for number in range(TECHNICIANS):
        google = [_at_google(number, event) for event in town.google.events(calendar(number))]
        outlook = [_in_outlook(number, event) for event in town.outlook.events(mailbox(number))]
        yield number, calendar(number), google
        yield number, mailbox(number), outlook


def _at_google(number: int, event: dict[str, Any]) -> Shown:
    key = event.get("extendedProperties", {}).get("private", {}).get("visitSyncKey", "")
    times = (_moment(event[side].get("dateTime")) for side in ("start", "end"))
    title, text = event.get("summary", ""), event.get("description", "")
    return Shown(number, calendar(number), event["id"], key.rpartition(".")[0], title, text, *times)


def _in_outlook(number: int, event: dict[str, Any]) -> Shown:
    properties = event.get("singleValueExtendedProperties", ())
    key = next((each["value"] for each in properties if each["id"].endswith(OURS)), "")
    times = (None if event["isAllDay"] else _moment(event[side]["dateTime"]) for side in ("start", "end"))
    text = unescape(event["body"]["content"])
    return Shown(number, mailbox(number), event["id"], key.rpartition(".")[0], event["subject"], text, *times)


def _moment(text: str | None) -> datetime | None:
    """Outlook names its zone apart, which is UTC here."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
