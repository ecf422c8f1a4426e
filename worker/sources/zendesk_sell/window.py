"""The visits of the last days, read again for what was edited in them."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from worker.sources.zendesk_sell.cursor import Cursor, Round
from worker.sources.zendesk_sell.listing import LAST, LATEST_FIRST, Ask, Listed, Walk, cut_from
from worker.sources.zendesk_sell.mapping import Row, visited

WINDOW = timedelta(days=14)
"""How far back edits are looked for. Reps write summaries and outcomes down within days, at the latest before the next
fortnight's review."""

ABSENCE = timedelta(days=1)
"""After so long without a reading the window is read to its end at once: people waited long enough."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Window:
    """Goes through the window by ``visited_at``, the latest first, a page of 100 rows in each reading; after the last
    page comes the first. ``reached`` is the round for the cursor, once the pages have been read.

    So an edit is found within as many readings as the window has pages, and one more where it ends with a full page.
    A page begins where the one before it ended, as far as the new visits moved that down; what else moved down is read
    again. A visit that was deleted or moved further back since moves the rest up: as many visits as that are passed
    over, and an edit of one of them is found a round later. What is edited while a round lasts may leave the window
    before its turn, so each reaches back to 14 days before the one before it began.
    """

    ask: Ask
    account_id: str
    reached: Round | None = None

    def pages(self, since: Cursor, begun: datetime, new: Sequence[Row]) -> Iterator[Listed]:
        """What a reading that began at ``begun`` (aware) reads again; ``new`` are the visits that are new since the
        cursor. Raises what ``ask`` raises.
        """
        last = since.round or Round(since.when - WINDOW)
        if begun - since.when > ABSENCE:
            yield from self._all(last.edge)
            return
        start = last.rows + _above(new, last.down_to)
        if start >= LAST.end:
            self._note_the_end_of_view()
            last, start = _following(last, begun), 0
        cut = cut_from(start)
        listed = self.ask(LATEST_FIRST, {}, cut)
        yield listed
        through = replace(last, edge=min(last.edge, begun - WINDOW), began=last.began or begun)
        self.reached = self._after(through, cut.end, listed) or _following(through, begun)

    def _after(self, through: Round, end: int, listed: Listed) -> Round | None:
        """The round once the rows before ``end`` are read; None where that was its last page."""
        moments = [moment for row in listed.rows if (moment := visited(row)) is not None]
        if listed.last or (moments and moments[-1] <= through.edge):
            return None
        if end >= LAST.end:
            self._note_the_end_of_view()
            return None
        return replace(through, rows=end, down_to=moments[-1] if moments else through.down_to)

    def _all(self, edge: datetime) -> Iterator[Listed]:
        latest = Walk(self.ask, LATEST_FIRST)
        for listed in latest.pages():
            yield listed
            if latest.reached is not None and latest.reached.rank >= -edge.timestamp():
                return
        if not latest.ended:
            self._note_the_end_of_view()

    def _note_the_end_of_view(self) -> None:
        _log.info("account %s: the last days hold more visits than Zendesk Sell shows at once", self.account_id)


def _following(last: Round, begun: datetime) -> Round:
    """The round after this one, which began before or with the reading of ``begun``."""
    return Round((last.began or begun) - WINDOW)


def _above(new: Sequence[Row], down_to: datetime | None) -> int:
    """How many new visits came in before one of ``down_to``; none for those of the same instant, whose order is not
    known.
    """
    if down_to is None:
        return 0
    return sum((moment := visited(row)) is not None and moment > down_to for row in new)
