"""Payments written to FieldCamp: recorded once, corrected, taken back."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.core.books import cents
from worker.core.codec import encode
from worker.core.edits import AmendPayment, RecordPayment, TakeBackPayment
from worker.core.errors import Rejected, SyncError, Transient, Uncertain
from worker.core.records import PAYMENT, Record
from worker.core.sales import Payment
from worker.sources.fieldcamp import values
from worker.sources.fieldcamp.calls import UNVOUCHED, Answer, Calls, Missing
from worker.sources.fieldcamp.fields import Json, deleted_record, updated_at
from worker.sources.fieldcamp.listing import PLURALS, first_accepted, path_of, single
from worker.sources.fieldcamp.lookups import DATE_LAG, LookUps
from worker.sources.fieldcamp.money import amend_body, payment_body
from worker.sources.fieldcamp.readable import Read

REFUSED, NOT_AMENDED, NOT_TAKEN_BACK = "PAYMENT_REFUSED", "PAYMENT_NOT_AMENDED", "PAYMENT_NOT_TAKEN_BACK"
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""When a payment was deleted that FieldCamp never had."""

FRESH = timedelta(minutes=1)
"""How long before an answer the change that it tells of may be; an older one was given before, and is given again."""


@dataclass(frozen=True, slots=True)
class Payments:
    """Writes an account's payments. Every method may be called again with the same edit: it is carried out once."""

    calls: Calls
    read: Read
    look_ups: LookUps

    def record(self, edit: RecordPayment) -> Record:
        """The payment with this external id: the one that FieldCamp has, or one that it records now.

        Raises Rejected (``PAYMENT_REFUSED``, in FieldCamp's words), Uncertain, and what ``Calls.get`` raises.
        """
        known = self._known(edit)
        if known is not None:
            return known
        try:
            answer = self.calls.post(f"/{PLURALS[PAYMENT]}", payment_body(edit), _key_of(edit))
        except Rejected as refusal:
            # Sent by somebody else between our look and our write, it is refused here and recorded all the same.
            known = self._known(edit)
            if known is None:
                raise _refused(refusal, REFUSED) from refusal
            return known
        return self._recorded(edit, answer)

    def amend(self, edit: AmendPayment) -> Record:
        """The payment with its corrected amount and day.

        Raises Rejected (``PAYMENT_NOT_AMENDED``: what to do by hand), Uncertain, and what ``Calls.get`` raises.
        """
        try:
            answer = self.calls.put(path_of(PAYMENT, edit.local_id), amend_body(edit), edit.token)
        except Rejected as refusal:
            day = f" and its date to {edit.paid_on.isoformat()}" if edit.paid_on else ""
            advice = f"Set the amount of payment {edit.local_id} to {cents(edit.amount)}{day} by hand in FieldCamp."
            raise _refused(refusal, NOT_AMENDED, advice) from refusal
        item = single(PAYMENT, answer.data)
        told = self.read(PAYMENT, item, answer.told_at) if isinstance(item, Mapping) else None
        if told is None or not _is_fresh(item, answer.told_at):
            told = self._as_it_is(edit.local_id) or told
        if told is None:
            raise Uncertain("FieldCamp corrected the payment and its answer cannot be read.")
        return told

    def take_back(self, edit: TakeBackPayment) -> Record:
        """The payment as deleted; one that FieldCamp no longer has, or never had, is taken back already.

        Raises Rejected (``PAYMENT_NOT_TAKEN_BACK``: what to do by hand), Uncertain, and what ``Calls.get`` raises.
        """
        if not edit.local_id:
            return self._taken_back_by_name(edit)
        try:
            answer = self.calls.delete(path_of(PAYMENT, edit.local_id), edit.token)
        except Rejected as refusal:
            gone = self._gone(edit.local_id) if isinstance(refusal, Missing) and refusal.vouched else None
            if gone is None:
                advice = f"Delete payment {edit.local_id} by hand in FieldCamp."
                raise _refused(refusal, NOT_TAKEN_BACK, advice) from refusal
            return gone
        return deleted_record(PAYMENT, edit.local_id, answer.told_at + DATE_LAG)

    def _taken_back_by_name(self, edit: TakeBackPayment) -> Record:
        found = self._found(edit.external_id)
        if found is not None:
            return self.take_back(replace(edit, local_id=found[0]["id"]))
        return deleted_record(PAYMENT, edit.external_id, NEVER)

    def _known(self, edit: RecordPayment) -> Record | None:
        found = self._found(edit.external_id)
        return None if found is None else self._completed(edit, *found)

    def _found(self, external_id: str) -> tuple[Json, datetime] | None:
        """The payment of this external id. The filter is not relied upon: what it lets through must name the id."""
        for item, told_at in self._listed(external_id):
            if isinstance(item, Mapping) and values.readable(item, "id", values.identity) and _names(item, external_id):
                return item, told_at
        return None

    def _listed(self, external_id: str) -> Iterator[tuple[Any, datetime]]:
        for page in first_accepted(self.calls, PLURALS[PAYMENT], [{"externalId": external_id}, {}]):
            yield from ((item, page.told_at) for item in page.items)

    def _recorded(self, edit: RecordPayment, answer: Answer) -> Record:
        """What the answer to our POST tells, whichever way it names the payment."""
        data = answer.data if isinstance(answer.data, Mapping) else {}
        shown = single(PAYMENT, data)
        item = shown if isinstance(shown, Mapping) else data
        item = {**item, "id": item.get("id") or data.get("paymentId")}
        if not values.readable(item, "id", values.identity):
            known = self._known(edit)
            if known is None:
                raise Uncertain("FieldCamp's answer names no payment.")
            return known
        told = self._completed(edit, item, answer.told_at)
        return told if _is_fresh(item, answer.told_at) else self._still_there(told)

    def _completed(self, edit: RecordPayment, item: Json, told_at: datetime) -> Record:
        """The payment as FieldCamp tells it, and as we sent it where it does not."""
        sent = Record(PAYMENT, item["id"], _content(edit, item["id"]), told_at, told_at)
        told = self.read(PAYMENT, item, told_at) or sent
        return told if told.deleted else replace(told, content={**sent.content, **told.content})

    def _still_there(self, told: Record) -> Record:
        """An answer given again shows the payment as it was; somebody may have deleted it since."""
        now = self._as_it_is(told.local_id)
        if now is None:
            return told
        if now.deleted:
            raise Transient("FieldCamp still answers with a payment that was deleted there; it is recorded later.")
        return replace(now, content={**told.content, **now.content})

    def _as_it_is(self, local_id: str) -> Record | None:
        """The payment as it is now, None where FieldCamp does not say: it took the edit, whatever it answers here."""
        try:
            return self.look_ups.one_or_deleted(PAYMENT, local_id)
        except (Rejected, Transient):
            return None

    def _gone(self, local_id: str) -> Record | None:
        """The payment as deleted, None where FieldCamp has it and only knows no way to delete it."""
        found = self.look_ups.one_or_deleted(PAYMENT, local_id)
        return found if found is not None and found.deleted else None


def _names(item: Json, external_id: str) -> bool:
    return bool(external_id) and item.get("externalId") == external_id


def _content(edit: RecordPayment, local_id: str) -> dict[str, Any]:
    """What a record of the payment holds where FieldCamp tells nothing of it but the id."""
    payment = Payment(
        id=local_id,
        invoice_id=edit.invoice_id,
        amount=edit.amount,
        method=edit.method,
        paid_on=edit.paid_on,
        external_id=edit.external_id,
        reference=edit.reference,
    )
    told = {name: value for name, value in encode(payment).items() if name not in ("client_id", "notes")}
    return {**told, "amount": values.amount(edit.amount)}


def _key_of(edit: RecordPayment) -> str:
    """The Idempotency-Key: of the external id alone, so that no second body gets past the first one."""
    return "payment-" + hashlib.sha256(edit.external_id.encode()).hexdigest()[:40]


def _is_fresh(item: Json, told_at: datetime) -> bool:
    changed = updated_at(item)
    return changed is not None and changed > told_at - FRESH


def _refused(refusal: Rejected, code: str, advice: str = "") -> SyncError:
    """The refusal under its code; a gateway's 404 refuses nothing."""
    if isinstance(refusal, Missing) and not refusal.vouched:
        return Transient(UNVOUCHED)
    return Rejected(f"{refusal.message.rstrip('.')}. {advice}".rstrip(), code=code)
