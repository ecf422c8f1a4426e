"""Everything that a simulated FieldCamp knows, behind one lock."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

from ulid import ULID

from worker.simulators.fieldcamp import views
from worker.simulators.fieldcamp.account import Account
from worker.simulators.fieldcamp.delivery import Courier
from worker.simulators.fieldcamp.desk import Desk, Guard, unguarded
from worker.simulators.fieldcamp.instants import stamp
from worker.simulators.fieldcamp.kinds import Kind
from worker.simulators.fieldcamp.limits import Quota
from worker.simulators.fieldcamp.listing import Listing
from worker.simulators.fieldcamp.settings import Settings
from worker.simulators.fieldcamp.table import Record


class State:
    """The accounts by key, the settings, the clock and the courier. Hold `lock` while reading or writing records."""

    def __init__(self, settings: Settings) -> None:
        self.lock = threading.RLock()
        self.initial = settings
        self.settings = settings
        self.accounts: dict[str, Account] = {}
        self.quotas: dict[str, Quota] = {}
        self.listing = Listing()
        self.counts: Counter[str] = Counter()
        self.courier = Courier(lambda: self.settings, lambda: self.now().timestamp())

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.settings.clock_offset_seconds)

    def desk(self, account: Account, guard: Guard = unguarded) -> Desk:
        """A desk at which somebody writes now."""
        return Desk(account, stamp(self.now()), self.settings.currency, partial(self._announce, account), guard)

    def emit(self, account: Account, event_type: str, snapshot: Record, previous: Record | None) -> Record:
        """Tells the account's subscribers; returns the envelope."""
        data = {"object": snapshot} | ({} if previous is None else {"previous_attributes": previous})
        event_id = f"evt_{ULID()}"
        envelope = {
            "id": event_id,
            "type": event_type,
            "created_at": stamp(self.now()),
            "api_version": self.settings.api_version,
            "data": data,
        }
        body = views.as_json(envelope)
        account.events.append(views.plain(envelope))
        self.counts["events"] += 1
        for subscription in account.subscriptions if self.settings.webhooks else ():
            self.courier.send(event_id, event_type, body, subscription)
        return envelope

    def reset(self) -> None:
        """Forgets accounts, counts and what waits to be delivered; settings are as at the start."""
        self.settings = self.initial
        self.courier.forget()
        self.accounts.clear()
        self.quotas.clear()
        self.counts.clear()
        self.listing = Listing()

    def _announce(self, account: Account, kind: Kind, verb: str, record: Record, before: Record | None) -> None:
        snapshot = views.snapshot(kind, record, self.settings)
        previous = None if before is None else views.previous(kind, before, record, self.settings)
        self.emit(account, f"{kind.name}.{verb}", snapshot, previous)
