"""What Graph's refusals mean, as a table."""

from datetime import UTC, datetime
from typing import Any

import pytest

from worker.core.errors import (
    ConnectionRevoked,
    CursorExpired,
    Gone,
    RateLimited,
    Rejected,
    SyncError,
    Transient,
    VersionConflict,
)
from worker.providers.outlook_calendar.errors import NO_MAILBOX, SHARE, Resync, read_json, refusal

NOW = datetime(2026, 5, 29, 14, tzinfo=UTC)


def body(code: str, message: str = "Words.", **inner: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "innerError": {"request-id": "r", **inner}}}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "ErrorPropertyValidationFailure", Rejected),
        (400, "ErrorInvalidIdMalformed", Rejected),
        (401, "InvalidAuthenticationToken", ConnectionRevoked),
        (403, "ErrorAccessDenied", Rejected),
        (404, "ErrorItemNotFound", Gone),
        (404, "MailboxNotEnabledForRESTAPI", Rejected),
        (404, "ResourceNotFound", Rejected),
        (404, "", Rejected),
        (409, "ErrorDuplicateTransactionId", Transient),
        (412, "ErrorIrresolvableConflict", VersionConflict),
        (423, "ErrorLocked", Transient),
        (424, "FailedDependency", Transient),
        (429, "TooManyRequests", RateLimited),
        (429, "ApplicationThrottled", RateLimited),
        (403, "ApplicationThrottled", RateLimited),
        (500, "ErrorInternalServerError", Transient),
        (503, "ServiceUnavailable", Transient),
        (504, "UnknownError", Transient),
        (509, "", RateLimited),
        (410, "SyncStateNotFound", CursorExpired),
        (410, "syncStateNotFound", CursorExpired),
        (410, "anything", CursorExpired),
        (410, "", CursorExpired),
        (400, "resyncRequired", CursorExpired),
        (404, "SyncStateNotFound", CursorExpired),
        (400, "SyncStateInvalid", CursorExpired),
        (418, "whatever", Rejected),
        (302, "", Rejected),
    ],
)
def test_each_refusal_says_what_to_do(status: int, code: str, kind: type[SyncError]) -> None:
    error = refusal(status, body(code), {}, NOW).error()
    assert isinstance(error, kind)
    assert type(error) in (kind, Resync)


def test_a_code_inside_the_error_counts_too() -> None:
    inner = {"error": {"code": "BadRequest", "innerError": {"code": "x", "innerError": {"code": "resyncRequired"}}}}
    assert isinstance(refusal(400, inner, {}, NOW).error(), CursorExpired)


def test_how_long_to_wait_is_read_whatever_the_case_of_the_header() -> None:
    for name in ("Retry-After", "retry-after", "RETRY-AFTER"):
        error = refusal(429, body("TooManyRequests"), {name: "7"}, NOW).error()
        assert isinstance(error, RateLimited)
        assert error.retry_after == 7


def test_a_location_to_begin_again_at_is_kept() -> None:
    error = refusal(410, body("SyncStateNotFound"), {"location": "https://graph.example/x"}, NOW).error()
    assert isinstance(error, Resync)
    assert error.location == "https://graph.example/x"


@pytest.mark.parametrize("answer", [None, [], "text", {"error": "text"}, {"error": None}, {"error": {"innerError": 7}}])
def test_an_answer_that_is_no_error_json_is_read_all_the_same(answer: object) -> None:
    assert type(refusal(503, answer, {}, NOW).error()) is Transient
    assert isinstance(refusal(400, answer, {}, NOW).error(), Rejected)


def test_people_are_told_what_to_do_and_nobodys_address() -> None:
    assert refusal(403, body("ErrorAccessDenied"), {}, NOW).error().message == SHARE
    assert refusal(404, body("MailboxNotEnabledForRESTAPI"), {}, NOW).error().message == NO_MAILBOX
    words = refusal(400, body("X", "No bob@example.com with Bearer abcdefgh1234."), {}, NOW).error().message
    assert "bob" not in words
    assert "abcdefgh" not in words


def test_an_answer_is_named_in_the_log_by_its_request_id() -> None:
    assert refusal(400, body("X"), {"Request-Id": "r-1"}, NOW).request_id == "r-1"


def test_what_is_not_json_says_nothing() -> None:
    assert read_json(b"<html>") is None
    assert read_json(b"\xff\xfe") is None
