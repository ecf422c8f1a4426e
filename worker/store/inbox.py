"""The inbox: events as they came in, each once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Text, and_, func, insert, literal, or_, select, type_coerce

from worker.core.connections import Connection as Connected
from worker.core.connections import InboxEvent
from worker.core.errors import Invalid
from worker.core.explanation import News
from worker.core.jobs import Trigger
from worker.core.records import INVOICE, Record
from worker.store import ledger, numbers
from worker.store.columns import to_text
from worker.store.connections import poke
from worker.store.engine import AnyRow, Database, chunks
from worker.store.tables import events as inbox
from worker.store.urging import urge


class Inbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    def take(
        self,
        events: Sequence[InboxEvent],
        due: datetime,
        now: datetime,
        readers: Mapping[str, Sequence[str]] | None = None,
    ) -> list[bool]:
        """Store events of any accounts (up to about 200) in one transaction; True for each that had come before.

        What new ones tell of records is received with them, and where that changed anything the account's connections
        are to be looked at by ``due``: those that ``readers`` names for the kind of the record (None: all but
        ``fieldcamp``). The completion of a visit that has an invoice makes the books due ``now``. Raises Invalid for
        an unknown account: nothing is stored."""
        if not events:
            return []
        with self._database.writing() as connection:
            counters = numbers.hold(connection, {event.account_id for event in events})
            _refuse_unknown(events, counters)
            before = _known(connection, events)
            duplicates = [_is_duplicate(event, before) for event in events]
            new = [event for event, duplicate in zip(events, duplicates, strict=True) if not duplicate]
            telling = [event for event in new if event.record is not None]
            told = [(event.account_id, event.record) for event in telling]
            results, changed = ledger.receive(self._database, connection, counters, told)
            became = dict(zip(map(_name, telling), results, strict=True))
            rows = [_row(event, became.get(_name(event), ledger.IGNORED), changed, now) for event in new]
            if rows:
                connection.execute(insert(inbox), rows)
            for integrations, account_ids in _to_be_looked_at(changed, readers):
                poke(connection, account_ids, integrations, due, Trigger.EVENT)
            if readers is not None:
                urge(connection, changed, readers.get(INVOICE, ()), now)
        return duplicates

    def pending(
        self, connection: Connected, planned: Mapping[str, int], dealt_with: Mapping[str, str], at_most: int = 10_000
    ) -> int:
        """How many events changed something that the connection has not planned yet, counted up to ``at_most``.

        ``planned`` is how far each kind was planned, ``dealt_with`` by the planning of which kind the events of a kind
        are dealt with."""
        newer = [
            and_(inbox.c.type.startswith(f"{kind}."), inbox.c.number > planned.get(by, 0))
            for kind, by in dealt_with.items()
        ]
        least = min((planned.get(by, 0) for by in dealt_with.values()), default=0)
        unplanned = (inbox.c.account_id == connection.account_id, inbox.c.number > least, or_(*newer))
        some = select(literal(1)).where(*unplanned).limit(at_most).subquery()
        with self._database.reading() as reader:
            return reader.execute(select(func.count()).select_from(some)).scalar_one()

    def about(self, account_id: str, visit_id: str, after: int = 0, limit: int = 50) -> list[News]:
        """The newest events about a visit that changed it, with a number above ``after``."""
        words = to_text({"id": visit_id})[1:-1]  # as the column writes it
        its = (inbox.c.account_id == account_id, inbox.c.number > after, inbox.c.type.startswith("visit."))
        found = select(inbox).where(*its, type_coerce(inbox.c.body, Text).contains(words, autoescape=True))
        with self._database.reading() as reader:
            rows = reader.execute(found.order_by(inbox.c.number.desc()))
            return [_news(row) for row in islice((row for row in rows if _subject(row.body) == visit_id), limit)]


def _subject(body: Any) -> Any:
    """The id of what an event is about (contract §4.5)."""
    data = body.get("data")
    told = data.get("object") if isinstance(data, dict) else None
    return told.get("id") if isinstance(told, dict) else None


def _news(row: AnyRow) -> News:
    return News(row.event_id, row.type, row.created_at, row.received_at, row.number)


def _to_be_looked_at(
    changed: Mapping[ledger.Place, Record], readers: Mapping[str, Sequence[str]] | None
) -> list[tuple[Sequence[str] | None, set[str]]]:
    """Which integrations of which accounts the changed records are news to; accounts that share them go together."""
    if readers is None:
        return [(None, {account_id for account_id, _, _ in changed})] if changed else []
    of_account: dict[str, set[str]] = {}
    for account_id, kind, _ in changed:
        of_account.setdefault(account_id, set()).update(readers.get(kind, ()))
    together: dict[tuple[str, ...], set[str]] = {}
    for account_id, integrations in of_account.items():
        together.setdefault(tuple(sorted(integrations)), set()).add(account_id)
    return [(integrations, account_ids) for integrations, account_ids in together.items() if integrations]


def _refuse_unknown(events: Sequence[InboxEvent], counters: dict[str, int]) -> None:
    for event in events:
        if event.account_id not in counters:
            raise Invalid(f"There is no account {event.account_id}.", {"account_id": "unknown"})


def _known(connection: Connection, events: Sequence[InboxEvent]) -> set[tuple[str, str]]:
    """The events that came before. The accounts are held, so that nobody adds one of theirs meanwhile."""
    accounts = sorted({event.account_id for event in events})
    found: set[tuple[str, str]] = set()
    for some in chunks(sorted({event.event_id for event in events}), 250):
        statement = select(inbox.c.account_id, inbox.c.event_id)
        rows = connection.execute(statement.where(inbox.c.account_id.in_(accounts), inbox.c.event_id.in_(some)))
        found.update((row.account_id, row.event_id) for row in rows)
    return found


def _is_duplicate(event: InboxEvent, before: set[tuple[str, str]]) -> bool:
    """Whether it came before; from now on it has."""
    known = _name(event) in before
    before.add(_name(event))
    return known


def _name(event: InboxEvent) -> tuple[str, str]:
    return (event.account_id, event.event_id)


def _row(event: InboxEvent, result: str, changed: Mapping[ledger.Place, Record], now: datetime) -> dict[str, Any]:
    """``number`` is that of the record which the event changed: whoever planned so far has dealt with the event."""
    record = event.record if result == ledger.APPLIED else None
    return {
        "account_id": event.account_id,
        "event_id": event.event_id,
        "type": event.type,
        "body": event.body,
        "created_at": event.created_at,
        "received_at": now,
        "result": result,
        "number": record and changed[event.account_id, record.kind, record.local_id].number,
    }
