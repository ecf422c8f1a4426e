"""One request to Sell and its answer: the limit, what is tried again, and the error table."""

import time
from typing import Any

import pytest

from tests.sources.place import read
from tests.sources.sell import ACCOUNT, TOKEN, Sell
from worker.core.errors import ConnectionRevoked, RateLimited, Rejected, SyncError, Transient
from worker.core.ports import SourcePage
from worker.core.records import VISIT
from worker.http.api_key import limit_name
from worker.http.limits import Bucket, Limits


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (401, ConnectionRevoked),
        (403, Rejected),
        (404, Rejected),
        (408, Transient),
        (418, Rejected),
        (422, Rejected),
        (425, Transient),
        (429, RateLimited),
        (500, Transient),
        (502, Transient),
        (503, Transient),
        (302, Transient),
    ],
)
def test_each_status_says_what_to_do(sell: Sell, status: int, error: type[SyncError]) -> None:
    sell.fault(status=status, times=None)
    with pytest.raises(error) as raised:
        read(sell.open(), VISIT)
    assert isinstance(raised.value, RateLimited) == (status == 429)
    if error is Rejected:
        assert raised.value.code == "SOURCE_REFUSED"
    assert len(sell.simulator.journal.entries()) == (1 if not issubclass(error, Transient) else 4)


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 503, "body": "<html>Down</html>"},
        {"status": 429},
        {"drop": "before"},
        {"drop": "after"},
        {"drop": "mid"},
        {"status": 200, "body": "<html>Hello</html>"},
        {"status": 200, "body": {"items": None}},
        {"status": 200, "body": []},
    ],
)
def test_passing_trouble_is_tried_again(sell: Sell, trouble: dict[str, Any]) -> None:
    sell.visit()
    sell.fault(times=2, **trouble)
    records, last = read(sell.open(), VISIT)
    assert len(records) == 1
    assert last.everything


def test_each_try_waits_twice_as_long_and_a_long_wait_is_for_later(sell: Sell) -> None:
    sell.fault(status=500, times=3)
    read(sell.open(), VISIT)
    assert sell.naps == [1.0, 2.0, 4.0]
    sell.fault(status=503, headers={"Retry-After": "60"}, times=None)
    with pytest.raises(Transient) as raised:
        read(sell.open(), VISIT)
    assert raised.value.retry_after == 60
    assert sell.naps == [1.0, 2.0, 4.0]


def test_trouble_in_the_middle_claims_nothing(sell: Sell) -> None:
    sell.simulator.load(ACCOUNT, 500)
    sell.fault(status=500, skip=3, times=None)
    source = sell.open()
    pages: list[SourcePage] = []
    with pytest.raises(Transient):
        pages.extend(source.changes(VISIT, None))
    assert all(page.cursor is None and not page.everything for page in pages)
    assert source.look_up(VISIT, ["sell:999"]) == []


def test_a_revoked_token_stops_at_once(sell: Sell) -> None:
    sell.simulator.revoke_token(TOKEN)
    with pytest.raises(ConnectionRevoked):
        read(sell.open(), VISIT)
    assert len(sell.asked()) == 1


@pytest.mark.parametrize("token", [None, "", 7, "tök", "line\nbreak"])
def test_a_token_that_no_header_can_carry_is_asked_for_anew(sell: Sell, token: object) -> None:
    with pytest.raises(ConnectionRevoked):
        read(sell.open(token), VISIT)
    assert sell.simulator.journal.entries() == []


def test_a_token_without_the_right_to_read_is_refused_in_sells_words(sell: Sell) -> None:
    token = sell.simulator.issue_token(ACCOUNT, scopes=["profile"])
    with pytest.raises(Rejected, match="lacks the scope"):
        read(sell.open(token), VISIT)


def test_no_error_shows_the_token(sell: Sell) -> None:
    sell.fault(status=422, body={"errors": [{"error": {"details": f"bad token={TOKEN} of ann@example.com"}}]})
    with pytest.raises(Rejected) as raised:
        read(sell.open(), VISIT)
    assert TOKEN not in raised.value.message
    assert "ann@example.com" not in raised.value.message


def test_ten_requests_a_second_are_never_exceeded(sell: Sell) -> None:
    sell.simulator.configure(rate_limit_per_second=10)
    sell.simulator.load(ACCOUNT, 1_500)
    begun = time.monotonic()
    read(sell.open(per_second=10.0, sleep=time.sleep), VISIT)
    entries = sell.simulator.journal.entries()
    assert len(entries) >= 16
    assert all(entry.status == 200 for entry in entries)
    assert time.monotonic() - begun < 10


def test_a_429_pauses_everybody_with_that_token(sell: Sell) -> None:
    sell.visit()
    sell.fault(status=429)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(seconds)

    limits = Limits(sleep=sleep)
    read(sell.open(limits=limits), VISIT)
    assert 0.3 < sum(waits) < 1.2
    limits.pause(limit_name("zendesk_sell", TOKEN), 30)
    assert limits.take([Bucket(limit_name("zendesk_sell", TOKEN), 600)], 1) > 20
    with pytest.raises(RateLimited):
        read(sell.open(limits=limits), VISIT)
    assert len(sell.asked()) == 2


def test_the_name_of_a_limit_tells_no_token() -> None:
    assert TOKEN not in limit_name("zendesk_sell", TOKEN)
    assert limit_name("zendesk_sell", TOKEN) != limit_name("zendesk_sell", "another")
