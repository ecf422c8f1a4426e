"""What the reading of every kind of record is made of."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from worker.core.errors import Invalid
from worker.core.records import Address, Record
from worker.sources.fieldcamp import values
from worker.sources.fieldcamp.values import Reader

Json = Mapping[str, Any]
Readers = Mapping[str, tuple[str, Reader]]
"""Each field by FieldCamp's name for it: ours, and how it is read."""


def told(kind: str, json: Json, content: Json, told_at: datetime, problems: Mapping[str, str] | None = None) -> Record:
    """The record that ``content`` tells of, as of the object's ``updatedAt`` or else ``told_at``.

    Raises Invalid for a missing id and for what ``problems`` names: what was expected, by FieldCamp's field.
    """
    wrong = {**values.wrong({"id": json.get("id")}, {"id": values.identity}), **(problems or {})}
    if wrong:
        name, problem = next(iter(wrong.items()))
        who = "" if "id" in wrong else f" {json['id']}"
        raise Invalid(f"FieldCamp's {kind}{who} has a wrong {name}: {problem}", wrong)
    return Record(kind, json["id"], {"id": json["id"], **content}, updated_at(json) or told_at, told_at)


def deleted_where_marked(record: Record, json: Json) -> Record:
    """The record, deleted where FieldCamp marks it so (``isDeleted``, ``deletedAt`` [set])."""
    if json.get("isDeleted") is True or json.get("deletedAt"):
        return replace(record, content={"id": record.local_id}, deleted=True)
    return record


def deleted_record(kind: str, local_id: str, at: datetime, told_at: datetime | None = None) -> Record:
    """A record that is no more since ``at``, told then or at ``told_at``."""
    return Record(kind, local_id, {"id": local_id}, at, told_at or at, deleted=True)


def updated_at(json: Json) -> datetime | None:
    """When FieldCamp says that the record became so; None where it does not [doc: visits name none]."""
    if json.get("updatedAt") is None or not values.readable(json, "updatedAt", values.instant):
        return None
    return values.moment(json["updatedAt"])


def named(json: Json, readers: Readers) -> dict[str, Any]:
    """Our names and values of the fields that are there and can be read."""
    return {ours: reader(json[name]) for name, (ours, reader) in readers.items() if values.readable(json, name, reader)}


def problems(json: Json, readers: Readers) -> dict[str, str]:
    """What was expected of each field that is there and cannot be read, by its path."""
    return values.wrong(json, {name: reader for name, (_, reader) in readers.items()})


def person(json: Json) -> str:
    return joined(" ", part(json, "firstName"), part(json, "lastName"))


def part(json: Json, name: str) -> str:
    """One line of text; empty where there is none that can be read."""
    return one_line(json[name]) if values.readable(json, name, values.text) else ""


def one_line(value: Any) -> str:
    return " ".join(values.text(value).split())


def joined(separator: str, *parts: str) -> str:
    return separator.join(filter(None, parts))


def address_line(value: Any) -> str:
    """One line, ``Main Street 12, Springfield, IL 62701, US``; a plain string is taken as it is."""
    place = address(value)
    region = joined(" ", place.region, place.postal_code)
    return joined(", ", place.street, place.city, region, place.country)


def address(value: Any) -> Address:
    """A place in its parts; a plain string is all street, null is nowhere."""
    if not isinstance(value, Mapping):
        return Address(street=one_line(value))
    return Address(
        street=joined(" ", part(value, "street"), part(value, "houseNumber")),
        city=part(value, "city"),
        region=part(value, "state"),
        postal_code=part(value, "postalCode") or part(value, "zipCode"),
        country=part(value, "country"),
    )
