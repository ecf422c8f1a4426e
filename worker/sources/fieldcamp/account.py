"""FieldCamp as a source: one workspace, read and written with its key."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from worker.core.edits import AmendPayment, Edit, Edited, RecordPayment, TakeBackPayment
from worker.core.errors import ConnectionRevoked, RateLimited, SyncError
from worker.core.ports import EditOutcome, Failed, Grant, SourcePage, Window
from worker.core.records import Record
from worker.http.limits import Limits
from worker.sources.fieldcamp.calls import Calls, Rate
from worker.sources.fieldcamp.lookups import LookUps
from worker.sources.fieldcamp.moves import Moves
from worker.sources.fieldcamp.payments import Payments
from worker.sources.fieldcamp.readable import reader
from worker.sources.fieldcamp.reading import Reading


class FieldCamp:
    """One account's FieldCamp; implements ``core.ports.Source`` for the eight kinds of its manifest.

    ``base_url`` may carry a path. ``grant`` holds ``{"api_key": "fc_live_…"}``; ``window`` is the stretch of time that
    a full reading of visits covers; ``now`` gives aware instants. ``rate`` is what the key is let through, ``backoff``
    the first wait in seconds of a read that is tried again. Safe to share between threads; whoever makes it closes it.
    """

    def __init__(  # noqa: PLR0917 - what every source is made of, in the order of the wiring
        self,
        base_url: str,
        grant: Grant,
        limits: Limits,
        account_id: str,
        now: Callable[[], datetime],
        window: Window,
        *,
        rate: Rate | None = None,
        backoff: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        read = reader(account_id)
        self._calls = Calls(base_url, grant, limits, now, rate=rate or Rate(), backoff=backoff, sleep=sleep)
        self._look_ups = LookUps(self._calls, read)
        self._reading = Reading(self._calls, read, self._look_ups, account_id, window)
        self._moves = Moves(self._calls, read, self._look_ups)
        self._payments = Payments(self._calls, read, self._look_ups)

    def close(self) -> None:
        self._calls.close()

    def changes(self, kind: str, cursor: str | None) -> Iterator[SourcePage]:
        """Records of ``kind`` told since ``cursor``, page by page as they are asked for; everything if it is None.

        A full reading of visits covers the window and says so on its last page; of the other kinds it is everything.
        Later ones ask with ``since``. Where FieldCamp does not offer that, the visits of the whole window and all that
        is money are read again, and jobs and clients are left to events and to the next full reading. Members are
        always read whole. A record that cannot be read is left out, and then the listing claims no completeness; an
        invoice is read with all its lines or not at all. Raises as the port says.
        """
        return self._reading.changes(kind, cursor)

    def look_up(self, kind: str, local_ids: Sequence[str]) -> Sequence[Record]:
        """These records as they are now.

        A visit, invoice or payment that FieldCamp no longer has comes back as deleted; any other record that it does
        not have is left out, as is what cannot be read. Up to five others are asked for one by one, more are found in
        their list. Raises as ``changes`` does.
        """
        return self._look_ups.find(kind, local_ids)

    def apply(self, edits: Sequence[Edit]) -> Sequence[EditOutcome]:
        """Carry out the edits; one outcome each, in their order, with the record as FieldCamp then shows it.

        Failed holds Rejected (``CREW_BOOKED`` where the team is booked, ``PAYMENT_REFUSED``, ``PAYMENT_NOT_AMENDED``,
        ``PAYMENT_NOT_TAKEN_BACK``, else ``SOURCE_REFUSED``), RateLimited, Transient, or Uncertain: the same edit may be
        sent again, and is carried out once. Raises ConnectionRevoked; what was carried out before it is harmless to
        send again.
        """
        outcomes: list[EditOutcome] = []
        stop: Failed | None = None
        for edit in edits:
            outcome = stop or self._applied(edit)
            outcomes.append(outcome)
            if isinstance(outcome, Failed) and isinstance(outcome.error, RateLimited):
                stop = outcome
        return outcomes

    def _applied(self, edit: Edit) -> EditOutcome:
        try:
            return Edited(self._written(edit))
        except ConnectionRevoked:
            raise
        except SyncError as error:
            return Failed(error)

    def _written(self, edit: Edit) -> Record:
        match edit:
            case RecordPayment():
                return self._payments.record(edit)
            case AmendPayment():
                return self._payments.amend(edit)
            case TakeBackPayment():
                return self._payments.take_back(edit)
            case _:
                return self._moves.move(edit)
