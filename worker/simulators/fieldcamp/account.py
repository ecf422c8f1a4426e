"""One FieldCamp workspace: its records, keys and subscriptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from worker.simulators.fieldcamp.bookings import Bookings
from worker.simulators.fieldcamp.delivery import Subscription
from worker.simulators.fieldcamp.idempotency import Replays
from worker.simulators.fieldcamp.kinds import Kind
from worker.simulators.fieldcamp.money_kinds import KINDS
from worker.simulators.fieldcamp.refusal import missing
from worker.simulators.fieldcamp.table import Record, Table


@dataclass
class Account:
    """A tenant. `suspended` refuses all its requests with 403; `events` holds each envelope, the oldest first."""

    suspended: bool = False
    tables: dict[str, Table] = field(default_factory=lambda: {name: Table() for name in KINDS})
    bookings: Bookings = field(default_factory=Bookings)
    replays: Replays = field(default_factory=Replays)
    subscriptions: list[Subscription] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def table(self, kind: Kind) -> Table:
        return self.tables[kind.name]

    def find(self, kind: Kind, record_id: str) -> Record:
        """The record, or Refused with 404."""
        record = self.table(kind).get(record_id)
        if record is None:
            raise missing(kind.name, record_id)
        return record

    def next_number(self, prefix: str) -> str:
        """`JOB-1001`, `JOB-1002` and so on."""
        self.numbers[prefix] = self.numbers.get(prefix, 1000) + 1
        return f"{prefix}-{self.numbers[prefix]}"
