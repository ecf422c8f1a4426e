"""Nobody waits for ever for a store that says nothing."""

import asyncio
import threading
import time

import pytest

from worker.core.errors import StoreUnavailable
from worker.web.patience import in_time


def test_who_waits_too_long_is_told_that_the_store_is_away() -> None:
    gate = threading.Event()
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match="in time"):
        asyncio.run(in_time(gate.wait, 0.1)(20))
    assert time.monotonic() - started < 5
    gate.set()


def test_so_many_that_wait_for_a_thread_are_all_told_in_time() -> None:
    gate = threading.Event()
    ask = in_time(gate.wait, 0.2)

    async def all_of_them() -> list[bool | BaseException]:
        return await asyncio.gather(*(ask(20) for _ in range(100)), return_exceptions=True)

    started = time.monotonic()
    answers = asyncio.run(all_of_them())
    assert time.monotonic() - started < 5
    assert {type(answer) for answer in answers} == {StoreUnavailable}
    gate.set()


def test_what_is_answered_in_time_is_passed_on() -> None:
    assert asyncio.run(in_time(divmod, 5)(7, 2)) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_time(divmod, 5)(7, 0))
