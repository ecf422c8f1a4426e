"""Readers of single fields of an event: from the JSON value and the field's name to what is kept, or 400."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from worker.simulators.outlook_calendar.bodies import from_text, rewritten
from worker.simulators.outlook_calendar.refusal import failed, unreadable
from worker.simulators.outlook_calendar.words import words

Reader = Callable[[Any, str], Any]
Json = dict[str, Any]

EMPTY_BODY: Json = {"contentType": "html", "content": ""}
NOWHERE: Json = {"displayName": "", "locationType": "default", "uniqueIdType": "unknown"}
LOCATION = words(
    "@odata.type address coordinates displayName locationEmailAddress locationType locationUri uniqueId uniqueIdType"
)
LOCATION_TYPES = words(
    "default conferenceRoom homeAddress businessAddress geoCoordinates streetAddress hotel restaurant localBusiness"
    " postalAddress"
)


def text(longest: int) -> Reader:
    def read(value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise unreadable(f"Cannot convert the value of '{name}' to the expected type 'Edm.String'.")
        if len(value) > longest:
            raise failed(f"The value of '{name}' is longer than {longest} characters.")
        return value

    return read


def choice(names: str) -> Reader:
    allowed = words(names)

    def read(value: Any, name: str) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise unreadable(f"Cannot convert the literal '{value}' of '{name}' to the expected type.")
        return value

    return read


def flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise unreadable(f"Cannot convert the value of '{name}' to the expected type 'Edm.Boolean'.")
    return value


def number(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise unreadable(f"Cannot convert the value of '{name}' to the expected type 'Edm.Int32'.")
    return value


def texts(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise unreadable(f"Cannot convert the value of '{name}' to a collection of 'Edm.String'.")
    return list(dict.fromkeys(value))


def body(value: Any, name: str) -> Json:
    """Kept as HTML whatever came; a plain text is converted."""
    given = known(value, words("@odata.type content contentType"), name)
    content, kind = given.get("content", ""), str(given.get("contentType", "text")).lower()
    if not isinstance(content, str) or kind not in ("text", "html"):
        raise unreadable(f"Cannot read '{name}': a contentType of text or html and a content are expected.")
    return {"contentType": "html", "content": rewritten(content) if kind == "html" else from_text(content)}


def location(value: Any) -> Json:
    given = known(value, LOCATION, "location")
    name = text(255)(given.get("displayName") or "", "location.displayName")
    if given.get("locationType", "default") not in LOCATION_TYPES:
        raise unreadable("Cannot convert the value of 'location.locationType' to the expected type.")
    if not name:
        return NOWHERE
    extra = {key: given[key] for key in ("address", "coordinates", "locationEmailAddress") if given.get(key)}
    kind = given.get("locationType", "default")
    return {"displayName": name, "locationType": kind, "uniqueId": name, "uniqueIdType": "private", **extra}


def locations(value: Any, name: str) -> list[Json]:
    if not isinstance(value, list):
        raise unreadable(f"Cannot read '{name}': a list is expected.")
    return [location(one) for one in value]


def joined(places: list[Json]) -> Json:
    """The one location that stands for several."""
    if len(places) < 2:
        return places[0] if places else NOWHERE
    return location({"displayName": "; ".join(place["displayName"] for place in places)})


def attendees(most: int) -> Reader:
    def read(value: Any, name: str) -> list[Json]:
        if not isinstance(value, list):
            raise unreadable(f"Cannot read '{name}': a list is expected.")
        if len(value) > most:
            raise failed(f"An event has at most {most} attendees.")
        return [_attendee(one) for one in value]

    return read


def known(value: Any, names: frozenset[str], what: str) -> Mapping[str, Any]:
    """A JSON object with these names only."""
    if not isinstance(value, Mapping):
        raise unreadable(f"Cannot read '{what}': an object is expected.")
    for name in value.keys() - names:
        raise unreadable(f"The property '{name}' does not exist on the type of '{what}'.")
    return value


def _attendee(value: Any) -> Json:
    given = known(value, words("@odata.type emailAddress proposedNewTime status type"), "attendees")
    address = known(given.get("emailAddress"), words("@odata.type address name"), "emailAddress")
    if "@" not in str(address.get("address", "")):
        raise failed("An attendee needs an e-mail address.")
    kind = choice("required optional resource")(given.get("type", "required"), "attendees.type")
    name = address.get("name") or address["address"]
    return {
        "type": kind,
        "status": {"response": "none", "time": "0001-01-01T00:00:00Z"},
        "emailAddress": {"name": name, "address": address["address"]},
    }
