"""Everything that the HTTP side of the simulator knows."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from worker.simulators.quickbooks.company import Company
from worker.simulators.quickbooks.grants import Grants
from worker.simulators.quickbooks.instants import told
from worker.simulators.quickbooks.settings import Settings


@dataclass
class World:
    """Companies by their realm ids, grants and counters; `now` is in seconds since the epoch.

    The lock guards all of it but the inside of a company, which has a lock of its own.
    """

    now: Callable[[], float]
    settings: Settings = field(default_factory=Settings)
    lock: threading.RLock = field(default_factory=threading.RLock)
    companies: dict[str, Company] = field(default_factory=dict)
    grants: Grants = field(default_factory=Grants)
    counters: Counter[str] = field(default_factory=Counter)

    def clock(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def time(self) -> str:
        """The `time` of an answer made now."""
        return told(self.clock(), milliseconds=True)
