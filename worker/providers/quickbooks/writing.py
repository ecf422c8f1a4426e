"""Carries out operations in the books: which way each takes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from worker.core.errors import ConnectionRevoked, RateLimited, SyncError
from worker.core.ports import Create, Delete, Failed, Operation, Outcome, Update
from worker.providers.quickbooks.entities import Entity
from worker.providers.quickbooks.line import Line
from worker.providers.quickbooks.lists import Lists
from worker.providers.quickbooks.postings import Postings
from worker.providers.quickbooks.updates import updated
from worker.providers.quickbooks.voids import voided

One = TypeVar("One", Create, Update, Delete)


class Writing:
    """Writings of one company. Safe to share between threads."""

    def __init__(self, line: Line, account_id: str, now: Callable[[], datetime]) -> None:
        self._line = line
        self._account_id = account_id
        self._now = now
        self._used: dict[str, set[str]] = {}

    def applied(self, entity: Entity, operations: Sequence[Operation]) -> list[Outcome]:
        """One outcome each, in their order. Raises what kept all of them from being carried out."""
        outcomes: dict[int, Outcome] = {}
        outcomes |= self._those(operations, Create, lambda found: self._created(entity, found))
        outcomes |= self._those(operations, Update, lambda found: updated(self._line, entity, found))
        outcomes |= self._those(operations, Delete, lambda found: self._voided(entity, found))
        ordered = [outcomes[place] for place in range(len(operations))]
        stopped = _stopped(ordered)
        if stopped is not None:
            raise stopped
        return ordered

    def _those(
        self, operations: Sequence[Operation], kind: type[One], carry_out: Callable[[Sequence[One]], list[Outcome]]
    ) -> dict[int, Outcome]:
        found = {place: one for place, one in enumerate(operations) if isinstance(one, kind)}
        return dict(zip(found, carry_out(list(found.values())), strict=True)) if found else {}

    def _created(self, entity: Entity, operations: Sequence[Create]) -> list[Outcome]:
        if entity.label:
            return Lists(self._line, entity, self._used.setdefault(entity.name, set())).created(operations)
        return Postings(self._line, entity, self._account_id, self._now).created(operations)

    def _voided(self, entity: Entity, operations: Sequence[Delete]) -> list[Outcome]:
        assert not entity.label, "customers and items are never taken away"
        return voided(self._line, entity, operations)


def _stopped(outcomes: Sequence[Outcome]) -> SyncError | None:
    """What nothing came of, because it was not ours to ask, or too much."""
    errors = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
    if not errors or len(errors) < len(outcomes):
        return None
    same = any(all(isinstance(error, kind) for error in errors) for kind in (ConnectionRevoked, RateLimited))
    return errors[0] if same else None
