"""The steps of a write as a table: what an answer makes of them."""

from dataclasses import replace
from typing import Any

import pytest

from tests.providers.suite import MOVED, VISIT, key
from worker.core.errors import Gone, RateLimited, Rejected, SyncError, Transient, Uncertain, VersionConflict
from worker.core.ports import Create, Delete, Done, Failed, Operation, Update
from worker.providers.outlook_calendar.batches import Answer, Call
from worker.providers.outlook_calendar.calls import request
from worker.providers.outlook_calendar.errors import Refusal
from worker.providers.outlook_calendar.keys import transaction_id
from worker.providers.outlook_calendar.mapping import changed_event, new_event
from worker.providers.outlook_calendar.writing import MOST_TRIES, Step, Verb, after, after_loss, first, gave_up

TRANSACTION = transaction_id("acc_1", "primary", key(1))
CREATE = Create(key(1), VISIT)
UPDATE = Update(key(1), "e/1=", 'W/"1"', VISIT)
DELETE = Delete(key(1), "e/1=", 'W/"1"')


def begun(operation: Operation) -> Step:
    return first(operation, TRANSACTION)


def event(document: Any = VISIT, etag: str = 'W/"1"', **fields: Any) -> dict[str, Any]:
    return {"id": "e/1=", "@odata.etag": etag, **new_event("acc_1", "primary", key(1), document), **fields}


def yes(body: dict[str, Any] | None = None) -> Answer:
    return Answer(body or {})


def no(status: int, code: str = "", wait: float | None = None) -> Answer:
    return Answer({}, Refusal(status, code, (code.lower(),) if code else (), "Words.", wait))


def looked(operation: Operation) -> Step:
    """A write that was refused with 412, or whose transaction is taken."""
    refusal = no(409, "ErrorDuplicateTransactionId") if isinstance(operation, Create) else no(412)
    step = after(begun(operation), refusal)
    assert isinstance(step, Step)
    return step


@pytest.mark.parametrize(
    ("operation", "verb", "etag"),
    [
        (CREATE, Verb.POST, None),
        (replace(CREATE, uncertain=True), Verb.FIND, None),
        (UPDATE, Verb.PATCH, 'W/"1"'),
        (replace(UPDATE, version=None), Verb.GET, None),
        (DELETE, Verb.DELETE, 'W/"1"'),
        (replace(DELETE, version=None), Verb.DELETE, None),
    ],
)
def test_each_operation_begins_with_its_request(operation: Operation, verb: Verb, etag: str | None) -> None:
    assert (begun(operation).verb, begun(operation).etag) == (verb, etag)


@pytest.mark.parametrize(
    ("operation", "answer", "done"),
    [
        (CREATE, yes(event(etag='W/"7"')), Done("e/1=", 'W/"7"')),
        (UPDATE, yes(event(etag='W/"2"')), Done("e/1=", 'W/"2"')),
        (DELETE, yes(), Done("e/1=")),
        (DELETE, no(404, "ErrorItemNotFound"), Done("e/1=")),
    ],
)
def test_a_request_that_was_carried_out_is_done(operation: Operation, answer: Answer, done: Done) -> None:
    assert after(begun(operation), answer) == done


@pytest.mark.parametrize(
    ("operation", "body", "expected"),
    [
        (CREATE, {"value": [event()]}, Done),
        (CREATE, {"value": [event(transactionId=None), event()]}, Done),
        (CREATE, {"value": [event(MOVED)]}, Verb.PATCH),
        (CREATE, {"value": []}, Gone),
        (CREATE, {"value": [event(transactionId=None)]}, Gone),
        (UPDATE, event(etag='W/"9"'), Done),
        (UPDATE, event(MOVED), Verb.PATCH),
        (UPDATE, event(MOVED, etag='W/"9"'), VersionConflict),
        (DELETE, event(MOVED), Verb.DELETE),
        (DELETE, event(etag='W/"9"'), VersionConflict),
    ],
)
def test_what_is_seen_after_a_conflict_decides(operation: Operation, body: dict[str, Any], expected: Any) -> None:
    came = after(looked(operation), yes(body))
    if isinstance(came, Step):
        assert came.verb is expected
        assert came.etag == 'W/"1"'
    else:
        assert isinstance(came.error if isinstance(came, Failed) else came, expected)


@pytest.mark.parametrize(
    ("operation", "answer", "kind"),
    [
        (CREATE, no(400, "ErrorPropertyValidationFailure"), Rejected),
        (CREATE, no(403, "ErrorAccessDenied"), Rejected),
        (CREATE, no(404, "MailboxNotEnabledForRESTAPI"), Rejected),
        (UPDATE, no(404, "ErrorItemNotFound"), Gone),
        (UPDATE, no(404, "ResourceNotFound"), Rejected),
        (DELETE, no(404, "ResourceNotFound"), Rejected),
        (UPDATE, no(429, wait=300), RateLimited),
        (UPDATE, no(503, wait=300), Uncertain),
    ],
)
def test_a_refusal_is_the_outcome(operation: Operation, answer: Answer, kind: type[SyncError]) -> None:
    came = after(begun(operation), answer)
    assert isinstance(came, Failed)
    assert type(came.error) is kind


@pytest.mark.parametrize("status", [409, 423, 424, 429, 500, 503, 504])
def test_what_passes_is_sent_again_after_its_time_and_not_for_ever(status: int) -> None:
    step: Any = begun(CREATE)
    for tries in range(MOST_TRIES):
        step = after(step, no(status, wait=1.5))
        assert (step.verb, step.tries, step.wait) == (Verb.POST, tries + 1, 1.5)
    assert isinstance(after(step, no(status, wait=1.5)), Failed)


def test_a_wait_is_waited_once() -> None:
    step: Any = after(begun(UPDATE), no(503, wait=2))
    assert step.wait == 2
    assert after(step, no(412)).wait == 0  # type: ignore[union-attr]


@pytest.mark.parametrize(("operation", "verb"), [(CREATE, Verb.FIND), (UPDATE, Verb.GET), (DELETE, Verb.GET)])
def test_a_lost_answer_is_looked_for_once(operation: Operation, verb: Verb) -> None:
    step = after_loss(begun(operation), Uncertain("lost"))
    assert isinstance(step, Step)
    assert step.verb is verb
    again = after_loss(step, Uncertain("lost"))
    assert isinstance(again, Failed)
    assert isinstance(again.error, Uncertain)


def test_what_was_lost_and_is_not_there_is_sent_once_more() -> None:
    step: Any = after_loss(begun(CREATE), Uncertain("lost"))
    step = after(step, yes({"value": []}))
    assert step.verb is Verb.POST
    lost_again = after_loss(step, Uncertain("lost"))
    assert isinstance(lost_again, Failed)
    assert isinstance(lost_again.error, Uncertain)


@pytest.mark.parametrize("operation", [CREATE, UPDATE])
@pytest.mark.parametrize("refusal", [no(403, "ErrorAccessDenied"), no(404, "ResourceNotFound"), no(412)])
def test_a_look_that_is_refused_leaves_the_doubt(operation: Operation, refusal: Answer) -> None:
    came = after(replace(looked(operation), in_doubt=True), refusal)
    assert isinstance(came, Failed)
    assert isinstance(came.error, Uncertain)


def test_nothing_that_was_never_sent_is_in_doubt() -> None:
    for error, kind in ((RateLimited("later"), RateLimited), (Transient("away"), Uncertain)):
        assert type(gave_up(begun(CREATE), error).error) is kind
    assert type(gave_up(begun(replace(UPDATE, version=None)), Uncertain("lost")).error) is Transient


def test_requests_are_guarded_quoted_and_say_no_more_than_they_must() -> None:
    asked = [request("/me", "acc_1", "primary", begun(one)) for one in (CREATE, UPDATE, DELETE)]
    assert asked == [
        Call("POST", "/me/events", new_event("acc_1", "primary", key(1), VISIT)),
        Call("PATCH", "/me/events/e%2F1%3D", changed_event(VISIT), 'W/"1"'),
        Call("DELETE", "/me/events/e%2F1%3D", etag='W/"1"'),
    ]
    assert [one.headers.get("If-Match") for one in asked] == [None, 'W/"1"', 'W/"1"']
    found = request("/users/a@b.example", "acc_1", "primary", looked(Create(key(7), VISIT)))
    assert found.path.startswith("/users/a@b.example/events?$filter=singleValueExtendedProperties%2FAny%28ep%3A%20ep")
