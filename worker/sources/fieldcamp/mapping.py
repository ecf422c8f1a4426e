"""FieldCamp's fields and ours: with ``clients`` and ``money``, all that knows how FieldCamp names what a record holds.

Reading is tolerant: a field that is unknown, missing or malformed is left out, and what is left out is not erased in
what is known. Only an id, a state of a visit that is none of the eight, and money that cannot be read are refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from worker.core.documents import Times
from worker.core.records import CLIENT, INVOICE, ITEM, JOB, MEMBER, PAYMENT, TAX, VISIT, Record
from worker.core.visits import VisitStatus
from worker.sources.fieldcamp import money, values
from worker.sources.fieldcamp.clients import client_record
from worker.sources.fieldcamp.fields import Json, Readers, address_line, named, part, person, told
from worker.sources.fieldcamp.values import Reader


def _status(value: Any) -> str:
    if not isinstance(value, str) or value not in set(VisitStatus):
        raise ValueError(f"expected one of {', '.join(VisitStatus)}")
    return value


VISIT_READERS: Readers = {
    "visitStatus": ("status", _status),
    "jobId": ("job_id", values.reference),
    "clientId": ("client_id", values.reference),
    "technicianId": ("team", values.only_identity),
    "teamId": ("team", values.identities),
    "scheduledStart": ("start", values.instant),
    "scheduledEnd": ("end", values.instant),
    "serviceDuration": ("duration_minutes", values.minutes),
    "anyTime": ("any_time", values.flag),
    "notes": ("notes", values.text),
    "completedAt": ("completed_at", values.instant),
    "cancelledAt": ("cancelled_at", values.instant),
}
"""Each field of a visit: our name for it, and how it is read. ``teamId`` overrules the older ``technicianId``."""

JOB_READERS: Readers = {
    "jobNumber": ("number", values.text),
    "title": ("title", values.text),
    "clientId": ("client_id", values.reference),
    "jobAddress": ("address", address_line),
    "notes": ("notes", values.text),
}
MEMBER_READERS: Readers = {
    "email": ("email", values.text),
    "isActive": ("active", values.flag),
}
CHECKED_ONLY: Mapping[str, Reader] = {"unscheduled": values.flag, "updatedAt": values.instant}


def visit_record(json: Json, told_at: datetime) -> Record:
    """A visit as FieldCamp shows it, told at the aware instant ``told_at``.

    Raises Invalid that names ``id`` where it is missing, ``visitStatus`` where it is none of the eight [doc].
    """
    given = {name: value for name, value in json.items() if name != "visitStatus" or value is not None}
    problems = values.wrong(given, {"visitStatus": _status})
    record = told(VISIT, json, named(given, VISIT_READERS), told_at, problems)
    if values.is_date(json.get("scheduledStart")) and json.get("anyTime") is None:
        return replace(record, content={**record.content, "any_time": True})
    return record


def job_record(json: Json, told_at: datetime) -> Record:
    """A job; Invalid without an id."""
    return told(JOB, json, named(json, JOB_READERS), told_at)


def member_record(json: Json, told_at: datetime) -> Record:
    """Somebody of the team; Invalid without an id."""
    content = named(json, MEMBER_READERS)
    if any(name in json for name in ("firstName", "lastName", "name")):
        content["name"] = person(json) or part(json, "name")
    return told(MEMBER, json, content, told_at)


RECORDS: Mapping[str, Callable[[Json, datetime], Record]] = {
    VISIT: visit_record,
    JOB: job_record,
    CLIENT: client_record,
    MEMBER: member_record,
    TAX: money.tax_record,
    ITEM: money.item_record,
    INVOICE: money.invoice_record,
    PAYMENT: money.payment_record,
}
"""How each kind is read."""


def visit_problems(json: Json) -> dict[str, str]:
    """What was expected of each field of a visit that is there and cannot be read, by FieldCamp's name for it."""
    readers = {name: reader for name, (_, reader) in VISIT_READERS.items()}
    problems = values.wrong(json, {**readers, **CHECKED_ONLY})
    return {name: problem for name, problem in problems.items() if json[name] is not None}


def missing_status(json: Json) -> dict[str, str]:
    """What was expected where a visit names no state at all."""
    return {} if json.get("visitStatus") is not None else {"visitStatus": f"expected one of {', '.join(VisitStatus)}"}


def reschedule_body(times: Times) -> dict[str, Any]:
    """The fields of a PUT that moves a visit: whole days as ``anyTime`` with a date (FieldCamp has no second one for
    it), else instants with ``serviceDuration`` in minutes kept in step [doc].
    """
    if times.first_day is not None:
        return {"scheduledStart": times.first_day.isoformat(), "scheduledEnd": None, "anyTime": True}
    assert times.start is not None
    assert times.end is not None
    minutes = int((times.end - times.start).total_seconds()) // 60
    return {
        "scheduledStart": _stamp(times.start),
        "scheduledEnd": _stamp(times.end),
        "anyTime": False,
        "serviceDuration": max(minutes, 1),
    }


def unschedule_body() -> dict[str, Any]:
    """The fields of a PUT that takes a visit off the plan; fixed times beside them would be refused [doc]."""
    return {"visitStatus": VisitStatus.UNSCHEDULED.value, "unscheduled": True}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
