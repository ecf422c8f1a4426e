"""The way to one mailbox: its grant, its share of the limits, its four slots."""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from worker.core.errors import Gone, RateLimited, Rejected, Transient, Uncertain, VersionConflict
from worker.http.limits import Bucket, Limits
from worker.http.slots import Slots
from worker.http.tokens import TokenKeeper
from worker.providers.outlook_calendar.batches import MOST, Answer, Call, send

IN_FLIGHT = 4
"""Requests of our app that one mailbox serves at once, and how many calls of a batch Graph runs at once.

https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits
"""

MOST_TRIES = 3
"""How often a reading is sent again after a refusal that passes."""

LONGEST_WAIT = 15.0
"""Seconds; whoever asks for more time than this is asked again by a later sync."""

PAUSE = 1.0
"""Seconds that everybody keeps away after a rate limit that names no time."""

log = structlog.get_logger(__name__)


Looked = dict[str, Any] | None | Rejected
"""An event as it was found, None for one that is no more, or why it may not be seen."""


@dataclass(frozen=True, slots=True)
class Line:
    """How to reach the mailbox at ``root``; ``mailbox`` is what all who reach it call it, whatever their grants."""

    root: str
    mailbox: str
    client: httpx.Client
    keeper: TokenKeeper
    limits: Limits
    slots: Slots
    bucket: Bucket

    def send(self, calls: Sequence[Call]) -> list[Answer]:
        """Carries out up to 20 calls in one HTTP request; an answer each, in their order.

        A batch takes all slots of the mailbox, because Graph runs four of its calls at once. Raises Transient or
        RateLimited where nothing was sent, Uncertain where the answer was lost, ConnectionRevoked.
        """
        self.limits.acquire((self.bucket,), len(calls))
        self.keeper.token()  # a refresh may take its time, and nobody shall hold slots for it
        with self.slots.held(self.mailbox, min(len(calls), IN_FLIGHT), IN_FLIGHT):
            return self._send_with_a_token(calls)

    def ask(self, one: Call) -> Answer:
        """A call that is none of the mailbox's, so it takes no slot; else as ``send``."""
        self.limits.acquire((self.bucket,), 1)
        return self._send_with_a_token([one])[0]

    def read(self, one: Call) -> dict[str, Any]:
        """The JSON of one answer, asked for with patience. Raises what a refusal means."""
        body = self.read_all([one])[0]
        if body is None:
            raise Rejected("Microsoft finds nothing at this calendar's address.", code="NOT_FOUND")
        return body

    def read_all(self, calls: Sequence[Call]) -> list[dict[str, Any] | None]:
        """The JSON of each answer, in as few requests as there are, None for an event that is no more. What is refused
        for now is asked for again, and that alone: so is a 412, which a GET gets now and then. Raises what a refusal
        means."""
        found: list[dict[str, Any] | None] = []
        for one in self.look_up(calls):
            if isinstance(one, Rejected):
                raise one
            found.append(one)
        return found

    def look_up(self, calls: Sequence[Call]) -> list[Looked]:
        """As ``read_all``, but for what is refused for good, which comes back in its place."""
        found: list[Looked] = []
        for start in range(0, len(calls), MOST):
            found += self._read_some(calls[start : start + MOST])
        return found

    def _read_some(self, calls: Sequence[Call]) -> list[Looked]:
        found: dict[int, Looked] = {}
        for tries in range(MOST_TRIES + 1):
            still = {index: one for index, one in enumerate(calls) if index not in found}
            passing = self._read_once(still, found)
            if passing is None:
                break
            if tries == MOST_TRIES or (passing.retry_after or 0) > LONGEST_WAIT:
                raise passing
            time.sleep(passing.retry_after or back_off(tries))
        return [found[index] for index in range(len(calls))]

    def _read_once(self, calls: Mapping[int, Call], found: dict[int, Looked]) -> Transient | None:
        """Notes each answer under its place; what passes of the others, None where there are none."""
        try:
            answers = self.send(list(calls.values()))
        except Uncertain as lost:
            return Transient(lost.message, retry_after=lost.retry_after)
        passing: list[Transient] = []
        for place, answer in zip(calls, answers, strict=True):
            error = None if answer.refusal is None else answer.refusal.error()
            if isinstance(error, VersionConflict):
                error = Transient(error.message)
            if isinstance(error, Transient):
                passing.append(error)
            elif isinstance(error, Rejected):
                found[place] = error
            elif error is None or isinstance(error, Gone):
                found[place] = None if error else dict(answer.body)
            else:
                raise error
        return max(passing, key=lambda error: error.retry_after or 0, default=None)

    def _send_with_a_token(self, calls: Sequence[Call]) -> list[Answer]:
        """What Graph does not take the token for was not carried out: it is sent once more, with another."""
        token = self.keeper.token()
        answers = self._sent(token, calls)
        refused = [index for index, answer in enumerate(answers) if answer.is_unauthorized]
        if refused:
            again = self._sent(self.keeper.renewed(token), [calls[index] for index in refused])
            for index, answer in zip(refused, again, strict=True):
                answers[index] = answer
        return answers

    def _sent(self, token: str, calls: Sequence[Call]) -> list[Answer]:
        answers = send(self.client, token, calls)
        refusals = [answer.refusal for answer in answers if answer.refusal is not None]
        for one in refusals:
            log.info("graph_refused", status=one.status, code=one.name, request_id=one.request_id)
        waits = [one.retry_after or PAUSE for one in refusals if issubclass(one.kind, RateLimited)]
        if waits:
            self.limits.pause(self.bucket.name, max(waits))
        return answers


def back_off(tries: int) -> float:
    """Seconds before what failed is sent again: 0.2, 0.6, 1.8, and up to half as much by chance."""
    return min(2.0, 0.2 * 3.0**tries) * (1 + random.random() / 2)  # noqa: S311 - spreads workers apart
