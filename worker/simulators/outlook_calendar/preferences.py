"""The `Prefer` header: https://learn.microsoft.com/graph/api/resources/event, https://learn.microsoft.com/graph/outlook-immutable-id."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from worker.simulators.outlook_calendar.refusal import Refusal
from worker.simulators.outlook_calendar.times import zone

ONE = re.compile(r'\s*([A-Za-z.-]+)\s*(?:=\s*(?:"([^"]*)"|([^,;]*)))?\s*')


@dataclass(frozen=True)
class Preferences:
    """How the caller wants it; `applied` are the preferences that were understood, as the answer repeats them."""

    zone: str = "UTC"
    immutable: bool = False
    page_size: int | None = None
    text_bodies: bool = False
    applied: tuple[str, ...] = ()


def preferences(header: str) -> Preferences:
    """400 for a zone or a page size that is none; what is not known is ignored."""
    preferred = Preferences()
    for found in ONE.finditer(header):
        name, value = found[1].lower(), (found[2] if found[2] is not None else found[3] or "").strip()
        known = _applied(preferred, name, value)
        if known is not None:
            preferred = replace(known, applied=(*preferred.applied, found[0].strip()))
    return preferred


def _applied(preferred: Preferences, name: str, value: str) -> Preferences | None:
    if name == "outlook.timezone":
        zone(value)
        return replace(preferred, zone=value)
    if name == "idtype" and value == "ImmutableId":
        return replace(preferred, immutable=True)
    if name == "odata.maxpagesize":
        if not value.isdigit() or int(value) < 1:
            raise Refusal(400, "BadRequest", "The value of odata.maxpagesize must be a positive number.")
        return replace(preferred, page_size=int(value))
    if name == "outlook.body-content-type" and value in ("text", "html"):
        return replace(preferred, text_bodies=value == "text")
    return None
