"""Group commit: many waiting events, one transaction, each answered after its commit."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog

from worker.core.connections import InboxEvent
from worker.core.errors import Transient

MOST_AT_ONCE = 200
MOST_WAITING = 5000
"""Events that may wait for the writer; at a thousand a second that is all a sender will wait for."""

Take = Callable[[Sequence[InboxEvent]], Sequence[bool]]
Ring = Callable[[frozenset[str]], None]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    event: InboxEvent
    answer: "Future[bool]" = field(default_factory=Future)


class Intake:
    """One writer thread between the requests and the store.

    ``take`` stores events in one transaction and says for each whether it had come before. ``ring`` is told the
    accounts of new events after their commit, from a thread of its own: however slow it is, no answer waits for it.
    """

    def __init__(self, take: Take, ring: Ring | None = None, *, most_waiting: int = MOST_WAITING) -> None:
        self._take = take
        self._bell = _Bell(ring) if ring is not None else None
        # None, put in last, tells the writer to go when all before it is done.
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._most_waiting = most_waiting
        self._door = threading.Lock()
        self._open = False
        self._writer = threading.Thread(target=self._write, name="intake", daemon=True)

    def start(self) -> None:
        self._open = True
        if self._bell is not None:
            self._bell.start()
        self._writer.start()

    def stop(self, patience: float = 15.0) -> None:
        """Takes nothing more, stores and answers what was taken, and ends the threads, within ``patience`` seconds."""
        with self._door:
            was_open, self._open = self._open, False
            if was_open:
                self._queue.put(None)
        if was_open:
            self._writer.join(patience)
        if was_open and self._bell is not None:
            self._bell.stop()

    async def put(self, event: InboxEvent) -> bool:
        """Whether the event had come before, once it is stored.

        Raises Transient where it cannot be taken, and otherwise what the store raised for this very event.
        """
        return await asyncio.wrap_future(self.submit(event))

    def submit(self, event: InboxEvent) -> "Future[bool]":
        """As ``put``, for threads."""
        waiting = _Waiting(event)
        with self._door:
            if not self._open:
                raise Transient("The service is stopping.", retry_after=5)
            if self._queue.qsize() >= self._most_waiting:
                raise Transient("More events are waiting than can be stored in time.", retry_after=5)
            self._queue.put(waiting)
        return waiting.answer

    def _write(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, is_last = self._batch(first)
            self._store([waiting for waiting in batch if waiting.answer.set_running_or_notify_cancel()])
            if is_last:
                return

    def _batch(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        batch = [first]
        while len(batch) < MOST_AT_ONCE:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
        return batch, False

    def _store(self, batch: Sequence[_Waiting]) -> None:
        try:
            repeated = self._taken(batch)
        except Transient as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 - the writer outlives whatever an event does to the store
            # One of them cannot be stored: find out which, so that its neighbours can.
            log.warning("intake.batch_refused", events=len(batch), reason=type(error).__name__)
            self._store_each(batch, error)
        else:
            self._answer(batch, repeated)

    def _store_each(self, batch: Sequence[_Waiting], refusal: Exception) -> None:
        if len(batch) == 1:
            _fail(batch, refusal)
            return
        for place, waiting in enumerate(batch):
            try:
                repeated = self._taken([waiting])
            except Transient as error:
                _fail(batch[place:], error)
                return
            except Exception as error:  # noqa: BLE001 - as above
                _fail([waiting], error)
            else:
                self._answer([waiting], repeated)

    def _taken(self, batch: Sequence[_Waiting]) -> Sequence[bool]:
        repeated = self._take([waiting.event for waiting in batch]) if batch else ()
        if len(repeated) != len(batch):
            raise RuntimeError(f"the store answered {len(repeated)} times for {len(batch)} events")
        return repeated

    def _answer(self, batch: Sequence[_Waiting], repeated: Sequence[bool]) -> None:
        for waiting, had_come in zip(batch, repeated, strict=True):
            waiting.answer.set_result(had_come)
        if self._bell is not None:
            new = frozenset(w.event.account_id for w, had_come in zip(batch, repeated, strict=True) if not had_come)
            self._bell.ring(new)


def _fail(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        waiting.answer.set_exception(error)


class _Bell:
    """Rings from a thread of its own; what comes while it rings is rung together next."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._changed = threading.Condition()
        self._accounts: set[str] = set()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="intake-bell", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(5)

    def ring(self, accounts: frozenset[str]) -> None:
        with self._changed:
            self._accounts |= accounts
            self._changed.notify()

    def _run(self) -> None:
        while accounts := self._next():
            try:
                self._ring(accounts)
            except Exception as error:  # noqa: BLE001 - whatever it is: the sweep rings again
                log.warning("intake.not_rung", accounts=len(accounts), reason=type(error).__name__)

    def _next(self) -> frozenset[str]:
        with self._changed:
            self._changed.wait_for(lambda: self._accounts or self._stopping)
            accounts, self._accounts = frozenset(self._accounts), set()
            return accounts
