"""What becomes of a worker at one of its requests, or at one of its writes to the store."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection

from tests.sync.memory import Died
from worker.http.client import call
from worker.store import Store

REQUEST, SENDING, TOKEN, WRITE = "request", "sending", "token", "write"
"""Any request but for tokens; one that changes something; one for a token; a transaction of the store that writes."""
Hook = Callable[[], None]


@dataclass
class Fate:
    """``hook`` runs once, at the moment of one of ``kinds`` before which ``left`` others come: before it happens, or
    ``after`` it was answered or committed. A worker that died does nothing more.
    """

    kinds: frozenset[str] = frozenset()
    left: int = 0
    after: bool = False
    hook: Hook | None = None
    dead: bool = False

    def await_(self, *kinds: str, left: int, after: bool, hook: Hook | None = None) -> None:
        """Without a ``hook``: the worker's death."""
        self.kinds, self.left, self.after, self.hook = frozenset(kinds), left, after, hook or self._die

    def clear(self) -> None:
        self.hook, self.dead = None, False

    def before(self, *kinds: str) -> None:
        if self.dead:
            raise Died
        if not self.kinds.isdisjoint(kinds):
            self.left -= 1
            self._meet(after=False)

    def afterwards(self, *kinds: str) -> None:
        if self.dead:
            raise Died
        if not self.kinds.isdisjoint(kinds):
            self._meet(after=True)

    def _meet(self, *, after: bool) -> None:
        if self.left < 0 and self.after == after and self.hook is not None:
            hook, self.hook = self.hook, None
            hook()

    def _die(self) -> None:
        self.dead = True
        raise Died


FATE = Fate()
"""That of whichever worker runs: there is one at a time."""


@contextmanager
def fateful() -> Iterator[None]:
    """Every request goes past ``FATE``; nobody sits out the seconds that a provider asks for; what is posted side by
    side is posted one by one, so that an example can be told again.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.providers.quickbooks.session.call", _call(REQUEST))
        patch.setattr("worker.providers.quickbooks.tokens.call", _call(TOKEN))
        patch.setattr("worker.sources.fieldcamp.calls.call", _call(REQUEST))
        patch.setattr("worker.providers.quickbooks.line.time", SimpleNamespace(sleep=lambda _: None))
        patch.setattr("worker.providers.quickbooks.postings.SIDE_BY_SIDE", 1)
        patch.setattr("worker.sync.applying.LONGEST_TURN", 0.0)
        yield


def entrust(store: Store) -> None:
    """Every transaction of the store that writes goes past ``FATE``."""
    database = store.plans._database
    writing = database.writing

    @contextmanager
    def watched() -> Iterator[Connection]:
        FATE.before(WRITE)
        with writing() as connection:
            yield connection
        FATE.afterwards(WRITE)

    database.writing = watched  # type: ignore[method-assign]


def free_tokens(path: Path) -> None:
    """Time passes until the lock of a worker that died over a token is anybody's."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE grants SET locked_by = NULL, locked_until = NULL")


def _call(kind: str) -> Callable[..., httpx.Response]:
    def called(client: httpx.Client, method: str, url: str, **content: Any) -> httpx.Response:
        kinds = (kind, SENDING) if _is_sending(kind, method, url) else (kind,)
        FATE.before(*kinds)
        answer = call(client, method, url, **content)
        FATE.afterwards(*kinds)
        return answer

    return called


def _is_sending(kind: str, method: str, url: str) -> bool:
    return kind == REQUEST and method != "GET" and not url.endswith("/query")
