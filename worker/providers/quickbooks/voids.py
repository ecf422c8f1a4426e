"""Voids invoices and payments: nothing is ever deleted in the books.

::

    void ── refused ── look ── void already, or gone ──> Done
                            ── another version ──> VersionConflict
                            ── a payment is applied ──> VersionConflict: once that is void, it can be done
"""

from collections.abc import Mapping, Sequence
from typing import Any

from worker.core.errors import Rejected, SyncError, VersionConflict
from worker.core.ports import Delete, Done, Failed, Outcome
from worker.providers.quickbooks import batches
from worker.providers.quickbooks.entities import INVOICE_, Entity
from worker.providers.quickbooks.errors import ObjectMissing
from worker.providers.quickbooks.line import Line
from worker.providers.quickbooks.mapping import is_voided, version
from worker.providers.quickbooks.verdicts import failed

STILL_PAID = "A payment is applied to this invoice in QuickBooks; it can be voided once the payment is."

Json = Mapping[str, Any]


def voided(line: Line, entity: Entity, operations: Sequence[Delete]) -> list[Outcome]:
    """One outcome each, in their order: invoices in batches, payments, which a batch does not void, one by one."""
    known = [_known(line, entity, operation) for operation in operations]
    bodies = [body for body in known if isinstance(body, Mapping)]
    came = iter(_results(line, entity, bodies))
    return [
        _outcome(line, entity, operation, next(came)) if isinstance(body, Mapping) else body
        for operation, body in zip(operations, known, strict=True)
    ]


def _known(line: Line, entity: Entity, operation: Delete) -> Json | Outcome:
    """What names the object and guards it; its outcome where there is nothing to do."""
    token = operation.version
    if token is None:
        try:
            found = line.read(entity.name, operation.remote_id).body
        except SyncError as error:
            return Done(operation.remote_id) if isinstance(error, ObjectMissing) else failed(error)
        if _is_done(entity, found):
            return Done(operation.remote_id, version(found))
        token = version(found)
    return {"Id": operation.remote_id, "SyncToken": token}


def _results(line: Line, entity: Entity, bodies: Sequence[Json]) -> list[batches.Result]:
    if entity is INVOICE_:
        return batches.sent(line, entity, [batches.void(entity, body) for body in bodies])
    return [_one(line, entity, body) for body in bodies]


def _one(line: Line, entity: Entity, body: Json) -> batches.Result:
    """https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/payment#void-a-payment"""
    try:
        found: Json = line.write(entity.name.lower(), {**body, "sparse": True}, operation="update", include="void").body
    except SyncError as error:
        return error
    return found


def _outcome(line: Line, entity: Entity, operation: Delete, result: batches.Result) -> Outcome:
    if not isinstance(result, SyncError):
        return Done(operation.remote_id, version(result))
    return (
        _looked(line, entity, operation, result) if isinstance(result, Rejected | VersionConflict) else Failed(result)
    )


def _looked(line: Line, entity: Entity, operation: Delete, refusal: SyncError) -> Outcome:
    """What a refusal was for, by the object as it is now."""
    try:
        body = line.read(entity.name, operation.remote_id).body
    except ObjectMissing:
        return Done(operation.remote_id)
    except SyncError as error:
        return Failed(error)
    if _is_done(entity, body):
        return Done(operation.remote_id, version(body))
    if isinstance(refusal, Rejected) and entity is INVOICE_ and body.get("LinkedTxn"):
        return Failed(VersionConflict(STILL_PAID))
    return failed(refusal)


def _is_done(entity: Entity, body: Json) -> bool:
    return is_voided(entity, body) or str(body.get("status") or "").lower() == "deleted"
