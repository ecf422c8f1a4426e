"""What Google's refusals mean, as a table."""

import json
from datetime import UTC, datetime

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
from worker.providers.google_calendar.errors import Refusal, refusal

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def answered(status: int, reason: str = "", **more: str) -> Refusal:
    error = {"reason": reason, "message": "Words", **more}
    body = {"error": {"errors": [error], "code": status, "message": "Words"}}
    return refusal(status, json.dumps(body).encode(), None, NOW)


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (400, "timeRangeEmpty", Rejected),
        (400, "invalid", Rejected),
        (401, "authError", ConnectionRevoked),
        (403, "userRateLimitExceeded", RateLimited),
        (403, "rateLimitExceeded", RateLimited),
        (403, "quotaExceeded", RateLimited),
        (403, "forbiddenForNonOrganizer", Rejected),
        (403, "insufficientPermissions", Rejected),
        (404, "notFound", Rejected),
        (409, "duplicate", Gone),
        (409, "conflict", Transient),
        (410, "fullSyncRequired", CursorExpired),
        (410, "updatedMinTooLongAgo", CursorExpired),
        (410, "deleted", Gone),
        (412, "conditionNotMet", VersionConflict),
        (418, "", Rejected),
        (429, "rateLimitExceeded", RateLimited),
        (500, "backendError", Transient),
        (504, "", Transient),
    ],
)
def test_status_and_reason_say_what_to_do(status: int, reason: str, expected: type[SyncError]) -> None:
    assert type(answered(status, reason).error()) is expected


def test_a_refused_content_keeps_the_reason_and_the_words() -> None:
    error = answered(400, "timeRangeEmpty").error()
    assert (error.code, error.message) == ("timeRangeEmpty", "Words")


def test_a_parameter_at_fault_decides_for_tokens() -> None:
    assert isinstance(answered(400, "invalid", locationType="parameter", location="syncToken").error(), CursorExpired)
    page = answered(400, "invalid", locationType="parameter", location="pageToken").error()
    assert type(page) is Transient
    assert isinstance(answered(400, "invalid", locationType="parameter", location="start").error(), Rejected)


def test_the_newer_form_is_read_as_well() -> None:
    body = {"error": {"code": 403, "message": "No", "status": "PERMISSION_DENIED"}}
    read = refusal(403, json.dumps(body).encode(), "12", NOW)
    assert (read.reason, read.retry_after) == ("PERMISSION_DENIED", 12.0)
    assert "Connect it again" in read.error().message


@pytest.mark.parametrize("content", [b"<html>Bad Gateway</html>", b"", b"[]", b'{"error": "text"}', b"\xff\xfe"])
def test_anything_at_all_can_be_read(content: bytes) -> None:
    error = refusal(502, content, None, NOW).error()
    assert type(error) is Transient
    assert error.message.startswith("Google answered 502: ")


def test_words_are_redacted() -> None:
    error = refusal(400, b'{"error": {"message": "No tech1@example.com"}}', None, NOW).error()
    assert error.message == "No [hidden]"
