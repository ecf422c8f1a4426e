"""What one company takes of our app, shared by all who reach it."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.providers.quickbooks_line import ADA, FREE, House, asking, reading, writing
from tests.simulators.quickbooks import OTHER_REALM, REALM, Books, served_quickbooks
from worker.core.errors import RateLimited, Rejected, Uncertain
from worker.http.limits import Limits
from worker.http.slots import Slots
from worker.providers.quickbooks.line import Line


@pytest.fixture(scope="module")
def server() -> Iterator[Books]:
    with served_quickbooks() as books:
        yield books


@pytest.fixture
def house(server: Books) -> House:
    server.start_over()
    return House(server)


@pytest.fixture
def line(house: House) -> Iterator[Line]:
    with house.line() as line:
        yield line


@pytest.mark.parametrize("casing", ["lower", "upper"])
def test_a_rate_limit_keeps_everybody_away_from_the_company(house: House, casing: str) -> None:
    house.books.simulator.set(gateway_casing=casing)
    house.order(status=429)
    with house.line() as line, house.line() as other:
        with pytest.raises(RateLimited) as limited:
            writing(line)
        assert limited.value.retry_after == 60
        with pytest.raises(RateLimited) as limited:
            reading(other)
        assert 55 < (limited.value.retry_after or 0) <= 60
    assert house.asked() == 1


def test_it_does_not_keep_others_away_from_theirs(house: House, line: Line) -> None:
    house.order(status=429)
    with pytest.raises(RateLimited):
        reading(line)
    house.books.simulator.add_company(OTHER_REALM)
    token = house.books.simulator.grant(OTHER_REALM)
    with house.line(credentials={"realm_id": OTHER_REALM, "refresh_token": token}) as other:
        reading(other)


def test_an_item_of_a_batch_that_is_over_the_limit_counts_for_all(house: House, line: Line) -> None:
    house.order(parts=True, part_index=0, status=429, reason="3001")
    assert "Fault" in line.batch([{"bId": "1", "operation": "create", "Customer": ADA}]).body["1"]
    with pytest.raises(RateLimited):
        reading(line)


def test_our_share_of_a_minute_is_not_exceeded(house: House) -> None:
    with house.line(replace(FREE, per_minute=12)) as line, house.line(replace(FREE, per_minute=12)) as other:
        for ask in (line, other, line):
            reading(ask)
        with pytest.raises(RateLimited):
            reading(other)
    assert house.asked() == 3


def test_batches_have_a_share_of_their_own(house: House) -> None:
    with house.line(replace(FREE, batches_per_minute=4)) as line:
        asking(line)
        with pytest.raises(RateLimited):
            asking(line)
        reading(line)
    assert house.asked("batch") == 1


def test_a_second_holds_no_more_than_the_company_takes(house: House) -> None:
    house.limits = Limits()
    with house.line(replace(FREE, per_second=10)) as line:
        started = time.monotonic()
        for _ in range(8):
            reading(line)
    assert time.monotonic() - started > 0.6


def test_no_more_are_under_way_at_once_than_the_company_takes(house: House) -> None:
    house.books.simulator.set(latency=0.05)
    with house.line(replace(FREE, at_once=3)) as line, house.line(replace(FREE, at_once=3)) as other:
        threads = [threading.Thread(target=reading, args=(one,)) for one in (line, other) * 5]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert house.asked() == 10
    assert house.books.simulator.counters()["highest"][REALM] == 3


def test_a_slot_comes_back_after_a_failure(house: House) -> None:
    house.slots = Slots(patience=0)
    with house.line(replace(FREE, at_once=1)) as line:
        for how in ({"status": 400}, {"drop": "after"}):
            house.order(**how)
            with pytest.raises((Rejected, Uncertain)):
                writing(line)
        reading(line)
