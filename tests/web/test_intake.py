"""Group commit by itself: what it promises when things go wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from tests.web.house import NOW
from worker.core.connections import InboxEvent
from worker.core.errors import Transient
from worker.web.intake import MOST_AT_ONCE, Intake


def event(name: str, account: str = "acc_1") -> InboxEvent:
    return InboxEvent(account, name, "visit.updated", {}, NOW)


class Store:
    """Takes what it is given once the gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.batches: list[list[str]] = []
        self.trouble: dict[str, Exception] = {}

    def take(self, events: Sequence[InboxEvent]) -> list[bool]:
        self.gate.wait(10)
        names = [event.event_id for event in events]
        self.batches.append(names)
        for name in names:
            if name in self.trouble:
                raise self.trouble[name]
        return [False] * len(names)


@pytest.fixture
def store() -> Store:
    return Store()


def test_a_transaction_takes_two_hundred_at_most(store: Store) -> None:
    intake = Intake(store.take)
    intake.start()
    store.gate.clear()
    answers = [intake.submit(event(f"evt_{n}")) for n in range(450)]
    store.gate.set()
    assert [answer.result(5) for answer in answers] == [False] * 450
    intake.stop()
    assert max(len(batch) for batch in store.batches) == MOST_AT_ONCE
    assert [name for batch in store.batches for name in batch] == [f"evt_{n}" for n in range(450)]


def test_when_too_many_wait_the_next_is_turned_away_at_once(store: Store) -> None:
    intake = Intake(store.take, most_waiting=3)
    intake.start()
    store.gate.clear()
    accepted = [intake.submit(event("evt_0"))]
    time.sleep(0.1)
    accepted += [intake.submit(event(f"evt_{n}")) for n in (1, 2, 3)]
    with pytest.raises(Transient, match="waiting"):
        intake.submit(event("evt_4"))
    store.gate.set()
    assert [answer.result(5) for answer in accepted] == [False] * 4
    intake.stop()


def test_nothing_is_taken_before_the_start_nor_after_the_stop(store: Store) -> None:
    intake = Intake(store.take)
    with pytest.raises(Transient):
        intake.submit(event("evt_0"))
    intake.start()
    intake.stop()
    intake.stop()
    with pytest.raises(Transient, match="stopping"):
        intake.submit(event("evt_1"))
    assert store.batches == []


def test_a_stop_stores_and_answers_all_that_was_taken(store: Store) -> None:
    intake = Intake(store.take)
    intake.start()
    store.gate.clear()
    answers = [intake.submit(event(f"evt_{n}")) for n in range(500)]
    threading.Timer(0.1, store.gate.set).start()
    intake.stop()
    assert [answer.result(0) for answer in answers] == [False] * 500


def test_while_the_store_is_away_a_batch_is_tried_once(store: Store) -> None:
    intake = Intake(store.take)
    intake.start()
    store.gate.clear()
    store.trouble["evt_1"] = Transient("away")
    first = intake.submit(event("evt_0"))
    time.sleep(0.05)
    answers = [intake.submit(event(f"evt_{n}")) for n in (1, 2, 3)]
    store.gate.set()
    assert first.result(5) is False
    for answer in answers:
        with pytest.raises(Transient, match="away"):
            answer.result(5)
    intake.stop()
    assert store.batches == [["evt_0"], ["evt_1", "evt_2", "evt_3"]]


def test_a_store_that_loses_count_is_not_believed() -> None:
    intake = Intake(lambda events: [])
    intake.start()
    with pytest.raises(RuntimeError, match="0 times for 1 events"):
        intake.submit(event("evt_1")).result(5)
    intake.stop()


def test_who_hung_up_before_his_turn_is_not_stored(store: Store) -> None:
    intake = Intake(store.take)
    intake.start()
    store.gate.clear()
    intake.submit(event("evt_0"))
    time.sleep(0.05)
    assert intake.submit(event("evt_1")).cancel()
    last = intake.submit(event("evt_2"))
    store.gate.set()
    assert last.result(5) is False
    intake.stop()
    assert store.batches == [["evt_0"], ["evt_2"]]


def test_a_slow_or_broken_bell_delays_no_answer(store: Store) -> None:
    rung: list[frozenset[str]] = []
    held = threading.Event()

    def ring(accounts: frozenset[str]) -> None:
        rung.append(accounts)
        held.wait(5)
        raise ConnectionError("no broker")

    intake = Intake(store.take, ring)
    intake.start()
    intake.submit(event("evt_1", "acc_1")).result(5)
    while not rung:  # the bell is being rung now, and held
        time.sleep(0.01)
    began = time.monotonic()
    for account in ("acc_2", "acc_3"):
        intake.submit(event("evt_1", account)).result(5)
    assert time.monotonic() - began < 1
    held.set()
    intake.stop()
    assert set().union(*rung) == {"acc_1", "acc_2", "acc_3"}
    assert len(rung) == 2
