"""Our name on an event, so that the same visit never becomes two events."""

import hashlib
from collections.abc import Mapping
from typing import Any

from worker.core.ports import Key

_SET = "{6f1c0a52-3f0e-4c53-9a4e-5d2b8c7e91d4}"
PROPERTY = f"String {_SET} Name VisitSyncKey"
ACCOUNT_PROPERTY = f"String {_SET} Name VisitSyncAccount"
"""Extended properties on each of our events, by which they can be searched. Two names for ever, because each new one
uses up a number in the mailbox that is never given back."""

_MARK = "visit-sync"


def transaction_id(account_id: str, calendar: str, key: Key) -> str:
    """The ``transactionId`` of this key's event on this calendar: ``visit-sync.<32 hex digits>.<key>``.

    It is set when an event is created, never changes, and no copy that a person makes has it.
    https://learn.microsoft.com/graph/api/resources/event
    """
    text = "\n".join((account_id, calendar.strip().lower(), str(key)))
    return f"{_MARK}.{hashlib.sha256(text.encode()).hexdigest()[:32]}.{key}"


def key_of(account_id: str, calendar: str, event: Mapping[str, Any]) -> Key | None:
    """The key of an event of ours, None for anybody else's; a copy of ours has our properties, but no transaction."""
    mark, _, rest = str(event.get("transactionId") or "").partition(".")
    key = Key.parse(rest.partition(".")[2]) if mark == _MARK else None
    if key is None or event.get("transactionId") != transaction_id(account_id, calendar, key):
        return None
    return key


def says_whose(item: Mapping[str, Any]) -> bool:
    """Whether an item of a listing tells if it can be ours: by its transaction, or because ours are never in a series
    and nobody else's invitation."""
    foreign = item.get("type", "singleInstance") != "singleInstance" or item.get("isOrganizer") is False
    return foreign or "transactionId" in item


def properties(account_id: str, key: Key) -> list[dict[str, str]]:
    """What goes on a new event."""
    return [{"id": PROPERTY, "value": str(key)}, {"id": ACCOUNT_PROPERTY, "value": account_id}]


def having(name: str, value: str) -> str:
    """The OData filter for the events on which a property has a value (whatever the case of its letters).

    https://learn.microsoft.com/graph/api/singlevaluelegacyextendedproperty-get
    """
    quoted = value.replace("'", "''")
    return f"singleValueExtendedProperties/Any(ep: ep/id eq '{name}' and ep/value eq '{quoted}')"
