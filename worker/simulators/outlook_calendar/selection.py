"""`$select`: which properties of an answer are told."""

from __future__ import annotations

from typing import Any

from worker.simulators.outlook_calendar.refusal import Refusal
from worker.simulators.outlook_calendar.rules import READ_ONLY, READERS

ALWAYS = {"@odata.context", "@odata.etag", "id", "singleValueExtendedProperties"}


def selected(told: dict[str, Any], select: str | None) -> dict[str, Any]:
    """The properties that `$select` names, and those that always come; 400 for a name that events do not have."""
    if select is None:
        return told
    names = {name.strip() for name in select.split(",")}
    for name in sorted(names - READERS.keys() - READ_ONLY):
        raise Refusal(400, "BadRequest", f"Could not find a property named '{name}' on type 'microsoft.graph.event'.")
    return {name: value for name, value in told.items() if name in names | ALWAYS}
