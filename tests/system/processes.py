"""Real processes of ours, each in a group of its own, whose output is kept in a file."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from worker.processes import die_with_parent

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "worker.cli")


class Running:
    """`visit-sync …` until it is stopped or killed; it does not outlive the tests."""

    def __init__(self, arguments: tuple[str, ...], environment: Mapping[str, str], log: Path) -> None:
        self.role = arguments[0]
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*COMMAND, *arguments],
                env=dict(environment),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - forked from the main thread, asks one prctl
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def output(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def owns(self, pid: int) -> bool:
        """Whether that is our process or one that it forked."""
        try:
            return os.getpgid(pid) == self.pid
        except ProcessLookupError:
            return False

    def kill(self) -> None:
        """`kill -9` for the process and all that it forked."""
        self.signal_all(signal.SIGKILL)
        self._process.wait()

    def pause(self) -> None:
        self.signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal_all(signal.SIGCONT)

    def terminate(self) -> None:
        """SIGTERM for the process alone, as a platform sends it."""
        self._process.terminate()

    def wait(self, seconds: float) -> int:
        """Its exit status; TimeoutExpired where it does not end in time."""
        return self._process.wait(seconds)

    def signal_all(self, signum: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signum)
