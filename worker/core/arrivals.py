"""Payments that were recorded in the books, and what the source is to know of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from worker.core import books
from worker.core.edits import AmendPayment, RecordPayment, TakeBackPayment
from worker.core.records import Record
from worker.core.texts import fingerprint_of

ORIGIN = "quickbooks:"
"""What the external id of a payment that came from the books begins with."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A payment that we recorded at the source: for which invoice of the books, under which id ("": it was sent, and
    never answered), and how much.
    ``amendments`` counts how often it was corrected."""

    invoice: str
    local_id: str
    amount: Decimal
    paid_on: date | None = None
    amendments: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A payment of the books that we did not make. ``document`` is None once it was voided or deleted there;
    ``entries`` are what the source has of it.
    """

    stream: str
    remote_id: str
    document: books.Payment | None
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One edit at the source for one invoice of a payment; ``amendments`` is the how-manieth correction it is."""

    invoice: str
    edit: RecordPayment | AmendPayment | TakeBackPayment
    amendments: int = 0


def steps(arrival: Arrival, invoices: Mapping[str, str]) -> Sequence[Step]:
    """What makes the source agree with a payment; ``invoices`` maps remote ids to ours, and those of others are left
    out. A payment over several invoices is one payment for each at the source, which knows no other kind."""
    wanted = _parts(arrival)
    noted = {entry.invoice: entry for entry in arrival.entries if entry.local_id}
    gone = [_taken_back(arrival, entry) for entry in arrival.entries if entry.invoice not in wanted]
    new = [part for part in wanted.values() if part.invoice in invoices and part.invoice not in noted]
    moved = [part for part in wanted.values() if part.invoice in noted and _moved(arrival, part, noted[part.invoice])]
    amended = [_amended(arrival, noted[part.invoice], part) for part in moved]
    return [*gone, *amended, *(_recorded(arrival, part, invoices[part.invoice]) for part in new)]


def offered(arrival: Arrival, todo: Sequence[Step]) -> Arrival:
    """The arrival as it is kept before anything is sent: with what the source may have from then on."""
    known = {entry.invoice for entry in arrival.entries}
    sent = [
        Entry(step.invoice, "", step.edit.amount, step.edit.paid_on)
        for step in todo
        if isinstance(step.edit, RecordPayment) and step.invoice not in known
    ]
    return replace(arrival, entries=(*arrival.entries, *sent))


def entry_after(step: Step, told: Record) -> Entry | None:
    """What the source has of the payment once the step was taken and it ``told`` so; None: nothing any more. What was
    there already, of an earlier sending that was never answered, may be of another amount than is recorded now.
    """
    edit = step.edit
    if isinstance(edit, TakeBackPayment):
        return None
    was_there = isinstance(edit, RecordPayment) and "amount" in told.content
    amount = Decimal(str(told.content["amount"])) if was_there else edit.amount
    return Entry(step.invoice, told.local_id, amount, edit.paid_on, step.amendments)


def _parts(arrival: Arrival) -> dict[str, books.Part]:
    """What is paid of each invoice, without those of which it is nothing; two parts for one are one at the source."""
    sums: dict[str, Decimal] = {}
    for part in arrival.document.parts if arrival.document else ():
        sums[part.invoice] = sums.get(part.invoice, books.ZERO) + part.amount
    return {invoice: books.Part(invoice, amount) for invoice, amount in sums.items() if amount > 0}


def _moved(arrival: Arrival, part: books.Part, entry: Entry) -> bool:
    assert arrival.document is not None
    return (entry.amount, entry.paid_on) != (part.amount, arrival.document.paid_on)


def _recorded(arrival: Arrival, part: books.Part, invoice_id: str) -> Step:
    document = arrival.document
    assert document is not None
    edit = RecordPayment(
        invoice_id=invoice_id,
        amount=part.amount,
        external_id=_external_id(arrival, part.invoice),
        paid_on=document.paid_on,
        method=document.method,
        reference=document.reference,
    )
    return Step(part.invoice, edit)


def _amended(arrival: Arrival, entry: Entry, part: books.Part) -> Step:
    """The same correction may come again after another one, and is to be carried out again: its token counts."""
    assert arrival.document is not None
    paid_on, times = arrival.document.paid_on, entry.amendments + 1
    token = fingerprint_of(["amend", arrival.remote_id, part.invoice, str(part.amount), str(paid_on), times])
    return Step(part.invoice, AmendPayment(entry.local_id, part.amount, token, paid_on), times)


def _taken_back(arrival: Arrival, entry: Entry) -> Step:
    token = fingerprint_of(["take back", arrival.remote_id, entry.invoice, entry.local_id])
    return Step(entry.invoice, TakeBackPayment(entry.local_id, token, _external_id(arrival, entry.invoice)))


def _external_id(arrival: Arrival, invoice: str) -> str:
    return f"{ORIGIN}{arrival.remote_id}:{invoice}"
