"""What the web needs of the house (``web.house``): events verified, read and stored; and whether we can serve."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from redis.exceptions import RedisError

from worker.core.connections import InboxEvent
from worker.core.errors import SyncError
from worker.sources.fieldcamp.events import parse_event
from worker.sources.fieldcamp.signature import Unsigned, verify
from worker.sync.receive import receive_events
from worker.wiring import Wiring, now

NOBODYS_SECRET = "whsec_bm9ib2R5J3Mgc2VjcmV0LCBidXQganVzdCBhcyBsb25n"  # noqa: S105 - it opens nothing
"""What a request for an unknown account is checked against, so that it takes as long as any other."""

SECRET_HOLDS = 5.0
"""Seconds that a webhook secret is kept in memory: a burst of events reads it once."""

MOST_SECRETS = 5000
"""How many are kept, with the accounts that there are not: anybody may ask for any."""


@dataclass(frozen=True, slots=True)
class Reception:
    """What the web needs of the house (``web.house``)."""

    wiring: Wiring
    secrets: dict[str, tuple[float, str | None]] = field(default_factory=dict)

    def now(self) -> datetime:
        return now()

    def verify_event(self, account_id: str, headers: Mapping[str, str], body: bytes, at: datetime) -> bool:
        secret = self._secret(account_id)
        try:
            verify(secret or NOBODYS_SECRET, headers, body, at)
        except Unsigned:
            return False
        return secret is not None

    def _secret(self, account_id: str) -> str | None:
        """An account's secret, read and decrypted once in a few seconds; so is that there is none, or whoever knocks
        twice could tell by the time that it takes."""
        until, secret = self.secrets.get(account_id, (0.0, None))
        if until > time.monotonic():
            return secret
        found = self.wiring.store.accounts.webhook_secret(account_id)
        if len(self.secrets) >= MOST_SECRETS:
            self.secrets.clear()
        self.secrets[account_id] = (time.monotonic() + SECRET_HOLDS, found)
        return found

    def parse_event(self, account_id: str, body: Any) -> InboxEvent:
        return parse_event(body, account_id)

    def take_events(self, events: Sequence[InboxEvent]) -> Sequence[bool]:
        return receive_events(self.wiring.house, events)

    def ready(self) -> Mapping[str, str]:
        return {"database": self._database(), "broker": self._broker()}

    def _database(self) -> str:
        try:
            self.wiring.store.ping()
        except SyncError as error:
            return error.message
        return "ok"

    def _broker(self) -> str:
        try:
            if self.wiring.redis is not None:
                self.wiring.redis.ping()
        except (OSError, RedisError) as error:
            return type(error).__name__
        return "ok"
