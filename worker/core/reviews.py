"""From a visit to the request for a review of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from worker.core.absences import DELETED_AT_SOURCE, Absence
from worker.core.documents import ReviewVisit
from worker.core.errors import Invalid
from worker.core.holds import Hold
from worker.core.projections import VisitView
from worker.core.records import Client, Visit
from worker.core.visits import VisitStatus

COMPLETED, SCHEDULED = "completed", "scheduled"
NO_EMAIL = Hold(
    "NO_EMAIL", "The client has no valid e-mail address, so nobody can be asked for a review.", failed=False
)
NOT_YET = frozenset({VisitStatus.UNSCHEDULED, VisitStatus.CANCELLED})
NOT_A_JOB = Absence("NOT_A_JOB", "It is not a visit of FieldCamp: nobody is asked for a review of it.")


@dataclass(frozen=True, slots=True)
class ReviewPreferences:
    """``create_on`` is when a visit is sent: once it is ``completed``, or as soon as it is ``scheduled``."""

    create_on: str = COMPLETED


def review_preferences(settings: Mapping[str, Any]) -> ReviewPreferences:
    """The settings of a reviews connection, defaults filled in. Raises ``Invalid`` that names the field."""
    for name in settings:
        if name != "create_on":
            raise Invalid(f"settings: {name}: is not a setting; expected create_on", {name: "is not a setting"})
    chosen = settings.get("create_on", COMPLETED)
    if chosen not in (COMPLETED, SCHEDULED):
        expected = f"expected {COMPLETED} or {SCHEDULED}"
        raise Invalid(f"settings: create_on: {expected}", {"create_on": expected})
    return ReviewPreferences(chosen)


def review_visit(
    view: VisitView | None, paid: Decimal, how: ReviewPreferences, told: Sequence[ReviewVisit] = ()
) -> ReviewVisit | Hold | None:
    """What is to be told of a visit, None where there is nothing to tell: it is deleted, or not far enough yet.

    ``paid`` is what came in on its invoices. ``told`` is what was told of it before, the surest first: then a
    cancellation is told, too; and a completion that was told stays, whatever becomes of the visit, because a second one
    would ask the client a second time.
    """
    if view is None or unasked(view, how, told) is not None:
        return None
    client = view.client or Client("")
    email = client.email if "@" in client.email else next((one.email for one in told if one.email), "")
    if not email:
        return NO_EMAIL
    given, family = _named(client)
    visit = view.visit
    return ReviewVisit(
        email=email,
        given=given,
        family=family,
        phone=client.phone,
        scheduled=visit.start,
        completed=next((one.completed for one in told if one.completed), _completed(visit)),
        cancelled=_cancelled(visit),
        amount=max(paid, Decimal(0)),
    )


def unasked(view: VisitView | None, how: ReviewPreferences, told: Sequence[ReviewVisit] = ()) -> Absence | None:
    """Why there is nothing to tell of a visit, None where there is; ``told`` is what was told of it before."""
    if view is None:
        return DELETED_AT_SOURCE
    if view.visit.origin:
        return NOT_A_JOB
    if told or _is_due(view.visit.status, how):
        return None
    return Absence("NOT_YET", f"The visit is {view.visit.status}; it is sent once it is {how.create_on}.")


def _completed(visit: Visit) -> datetime | None:
    """When the state became completed, as FieldCamp says, else as we saw it."""
    if visit.status is not VisitStatus.COMPLETED:
        return None
    return visit.completed_at or visit.final_since or visit.end or visit.start


def _cancelled(visit: Visit) -> datetime | None:
    if visit.status is not VisitStatus.CANCELLED:
        return None
    return visit.cancelled_at or visit.final_since or visit.start


def _is_due(status: VisitStatus, how: ReviewPreferences) -> bool:
    if how.create_on == SCHEDULED:
        return status not in NOT_YET
    return status is VisitStatus.COMPLETED


def _named(client: Client) -> tuple[str, str]:
    if client.given or client.family:
        return client.given, client.family
    given, _, family = client.name.partition(" ")
    return given, family
