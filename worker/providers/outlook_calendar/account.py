"""Outlook as a Provider."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from worker.core.calendars import PRIMARY, streams, way
from worker.core.channels import Channel, Watch
from worker.core.errors import ConnectionRevoked, CursorExpired, NotConnected, Rejected, SyncError, Transient, Uncertain
from worker.core.ports import Failed, Grant, Operation, Outcome, Page, Stream
from worker.core.preferences import CalendarPreferences
from worker.http.client import make_client
from worker.http.limits import Bucket, Limits
from worker.http.mint import Mint
from worker.http.slots import Slots
from worker.providers.outlook_calendar.batches import MOST
from worker.providers.outlook_calendar.calls import request
from worker.providers.outlook_calendar.cursors import cursor_of, is_used_up, new_window
from worker.providers.outlook_calendar.keys import transaction_id
from worker.providers.outlook_calendar.line import Line
from worker.providers.outlook_calendar.mailboxes import root
from worker.providers.outlook_calendar.push import opened, stopped
from worker.providers.outlook_calendar.reading import Reading
from worker.providers.outlook_calendar.service import OutlookSettings
from worker.providers.outlook_calendar.tokens import is_for_all, keeper_for
from worker.providers.outlook_calendar.writing import Step, after, after_loss, first, gave_up

MOST_ROUNDS = 12
"""Requests for one batch, look-ups and repetitions included, before what is still open is left to a later sync."""


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class OutlookCalendar:
    """One connection's calendars; see ``worker.core.ports.Provider``. Safe to share between threads; ``close`` it.

    ``grants`` maps a team member to their grant, ``""`` to the connection's one grant. ``slots`` are shared by all
    workers. ``mint`` keeps the tokens of application permissions from one instance to the next. ``now`` is asked where
    a window begins and ends.
    """

    def __init__(
        self,
        settings: OutlookSettings,
        preferences: CalendarPreferences,
        grants: Mapping[str, Grant],
        limits: Limits,
        account_id: str,
        *,
        slots: Slots,
        mint: Mint | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._settings = settings
        self._preferences = preferences
        self._grants = grants
        self._limits = limits
        self._slots = slots
        self._account_id = account_id
        self._mint = mint or Mint()
        self._now = now
        self._client = make_client(settings.graph_url)
        self._lines: dict[str, Line] = {}
        self._lock = threading.Lock()

    def streams(self) -> Sequence[Stream]:
        return streams(self._preferences.calendars, self._grants)

    def changes(self, stream: Stream, cursor: str | None) -> Iterator[Page]:
        """A cursor whose window has nearly reached its end counts as expired, so that everything is read with a new
        one: what is planned a year ahead is never outside it."""
        reading = Reading(self._line(stream), self._account_id, stream.name)
        past, future = self._preferences.past, self._preferences.future
        if cursor is None:
            return reading.everything(new_window(self._now(), past, future))
        known = cursor_of(cursor)
        if is_used_up(known.window, self._now(), future):
            raise CursorExpired("The window of the delta link has nearly passed.")
        return reading.since(known)

    def apply(self, stream: Stream, operations: Sequence[Operation]) -> Sequence[Outcome]:
        line = self._line(stream)
        steps = [first(one, transaction_id(self._account_id, stream.name, one.key)) for one in operations]
        outcomes: list[Outcome] = []
        for start in range(0, len(steps), MOST):
            outcomes += self._followed(stream, line, steps[start : start + MOST], begun=start > 0)
        refused = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
        if len(refused) == len(outcomes) and refused and all(isinstance(error, ConnectionRevoked) for error in refused):
            raise refused[0]
        return outcomes

    def watch(self, stream: Stream, channel: Channel) -> Watch:
        """See ``worker.core.ports.Pushes``."""
        return opened(self._line(stream), channel, self._now())

    def unwatch(self, stream: Stream, channel_id: str, remote_id: str) -> None:
        """See ``worker.core.ports.Pushes``."""
        stopped(self._line(stream), remote_id)

    def close(self) -> None:
        """Closes idle connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _line(self, stream: Stream) -> Line:
        with self._lock:
            if stream.name not in self._lines:
                self._lines[stream.name] = self._make_line(stream)
            return self._lines[stream.name]

    def _any_grant(self) -> Grant | None:
        """For a calendar that the settings no longer name: whoever reaches it. Never for one that is called after its
        owner, because everybody has such a one."""
        return next(iter(self._grants.values()), None)

    def _make_line(self, stream: Stream) -> Line:
        team, calendar = way(stream)
        grant = self._grants.get(team) or (None if stream.live or calendar == PRIMARY else self._any_grant())
        if grant is None:
            raise NotConnected("Nobody has granted access to this calendar.")
        credentials = grant.read()
        named = calendar if calendar != PRIMARY else str(credentials.get("person") or "")
        mailbox = f"outlook:{self._settings.client_id}:{named.strip().lower() or f'{self._account_id}:{team}'}"
        return Line(
            root(calendar, for_all=is_for_all(credentials)),
            mailbox,
            self._client,
            keeper_for(grant, self._settings, self._mint),
            self._limits,
            self._slots,
            Bucket(mailbox, self._settings.mailbox_per_minute, minutes=10),
        )

    def _followed(self, stream: Stream, line: Line, steps: Sequence[Step], *, begun: bool) -> list[Outcome]:
        """Takes all steps to their outcomes: round by round, the open ones in one request."""
        now: list[Step | Outcome] = list(steps)
        for rounds in range(MOST_ROUNDS):
            still = [(index, one) for index, one in enumerate(now) if isinstance(one, Step)]
            if not still:
                break
            wait = max(step.wait for _, step in still)
            if wait:
                time.sleep(wait)
            came = self._round(stream, line, [step for _, step in still], begun=begun or rounds > 0)
            for (index, _), one in zip(still, came, strict=True):
                now[index] = one
        tired = Transient("Microsoft did not come to an end with this event.")
        return [gave_up(one, tired) if isinstance(one, Step) else one for one in now]

    def _round(self, stream: Stream, line: Line, steps: Sequence[Step], *, begun: bool) -> list[Step | Outcome]:
        """One request for all steps. A refusal of our application is not a refusal of the documents: it passes."""
        try:
            answers = line.send([request(line.root, self._account_id, stream.name, step) for step in steps])
        except Uncertain as error:
            return [after_loss(step, error) for step in steps]
        except SyncError as error:
            passing = Transient(error.message, code=error.code) if isinstance(error, Rejected) else error
            if not begun:
                raise passing from error
            return [gave_up(step, passing) for step in steps]
        return [after(step, answer) for step, answer in zip(steps, answers, strict=True)]
