"""Access tokens that belong to no person: kept in this process, for whoever has the secret can have another."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.core.ports import Grant


@dataclass
class _Slot:
    token: Mapping[str, Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Mint:
    """Keeps tokens while they hold, from one provider's instance to the next; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot] = {}

    def grant(self, grant: Grant, *named: object) -> Grant:
        """The token that all of ``named`` (secrets, addresses, whom it acts for) stands for, in the shape of a grant;
        it is made from the credentials of ``grant``."""
        name = hashlib.sha256(repr(named).encode()).hexdigest()
        with self._lock:
            return _Minted(grant, self._slots.setdefault(name, _Slot()))


class _Minted:
    def __init__(self, grant: Grant, slot: _Slot) -> None:
        self._grant = grant
        self._slot = slot

    def read(self) -> Mapping[str, Any]:
        return self._slot.token

    def renew(self, stale: str | None, refresh: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Mapping[str, Any]:
        with self._slot.lock:
            if self._slot.token.get("access_token") == stale:
                self._slot.token = refresh(self._grant.read())
            return self._slot.token
