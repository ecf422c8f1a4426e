"""Writing the records of one account, with the events that follow."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

from ulid import ULID

from worker.simulators.fieldcamp import invoices, visits
from worker.simulators.fieldcamp.account import Account
from worker.simulators.fieldcamp.instants import moment, stamp
from worker.simulators.fieldcamp.kinds import CLIENT, JOB, VISIT, Kind
from worker.simulators.fieldcamp.money_kinds import INVOICE, PAYMENT
from worker.simulators.fieldcamp.refusal import conflict
from worker.simulators.fieldcamp.table import Record

Announce = Callable[[Kind, str, Record, Record | None], None]
"""Takes the kind, the event's verb, the snapshot, and for a change the record before."""


class Guard(Protocol):
    """What one who writes must respect: raises Refused; `before` is None for a new record."""

    def __call__(self, account: Account, kind: Kind, before: Record | None, after: Record) -> None: ...


def unguarded(account: Account, kind: Kind, before: Record | None, after: Record) -> None:
    """A person on FieldCamp's own pages: may re-open, may book twice, may refer to what is not there."""


class Desk:
    """One who writes in an account at the instant `now`."""

    def __init__(self, account: Account, now: str, currency: str, announce: Announce, guard: Guard = unguarded) -> None:
        self._account = account
        self._now = now
        self._currency = currency
        self._announce = announce
        self._guard = guard

    def create(self, kind: Kind, fields: Mapping[str, Any]) -> Record:
        """Adds a record made of checked fields; Refused with 400 or 409."""
        record_id = fields.get("id") or f"{kind.prefix}{ULID()}"
        if record_id in self._account.table(kind):
            raise conflict(f"{kind.name} {record_id} exists")
        stamped = {"createdAt": self._now, "updatedAt": self._now, **fields, "id": record_id}
        record = {"id": record_id, **self._settled(kind, self._blank(kind, record_id, stamped), stamped, new=True)}
        self._guard(self._account, kind, None, record)
        self._save(kind, record)
        self._announce(kind, "created", record, None)
        self._follow(kind, record)
        return record

    def change(self, kind: Kind, record_id: str, fields: Mapping[str, Any]) -> Record:
        """Applies checked fields; nothing happens when they say what is there. Refused with 400, 404 or 409."""
        before = self._account.find(kind, record_id)
        settled = self._settled(kind, before, fields, new=False)
        self._guard(self._account, kind, before, settled)
        return self._replace(kind, before, settled, fields.get("updatedAt"))

    def remove(self, kind: Kind, record_id: str) -> Record:
        """Takes a record away, a client softly; returns its last state. Refused with 404, or 409 while it is used."""
        before = self._account.find(kind, record_id)
        if kind is CLIENT:
            return self._remove_softly(before)
        self._check_unused(kind, record_id)
        self._account.table(kind).remove(record_id)
        self._account.bookings.forget(record_id)
        last = {**before, "updatedAt": self._now}
        self._announce(kind, "deleted", last, None)
        self._follow(kind, last)
        return last

    def _blank(self, kind: Kind, record_id: str, fields: Mapping[str, Any]) -> Record:
        blank = {"id": record_id, **copy.deepcopy(dict(kind.blank))}
        if kind is JOB:
            blank["jobNumber"] = fields.get("jobNumber") or self._account.next_number("JOB")
        elif kind is INVOICE:
            blank["number"] = fields.get("number") or self._account.next_number("INV")
            blank["currency"] = self._currency
        return blank

    def _settled(self, kind: Kind, before: Record, fields: Mapping[str, Any], *, new: bool) -> Record:
        if kind is VISIT:
            return self._settled_visit(before, fields, new=new)
        if kind is INVOICE:
            return invoices.settled(self._account, before, fields, self._now)
        if kind is PAYMENT:
            return invoices.payment(self._account, before, fields, self._now)
        return {**before, **fields, **(_named(before, fields) if kind is CLIENT else {})}

    def _settled_visit(self, before: Record, fields: Mapping[str, Any], *, new: bool) -> Record:
        if not new:
            return visits.changed(before, fields, self._now)
        job = self._account.table(JOB).get(fields.get("jobId") or "") or {}
        return visits.first({"clientId": job.get("clientId"), **fields}, self._now)

    def _replace(self, kind: Kind, before: Record, settled: Record, updated_at: str | None) -> Record:
        if settled == before:
            return before
        after = {**settled, "updatedAt": updated_at or self._later(before)}
        self._save(kind, after)
        self._announce(kind, _verb(kind, before, after), after, before)
        if kind is INVOICE and after["status"] == "paid" != before["status"]:
            self._announce(kind, "paid", after, None)
        self._follow(kind, after)
        if kind is PAYMENT and before["invoiceId"] != after["invoiceId"]:
            self._follow(kind, before)
        return after

    def _later(self, before: Record) -> str:
        """Now, and after the last change where that was a moment ago: no two states of a record are of one moment."""
        changed = moment(before["updatedAt"])
        is_new = timedelta() <= changed - moment(self._now) < timedelta(seconds=1)
        return stamp(changed + timedelta(milliseconds=1)) if is_new else self._now

    def _remove_softly(self, before: Record) -> Record:
        if before["isDeleted"]:
            return before
        after = {**before, "isDeleted": True, "deletedAt": self._now, "updatedAt": self._now}
        self._save(CLIENT, after)
        self._announce(CLIENT, "deleted", after, None)
        return after

    def _save(self, kind: Kind, record: Record) -> None:
        self._account.table(kind).put(record)
        if kind is VISIT:
            self._account.bookings.note(record)

    def _follow(self, kind: Kind, record: Record) -> None:
        """A payment changes its invoice."""
        invoice = self._account.table(INVOICE).get(record["invoiceId"]) if kind is PAYMENT else None
        if invoice is not None:
            self._replace(INVOICE, invoice, invoices.paid_up(self._account, invoice, self._now), None)

    def _check_unused(self, kind: Kind, record_id: str) -> None:
        if kind is JOB and any(visit.get("jobId") == record_id for visit in self._account.table(VISIT).records()):
            raise conflict("the job has visits")
        if kind is INVOICE and any(
            payment["invoiceId"] == record_id for payment in self._account.table(PAYMENT).records()
        ):
            raise conflict("the invoice has payments")


def _verb(kind: Kind, before: Record, after: Record) -> str:
    if kind.status and before[kind.status] != after[kind.status]:
        return "status_changed"
    return "updated"


def _named(before: Record, fields: Mapping[str, Any]) -> Record:
    """A client's `name` follows its parts unless it is given."""
    parts = ("firstName", "lastName", "companyName")
    if fields.get("name") or (before["name"] and not any(part in fields for part in parts)):
        return {}
    known = {**before, **fields}
    person = " ".join(filter(None, (known["firstName"], known["lastName"])))
    return {"name": person or known["companyName"]}
