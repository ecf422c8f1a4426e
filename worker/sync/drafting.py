"""Finds who decides about a connection's records, and the streams that it decides for."""

from collections.abc import Mapping

from worker.core.connections import Connection, StreamState
from worker.core.jobs import Job, Lease
from worker.core.ports import Stream
from worker.core.preferences import books_preferences, calendar_preferences
from worker.core.reviews import review_preferences
from worker.sync.books_drafting import BooksDrafting
from worker.sync.choice import Asking, Drafting
from worker.sync.house import House
from worker.sync.review_drafting import ReviewDrafting
from worker.sync.visit_drafting import VisitDrafting


def drafting_for(house: House, job: Job, lease: Lease, connection: Connection, asking: Asking) -> Drafting:
    """Who decides about what the connection publishes, by its settings; what is not known yet comes from ``asking``."""
    manifest = house.manifests[connection.integration]
    if manifest.books:
        preferences = books_preferences(connection.settings)
        return BooksDrafting(house, job, lease, connection, preferences, asking)
    if manifest.reviews:
        return ReviewDrafting(house.store, job, connection, review_preferences(connection.settings), asking)
    wishes = calendar_preferences(connection.settings)
    return VisitDrafting(house.store, job, connection, wishes, asking, house.pages)


def with_retired(live: Mapping[str, Stream], states: Mapping[str, StreamState]) -> dict[str, Stream]:
    """The streams by name, those too that the settings no longer name: what is there is to be taken away."""
    gone = {name: state for name, state in states.items() if name not in live}
    return {**live, **{name: Stream(name, name, live=False, kind=state.kind) for name, state in gone.items()}}
