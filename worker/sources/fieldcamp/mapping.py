"""FieldCamp's fields and ours: the only place that knows how FieldCamp names what a record holds.

Reading is tolerant: a field that is unknown, missing or malformed is left out, and what is left out is not erased in
what is known. Only an id, and a state of a visit that is none of the eight, are refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from worker.core.documents import Times
from worker.core.errors import Invalid
from worker.core.records import CLIENT, JOB, MEMBER, VISIT, Record
from worker.core.visits import VisitStatus
from worker.sources.fieldcamp import values
from worker.sources.fieldcamp.values import Reader

Json = Mapping[str, Any]


def _status(value: Any) -> str:
    if not isinstance(value, str) or value not in set(VisitStatus):
        raise ValueError(f"expected one of {', '.join(VisitStatus)}")
    return value


def _address(value: Any) -> str:
    """One line, ``Main Street 12, Springfield, IL 62701, US``; a plain string is taken as it is."""
    if not isinstance(value, Mapping):
        return " ".join(values.text(value).split())
    part = {name: _part(value, name) for name in ("street", "houseNumber", "city", "state", "country")}
    postal = _part(value, "postalCode") or _part(value, "zipCode")
    street, region = _joined(" ", part["street"], part["houseNumber"]), _joined(" ", part["state"], postal)
    return _joined(", ", street, part["city"], region, part["country"])


def _phone(value: Any) -> str:
    """``+1 5550100`` of ``{"countryCode": "1", "number": "5550100"}``; a plain string is taken as it is."""
    if not isinstance(value, Mapping):
        return values.text(value).strip()
    code, number = _part(value, "countryCode").lstrip("+"), _part(value, "number")
    return _joined(" ", f"+{code}" if code and not number.startswith("+") else "", number) if number else ""


VISIT_READERS: Mapping[str, tuple[str, Reader]] = {
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

JOB_READERS: Mapping[str, tuple[str, Reader]] = {
    "jobNumber": ("number", values.text),
    "title": ("title", values.text),
    "clientId": ("client_id", values.reference),
    "jobAddress": ("address", _address),
    "notes": ("notes", values.text),
}
CLIENT_READERS: Mapping[str, tuple[str, Reader]] = {
    "email": ("email", values.text),
    "phoneNumber": ("phone", _phone),
}
MEMBER_READERS: Mapping[str, tuple[str, Reader]] = {
    "email": ("email", values.text),
    "isActive": ("active", values.flag),
}
CHECKED_ONLY: Mapping[str, Reader] = {"unscheduled": values.flag, "updatedAt": values.instant}


def visit_record(json: Json, told_at: datetime) -> Record:
    """A visit as FieldCamp shows it, told at the aware instant ``told_at``.

    Raises Invalid that names ``id`` where it is missing, ``visitStatus`` where it is none of the eight [doc].
    """
    named = {name: value for name, value in json.items() if name != "visitStatus" or value is not None}
    problems = values.wrong(named, {"visitStatus": _status})
    record = _record(VISIT, json, _named(named, VISIT_READERS), told_at, problems)
    if values.is_date(json.get("scheduledStart")) and json.get("anyTime") is None:
        return replace(record, content={**record.content, "any_time": True})
    return record


def job_record(json: Json, told_at: datetime) -> Record:
    """A job; Invalid without an id."""
    return _record(JOB, json, _named(json, JOB_READERS), told_at)


def client_record(json: Json, told_at: datetime) -> Record:
    """A client, deleted where FieldCamp marks it so (``isDeleted``, ``deletedAt`` [set]); Invalid without an id."""
    names, addresses = _client_name(json), _client_address(json)
    record = _record(CLIENT, json, {**_named(json, CLIENT_READERS), **names, **addresses}, told_at)
    if json.get("isDeleted") is True or json.get("deletedAt"):
        return replace(record, content={"id": record.local_id}, deleted=True)
    return record


def member_record(json: Json, told_at: datetime) -> Record:
    """Somebody of the team; Invalid without an id."""
    named = _named(json, MEMBER_READERS)
    if any(name in json for name in ("firstName", "lastName", "name")):
        named["name"] = _person(json) or _part(json, "name")
    return _record(MEMBER, json, named, told_at)


def deleted_record(kind: str, local_id: str, at: datetime, told_at: datetime | None = None) -> Record:
    """A record that is no more since ``at``, told then or at ``told_at``."""
    return Record(kind, local_id, {"id": local_id}, at, told_at or at, deleted=True)


RECORDS: Mapping[str, Callable[[Json, datetime], Record]] = {
    VISIT: visit_record,
    JOB: job_record,
    CLIENT: client_record,
    MEMBER: member_record,
}
"""How each kind is read."""


def updated_at(json: Json) -> datetime | None:
    """When FieldCamp says that the record became so; None where it does not [doc: visits name none]."""
    return values.moment(json["updatedAt"]) if _is_told(json, "updatedAt") else None


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


def _record(
    kind: str, json: Json, content: Json, told_at: datetime, problems: Mapping[str, str] | None = None
) -> Record:
    problems = {**values.wrong({"id": json.get("id")}, {"id": values.identity}), **(problems or {})}
    if problems:
        name, problem = next(iter(problems.items()))
        raise Invalid(f"FieldCamp told of a {kind} with a wrong {name}: {problem}", problems)
    return Record(kind, json["id"], {"id": json["id"], **content}, updated_at(json) or told_at, told_at)


def _named(json: Json, readers: Mapping[str, tuple[str, Reader]]) -> dict[str, Any]:
    return {ours: reader(json[name]) for name, (ours, reader) in readers.items() if values.readable(json, name, reader)}


def _client_name(json: Json) -> dict[str, str]:
    """People's name for a client: ``name``, else ``companyName``, else first and last."""
    if not any(name in json for name in ("name", "companyName", "firstName", "lastName")):
        return {}
    return {"name": _part(json, "name") or _part(json, "companyName") or _person(json)}


def _client_address(json: Json) -> dict[str, str]:
    """Where the client's property is; the billing address where none is given."""
    names = ("propertyAddress", "billingAddress")
    lines = [_address(json[name]) for name in names if values.readable(json, name, _address)]
    return {"address": next(filter(None, lines), "")} if lines else {}


def _person(json: Json) -> str:
    return _joined(" ", _part(json, "firstName"), _part(json, "lastName"))


def _part(json: Json, name: str) -> str:
    return " ".join(values.text(json[name]).split()) if values.readable(json, name, values.text) else ""


def _joined(separator: str, *parts: str) -> str:
    return separator.join(filter(None, parts))


def _is_told(json: Json, name: str) -> bool:
    return json.get(name) is not None and values.readable(json, name, values.instant)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
