"""What a sync asks of the source: each edit of a record there, and how it ends."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from worker.core.documents import Times
from worker.core.records import Record


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Move a visit to other times at the source; ``token`` is the same for the same edit, however often it is sent."""

    local_id: str
    times: Times
    token: str


@dataclass(frozen=True, slots=True)
class Unschedule:
    """Take a visit off the plan at the source, because a person deleted its event."""

    local_id: str
    token: str


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """Record at the source what was paid for an invoice; ``external_id`` names the payment at the provider, and is the
    same however often it is sent."""

    invoice_id: str
    amount: Decimal
    external_id: str
    paid_on: date | None = None
    method: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class AmendPayment:
    """Correct the amount and the day of a payment that we recorded at the source."""

    local_id: str
    amount: Decimal
    token: str
    paid_on: date | None = None


@dataclass(frozen=True, slots=True)
class TakeBackPayment:
    """Take a payment that we recorded at the source away again: it was voided or deleted where it came from.

    ``local_id`` is "" where the answer to recording it was lost: then it is known by its ``external_id``, if it is
    there at all.
    """

    local_id: str
    token: str
    external_id: str = ""


Edit = Reschedule | Unschedule | RecordPayment | AmendPayment | TakeBackPayment


@dataclass(frozen=True, slots=True)
class Edited:
    """The source took the edit and now tells this."""

    record: Record
