"""What visits should show in a campaign for reviews."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from worker.core.connections import Connection
from worker.core.documents import ReviewVisit
from worker.core.holds import Hold
from worker.core.jobs import Job
from worker.core.links import Link
from worker.core.ports import Delete, Stream, Update
from worker.core.preferences import FLAG, CalendarPreferences
from worker.core.projections import VisitView
from worker.core.reconcile import DELETED_AT_PROVIDER, Decision, decide, give_up
from worker.core.records import VISIT
from worker.core.reviews import ReviewPreferences, review_visit
from worker.store import Store
from worker.sync.choice import Asking, Choice, Choices, as_asked

ONE_WAY = CalendarPreferences(remote_reschedule=False, on_remote_delete=FLAG)
"""What people change there is put back, and what they delete is left deleted."""

STAYS_DELETED = "It was deleted there, and is not sent again, so that nobody is asked twice."


@dataclass
class ReviewDrafting:
    """Decides about visits in one account's campaign."""

    store: Store
    job: Job
    connection: Connection
    preferences: ReviewPreferences
    sourcing: Asking
    unsure: set[str] = field(default_factory=set)
    learned: bool = False

    def choose(self, kind: str, local_ids: Sequence[str], streams: Mapping[str, Stream]) -> Choices:
        if not self.sourcing.fetch_needs(local_ids):
            self.unsure.update(local_ids)
        stream = next(stream for stream in streams.values() if stream.live)
        views = self.store.records.views(self.job.account_id, local_ids)
        paid = self.store.records.paid_for(self.job.account_id, local_ids)
        links = self.store.plans.links_of(self.connection.id, local_ids, kind)
        unseen = [local_id for local_id, view in views.items() if view is None]
        gone = self.store.records.get_many(self.job.account_id, VISIT, unseen)
        return {
            local_id: [
                self._choice(stream, local_id, views.get(local_id), links.get(local_id), paid)
                if views.get(local_id) is not None or local_id in gone
                else Choice(stream.name, local_id, None, Decision())  # another system's, by an id like one of ours
            ]
            for local_id in local_ids
        }

    def keep(self, kind: str, chosen: Choices) -> None:
        """Campaigns leave no questions."""

    def _choice(
        self,
        stream: Stream,
        local_id: str,
        view: VisitView | None,
        links: Sequence[Link] | None,
        paid: Mapping[str, Decimal],
    ) -> Choice:
        link = as_asked(self.job, links[0]) if links else None
        if view is not None and view.visit.origin:
            return Choice(stream.name, local_id, link, Decision())
        wanted = review_visit(view, paid.get(local_id, Decimal(0)), self.preferences, told_before(link))
        return Choice(stream.name, local_id, link, _decided(stream.name, local_id, link, wanted))


def told_before(link: Link | None) -> Sequence[ReviewVisit]:
    """What was told of the visit, what may have been told, and what people made of it."""
    known = (link.agreed, link.offered, link.seen) if link is not None else ()
    return [one for one in known if isinstance(one, ReviewVisit)]


def _decided(stream: str, local_id: str, link: Link | None, wanted: ReviewVisit | Hold | None) -> Decision:
    if isinstance(wanted, Hold):
        return _held(stream, local_id, link, wanted)
    if link is not None and not link.published and link.offered is not None and wanted is None:
        return Decision(link, Delete(link.key, "", None))
    if link is not None and link.generation and not link.published and wanted is not None:
        return _left_deleted(link, wanted)
    decision = decide(stream, local_id, link, wanted, ONE_WAY)
    if link is None or not isinstance(decision.operation, Update):
        return decision
    return replace(decision, operation=replace(decision.operation, before=link.shown))


def _left_deleted(link: Link, wanted: ReviewVisit) -> Decision:
    """Once it was there and went, whoever deleted it: a new one would ask the client anew."""
    if link.reason == DELETED_AT_PROVIDER:
        return Decision(replace(link, removed=False, retry=False))
    return give_up(link, wanted, STAYS_DELETED)


def _held(stream: str, local_id: str, link: Link | None, wanted: Hold) -> Decision:
    known = link or Link(stream, local_id)
    begins = (known.reason, known.message) != (wanted.code, wanted.message)
    kept = replace(known, reason=wanted.code, message=wanted.message, since=None if begins else known.since)
    return Decision(kept, hold=wanted if begins else None)
