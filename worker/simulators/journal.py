"""What was asked of a simulator, without bodies, headers or credentials."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One HTTP request.

    `method` is the one meant, also where `x-http-method-override` names it; `path` is below the simulator's mount;
    `query` is the raw query string; `operation` is the simulator's name for the call ("" when it has none); `status` is
    None when the connection was cut before an answer; `started` is in seconds since the epoch, `duration` in seconds;
    `parts` counts the calls in a batch, 1 for a plain request.
    """

    method: str
    path: str
    query: str
    operation: str
    status: int | None
    started: float
    duration: float
    parts: int = 1

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Journal:
    """The requests in the order in which they ended; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)

    def begin(self, method: str, path: str, query: str, operation: str) -> Recording:
        """A request has come in; it is entered when its recording ends."""
        return Recording(self, method, path, query, operation)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def entries(self, operation: str | None = None, method: str | None = None) -> list[Entry]:
        """All entries, or those with this operation and this method."""
        with self._lock:
            kept = list(self._entries)
        return [
            entry
            for entry in kept
            if (operation is None or entry.operation == operation) and (method is None or entry.method == method)
        ]


@dataclass
class Recording:
    """A request being answered; `end` just before the answer is complete, so that its reader finds the entry."""

    journal: Journal
    method: str
    path: str
    query: str
    operation: str
    status: int | None = None
    parts: int = 1
    started: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.monotonic)
    ended: bool = False

    def end(self) -> None:
        """Enters the request; a second call does nothing."""
        if self.ended:
            return
        self.ended = True
        duration = time.monotonic() - self.clock
        self.journal.add(
            Entry(self.method, self.path, self.query, self.operation, self.status, self.started, duration, self.parts)
        )
