"""A visit in ReviewRover's words and in ours, pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from worker.core.documents import Document, ReviewVisit
from worker.core.errors import Transient
from worker.core.ports import Change, Key
from worker.core.texts import fingerprint_of

WRITTEN = (
    "external_id",
    "contact_id",
    "time_scheduled",
    "time_completed",
    "amount_collected",
    "date_cancelled",
)
"""The fields that make a version: those that we write, but for ``event_date``, which follows them."""


def review_of(document: Document) -> ReviewVisit:
    """The document, which asks for a review."""
    assert isinstance(document, ReviewVisit)
    return document


def visit_form(document: ReviewVisit) -> dict[str, str]:
    """All fields that say what the document means, but for whom it asks; those that are empty have no value."""
    return {
        "time_scheduled": _stamp(document.scheduled),
        "time_completed": _stamp(document.completed),
        "amount_collected": format(document.amount, "f"),
        "date_cancelled": _stamp(document.cancelled),
        "event_date": _stamp(document.scheduled or document.completed),
    }


def new_form(document: ReviewVisit, external_id: str, contact_id: str) -> dict[str, str]:
    """The form that makes a visit: no field in it is empty."""
    told = {name: value for name, value in visit_form(document).items() if value}
    return {"external_id": external_id, "contact_id": contact_id, **told}


def differing(shown: ReviewVisit, wanted: ReviewVisit) -> dict[str, str]:
    """The fields of ``wanted`` that ``shown`` does not have, but for whom it asks."""
    there = visit_form(shown)
    return {name: value for name, value in visit_form(wanted).items() if value != there[name]}


def contact_form(document: ReviewVisit) -> dict[str, str]:
    """The form that makes the contact whom a document asks."""
    told = {"first_name": document.given, "last_name": document.family, "phone": document.phone}
    return {"email": document.email, **{name: value for name, value in told.items() if value}}


def document_of(body: Mapping[str, Any], email: str = "") -> ReviewVisit:
    """What a visit there means. A visit does not tell its contact's address: ``email`` is it where it is known.

    Raises Transient where the visit cannot be read.
    """
    try:
        return ReviewVisit(
            email=email,
            scheduled=_instant(body.get("time_scheduled")),
            completed=_instant(body.get("time_completed")),
            cancelled=_instant(body.get("date_cancelled")),
            amount=Decimal(str(body.get("amount_collected") or "0")),
        )
    except (ValueError, InvalidOperation):
        raise Transient("A visit at ReviewRover cannot be read.") from None


def change_of(body: Mapping[str, Any]) -> Change:
    """A visit of a listing; one without an ``external_id`` was made by people and is none of ours."""
    external_id = body.get("external_id")
    return Change(
        remote_id=str(body["id"]),
        version=version(body),
        key=Key(str(external_id)) if external_id else None,
        document=document_of(body),
        changed_at=_moment(body.get("updated_at")),
        shown={name: body.get(name) for name in WRITTEN if name != "contact_id"},
    )


def version(body: Mapping[str, Any]) -> str:
    """Equal for equal content: ReviewRover has no versions, and ``updated_at`` may move without a cause of ours."""
    meaning = document_of(body)
    return fingerprint_of([meaning.fingerprint(), body.get("external_id"), body.get("contact_id")])


def _stamp(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _moment(value: object) -> datetime | None:
    """An instant that nothing hangs on: None where it cannot be read."""
    try:
        return _instant(value)
    except ValueError:
        return None


def _instant(value: object) -> datetime | None:
    """An instant in UTC; a bare date is its midnight."""
    if value is None or value == "":
        return None
    moment = datetime.fromisoformat(str(value))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
