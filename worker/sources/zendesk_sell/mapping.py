"""Sell's fields and ours: all that knows how Sell names what a visit holds.

Reading is tolerant: a field that is unknown, missing or malformed is left out. Only id and ``visited_at`` are needed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from worker.core.errors import Invalid
from worker.core.records import VISIT, Record
from worker.core.visits import VisitStatus

ORIGIN = "zendesk_sell"
PREFIX = "sell:"
MINUTES = 30
"""How long a visit is shown, for Sell tells no end."""

YEARS = range(1900, 3000)
LARGEST = 2**63
LOCATIONS: Mapping[str, str] = {
    "verified": "Location verified",
    "resource_location_too_far": "Too far from the address",
    "location_unknown": "Location unknown",
    "location_services_disabled": "Location services were off",
}
"""What Sell found when it compared where the rep was with the address:
https://developer.zendesk.com/api-reference/sales-crm/resources/visits/"""

Row = Mapping[str, Any]
"""The ``data`` of one item; empty where there is none."""


def visit_record(row: Row, reps: Mapping[str, str], told_at: datetime) -> Record:
    """A sales visit, told at the aware instant ``told_at``; its team is who made it, where ``reps`` names a member.

    Raises Invalid that names ``id`` or ``visited_at`` where that cannot be read.
    """
    visit_id, visited_at = id_of(row), visited(row)
    if visit_id is None or visited_at is None:
        name = "id" if visit_id is None else "visited_at"
        which = "" if visit_id is None else f" {visit_id}"
        raise Invalid(f"Sell's visit{which} has no {name} that can be read", {name: "is missing or malformed"})
    member = reps.get(number(row, "creator_id"))
    content = {
        "id": local_id(visit_id),
        "origin": ORIGIN,
        "status": VisitStatus.COMPLETED.value,
        "start": visited_at.isoformat(),
        "duration_minutes": MINUTES,
        "team": [member] if member else [],
        "subject": _subject(row),
        "place": " ".join(_text(row, "resource_address").split()),
        "notes": _notes(row),
    }
    return Record(VISIT, local_id(visit_id), content, _moment(row.get("updated_at")), told_at)


def deleted_record(visit_id: int, told_at: datetime) -> Record:
    """A visit that is no more. It has no time of Sell's, so that whatever Sell tells of it later is newer."""
    return Record(VISIT, local_id(visit_id), {"id": local_id(visit_id)}, None, told_at, deleted=True)


def local_id(visit_id: int) -> str:
    """Our name for Sell's visit: ``sell:4711``."""
    return f"{PREFIX}{visit_id}"


def sell_id(local_id: str) -> int | None:
    """Sell's number of a visit of ours; None where it is no sales visit."""
    digits = local_id.removeprefix(PREFIX)
    return int(digits) if digits != local_id and digits.isascii() and digits.isdigit() else None


def id_of(row: Row) -> int | None:
    """Sell's number of the visit; None where it has none."""
    value = row.get("id")
    return value if isinstance(value, int) and value is not True and 0 < value < LARGEST else None


def visited(row: Row) -> datetime | None:
    """When the visit was, in UTC."""
    return _moment(row.get("visited_at"))


def number(row: Row, name: str) -> str:
    """The digits of an id; empty where there is none."""
    value = row.get(name)
    return str(value) if _is_whole(value) else ""


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _subject(row: Row) -> str:
    kind = " ".join(_text(row, "resource_type").split()).replace("_", " ").capitalize()
    return " ".join(filter(None, [kind or "Sales visit", number(row, "resource_id")]))


def _notes(row: Row) -> str:
    outcome = number(row, "outcome_id")
    lines = [f"Outcome {outcome}" if outcome else "", _text(row, "summary").strip(), _location(row)]
    return "\n\n".join(line for line in lines if line)


def _location(row: Row) -> str:
    status = _text(row, "rep_location_verification_status").strip()
    return LOCATIONS.get(status) or (f"Location: {status.replace('_', ' ')}" if status else "")


def _text(row: Row, name: str) -> str:
    """What no database stores (NUL, halves of characters) is left out."""
    value = row.get(name)
    return value.replace("\x00", "").encode("utf-8", "ignore").decode() if isinstance(value, str) else ""


def _moment(value: Any) -> datetime | None:
    """The instant in UTC of an ISO 8601 text; what names no offset is UTC."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip().upper())
        instant = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return instant if instant.year in YEARS else None
