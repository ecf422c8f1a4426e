"""Creates invoices and payments, one by one: a lost answer must never make money twice.

Each is sent under a ``requestid``, which QuickBooks carries out once, and bears our key. What is in doubt is looked up
by that key before anything is sent, because nobody says how long a ``requestid`` is remembered.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from typing import Any

from worker.core.books import Invoice, Payment
from worker.core.errors import ConnectionRevoked, Gone, RateLimited, Rejected, SyncError
from worker.core.ports import Create, Failed, Outcome
from worker.providers.quickbooks.entities import Entity
from worker.providers.quickbooks.keys import key_of, request_id
from worker.providers.quickbooks.line import Line
from worker.providers.quickbooks.mapping import is_voided, new_body
from worker.providers.quickbooks.queries import PAGE, quoted, rows_of, select
from worker.providers.quickbooks.verdicts import done, failed, found

SIDE_BY_SIDE = 8
"""Of the ten requests that a company takes at once: https://developer.intuit.com/app/developer/qbo/docs/learn/rest-api-features"""

WITHDRAWN = "Somebody voided this in QuickBooks."

Json = Mapping[str, Any]


class Postings:
    """New invoices, or new payments, of one company, for the length of one ``apply``."""

    def __init__(self, line: Line, entity: Entity, account_id: str, now: Callable[[], datetime]) -> None:
        self._line = line
        self._entity = entity
        self._account_id = account_id
        self._now = now
        self._stopped: SyncError | None = None
        self._lock = threading.Lock()

    def created(self, operations: Sequence[Create]) -> list[Outcome]:
        """One outcome each, in their order. What would stop all of them is met once: the rest is not sent."""
        if len(operations) < 2:
            return [self._outcome(one) for one in operations]
        with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(operations))) as pool:
            under_way = [pool.submit(copy_context().run, self._outcome, one) for one in operations]
            return [one.result() for one in under_way]

    def _outcome(self, operation: Create) -> Outcome:
        with self._lock:
            stopped = self._stopped
        if stopped is not None:
            return Failed(stopped)
        try:
            return self._created(operation)
        except SyncError as error:
            if isinstance(error, RateLimited | ConnectionRevoked):
                with self._lock:
                    self._stopped = error
            return failed(error)

    def _created(self, operation: Create) -> Outcome:
        posted = operation.document
        assert isinstance(posted, Invoice | Payment)
        there = self._found(operation, posted) if operation.uncertain else None
        if there is None:
            return done(self._entity, posted, self._sent(operation, posted))
        return Failed(Gone(WITHDRAWN)) if is_voided(self._entity, there) else found(self._entity, posted, there)

    def _sent(self, operation: Create, posted: Invoice | Payment) -> Json:
        """The new object. A refusal may be an old one that is told again: whether it still holds is asked once more,
        under an id that was never used. Nothing was made under the first one."""
        try:
            return self._write(operation, posted, "")
        except Rejected:
            return self._write(operation, posted, self._now().isoformat())

    def _write(self, operation: Create, posted: Invoice | Payment, attempt: str) -> Json:
        named = request_id(self._account_id, self._entity.name, operation.key, posted.fingerprint(), attempt)
        body = new_body(self._entity, operation.key, posted)
        made: Json = self._line.write(self._entity.name.lower(), body, request_id=named).body
        return made

    def _found(self, operation: Create, posted: Invoice | Payment) -> Json | None:
        """The object with our key, among those of its number and then of its customer; PrivateNote cannot be asked
        for."""
        for where in _places(posted):
            for row in self._rows(where):
                if key_of(row.get("PrivateNote")) == operation.key:
                    return row
        return None

    def _rows(self, where: str) -> Iterator[Json]:
        """The newest first, for what is in doubt is hardly old; what is made meanwhile only comes twice."""
        position = 1
        while True:
            query = select(self._entity.name, where, order="MetaData.CreateTime DESC", position=position)
            rows = rows_of(self._entity.name, self._line.query(query).body)
            yield from rows
            if len(rows) < PAGE:
                return
            position += PAGE


def _places(posted: Invoice | Payment) -> list[str]:
    numbered = [f"DocNumber = {quoted(posted.number)}"] if isinstance(posted, Invoice) and posted.number else []
    return [*numbered, f"CustomerRef = {quoted(posted.customer)}"]
