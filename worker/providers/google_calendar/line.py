"""The way to one calendar: its grant, its share of the limits, a connection."""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.core.documents import event_of
from worker.core.errors import Transient, Uncertain
from worker.core.ports import Create, Delete
from worker.http.limits import Bucket, Limits
from worker.http.tokens import TokenKeeper
from worker.providers.google_calendar.batches import Answer, send
from worker.providers.google_calendar.mapping import FIELDS, changed_event, new_event
from worker.providers.google_calendar.service import Connections
from worker.providers.google_calendar.tokens import bearer
from worker.providers.google_calendar.writing import LONGEST_WAIT, MOST_TRIES, Step, Verb

PAGE = 2500
"""Events on a page, the most that Google gives."""

PAUSE = 1.0
"""Seconds that everybody keeps away after a rate limit that names no time."""

PATCH_UNITS = 3
"""https://developers.google.com/workspace/calendar/api/v3/reference/events/patch"""


@dataclass(frozen=True, slots=True)
class Line:
    """How to reach ``calendar``: ``user`` and ``project`` are the buckets of its limits; each call has ``common``."""

    account_id: str
    calendar: str
    service: Any
    connections: Connections
    keeper: TokenKeeper
    limits: Limits
    user: Bucket
    project: Bucket
    common: Mapping[str, Any] = field(default_factory=dict)

    def listing(self, sync_token: str | None, page_token: str | None) -> Mapping[str, Any]:
        """One page of ``events.list``.

        The parameters are the same with and without a token, as Google demands, and none of them narrows the listing:
        so the token carries no window, and a listing without a token holds every event of the calendar.
        https://developers.google.com/workspace/calendar/api/guides/sync
        """
        asked = {"syncToken": sync_token, "pageToken": page_token}
        return self._read(
            self.service.events().list(
                calendarId=self.calendar,
                maxResults=PAGE,
                fields=f"nextPageToken,nextSyncToken,items({FIELDS})",
                **{name: token for name, token in asked.items() if token},
                **self.common,
            )
        )

    def send(self, steps: Sequence[Step]) -> list[Answer]:
        """Carries out steps in one HTTP request; an answer each, in their order.

        Raises Transient or RateLimited where nothing was sent, Uncertain where the answer was lost, ConnectionRevoked.
        """
        units = sum(PATCH_UNITS if step.verb is Verb.PATCH else 1 for step in steps)
        return self._ask([self._request(step) for step in steps], units)

    def ask(self, request: Any) -> Answer:
        """Sends one request of the library, once, and for one unit. Raises as ``send`` does."""
        return self._ask([request], 1)[0]

    def _ask(self, requests: Sequence[Any], units: int) -> list[Answer]:
        self.limits.acquire((self.user, self.project), units)
        with self.connections.borrowed() as connection:
            answers = send(self.service, bearer(self.keeper, connection), requests)
        waits = [one.refusal.retry_after or PAUSE for one in answers if one.refusal and one.refusal.is_shared_limit]
        if waits:
            self.limits.pause(self.user.name, max(waits))
        return answers

    def _read(self, request: Any) -> Mapping[str, Any]:
        for tries in range(MOST_TRIES):
            try:
                return self._read_once(request)
            except Transient as error:
                if (error.retry_after or 0) > LONGEST_WAIT:
                    raise
            back_off(tries)
        return self._read_once(request)

    def _read_once(self, request: Any) -> Mapping[str, Any]:
        try:
            answer = self.ask(request)
        except Uncertain as error:
            raise Transient(error.message) from error
        if answer.refusal:
            raise answer.refusal.error()
        return answer.body

    def _request(self, step: Step) -> Any:
        events, operation = self.service.events(), step.operation
        where = {"calendarId": self.calendar, **self.common}
        if step.verb is Verb.PROBE:
            return events.list(maxResults=1, fields="kind", **where)
        if step.verb is Verb.GET:
            return events.get(eventId=step.event_id, fields=FIELDS, **where)
        if step.verb is Verb.DELETE or isinstance(operation, Delete):
            return _guarded(events.delete(eventId=step.event_id, sendUpdates="none", **where), step)
        told = {"sendUpdates": "none", "fields": "id,etag", **where}
        if step.verb is Verb.INSERT and isinstance(operation, Create):
            body = new_event(step.event_id, self.account_id, operation.key, event_of(operation.document))
            return events.insert(body=body, **told)
        # A patch, though it costs three units: an update would have to send back whatever a person added to our event
        # (guests, reminders, a video call), so it would need a read first and could still lose what that did not show.
        body = changed_event(self.account_id, operation.key, event_of(operation.document))
        return _guarded(events.patch(eventId=step.event_id, body=body, **told), step)


def back_off(tries: int) -> None:
    """Sleeps before what failed is sent again: 0.2 s, 0.6 s, 1.8 s, and up to half as much by chance."""
    time.sleep(min(LONGEST_WAIT, 0.2 * 3**tries) * (1 + random.random() / 2))  # noqa: S311 - spreads workers apart


def _guarded(request: Any, step: Step) -> Any:
    if step.etag:
        request.headers["If-Match"] = step.etag
    return request
