"""Google Calendar as a Provider."""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from worker.core.calendars import PRIMARY, streams, way
from worker.core.channels import Channel, Watch
from worker.core.errors import (
    ConnectionRevoked,
    CursorExpired,
    Gone,
    NotConnected,
    Rejected,
    SyncError,
    Transient,
    Uncertain,
)
from worker.core.ports import Change, Failed, Grant, Operation, Outcome, Page, Stream
from worker.core.preferences import CalendarPreferences
from worker.http.limits import Bucket, Limits
from worker.http.mint import Mint
from worker.providers.google_calendar.keys import event_id
from worker.providers.google_calendar.line import Line, back_off
from worker.providers.google_calendar.mapping import change
from worker.providers.google_calendar.push import opened, stopped
from worker.providers.google_calendar.service import Connections, GoogleSettings, calendar_service
from worker.providers.google_calendar.tokens import keeper_for
from worker.providers.google_calendar.writing import Step, after, after_loss, first, gave_up

MOST_ROUNDS = 12
"""Requests for one batch, look-ups and repetitions included, before what is still open is left to a later sync."""


class GoogleCalendar:
    """One connection's calendars; see ``worker.core.ports.Provider``. Safe to share between threads; ``close`` it.

    ``grants`` maps a team member to their grant, ``""`` to the connection's one grant. ``mint`` keeps the tokens of
    service accounts from one instance to the next.
    """

    def __init__(
        self,
        settings: GoogleSettings,
        preferences: CalendarPreferences,
        grants: Mapping[str, Grant],
        limits: Limits,
        account_id: str,
        *,
        mint: Mint | None = None,
    ) -> None:
        self._mint = mint or Mint()
        self._settings = settings
        self._preferences = preferences
        self._grants = grants
        self._limits = limits
        self._account_id = account_id
        self._service = calendar_service(settings.base_url)
        self._connections = Connections()
        self._lines: dict[str, Line] = {}
        self._lock = threading.Lock()

    def streams(self) -> Sequence[Stream]:
        return streams(self._preferences.calendars, self._grants)

    def changes(self, stream: Stream, cursor: str | None) -> Iterator[Page]:
        """https://developers.google.com/workspace/calendar/api/guides/sync; a page may be empty and not the last."""
        line, page_token = self._line(stream), None
        while True:
            listing = _listed(line, cursor, page_token)
            changes = self._changes(stream, listing.get("items", ()))
            before, page_token = page_token, listing.get("nextPageToken")
            if page_token is None:
                break
            if page_token == before:
                raise Transient("Google's listing goes round in circles.")
            yield Page(changes)
        if not listing.get("nextSyncToken"):
            raise Transient("Google's listing ended without a sync token, so it may not be whole.")
        yield Page(changes, listing["nextSyncToken"], complete=cursor is None)

    def apply(self, stream: Stream, operations: Sequence[Operation]) -> Sequence[Outcome]:
        line = self._line(stream)
        steps = [first(one, event_id(self._account_id, stream.name, one.key)) for one in operations]
        outcomes = _followed(line, steps)
        refused = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
        if len(refused) == len(outcomes) and refused and all(isinstance(error, ConnectionRevoked) for error in refused):
            raise refused[0]
        return outcomes

    def watch(self, stream: Stream, channel: Channel) -> Watch:
        """See ``worker.core.ports.Pushes``."""
        return opened(self._line(stream), channel)

    def unwatch(self, stream: Stream, channel_id: str, remote_id: str) -> None:
        """See ``worker.core.ports.Pushes``."""
        stopped(self._line(stream), channel_id, remote_id)

    def close(self) -> None:
        """Closes idle connections."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _changes(self, stream: Stream, items: Sequence[Mapping[str, Any]]) -> list[Change]:
        found = (change(self._account_id, stream.name, item) for item in items)
        return [one for one in found if one is not None]

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
        account = grant.read().get("service_account")
        subject = calendar if calendar != PRIMARY else None
        payer = _hashed(calendar) if account else f"{self._account_id}:{team}"
        project = account.get("project_id", "") if account else self._settings.client_id
        return Line(
            self._account_id,
            calendar,
            self._service,
            self._connections,
            keeper_for(grant, self._settings, subject, self._mint),
            self._limits,
            Bucket(f"google:user:{payer}", self._settings.user_per_minute),
            Bucket(f"google:project:{project}", self._settings.project_per_minute),
            # Without quotaUser all the technicians for whom a service account acts would be one user's quota.
            {"prettyPrint": False, **({"quotaUser": payer} if account else {})},
        )


def _hashed(address: str) -> str:
    """At most 40 characters, and no address in anybody's logs."""
    return hashlib.sha256(address.strip().lower().encode()).hexdigest()[:40]


def _listed(line: Line, cursor: str | None, page_token: str | None) -> Mapping[str, Any]:
    try:
        return line.listing(cursor, page_token)
    except Gone as error:  # a 410 that gives none of the known reasons
        raise CursorExpired(error.message) from error


def _followed(line: Line, steps: Sequence[Step]) -> list[Outcome]:
    """Takes all steps to their outcomes: round by round, the open ones in one request."""
    now: list[Step | Outcome] = list(steps)
    for rounds in range(MOST_ROUNDS):
        still = [(index, one) for index, one in enumerate(now) if isinstance(one, Step)]
        if not still:
            break
        came = _round(line, [step for _, step in still], begun=rounds > 0)
        for (index, _), one in zip(still, came, strict=True):
            now[index] = one
        repeated = max(_repetitions(step, one) for (_, step), one in zip(still, came, strict=True))
        if repeated:
            back_off(repeated - 1)
    tired = Transient("Google did not come to an end with this event.")
    return [gave_up(one, tired) if isinstance(one, Step) else one for one in now]


def _repetitions(step: Step, came: Step | Outcome) -> int:
    """How often the same request will have been sent again; 0 where something else comes next."""
    return came.tries if isinstance(came, Step) and came.verb is step.verb else 0


def _round(line: Line, steps: Sequence[Step], *, begun: bool) -> list[Step | Outcome]:
    """One request for all steps. A refusal of our OAuth client is not a refusal of the documents: it passes."""
    try:
        answers = line.send(steps)
    except Uncertain as error:
        return [after_loss(step, error) for step in steps]
    except SyncError as error:
        passing = Transient(error.message, code=error.code) if isinstance(error, Rejected) else error
        if not begun:
            raise passing from error
        return [gave_up(step, passing) for step in steps]
    return [after(step, answer) for step, answer in zip(steps, answers, strict=True)]
