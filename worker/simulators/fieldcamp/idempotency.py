"""Answers given under an `Idempotency-Key`, to be given again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from worker.simulators.fieldcamp.refusal import conflict


class Request(NamedTuple):
    """What a key was used for."""

    method: str
    path: str
    body: bytes


@dataclass(frozen=True)
class Given:
    """An answer, and when it was given, in seconds since the epoch."""

    request: Request
    status: int
    content: bytes
    at: float


class Replays:
    """The answers of one account by key; refusals are not kept, so a refused key may be used again."""

    def __init__(self) -> None:
        self._given: dict[str, Given] = {}

    def find(self, key: str, request: Request, *, now: float, hours: float) -> Given | None:
        """The answer given before to the same request; Refused with 409 when the key came with another one."""
        given = self._given.get(key)
        if given is None or now - given.at > hours * 3600:
            return None
        if given.request != request:
            raise conflict("Idempotency-Key was used before with another request")
        return given

    def keep(self, key: str, given: Given) -> None:
        self._given[key] = given
