"""Everything that the Zendesk Sell simulator knows, behind one lock."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from worker.simulators.zendesk_sell.instants import stamp
from worker.simulators.zendesk_sell.limits import Second
from worker.simulators.zendesk_sell.settings import Settings
from worker.simulators.zendesk_sell.visits import Visit

READ = "read"


@dataclass
class Account:
    """The visits of one tenant by id; each write raises `version`, so that a listing knows when it is out of date."""

    visits: dict[int, Visit] = field(default_factory=dict)
    version: int = 0

    def put(self, visits: Iterable[Visit]) -> None:
        self.visits.update((visit["id"], visit) for visit in visits)
        self.version += 1

    def remove(self, visit_id: int) -> None:
        del self.visits[visit_id]
        self.version += 1


@dataclass
class Token:
    """An access token: whose it is, what it may do, and how often it came lately."""

    account: str
    scopes: frozenset[str]
    second: Second = field(default_factory=Second)


@dataclass
class World:
    """Accounts by name, tokens by value. Hold `lock` while reading or writing. Ids rise over all accounts."""

    settings: Settings = field(default_factory=Settings)
    lock: threading.RLock = field(default_factory=threading.RLock)
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    last_id: int = 0

    def now(self) -> str:
        return stamp(datetime.now(UTC))

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def account(self, name: str) -> Account:
        """LookupError where there is none."""
        if name not in self.accounts:
            raise LookupError(f"there is no account {name}")
        return self.accounts[name]

    def forget(self) -> None:
        self.accounts.clear()
        self.tokens.clear()
        self.last_id = 0
