"""Single-value extended properties: https://learn.microsoft.com/graph/api/resources/singlevaluelegacyextendedproperty."""

from __future__ import annotations

import re
from collections.abc import Mapping

from worker.simulators.outlook_calendar.refusal import Refusal, bad_query, failed, unreadable

Properties = Mapping[str, str]

GUID = r"\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}"
KINDS = r"(?:String|Integer|Boolean|Double|Long|SystemTime|Binary|CLSID)"
ID = re.compile(rf"{KINDS} (?:{GUID} (?:Name \S.*|Id 0x[0-9A-Fa-f]+)|0x[0-9A-Fa-f]+)")
TEXT = r"'((?:[^']|'')*)'"
ONE = rf"id eq {TEXT}"
EXPAND = re.compile(rf"singleValueExtendedProperties\(\$filter=({ONE}(?: or {ONE})*)\)")
FILTER = re.compile(
    rf"singleValueExtendedProperties/[Aa]ny\((\w+): ?\1/id eq {TEXT} and \1/value eq {TEXT}\)",
)


def accepted(value: object) -> dict[str, str]:
    """The properties of a body by their ids, or 400."""
    if not isinstance(value, list):
        raise unreadable("Cannot read singleValueExtendedProperties: a list is expected.")
    kept: dict[str, str] = {}
    for one in value:
        if not isinstance(one, Mapping) or not one.keys() <= {"id", "value", "@odata.type"}:
            raise unreadable("Cannot read singleValueExtendedProperties: objects of id and value are expected.")
        if not isinstance(one.get("value"), str):
            raise failed("The value of an extended property must be a text.")
        kept[checked_id(one.get("id"))] = one["value"]
    return kept


def checked_id(value: object) -> str:
    """`String {guid} Name name`, or one of its like; the GUID in lower case, the name as it is."""
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise Refusal(400, "ErrorInvalidProperty", f"The extended property id '{value}' is not valid.")
    return re.sub(GUID, lambda found: found[0].lower(), value)


def expanded(text: str | None) -> frozenset[str]:
    """The ids that an `$expand` asks for; 400 for anything but this one navigation with a filter on ids."""
    if text is None:
        return frozenset()
    found = EXPAND.fullmatch(text)
    if found is None:
        raise bad_query("Only $expand=singleValueExtendedProperties($filter=id eq '…') is understood here.")
    return frozenset(checked_id(_unquoted(one)) for one in re.findall(ONE, found[1]))


def wanted(text: str | None) -> tuple[str, str] | None:
    """Id and value that a `$filter` asks for; 400 for another filter."""
    if text is None:
        return None
    found = FILTER.fullmatch(text)
    if found is None:
        raise Refusal(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
    return checked_id(_unquoted(found[2])), _unquoted(found[3])


def has(properties: Properties, sought: tuple[str, str] | None) -> bool:
    """Whether the property is there with this value, whatever the case of the value."""
    if sought is None:
        return True
    name, value = sought
    return name in properties and properties[name].lower() == value.lower()


def told(properties: Properties, ids: frozenset[str]) -> list[dict[str, str]]:
    return [{"id": name, "value": value} for name, value in properties.items() if name in ids]


def _unquoted(text: str) -> str:
    return text.replace("''", "'")
