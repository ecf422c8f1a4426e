"""What we publish of a record: frozen values that normalise themselves and compare by meaning."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Self

from worker.core import books
from worker.core.codec import decode, encode
from worker.core.texts import fingerprint_of, one_line, plain_text

TITLE_LIMIT = 255
LOCATION_LIMIT = 255
DESCRIPTION_LIMIT = 8000
"""Characters that every calendar we know takes; Outlook's 255 for a subject and a place are the tightest."""


def instant(moment: datetime) -> datetime:
    """The moment in UTC to the second, which is as fine as calendars keep it; a naive one is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Times:
    """When: either two instants, or whole days from ``first_day`` to before ``day_after``."""

    start: datetime | None = None
    end: datetime | None = None
    first_day: date | None = None
    day_after: date | None = None

    @classmethod
    def span(cls, start: datetime, end: datetime) -> Self:
        return cls(start=instant(start), end=instant(end))

    @classmethod
    def days(cls, first_day: date, day_after: date | None = None) -> Self:
        return cls(first_day=first_day, day_after=day_after or first_day + timedelta(days=1))

    @property
    def all_day(self) -> bool:
        return self.first_day is not None

    @property
    def ends_at(self) -> datetime:
        """The last instant, for windows: an all-day event ends with its last day, UTC."""
        if self.end is not None:
            return self.end
        assert self.day_after is not None
        return datetime(self.day_after.year, self.day_after.month, self.day_after.day, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """A visit on a calendar.

    ``colour`` is the name of the state whose colour it takes (None: the calendar's own, "other": one that is not ours);
    ``time_zone`` is the IANA zone it is written with. The zone is how an instant is carried, not part of what it means.
    """

    title: str
    times: Times
    location: str = ""
    description: str = ""
    busy: bool = True
    colour: str | None = None
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", plain_text(self.title, TITLE_LIMIT))
        object.__setattr__(self, "location", plain_text(self.location, LOCATION_LIMIT))
        object.__setattr__(self, "description", plain_text(self.description, DESCRIPTION_LIMIT))

    def fingerprint(self) -> str:
        meaning = encode(self)
        del meaning["time_zone"]
        return fingerprint_of(meaning)

    def moved_to(self, times: Times) -> "CalendarEvent":
        return replace(self, times=times)


@dataclass(frozen=True, slots=True)
class ReviewVisit:
    """A visit in a campaign that asks its client for a review.

    ``email`` names whom to ask; ``given``, ``family`` and ``phone`` are for a contact that is new there, and no part of
    the meaning, for a contact that is known keeps its own. Instants are UTC to the second; ``amount`` is what was paid
    so far.
    """

    email: str
    given: str = ""
    family: str = ""
    phone: str = ""
    scheduled: datetime | None = None
    completed: datetime | None = None
    cancelled: datetime | None = None
    amount: Decimal = Decimal("0.00")

    def __post_init__(self) -> None:
        for name in ("scheduled", "completed", "cancelled"):
            moment = getattr(self, name)
            object.__setattr__(self, name, None if moment is None else instant(moment))
        for name in ("given", "family", "phone"):
            object.__setattr__(self, name, one_line(getattr(self, name), TITLE_LIMIT))
        object.__setattr__(self, "email", one_line(self.email, TITLE_LIMIT).lower())
        object.__setattr__(self, "amount", books.cents(self.amount))

    def fingerprint(self) -> str:
        meaning = encode(self)
        for name in ("given", "family", "phone"):
            del meaning[name]
        return fingerprint_of(meaning)


Document = CalendarEvent | ReviewVisit | books.Entity
"""Everything that can be published, or that is found where we publish."""

_TYPES: dict[str, type[Document]] = {
    "calendar_event": CalendarEvent,
    "review_visit": ReviewVisit,
    "customer": books.Customer,
    "item": books.Item,
    "invoice": books.Invoice,
    "payment": books.Payment,
    "tax_code": books.TaxCode,
    "tax_regime": books.TaxRegime,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}


def event_of(document: Document) -> CalendarEvent:
    """The document, which is on a calendar."""
    assert isinstance(document, CalendarEvent)
    return document


def entity_of(document: Document) -> books.Entity:
    """The document, which is in the books."""
    assert not isinstance(document, CalendarEvent | ReviewVisit)
    return document


def to_json(document: Document) -> dict[str, Any]:
    """A document as the store keeps it: its fields, and under ``type`` what it is."""
    return {"type": _NAMES[type(document)], **encode(document)}


def from_json(data: dict[str, Any]) -> Document:
    """The document that ``to_json`` wrote down."""
    return decode(_TYPES[data["type"]], data)
