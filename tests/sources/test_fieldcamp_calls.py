"""What each answer of FieldCamp asks us to do, and where the next reading starts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, SyncError, Transient, Uncertain
from worker.sources.fieldcamp.calls import BadRequest, Conflict, Missing, answer_of
from worker.sources.fieldcamp.cursor import Cursor, next_since

NOW = datetime(2026, 6, 1, 8, 0, 0, 123000, UTC)
DATE = "Mon, 01 Jun 2026 06:59:30 GMT"
ON_DATE = datetime(2026, 6, 1, 6, 59, 30, tzinfo=UTC)


def response(
    status: int = 200, method: str = "GET", headers: dict[str, str] | None = None, **body: Any
) -> httpx.Response:
    return httpx.Response(status, headers=headers, request=httpx.Request(method, "http://fieldcamp/"), **body)


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (302, Transient, "TEMPORARILY_UNAVAILABLE"),
        (400, BadRequest, "SOURCE_REFUSED"),
        (401, ConnectionRevoked, "INTEGRATION_NOT_CONNECTED"),
        (403, Rejected, "SOURCE_REFUSED"),
        (404, Missing, "SOURCE_REFUSED"),
        (408, Transient, "TEMPORARILY_UNAVAILABLE"),
        (409, Conflict, "SOURCE_REFUSED"),
        (418, Rejected, "SOURCE_REFUSED"),
        (425, Transient, "TEMPORARILY_UNAVAILABLE"),
        (429, RateLimited, "PROVIDER_RATE_LIMITED"),
        (500, Transient, "TEMPORARILY_UNAVAILABLE"),
        (503, Transient, "TEMPORARILY_UNAVAILABLE"),
    ],
)
def test_each_status_says_what_to_do(status: int, error: type[SyncError], code: str, method: str) -> None:
    with pytest.raises(SyncError) as caught:
        answer_of(response(status, method, {"Retry-After": "7"}, json={"success": False, "error": "so"}), NOW)
    assert (type(caught.value), caught.value.code) == (error, code)
    if isinstance(caught.value, Transient):
        assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    ("body", "reading", "writing"),
    [
        ({"content": b"<html>"}, Transient, Uncertain),
        ({"content": b""}, Transient, Uncertain),
        ({"content": b"\xff"}, Transient, Uncertain),
        ({"content": b"[" * 100_000}, Transient, Uncertain),
        ({"json": [1]}, Transient, Uncertain),
        ({"json": {"success": True}}, Transient, Uncertain),
        ({"json": {"success": False, "error": "no"}}, Transient, Rejected),
        ({"json": {"success": False, "data": {}}}, Transient, Rejected),
    ],
)
def test_a_200_that_is_none(body: dict[str, Any], reading: type[SyncError], writing: type[SyncError]) -> None:
    for method, error in (("GET", reading), ("PUT", writing)):
        with pytest.raises(error) as caught:
            answer_of(response(method=method, **body), NOW)
        assert type(caught.value) is error


@pytest.mark.parametrize(
    ("headers", "told_at"),
    [
        ({"Date": DATE}, ON_DATE),
        ({"Date": "Mon, 01 Jun 2026 06:59:30 -0000"}, ON_DATE),
        ({}, NOW),
        ({"Date": "today"}, NOW),
    ],
)
def test_an_answer_is_told_by_the_server_s_clock_where_it_has_one(headers: dict[str, str], told_at: datetime) -> None:
    answer = answer_of(response(headers=headers, json={"data": {"visit": {}}, "meta": None}), NOW)
    assert (answer.told_at, answer.data, answer.meta) == (told_at, {"visit": {}}, None)
    with pytest.raises(Missing) as caught:
        answer_of(response(404, headers=headers), NOW)
    assert caught.value.told_at == told_at


@pytest.mark.parametrize(
    ("before", "newest", "since"),
    [
        (None, None, "2026-06-01T07:59:00.123Z"),
        ("2026-05-01T00:00:00.000Z", None, "2026-05-01T00:00:00.000Z"),
        ("2026-05-01T00:00:00.000Z", timedelta(hours=-2), "2026-06-01T06:00:00.124Z"),
        (None, timedelta(seconds=-5), "2026-06-01T07:59:00.123Z"),
        (None, timedelta(hours=2), "2026-06-01T07:59:00.123Z"),
    ],
)
def test_the_next_reading_starts_after_the_newest_change_but_a_minute_back(
    before: str | None, newest: timedelta | None, since: str
) -> None:
    assert next_since(before, NOW + newest if newest is not None else None, NOW) == since


def test_a_cursor_is_read_as_it_was_written() -> None:
    for cursor in (Cursor(), Cursor("2026-06-01T07:59:00.123Z"), Cursor(offered=False)):
        assert Cursor.parse(str(cursor)) == cursor
    assert Cursor.parse(None) is None
