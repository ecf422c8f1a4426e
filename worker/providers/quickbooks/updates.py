"""Changes what is there: the groups that differ, thirty objects in a request, each guarded by its version."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from worker.core.books import Customer, Invoice, Item, Payment
from worker.core.errors import Gone, SyncError
from worker.core.ports import Done, Failed, Outcome, Update
from worker.providers.quickbooks import batches
from worker.providers.quickbooks.entities import Entity
from worker.providers.quickbooks.errors import ObjectMissing
from worker.providers.quickbooks.line import Line
from worker.providers.quickbooks.lists import Lists, Wish
from worker.providers.quickbooks.mapping import Posted, changed_fields, guarded, version
from worker.providers.quickbooks.naming import Named
from worker.providers.quickbooks.verdicts import done, failed

DELETED = "Somebody deleted this in QuickBooks."


def updated(line: Line, entity: Entity, operations: Sequence[Update]) -> list[Outcome]:
    """One outcome each, in their order. Where nothing differs, nothing is sent."""
    known = [_known(line, entity, operation) for operation in operations]
    open_ = [operation for operation in known if isinstance(operation, Update)]
    came = iter(_changed(line, entity, open_))
    return [next(came) if isinstance(one, Update) else one for one in known]


def _known(line: Line, entity: Entity, operation: Update) -> Update | Outcome:
    """The operation with a version to guard it; its outcome where there is nothing to send, or nothing to change."""
    if not changed_fields(_posted(operation.document), _before(operation)):
        return Done(operation.remote_id, operation.version)
    if operation.version is not None:
        return operation
    try:
        return replace(operation, version=version(line.read(entity.name, operation.remote_id).body))
    except SyncError as error:
        return Failed(Gone(DELETED)) if isinstance(error, ObjectMissing) else Failed(error)


def _changed(line: Line, entity: Entity, operations: Sequence[Update]) -> list[Outcome]:
    outcomes = _renamed(line, entity, operations) if entity.label else _rewritten(line, entity, operations)
    return [_explained(line, entity, one, outcome) for one, outcome in zip(operations, outcomes, strict=True)]


def _renamed(line: Line, entity: Entity, operations: Sequence[Update]) -> list[Outcome]:
    """Customers and items: a name that is taken is not the end."""
    wishes = []
    for operation in operations:
        named = operation.document
        assert isinstance(named, Customer | Item)
        part: Callable[[Named], Mapping[str, Any]] = partial(_part, entity, operation)
        wishes.append(Wish(named, named, part, own_id=operation.remote_id))
    return Lists(line, entity).granted(wishes)


def _rewritten(line: Line, entity: Entity, operations: Sequence[Update]) -> list[Outcome]:
    parts = [_part(entity, operation, _posted(operation.document)) for operation in operations]
    results = batches.sent(line, entity, parts)
    return [
        failed(result) if isinstance(result, SyncError) else done(entity, _posted(operation.document), result)
        for operation, result in zip(operations, results, strict=True)
    ]


def _part(entity: Entity, operation: Update, posted: Posted) -> Mapping[str, Any]:
    fields = changed_fields(posted, _before(operation))
    return batches.update(entity, guarded(operation.remote_id, operation.version, fields))


def _explained(line: Line, entity: Entity, operation: Update, outcome: Outcome) -> Outcome:
    """Intuit has one code for an object that is gone and for one that names something inactive: a look tells."""
    if not (isinstance(outcome, Failed) and outcome.error.code == ObjectMissing.code):
        return outcome
    try:
        body = line.read(entity.name, operation.remote_id).body
    except ObjectMissing:
        return Failed(Gone(DELETED))
    except SyncError as error:
        return Failed(error)
    return Failed(Gone(DELETED)) if str(body.get("status") or "").lower() == "deleted" else outcome


def _before(operation: Update) -> Posted | None:
    return None if operation.before is None else _posted(operation.before)


def _posted(document: object) -> Posted:
    assert isinstance(document, Customer | Item | Invoice | Payment)
    return document
