"""One operation's way to its outcome, step by step, without a network."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from worker.core.documents import CalendarEvent, Times
from worker.core.errors import (
    ConnectionRevoked,
    Gone,
    RateLimited,
    Rejected,
    SyncError,
    Transient,
    Uncertain,
    VersionConflict,
)
from worker.core.ports import Create, Delete, Done, Failed, Key, Outcome, Update
from worker.providers.google_calendar.batches import Answer
from worker.providers.google_calendar.errors import Refusal
from worker.providers.google_calendar.mapping import new_event
from worker.providers.google_calendar.writing import Step, Verb, after, after_loss, first, gave_up

NINE = datetime(2026, 6, 1, 13, 0, tzinfo=UTC)
VISIT = CalendarEvent("Visit", Times.span(NINE, NINE + timedelta(hours=1)))
KEY, ID = Key("vis_1"), "abcde"
CREATE, UNCERTAIN = Create(KEY, VISIT), Create(KEY, VISIT, uncertain=True)
UPDATE, BLIND_UPDATE = Update(KEY, ID, '"1"', VISIT), Update(KEY, ID, None, VISIT)
DELETE, BLIND_DELETE = Delete(KEY, ID, '"1"'), Delete(KEY, ID, None)

SHOWS: dict[str, Any] = {**new_event(ID, "acc_1", KEY, VISIT), "etag": '"2"'}
OTHER = {**SHOWS, "summary": "Mine"}
UNTOUCHED = {**OTHER, "etag": '"1"'}
CANCELLED = {"id": ID, "status": "cancelled", "etag": '"3"'}


def ok(event: dict[str, Any] | None = None) -> Answer:
    return Answer(event or {})


def no(status: int, reason: str = "", retry_after: float | None = None) -> Answer:
    return Answer({}, Refusal(status, reason, "Words", retry_after=retry_after))


LOST = Uncertain("lost")
Reply = Answer | Uncertain


def walk(operation: Any, *replies: Reply) -> tuple[list[Verb], Step | Outcome]:
    """The requests made and where the operation ends, or stands when the replies are used up."""
    step: Step | Outcome = first(operation, ID)
    verbs = []
    for reply in replies:
        assert isinstance(step, Step), f"it ended before {reply}"
        verbs.append(step.verb)
        step = after_loss(step, reply) if isinstance(reply, Uncertain) else after(step, reply)
    return verbs, step


G, I, P, D, L = Verb.GET, Verb.INSERT, Verb.PATCH, Verb.DELETE, Verb.PROBE  # noqa: E741 - one letter a request
BUSY, GONE, MISSING, STALE = no(503), no(410, "deleted"), no(404, "notFound"), no(412, "conditionNotMet")
DUPLICATE, LIMIT = no(409, "duplicate"), no(403, "rateLimitExceeded")


@pytest.mark.parametrize(
    ("operation", "replies", "requests", "version"),
    [
        (CREATE, [ok({"etag": '"1"'})], [I], '"1"'),
        (CREATE, [DUPLICATE, ok(SHOWS)], [I, G], '"2"'),
        (CREATE, [no(409, "ALREADY_EXISTS"), ok(SHOWS)], [I, G], '"2"'),
        (CREATE, [DUPLICATE, ok(OTHER), ok({"etag": '"4"'})], [I, G, P], '"4"'),
        (CREATE, [DUPLICATE, ok(OTHER), STALE, ok(SHOWS)], [I, G, P, G], '"2"'),
        (CREATE, [DUPLICATE, ok(OTHER), LOST, ok(SHOWS)], [I, G, P, G], '"2"'),
        (CREATE, [DUPLICATE, ok(OTHER), LOST, ok(OTHER), ok({"etag": '"4"'})], [I, G, P, G, P], '"4"'),
        (CREATE, [LOST, ok(SHOWS)], [I, G], '"2"'),
        (CREATE, [LOST, MISSING, ok({"etag": '"1"'})], [I, G, I], '"1"'),
        (CREATE, [BUSY, BUSY, BUSY, DUPLICATE, ok(SHOWS)], [I, I, I, I, G], '"2"'),
        (CREATE, [no(409, "conflict"), ok({"etag": '"1"'})], [I, I], '"1"'),
        (UNCERTAIN, [ok(SHOWS)], [G], '"2"'),
        (UNCERTAIN, [MISSING, ok({"etag": '"1"'})], [G, I], '"1"'),
        (UNCERTAIN, [BUSY, MISSING, ok({"etag": '"1"'})], [G, G, I], '"1"'),
        (UPDATE, [ok({"etag": '"2"'})], [P], '"2"'),
        (UPDATE, [STALE, ok(SHOWS)], [P, G], '"2"'),
        (UPDATE, [LOST, ok(SHOWS)], [P, G], '"2"'),
        (UPDATE, [LOST, ok(UNTOUCHED), ok({"etag": '"2"'})], [P, G, P], '"2"'),
        (UPDATE, [BUSY, STALE, ok(SHOWS)], [P, P, G], '"2"'),
        (BLIND_UPDATE, [ok(SHOWS)], [G], '"2"'),
        (BLIND_UPDATE, [ok(OTHER), ok({"etag": '"4"'})], [G, P], '"4"'),
        (DELETE, [ok()], [D], None),
        (DELETE, [GONE], [D], None),
        (DELETE, [MISSING, ok()], [D, L], None),
        (DELETE, [STALE, ok(CANCELLED)], [D, G], None),
        (DELETE, [LOST, ok(CANCELLED)], [D, G], None),
        (DELETE, [LOST, MISSING, ok()], [D, G, L], None),
        (DELETE, [LOST, ok(UNTOUCHED), ok()], [D, G, D], None),
        (BLIND_DELETE, [LOST, ok(OTHER), ok()], [D, G, D], None),
    ],
)
def test_ways_that_end_well(operation: Any, replies: list[Reply], requests: list[Verb], version: str | None) -> None:
    assert walk(operation, *replies) == (requests, Done(ID, version))


@pytest.mark.parametrize(
    ("operation", "replies", "requests", "expected"),
    [
        (CREATE, [DUPLICATE, ok(CANCELLED)], [I, G], Gone),
        (CREATE, [LOST, ok(CANCELLED)], [I, G], Gone),
        (UNCERTAIN, [ok(CANCELLED)], [G], Gone),
        (CREATE, [no(400, "timeRangeEmpty")], [I], Rejected),
        (CREATE, [MISSING], [I], Rejected),
        (CREATE, [no(403, "requiredAccessLevel")], [I], Rejected),
        (CREATE, [no(401, "authError")], [I], ConnectionRevoked),
        (CREATE, [LIMIT] * 4, [I] * 4, RateLimited),
        (CREATE, [no(429, "rateLimitExceeded", 30.0)], [I], RateLimited),
        (CREATE, [no(403, "quotaExceeded")], [I], RateLimited),
        (CREATE, [BUSY] * 4, [I] * 4, Uncertain),
        (CREATE, [BUSY, LIMIT, LIMIT, LIMIT], [I] * 4, Uncertain),
        (CREATE, [LOST, LOST], [I, G], Uncertain),
        (CREATE, [LOST, MISSING, LOST], [I, G, I], Uncertain),
        (CREATE, [LOST, LIMIT, LIMIT, LIMIT, LIMIT], [I, G, G, G, G], Uncertain),
        (CREATE, [LOST, MISSING, no(429, "", 30.0)], [I, G, I], RateLimited),
        (CREATE, [DUPLICATE, MISSING] * 3 + [DUPLICATE, MISSING], [I, G] * 4, Transient),
        (CREATE, [DUPLICATE, ok(OTHER), STALE, ok({**OTHER, "etag": '"9"'})], [I, G, P, G], VersionConflict),
        (UNCERTAIN, [LOST], [G], Uncertain),
        (UPDATE, [STALE, ok(OTHER)], [P, G], VersionConflict),
        (UPDATE, [STALE, ok(CANCELLED)], [P, G], Gone),
        (UPDATE, [GONE], [P], Gone),
        (UPDATE, [MISSING, ok()], [P, L], Gone),
        (UPDATE, [MISSING, MISSING], [P, L], Rejected),
        (UPDATE, [LOST, ok(OTHER)], [P, G], VersionConflict),
        (BLIND_UPDATE, [LOST], [G], Transient),
        (BLIND_UPDATE, [ok(CANCELLED)], [G], Gone),
        (BLIND_UPDATE, [MISSING, ok()], [G, L], Gone),
        (DELETE, [STALE, ok(OTHER)], [D, G], VersionConflict),
        (DELETE, [MISSING, MISSING], [D, L], Rejected),
        (DELETE, [no(403, "forbidden")], [D], Rejected),
        (DELETE, [LOST, LOST], [D, G], Uncertain),
    ],
)
def test_ways_that_end_badly(
    operation: Any, replies: list[Reply], requests: list[Verb], expected: type[SyncError]
) -> None:
    made, outcome = walk(operation, *replies)
    assert made == requests
    assert isinstance(outcome, Failed)
    assert type(outcome.error) is expected


def test_a_write_carries_the_version_it_was_decided_on() -> None:
    assert first(UPDATE, "other") == Step(UPDATE, ID, Verb.PATCH, '"1"')
    assert first(DELETE, "other") == Step(DELETE, ID, Verb.DELETE, '"1"')
    patched = walk(CREATE, DUPLICATE, ok(OTHER))[1]
    assert isinstance(patched, Step)
    assert (patched.verb, patched.etag) == (Verb.PATCH, '"2"')


def test_what_was_never_sent_is_not_uncertain_but_what_is_asked_about_stays_so() -> None:
    limited = RateLimited("wait", retry_after=9)
    waiting = first(CREATE, ID)
    assert gave_up(waiting, limited).error is limited
    doubted = gave_up(replace(waiting, in_doubt=True), limited).error
    assert isinstance(doubted, Uncertain)
    assert doubted.retry_after == 9
