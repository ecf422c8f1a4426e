"""What QuickBooks says when it says no, in each of its shapes, and what that means."""

import json
from typing import Any

import pytest
from quickbooks.exceptions import AuthorizationException, QuickbooksException, SevereException, ValidationException

from worker.core.errors import (
    ConnectionRevoked,
    RateLimited,
    Rejected,
    SyncError,
    Transient,
    Uncertain,
    VersionConflict,
)
from worker.providers.quickbooks.errors import (
    Fault,
    NameTaken,
    ObjectMissing,
    TokenRefused,
    fault_in,
    judge,
    of_library,
    refusal,
)

TAKEN = "The name supplied already exists. : Another customer, vendor or employee is already using this name. Id=58"


def fault(code: object = "6000", message: str = "Said", detail: object = "in detail", **more: Any) -> dict[str, Any]:
    return {"Error": [{"Message": message, "Detail": detail, "code": code, "element": ""}], "type": "X", **more}


def gateway(code: str, name: str, status: int) -> dict[str, Any]:
    message = f"message={name}; errorCode=00{code}; statusCode={status}"
    return {"warnings": None, "fault": {"error": [{"message": message, "detail": None, "code": code}], "type": "X"}}


def judged(status: int, body: object, *, reading: bool = False) -> SyncError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = judge(status, content, reading=reading)
    assert error is not None
    return error


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("100", ConnectionRevoked),
        ("120", ConnectionRevoked),
        ("3100", ConnectionRevoked),
        ("003100", ConnectionRevoked),
        ("6190", ConnectionRevoked),
        ("3200", TokenRefused),
        ("3001", RateLimited),
        ("003001", RateLimited),
        ("5010", VersionConflict),
        (5010, VersionConflict),
        ("6240", NameTaken),
        ("610", ObjectMissing),
        ("10000", Uncertain),
        ("10002", Uncertain),
        ("6000", Rejected),
        ("6070", Rejected),
        ("2020", Rejected),
        ("500", Rejected),
        ("4001", Rejected),
        ("abc", Rejected),
        ("", Rejected),
        (None, Rejected),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_a_code_says_what_to_do_whatever_the_status(code: object, kind: type[SyncError], status: int) -> None:
    assert type(refusal(fault(code), status)) is kind
    assert type(judged(status, {"Fault": fault(code), "time": "x"})) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, TokenRefused), (403, Rejected), (404, Rejected), (408, Uncertain), (429, RateLimited), (500, Uncertain)],
)
def test_a_code_that_is_not_known_leaves_it_to_the_status(status: int, kind: type[SyncError]) -> None:
    assert type(judged(status, {"Fault": fault("7777")})) is kind
    assert type(judged(status, {})) is kind


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (gateway("3001", "ThrottleExceeded", 429), 429, RateLimited),
        (gateway("3200", "AuthenticationFailed", 401), 401, TokenRefused),
        (gateway("3100", "ApplicationAuthorizationFailed", 403), 403, ConnectionRevoked),
        ({"fault": {"error": [{"message": "m; errorCode=003001; x"}]}}, 400, RateLimited),
        ({"fault": {"error": None}}, 429, RateLimited),
        ({"fault": "no"}, 200, Rejected),
        ({"Fault": {"Error": fault("5010")["Error"][0]}}, 400, VersionConflict),
        ({"Fault": {"Error": [None, 7, fault("5010")["Error"][0]]}}, 400, VersionConflict),
        ({"Fault": {"Error": [fault("6000")["Error"][0], fault("5010")["Error"][0]]}}, 400, VersionConflict),
    ],
)
def test_a_fault_is_known_in_every_casing_and_shape(body: Any, status: int, kind: type[SyncError]) -> None:
    assert type(judged(status, body)) is kind


def test_a_fault_in_xml_is_read_by_its_words() -> None:
    error = '<Error code="{}"><Message>A &amp; B</Message><Detail>C</Detail></Error>'
    xml = f'<?xml version="1.0"?><IntuitResponse time="x"><Fault type="Y">{error}</Fault></IntuitResponse>'
    assert type(judged(401, xml.format("3200").encode())) is TokenRefused
    rejected = judged(400, xml.format("6000").encode())
    assert type(rejected) is Rejected
    assert rejected.message == "A & B: C"


@pytest.mark.parametrize("status", [200, 201, 204, 302, 400, 404, 500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"[]", b'"x"', b"null", b'{"Invoice": {', b"\xff\xfe"])
def test_what_is_no_answer_leaves_a_writing_open_and_a_reading_for_later(status: int, body: bytes) -> None:
    assert type(judged(status, body)) is Uncertain
    assert type(judged(status, body, reading=True)) is Transient


@pytest.mark.parametrize(("status", "kind"), [(401, TokenRefused), (429, RateLimited)])
def test_html_from_the_gateway_counts_by_its_status(status: int, kind: type[SyncError]) -> None:
    assert type(judged(status, b"<html>no</html>")) is kind


@pytest.mark.parametrize("body", [{"Invoice": {"Id": "1"}}, {"QueryResponse": {}}, {"fault": None}, {"Fault": {}}, {}])
def test_json_without_a_fault_is_an_answer(body: object) -> None:
    assert judge(200, json.dumps(body).encode(), reading=False) is None


def test_a_failure_of_quickbooks_is_passing_for_a_reading() -> None:
    for code, status in (("10000", 400), ("7777", 503)):
        assert type(refusal(fault(code), status, reading=True)) is Transient


def test_a_rate_limit_asks_for_a_minute() -> None:
    error = refusal(fault("3001"))
    assert isinstance(error, RateLimited)
    assert error.retry_after == 60


@pytest.mark.parametrize(("detail", "remote_id"), [(TAKEN, "58"), ("Taken.", None), ("TxnId=5", None), (None, None)])
def test_a_taken_name_tells_whose_it_is_where_intuit_does(detail: str | None, remote_id: str | None) -> None:
    error = refusal(fault("6240", "Duplicate Name Exists Error", detail))
    assert isinstance(error, NameTaken)
    assert (error.code, error.remote_id) == ("NAME_TAKEN", remote_id)


@pytest.mark.parametrize("code", ["6140", "6210", "6000"])
@pytest.mark.parametrize(
    ("message", "detail", "word"),
    [
        ("Duplicate Document Number Error", "You must specify a different number.", "DUPLICATE_NUMBER"),
        ("Error", "Duplicate Doc. Num. Error", "DUPLICATE_NUMBER"),
        ("Error", "DUPLICATE DOCUMENT NUMBER", "DUPLICATE_NUMBER"),
        ("Account Period Closed, Cannot Update Through Services API", "", "PERIOD_CLOSED"),
        ("Error", "The accounting period has been closed.", "PERIOD_CLOSED"),
        ("Error", "The transaction is before the closing date.", "PERIOD_CLOSED"),
        ("Error", "The account is closed.", ""),
    ],
)
def test_two_refusals_are_known_by_their_words(code: str, message: str, detail: str, word: str) -> None:
    assert refusal(fault(code, message, detail)).code == (word or f"QUICKBOOKS_{code}")


def test_people_read_what_intuit_says_without_addresses_and_in_500_characters() -> None:
    assert refusal(fault(message="Short", detail="Longer words")).message == "Short: Longer words"
    assert refusal(fault(message="Stale", detail="Stale: you and X")).message == "Stale: you and X"
    assert refusal(fault(message="", detail="")).message == "QuickBooks answered 400."
    long = refusal(fault(message="ada@example.com said", detail="x" * 9000)).message
    assert len(long) == 500
    assert "ada@" not in long


@pytest.mark.parametrize("code", ["100", "120", "3100", "3200", "6190"])
def test_who_has_to_reconnect_is_told_so(code: str) -> None:
    words = refusal(fault(code)).message
    assert "onnect" in words
    assert "in detail" in words


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (QuickbooksException("Stale", 5010, "d"), VersionConflict),
        (QuickbooksException("Taken", 6240, TAKEN), NameTaken),
        (ValidationException("Throttle", 3001, "d"), RateLimited),
        (ValidationException("Token", 3200, "d"), TokenRefused),
        (AuthorizationException("Failed", error_code=401, detail="secret"), TokenRefused),
        (QuickbooksException("Error reading json response: secret", 10000), Uncertain),
        (SevereException("Down", 10001, "d"), Uncertain),
        (QuickbooksException("No session manager"), Uncertain),
        (ValueError("invalid literal for int(): secret"), Uncertain),
    ],
)
def test_what_the_library_raises_means_the_same(error: Exception, kind: type[SyncError]) -> None:
    found = of_library(error, reading=False)
    assert type(found) is kind
    assert "secret" not in found.message


def test_an_item_of_a_batch_has_its_fault_read_alike() -> None:
    assert fault_in({"bId": "1", "Fault": fault("5010", "A", "B")}) == Fault("5010", "A", "B")
    assert fault_in({"bId": "1", "Invoice": {}}) is None
    assert fault_in(None) is None
