"""A client as FieldCamp names it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from worker.core.codec import encode
from worker.core.records import CLIENT, Address, Record
from worker.sources.fieldcamp import values
from worker.sources.fieldcamp.fields import (
    Json,
    Readers,
    address,
    address_line,
    deleted_where_marked,
    joined,
    named,
    one_line,
    part,
    person,
    told,
)


def _phone(value: Any) -> str:
    """``+1 5550100`` of ``{"countryCode": "1", "number": "5550100"}``; a plain string is taken as it is."""
    if not isinstance(value, Mapping):
        return values.text(value).strip()
    code, number = part(value, "countryCode").lstrip("+"), part(value, "number")
    return joined(" ", f"+{code}" if code and not number.startswith("+") else "", number) if number else ""


READERS: Readers = {
    "firstName": ("given", one_line),
    "lastName": ("family", one_line),
    "companyName": ("company", one_line),
    "email": ("email", values.text),
    "phoneNumber": ("phone", _phone),
}


def client_record(json: Json, told_at: datetime) -> Record:
    """A client, deleted where FieldCamp marks it so; Invalid without an id."""
    content = {**_name(json), **named(json, READERS), **_address(json), **_billing(json)}
    return deleted_where_marked(told(CLIENT, json, content, told_at), json)


def _name(json: Json) -> dict[str, str]:
    """People's name for a client: ``name``, else ``companyName``, else first and last."""
    if not any(name in json for name in ("name", "companyName", "firstName", "lastName")):
        return {}
    return {"name": part(json, "name") or part(json, "companyName") or person(json)}


def _address(json: Json) -> dict[str, str]:
    """Where the client's property is; the billing address where none is given."""
    names = ("propertyAddress", "billingAddress")
    lines = [address_line(json[name]) for name in names if values.readable(json, name, address_line)]
    return {"address": next(filter(None, lines), "")} if lines else {}


def _billing(json: Json) -> dict[str, Any]:
    """Where the bill goes, in its parts: the property where no billing address is given, None where neither is."""
    names = ("billingAddress", "propertyAddress")
    places = [address(json[name]) for name in names if values.readable(json, name, address)]
    given = next((place for place in places if place != Address()), None)
    return {"billing": encode(given) if given else None} if places else {}
