"""FieldCamp as a source: one workspace, read and written with its key."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from worker.core.errors import ConnectionRevoked, Invalid, RateLimited, Rejected, SyncError, Transient, Uncertain
from worker.core.ports import Edit, Edited, EditOutcome, Failed, Grant, Reschedule, SourcePage, Window
from worker.core.records import CLIENT, JOB, MEMBER, VISIT, Record
from worker.http.limits import Limits
from worker.sources.fieldcamp import mapping
from worker.sources.fieldcamp.calls import BadRequest, Calls, Missing, Rate
from worker.sources.fieldcamp.cursor import Cursor, next_since, rfc_3339
from worker.sources.fieldcamp.listing import Listed, Parameters, first_accepted

PLURALS: Mapping[str, str] = {VISIT: "visits", JOB: "jobs", CLIENT: "clients", MEMBER: "team"}
"""The path and list name of each kind; one record comes under the kind's own name."""

EXTRAS: Mapping[str, Parameters] = {CLIENT: {"includeDeleted": "true"}}
"""What a list is asked for besides, where FieldCamp takes it [set]."""

MARGIN = timedelta(days=1)
"""Asked for around a window, so that a visit with a date alone is in it whatever zone the date is meant in."""

DATE_LAG = timedelta(seconds=2)
"""``Date`` is whole seconds and may be kept for one: a missing visit was last changed before this is over."""

MOST_ONE_BY_ONE = 5
_log = logging.getLogger(__name__)


class FieldCamp:
    """One account's FieldCamp; implements ``core.ports.Source`` for visits, jobs, clients and members.

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
        self._calls = Calls(base_url, grant, limits, now, rate=rate or Rate(), backoff=backoff, sleep=sleep)
        self._account_id = account_id
        self._now = now
        self._window = window
        self._routes: set[str] = set()

    def close(self) -> None:
        self._calls.close()

    def changes(self, kind: str, cursor: str | None) -> Iterator[SourcePage]:
        """Records of ``kind`` told since ``cursor``, page by page as they are asked for; everything if it is None.

        A full reading of visits covers the window and says so on its last page; of the other kinds it is everything.
        Later ones ask with ``since``. Where FieldCamp does not offer that, the visits of the whole window are read
        again, and jobs and clients are left to events and to the next full reading. Members are always read whole. A
        record that cannot be read is left out, and then the listing claims no completeness. Raises as the port says.
        """
        point = Cursor.parse(cursor)
        if kind == MEMBER or point is None:
            return self._all(kind)
        if point.offered and point.since is not None:
            return self._since(kind, point)
        return self._without_since(kind, point)

    def look_up(self, kind: str, local_ids: Sequence[str]) -> Sequence[Record]:
        """These records as they are now.

        A visit that FieldCamp no longer has comes back as deleted; any other record that it does not have is left out,
        as is what cannot be read. Up to five jobs or clients are asked for one by one, more are found in their list.
        Raises as ``changes`` does.
        """
        wanted = list(dict.fromkeys(local_ids))
        if kind == VISIT:
            found = [self._visit(local_id) for local_id in wanted]
        elif kind == MEMBER or len(wanted) > MOST_ONE_BY_ONE:
            found = self._found_in_list(kind, wanted)
        else:
            found = self._found_one_by_one(kind, wanted)
        return [record for record in found if record is not None]

    def apply(self, edits: Sequence[Edit]) -> Sequence[EditOutcome]:
        """Carry out the edits; one outcome each, in their order, with the visit as FieldCamp then shows it.

        Failed holds Rejected (``CREW_BOOKED`` where the team is booked, else ``SOURCE_REFUSED``), RateLimited,
        Transient, or Uncertain: the same edit may be sent again, its token makes sure that it is carried out once.
        Raises ConnectionRevoked; what was carried out before it is harmless to send again.
        """
        outcomes: list[EditOutcome] = []
        stop: Failed | None = None
        for edit in edits:
            outcome = stop or self._applied(edit)
            outcomes.append(outcome)
            if isinstance(outcome, Failed) and isinstance(outcome.error, RateLimited):
                stop = outcome
        return outcomes

    def _all(self, kind: str) -> Iterator[SourcePage]:
        window = self._window if kind == VISIT else None
        asked = _around(window) if window else EXTRAS.get(kind, {})
        listed = first_accepted(self._calls, PLURALS[kind], [asked, {}] if asked else [{}])
        return self._told(kind, listed, _Claim(Cursor(), window, everything=window is None))

    def _since(self, kind: str, point: Cursor) -> Iterator[SourcePage]:
        since = {"since": point.since or ""}
        extras = EXTRAS.get(kind)
        listed = first_accepted(self._calls, PLURALS[kind], [{**since, **extras}, since] if extras else [since])
        told = self._told(kind, listed, _Claim(point))
        try:
            first = next(told)
        except BadRequest:
            _log.info("FieldCamp offers no since on %s to account %s", PLURALS[kind], self._account_id)
            yield from self._without_since(kind, Cursor(offered=False))
            return
        yield first
        yield from told

    def _without_since(self, kind: str, point: Cursor) -> Iterator[SourcePage]:
        if kind != VISIT:
            yield SourcePage((), cursor=str(point))
            return
        # Nothing tells what changed, and a visit may be made for any day: the whole window is the only safe answer.
        listed = first_accepted(self._calls, PLURALS[kind], [_around(self._window), {}])
        yield from self._told(kind, listed, _Claim(point, self._window))

    def _told(self, kind: str, listed: Iterator[Listed], claim: "_Claim") -> Iterator[SourcePage]:
        told = _Told()
        for page in listed:
            told.begun = told.begun or page.told_at
            found = [self._record(kind, item, told.begun) for item in page.items]
            told.note(page.items, found)
            records = [record for record in found if record is not None]
            if page.last:
                yield claim.last_page(kind, records, page, told)
            else:
                yield SourcePage(records, total=page.total)

    def _record(self, kind: str, item: Any, told_at: datetime) -> Record | None:
        """The record; None, and a line in the log, where it cannot be read."""
        try:
            return mapping.RECORDS[kind](item if isinstance(item, Mapping) else {}, told_at)
        except Invalid as invalid:
            _log.warning("account %s: left out: %s", self._account_id, invalid.message)
            return None

    def _visit(self, local_id: str) -> Record | None:
        try:
            return self._one(VISIT, local_id)
        except Missing as missing:
            if not missing.vouched:
                raise Transient("FieldCamp's address answers 404, and not in FieldCamp's words.") from missing
            return mapping.deleted_record(VISIT, local_id, missing.told_at + DATE_LAG)

    def _one(self, kind: str, local_id: str) -> Record | None:
        answer = self._calls.get(f"/{PLURALS[kind]}/{quote(local_id, safe='')}")
        return self._record(kind, _single(kind, answer.data), answer.told_at)

    def _found_one_by_one(self, kind: str, wanted: Sequence[str]) -> list[Record | None]:
        """Asks for each; where a first one is missing, the route itself may be, and one listing settles it."""
        found: list[Record | None] = []
        for local_id in wanted:
            try:
                found.append(self._one(kind, local_id))
                self._routes.add(kind)
            except Missing:
                if kind not in self._routes:
                    return self._found_in_list(kind, wanted)
        return found

    def _found_in_list(self, kind: str, wanted: Sequence[str]) -> list[Record | None]:
        missing = set(wanted)
        found: list[Record | None] = []
        extras = EXTRAS.get(kind)
        for page in first_accepted(self._calls, PLURALS[kind], [extras, {}] if extras else [{}]):
            records = [self._record(kind, item, page.told_at) for item in page.items]
            here = [record for record in records if record and record.local_id in missing]
            found += here
            missing -= {record.local_id for record in here}
            if not missing:
                break
        return found

    def _applied(self, edit: Edit) -> EditOutcome:
        try:
            return Edited(self._write(edit))
        except ConnectionRevoked:
            raise
        except SyncError as error:
            return Failed(error)

    def _write(self, edit: Edit) -> Record:
        body = mapping.reschedule_body(edit.times) if isinstance(edit, Reschedule) else mapping.unschedule_body()
        path = f"/{PLURALS[VISIT]}/{quote(edit.local_id, safe='')}"
        answer = self._calls.put(path, body, edit.token)
        visit = _single(VISIT, answer.data)
        # Given again under the same token, an answer shows the visit as it was then; without a time, ask for it.
        record = self._record(VISIT, visit, answer.told_at) if isinstance(visit, Mapping) else None
        if record is None or mapping.updated_at(visit) is None:
            record = self._after_edit(edit.local_id) or record
        if record is None:
            raise Uncertain("FieldCamp took the edit and its answer cannot be read.")
        return record

    def _after_edit(self, local_id: str) -> Record | None:
        """The visit as it is now, None where FieldCamp does not say: it took the edit, whatever it answers here."""
        try:
            return self._one(VISIT, local_id)
        except (Rejected, Transient):
            return None


@dataclass(slots=True)
class _Told:
    """What a reading met so far: when it began, its oldest and newest change, and whether each record could be read."""

    begun: datetime | None = None
    oldest: datetime | None = None
    newest: datetime | None = None
    any: bool = False
    whole: bool = True

    def note(self, items: Sequence[Any], records: Sequence[Record | None]) -> None:
        """``records`` are what was read of ``items``, None where one could not be."""
        self.whole = self.whole and None not in records
        readable = [item for item, record in zip(items, records, strict=True) if record is not None]
        self.any = self.any or bool(readable)
        dated = [moment for item in readable if (moment := mapping.updated_at(item))]
        if dated:
            self.oldest = min(self.oldest or dated[0], *dated)
            self.newest = max(self.newest or dated[0], *dated)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the last page of a reading that started from ``before`` may say, when every record of it was read."""

    before: Cursor
    window: Window | None = None
    everything: bool = False

    def last_page(self, kind: str, records: Sequence[Record], page: Listed, told: _Told) -> SourcePage:
        window = (self.window.start, self.window.end) if self.window and told.whole else None
        everything = self.everything and told.whole
        return SourcePage(records, str(self._cursor(kind, page, told)), window, everything, page.total)

    def _cursor(self, kind: str, page: Listed, told: _Told) -> Cursor:
        undated = kind == VISIT and told.any and told.newest is None
        if kind == MEMBER or undated or not self.before.offered or self.before.was_ignored(told.oldest):
            return Cursor(offered=False)
        return Cursor(next_since(self.before.since, told.newest, told.begun or page.told_at))


def _around(window: Window) -> Parameters:
    return {"from": rfc_3339(window.start - MARGIN), "to": rfc_3339(window.end + MARGIN)}


def _single(kind: str, data: Any) -> Any:
    return data.get(kind) if isinstance(data, Mapping) else None
