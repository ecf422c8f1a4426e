"""Answers that are given again to the same `requestid`: https://developer.intuit.com/app/developer/qbo/docs/learn/rest-api-features#request-id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from worker.simulators.quickbooks.calls import Answer
from worker.simulators.quickbooks.refusal import business, wrong_length
from worker.simulators.quickbooks.state import World

LONGEST, LONGEST_OF_BATCH, LONGEST_BID = 50, 36, 10
Key = tuple[str, str]
"""Realm and `requestid`."""


class RequestIds:
    """What was answered, by company and `requestid`, whatever was asked with it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[Key, tuple[Answer, float]] = {}

    def once(self, key: Key, carry_out: Callable[[], Answer]) -> Answer:
        """The answer that this id had before, word for word; else that of `carry_out`, remembered.

        Two at once would both carry out: the caller holds the company's lock.
        """
        now, settings = self._world.now(), self._world.settings
        kept = self._kept.get(key)
        if kept is not None and now < kept[1] + settings.request_id_life:
            self._world.counters["replays"] += 1
            return kept[0]
        answer = carry_out()
        if answer.status == 200 or settings.faults_replayed:
            self._kept[key] = (answer, now)
        return answer

    def forget(self) -> None:
        self._kept.clear()


def check_length(request_id: str, longest: int) -> None:
    """400 for an id that is too long."""
    if len(request_id) > longest:
        raise wrong_length("requestid", longest, len(request_id))


def check_batch_ids(request_id: str, items: Sequence[Mapping[str, Any]]) -> None:
    """400 where the id or a `bId` is longer than a batch with a `requestid` allows."""
    check_length(request_id, LONGEST_OF_BATCH)
    if any(len(str(item.get("bId", ""))) > LONGEST_BID for item in items):
        raise business(f"With a requestid each bId has at most {LONGEST_BID} characters.", "bId")
