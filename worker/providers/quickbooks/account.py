"""QuickBooks Online as a Provider."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from worker.core.books import TaxRegime
from worker.core.ports import Grant, Operation, Outcome, Page, Stream
from worker.http.limits import Limits
from worker.http.slots import Slots
from worker.providers.quickbooks.entities import STREAMS, TAXES, entity_of
from worker.providers.quickbooks.errors import ObjectMissing
from worker.providers.quickbooks.line import Line
from worker.providers.quickbooks.reading import Reading
from worker.providers.quickbooks.service import QuickBooksSettings
from worker.providers.quickbooks.tax_reading import read_regime, read_taxes
from worker.providers.quickbooks.writing import Writing


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class QuickBooksOnline:
    """One company's books; see ``worker.core.ports.Provider``. Safe to share between threads; ``close`` it.

    ``limits`` and ``slots`` are shared by all workers. ``now`` is asked how old a cursor is.
    """

    def __init__(
        self,
        settings: QuickBooksSettings,
        grant: Grant,
        limits: Limits,
        slots: Slots,
        account_id: str,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._line = Line(settings, grant, limits, slots, account_id)
        self._now = now
        self._reading = Reading(self._line, now, self._tax_regime)
        self._writing = Writing(self._line, account_id, now)
        self._regime: TaxRegime | None = None
        self._lock = threading.Lock()

    def streams(self) -> Sequence[Stream]:
        return STREAMS

    def changes(self, stream: Stream, cursor: str | None) -> Iterator[Page]:
        """A cursor that change data capture does not reach, or more changes than it tells, count as CursorExpired."""
        if stream.name == TAXES.name:
            yield self._taxes(cursor)
        elif cursor is None:
            yield from self._reading.everything(entity_of(stream))
        else:
            yield from self._reading.since(entity_of(stream), cursor)

    def is_gone(self, stream: Stream, remote_id: str) -> bool:
        """Asked by name: a listing may be empty because QuickBooks failed. Tax codes are never deleted, nor written."""
        if stream.name == TAXES.name:
            return True
        try:
            found = self._line.read(entity_of(stream).name, remote_id).body
        except ObjectMissing:
            return True
        return str(found.get("status") or "").lower() == "deleted"

    def apply(self, stream: Stream, operations: Sequence[Operation]) -> Sequence[Outcome]:
        assert stream.name != TAXES.name, "taxes are never written"
        entity = entity_of(stream)
        self._reading.forget(entity)
        return self._writing.applied(entity, operations)

    def close(self) -> None:
        """Closes idle connections."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _taxes(self, cursor: str | None) -> Page:
        page, regime = read_taxes(self._line, cursor, self._now)
        with self._lock:
            self._regime = regime
        return page

    def _tax_regime(self) -> str:
        """As the stream of taxes told it; asked for where that was not read."""
        with self._lock:
            if self._regime is None:
                self._regime = read_regime(self._line)
            return self._regime.regime
