"""What visits should show on calendars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from worker.core.connections import Connection
from worker.core.documents import CalendarEvent
from worker.core.jobs import Job
from worker.core.links import Link
from worker.core.ports import Delete, Stream
from worker.core.preferences import RESTORE, CalendarPreferences
from worker.core.projections import VisitView, wanted_documents
from worker.core.reconcile import decide
from worker.store import Store
from worker.sync.choice import Asking, Choice, Choices, as_asked


@dataclass
class VisitDrafting:
    """Decides about visits on a connection's calendars; ``pages`` is where people see visits, for links."""

    store: Store
    job: Job
    connection: Connection
    preferences: CalendarPreferences
    sourcing: Asking
    pages: str = ""
    unsure: set[str] = field(default_factory=set)
    learned: bool = False
    _told: set[str] = field(default_factory=set)

    def choose(self, kind: str, local_ids: Sequence[str], streams: Mapping[str, Stream]) -> Choices:
        if not self.sourcing.fetch_needs(local_ids):
            self.unsure.update(local_ids)
        views = self.store.records.views(self.job.account_id, local_ids)
        links = self.store.plans.links_of(self.connection.id, local_ids, kind)
        self._told.update(local_id for local_id, view in views.items() if view is not None and view.visit.origin)
        return {
            local_id: self._choose(local_id, views.get(local_id), links.get(local_id, ()), streams)
            for local_id in local_ids
        }

    def _how(self, local_id: str) -> CalendarPreferences:
        """What another source tells of is past: what people make of it is put back."""
        if local_id not in self._told:
            return self.preferences
        return replace(self.preferences, remote_reschedule=False, on_remote_delete=RESTORE)

    def keep(self, kind: str, chosen: Choices) -> None:
        """Calendars leave no questions."""

    def _choose(
        self, local_id: str, view: VisitView | None, links: Sequence[Link], streams: Mapping[str, Stream]
    ) -> list[Choice]:
        live = {name: stream.team for name, stream in streams.items() if stream.live}
        wanted = wanted_documents(view, live, self.preferences.time_zone, self.pages)
        known = {link.stream: as_asked(self.job, link) for link in links if link.stream in streams}
        return [
            self._choice(streams[name], local_id, known.get(name), wanted.get(name))
            for name in sorted({*wanted, *known})
        ]

    def _choice(self, stream: Stream, local_id: str, link: Link | None, wanted: CalendarEvent | None) -> Choice:
        decision = decide(stream.name, local_id, link, wanted, self._how(local_id))
        if not stream.live and isinstance(decision.operation, Delete):
            # Whatever a person made of it: the calendar may be out of our reach for reading, and no edit of it counts.
            decision = replace(decision, operation=replace(decision.operation, version=None))
        return Choice(stream.name, local_id, link, decision)
