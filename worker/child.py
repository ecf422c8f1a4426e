"""One supervised process: its group, its lines, its restarts."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TextIO

from worker.processes import die_with_parent

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a restart; doubled with each early death."""

SETTLED = 30.0
"""Seconds of life after which a death counts as the first again."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, under a short name that stands before each of its lines."""

    name: str
    arguments: Sequence[str]


class Child:
    """Kept alive by calling ``tend`` now and then from the thread that made it."""

    def __init__(self, command: Command, environment: Mapping[str, str], out: TextIO, width: int = 0) -> None:
        self._command, self._environment, self._out = command, environment, out
        self._prefix = f"{command.name:<{width}} | "
        self._process: subprocess.Popen[str] | None = None
        self._lines: threading.Thread | None = None
        self._born = 0.0
        self._deaths = 0
        self._due = 0.0

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def tend(self) -> None:
        """Starts the process where it does not run, not before its pause is over."""
        if self._process is not None and self._process.poll() is not None:
            self._bury(self._process)
        if self._process is None and time.monotonic() >= self._due:
            self._start()

    def terminate(self) -> None:
        """Asks the process, and it alone, to end: how its own children end is its business."""
        if self._process is not None:
            self._process.terminate()
            # Who is stopped does not hear.
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Ends whatever is left of the process and its group."""
        if self._process is not None:
            self._kill_group(self._process)
            self._process = None

    def _start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own commands
            list(self._command.arguments),
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # a group of its own, to kill what it leaves behind
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - forked from the main thread, asks one prctl
        )
        self._born = time.monotonic()
        assert self._process.stdout is not None
        self._lines = threading.Thread(target=self._copy, args=(self._process.stdout,), daemon=True)
        self._lines.start()

    def _copy(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                self._say(line.rstrip("\n"))

    def _bury(self, process: subprocess.Popen[str]) -> None:
        self._kill_group(process)
        self._process = None
        lived = time.monotonic() - self._born
        self._deaths = 1 if lived >= SETTLED else self._deaths + 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._deaths - 1, 10))
        self._due = time.monotonic() + pause
        self._say(f"ended ({_ending(process.returncode)}); starts again in {pause:g} s")

    def _kill_group(self, process: subprocess.Popen[str]) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if self._lines is not None:
            # Somebody who left the group may hold the pipe open: that is no reason to wait for ever.
            self._lines.join(1)

    def _say(self, line: str) -> None:
        # One write for one line, so that the lines of several children do not mix.
        # Nobody may be reading any more, which is no reason to stop reading what the children say.
        with suppress(OSError, ValueError):
            self._out.write(f"{self._prefix}{line}\n")
            self._out.flush()


def _ending(returncode: int) -> str:
    return f"exit {returncode}" if returncode >= 0 else signal.Signals(-returncode).name
