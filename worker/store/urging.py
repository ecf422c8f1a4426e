"""Urging: what makes the books due at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from worker.core.jobs import Trigger
from worker.core.records import INVOICE, VISIT, Record
from worker.core.visits import VisitStatus
from worker.store.connections import poke
from worker.store.engine import chunks
from worker.store.ledger import Place
from worker.store.tables import connections, record_needs

SETTING = "invoice_on_completed_visit"


def urge(transaction: Connection, changed: Mapping[Place, Record], integrations: Sequence[str], now: datetime) -> None:
    """Have ``integrations`` look now where a visit with an invoice was completed, unless a connection's settings say
    that it does not wait for that."""
    completed = [place for place, record in changed.items() if _is_completed(place, record)]
    if not completed or not integrations:
        return
    for account_id in _with_invoice(transaction, completed):
        wanting = [name for name in integrations if _wants(transaction, account_id, name)]
        if wanting:
            poke(transaction, [account_id], wanting, now, Trigger.EVENT)


def _is_completed(place: Place, record: Record) -> bool:
    return place[1] == VISIT and record.content.get("status") == VisitStatus.COMPLETED and not record.deleted


def _with_invoice(transaction: Connection, visits: Sequence[Place]) -> list[str]:
    found: set[str] = set()
    needs = record_needs.c
    for account_id in sorted({place[0] for place in visits}):
        for some in chunks([place[2] for place in visits if place[0] == account_id]):
            its = (needs.account_id == account_id, needs.needed_kind == VISIT, needs.needed_id.in_(some))
            if transaction.execute(select(needs.local_id).where(*its, needs.kind == INVOICE).limit(1)).first():
                found.add(account_id)
    return sorted(found)


def _wants(transaction: Connection, account_id: str, integration: str) -> bool:
    its = (connections.c.account_id == account_id, connections.c.integration == integration, connections.c.connected)
    row = transaction.execute(select(connections.c.settings).where(*its)).first()
    return row is not None and row.settings.get(SETTING, True) is not False
