"""Zendesk Sell as a source: one user's token, read and never written."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from worker.core.edits import Edit
from worker.core.errors import Rejected
from worker.core.ports import EditOutcome, Failed, Grant, SourcePage
from worker.core.records import VISIT, Record
from worker.http.limits import Limits
from worker.sources.zendesk_sell.calls import PER_SECOND, REFUSED, Calls
from worker.sources.zendesk_sell.preferences import SellPreferences
from worker.sources.zendesk_sell.reading import Reading


class ZendeskSell:
    """One account's Zendesk Sell; implements ``core.ports.Source`` for visits.

    ``base_url`` may carry a path. ``grant`` holds ``{"token": "…"}``; ``now`` gives aware instants. ``per_second`` is
    what the token is let through, ``backoff`` the first wait in seconds of a read that is tried again. Not to be shared
    between threads; whoever makes it closes it.
    """

    def __init__(  # noqa: PLR0917 - what every source is made of, in the order of the wiring
        self,
        base_url: str,
        grant: Grant,
        limits: Limits,
        account_id: str,
        now: Callable[[], datetime],
        preferences: SellPreferences,
        *,
        per_second: float = PER_SECOND,
        backoff: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls = Calls(base_url, grant, limits, now, per_second=per_second, backoff=backoff, sleep=sleep)
        self._reading = Reading(self._calls.visits, preferences.reps, account_id, now)

    def close(self) -> None:
        self._calls.close()

    def changes(self, kind: str, cursor: str | None) -> Iterator[SourcePage]:
        """Visits told since ``cursor``, page by page as they are asked for; all of them if it is None, or was made with
        other settings.

        A full reading says that it is everything only where each visit of a creator in the settings was in view and
        could be read. Later ones tell of the new visits, and again of one page of those of the last 14 days, of all
        of them after more than a day. Raises ConnectionRevoked (401), RateLimited (429),
        Transient, and Rejected for any other refusal and any other kind.
        """
        if kind != VISIT:
            raise Rejected("Zendesk Sell is asked for visits alone.", code=REFUSED)
        return self._reading.changes(cursor)

    def look_up(self, kind: str, local_ids: Sequence[str]) -> Sequence[Record]:
        """Those of these visits that are no more, as deleted records; nothing of the others, and no request.

        Sell has no read of one visit, so the answer is what the full reading of this instance found. That it lacked a
        visit is all that can be known of a deletion, and it is enough where it was complete: ids do not change, and no
        page was skipped. Before such a reading nothing is known to be gone.
        """
        return self._reading.absent(local_ids) if kind == VISIT else []

    def apply(self, edits: Sequence[Edit]) -> Sequence[EditOutcome]:
        """Nothing goes back to Sell: each edit fails with Rejected (``SOURCE_REFUSED``), and no request is made."""
        return [Failed(Rejected("Nothing can be written to Zendesk Sell.", code=REFUSED)) for _ in edits]
