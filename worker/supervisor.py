"""`visit-sync up`: all processes of one machine under one parent."""

import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import FrameType
from typing import TextIO

from worker.child import Child, Command
from worker.core.errors import Invalid
from worker.embedded import EmbeddedRedis
from worker.settings import environment_with

GRACE = 30.0
"""Seconds from SIGTERM to SIGKILL: a running sync ends its page within them."""

TICK = 0.1

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""SIGHUP too: a closed terminal must not leave children behind."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to keep running.

    ``redis_url`` is None where the supervisor is to start a server; ``migrate`` runs before any child; ``variables``
    are added to the children's environment.
    """

    data_dir: Path
    commands: Sequence[Command]
    redis_url: str | None = None
    migrate: Callable[[], None] | None = None
    variables: Mapping[str, str] | None = None
    grace: float = GRACE


def up(plan: Plan, out: TextIO | None = None) -> None:
    """Runs it all in the foreground, from the main thread, until a signal says stop; then stops it cleanly and returns.

    A second signal kills at once. Raises Invalid with one line where another `up` runs here or Redis does not start.
    """
    with _only_one(plan.data_dir), _stop_signals() as stop:
        redis = None if plan.redis_url else EmbeddedRedis(plan.data_dir)
        try:
            url = plan.redis_url or _started(redis)
            if plan.migrate is not None:
                plan.migrate()
            _Supervisor(plan, url, redis, out or sys.stdout, stop).run()
        finally:
            if redis is not None:
                redis.stop()


def _started(redis: EmbeddedRedis | None) -> str:
    assert redis is not None
    return redis.start().client


class _Stop:
    """How often we were told to stop; waiting for it ends at once when we are."""

    def __init__(self) -> None:
        self.times = 0
        self._told = threading.Event()

    def tell(self, _signum: int, _frame: FrameType | None) -> None:
        self.times += 1
        self._told.set()

    def wait(self, seconds: float) -> None:
        self._told.wait(seconds)


class _Supervisor:
    def __init__(self, plan: Plan, redis_url: str, redis: EmbeddedRedis | None, out: TextIO, stop: _Stop) -> None:
        variables = {"PYTHONUNBUFFERED": "1", **(plan.variables or {}), "REDIS_URL": redis_url}
        environment = environment_with(**variables)
        width = max((len(command.name) for command in plan.commands), default=0)
        self._plan, self._redis, self._stop = plan, redis, stop
        self._children = [Child(command, environment, out, width) for command in plan.commands]

    def run(self) -> None:
        try:
            while not self._stop.times:
                self._tend_redis()
                for child in self._children:
                    child.tend()
                self._stop.wait(TICK)
        finally:
            self._stop_children()

    def _tend_redis(self) -> None:
        # The children notice nothing but a pause; the sweep rings again for whatever the server forgot.
        if self._redis is not None and not self._redis.is_alive:
            with suppress(Invalid):
                self._redis.start()

    def _stop_children(self) -> None:
        for child in self._children:
            child.terminate()
        deadline = time.monotonic() + self._plan.grace
        while any(child.is_alive for child in self._children):
            if time.monotonic() > deadline or self._stop.times > 1:
                break
            time.sleep(TICK / 2)
        for child in self._children:
            child.kill()


@contextmanager
def _stop_signals() -> Iterator[_Stop]:
    stop = _Stop()
    before = {signum: signal.signal(signum, stop.tell) for signum in STOP_SIGNALS}
    try:
        yield stop
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Holds the data dir's lock, whose file names us; the lock goes with the process, the file may stay."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileIO(data_dir / "up.pid", "a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            holder = (held.read() or b"").decode("ascii", "replace").strip() or "unknown"
            raise Invalid(f"visit-sync up is already running here: process {holder}, files in {data_dir}") from None
        held.truncate(0)
        held.write(f"{os.getpid()}\n".encode())
        try:
            yield
        finally:
            held.truncate(0)
