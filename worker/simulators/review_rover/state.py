"""Everything that the ReviewRover simulator knows, behind one lock."""

from __future__ import annotations

import threading
from bisect import insort
from dataclasses import dataclass, field
from datetime import UTC, datetime

from worker.simulators.review_rover.fields import stamp
from worker.simulators.review_rover.kinds import Record
from worker.simulators.review_rover.limits import Minute
from worker.simulators.review_rover.settings import Settings

FIRST_NUMBER = 1000
LONGEST_NUMBER = 18


@dataclass
class Account:
    """One tenant: visits by number and contacts by id, both the oldest first, and the review requests that went out."""

    id: str
    visits: dict[int, Record] = field(default_factory=dict)
    contacts: dict[str, Record] = field(default_factory=dict)
    requests: list[Record] = field(default_factory=list)
    _named: dict[str, list[int]] = field(default_factory=dict)

    def put(self, visit: Record) -> None:
        """Adds the visit, or replaces the one with its number."""
        self._unname(visit["id"])
        self.visits[visit["id"]] = visit
        if visit["external_id"] is not None:
            insort(self._named.setdefault(visit["external_id"], []), visit["id"])

    def remove(self, number: int) -> None:
        self._unname(number)
        del self.visits[number]

    def named(self, external_id: str) -> list[Record]:
        """The visits with this `external_id`, the oldest first."""
        return [self.visits[number] for number in self._named.get(external_id, ())]

    def find(self, told: str) -> Record | None:
        """The visit that an `:id` means: by number, else the oldest with that `external_id`."""
        is_number = told.isascii() and told.isdigit() and len(told) <= LONGEST_NUMBER
        if is_number and int(told) in self.visits:
            return self.visits[int(told)]
        return next(iter(self.named(told)), None)

    def _unname(self, number: int) -> None:
        old = self.visits.get(number)
        if old is not None and old["external_id"] is not None:
            self._named[old["external_id"]].remove(number)


@dataclass
class Token:
    """Whose token it is, and how often it came lately."""

    account: str
    minute: Minute = field(default_factory=Minute)


@dataclass
class World:
    """Accounts by name, tokens by value. Hold `lock` while reading or writing. Numbers rise over all accounts."""

    settings: Settings = field(default_factory=Settings)
    lock: threading.RLock = field(default_factory=threading.RLock)
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    last_number: int = FIRST_NUMBER

    def now(self) -> str:
        return stamp(datetime.now(UTC))

    def new_number(self) -> int:
        self.last_number += 1
        return self.last_number

    def account(self, name: str) -> Account:
        """LookupError where there is none."""
        if name not in self.accounts:
            raise LookupError(f"there is no account {name}")
        return self.accounts[name]

    def forget(self) -> None:
        self.accounts.clear()
        self.tokens.clear()
        self.last_number = FIRST_NUMBER
