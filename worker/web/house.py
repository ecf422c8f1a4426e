"""What the web needs of the rest, put together in ``wiring``."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from worker.core.connections import InboxEvent


class House(Protocol):
    """All of it may block, is called from threads made for that, and raises Transient where the store is away."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def verify_event(self, account_id: str, headers: Mapping[str, str], body: bytes, now: datetime, /) -> bool:
        """Whether the account signed ``body``; for an unknown account False, after the same work."""

    def parse_event(self, account_id: str, body: object, /) -> InboxEvent:
        """The event in the decoded JSON of a verified request. Raises Invalid whose details name each wrong field."""

    def take_events(self, events: Sequence[InboxEvent], /) -> Sequence[bool]:
        """Stores up to 200 events in one transaction; for each, in order, whether it had come before."""

    def ready(self) -> Mapping[str, str]:
        """Each thing that must answer before we can serve, with ``ok`` or a few words on what is wrong."""
