"""What came in on the invoices of visits."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, and_, exists, select

from worker.core.records import INVOICE, JOB, PAYMENT, VISIT
from worker.store.engine import AnyRow, chunks
from worker.store.tables import record_needs, records


def of_visits(connection: Connection, account_id: str, visit_ids: Collection[str]) -> dict[str, Decimal]:
    """As ``Records.paid_for`` says."""
    paid: dict[str, Decimal] = {}
    for some in chunks(sorted(set(visit_ids))):
        for statement in (_billed(account_id, some), _billed_by_job(account_id, some)):
            for visit_id, amount in _amounts(connection.execute(statement)):
                paid[visit_id] = paid.get(visit_id, Decimal(0)) + amount
    return paid


def _amounts(rows: Iterable[AnyRow]) -> Iterator[tuple[str, Decimal]]:
    """What each invoice brought in, with its visit, where anything is said of that; each has a row at least."""
    of_invoice = sorted(rows, key=lambda row: (row.visit_id, row.local_id))
    for (visit_id, _), some in groupby(of_invoice, key=lambda row: (row.visit_id, row.local_id)):
        its = list(some)
        payments = [row.payment for row in its if row.payment is not None]
        stated = its[0].invoice.get("paid")
        if payments:
            yield visit_id, sum((Decimal(payment.get("amount") or "0") for payment in payments), Decimal(0))
        elif stated is not None:
            yield visit_id, Decimal(stated)


def _billed(account_id: str, visit_ids: Sequence[str]) -> Any:
    """The live invoices that name these visits, each with its live payments."""
    billed = record_needs.alias("billed")
    its = (billed.c.account_id == account_id, billed.c.kind == INVOICE, billed.c.needed_kind == VISIT)
    return _with_payments(account_id, billed, billed.c.needed_id).where(*its, billed.c.needed_id.in_(visit_ids))


def _billed_by_job(account_id: str, visit_ids: Sequence[str]) -> Any:
    """The same for those that name the job alone, where these visits are the only ones of theirs."""
    billed, planned, other = (record_needs.alias(name) for name in ("billed", "planned", "other"))
    its_visit = (planned.c.account_id == account_id, planned.c.kind == VISIT, planned.c.needed_kind == JOB)
    another = exists().where(
        other.c.account_id == account_id,
        other.c.kind == VISIT,
        other.c.needed_kind == JOB,
        other.c.needed_id == planned.c.needed_id,
        other.c.local_id != planned.c.local_id,
    )
    same_job = and_(
        billed.c.account_id == account_id,
        billed.c.kind == INVOICE,
        billed.c.needed_kind == JOB,
        billed.c.needed_id == planned.c.needed_id,
    )
    invoices = _with_payments(account_id, billed, planned.c.local_id).join(planned, same_job)
    return invoices.where(*its_visit, planned.c.local_id.in_(visit_ids), ~another)


def _with_payments(account_id: str, billed: Any, visit_id: Any) -> Any:
    """A row for each payment of the invoices in ``billed``, and one for an invoice without any."""
    paid, invoice, payment = record_needs.alias("paid"), records.alias("invoice"), records.alias("payment")
    for_it = and_(
        paid.c.account_id == account_id,
        paid.c.needed_kind == INVOICE,
        paid.c.needed_id == billed.c.local_id,
        paid.c.kind == PAYMENT,
    )
    columns = (visit_id.label("visit_id"), billed.c.local_id, invoice.c.content.label("invoice"))
    return (
        select(*columns, payment.c.content.label("payment"))
        .select_from(billed)
        .join(invoice, _is(invoice, account_id, INVOICE, billed.c.local_id))
        .outerjoin(paid, for_it)
        .outerjoin(payment, _is(payment, account_id, PAYMENT, paid.c.local_id))
    )


def _is(table: Any, account_id: str, kind: str, local_id: Any) -> Any:
    its = and_(table.c.account_id == account_id, table.c.kind == kind, table.c.local_id == local_id)
    return and_(its, ~table.c.deleted)
