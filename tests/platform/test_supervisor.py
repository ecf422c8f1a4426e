"""`visit-sync up`, with dummies for children: restarts, clean stops and no orphans."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import psutil
import pytest

ROOT = Path(__file__).parents[2]

CHILDREN = {
    "steady": """
        import os, signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: (print("told to stop"), sys.exit(0)))
        print("up", os.getpid(), os.environ["REDIS_URL"])
        time.sleep(60)
    """,
    "stubborn": """
        import os, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print("up", os.getpid(), inner.pid)
        time.sleep(60)
    """,
    "mortal": """
        import sys
        print("short of breath"); sys.exit(3)
    """,
    "leaving": """
        import os, subprocess, sys
        inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        print("left", inner.pid); sys.exit(0)
    """,
    "chatty": """
        import sys, time
        sys.stdout.write("no end of line"); sys.stdout.flush(); sys.stderr.buffer.write(b"\\xff broken\\n")
        time.sleep(60)
    """,
}

PARENT = """
import sys
from pathlib import Path
from worker.child import Command
from worker.core.errors import Invalid
from worker.supervisor import Plan, up
folder, redis_url, grace, *names = sys.argv[1:]
commands = [Command(name, [sys.executable, f"{folder}/{name}.py"]) for name in names]
migrate = lambda: print("migrated", flush=True)
try:
    up(Plan(Path(folder) / "data", commands, redis_url or None, migrate, grace=float(grace)))
except Invalid as error:
    print(error.message, file=sys.stderr)
    sys.exit(2)
"""


class Up:
    """A supervisor in a process of its own, and what it says."""

    def __init__(self, folder: Path, *names: str, redis_url: str = "redis://nowhere/0", grace: float = 5) -> None:
        for name in names:
            (folder / f"{name}.py").write_text(textwrap.dedent(CHILDREN[name]))
        arguments = [sys.executable, "-c", PARENT, str(folder), redis_url, str(grace), *names]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.process = subprocess.Popen(arguments, cwd=ROOT, **pipes)
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.seen: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def wait_for(self, pattern: str, seconds: float = 10) -> re.Match[str]:
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no line like {pattern!r} in {self.seen}") from None
            self.seen.append(line)
            if found := re.search(pattern, line):
                return found

    def stop(self, signum: signal.Signals = signal.SIGTERM, seconds: float = 15) -> int:
        self.process.send_signal(signum)
        return self.process.wait(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


def is_gone(pid: int, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for process in psutil.process_iter(["cmdline"]):
        assert str(tmp_path) not in " ".join(process.info["cmdline"] or []), "an orphan was left behind"


def test_it_migrates_then_runs_its_children_with_a_broker_and_stops_cleanly(folder: Path) -> None:
    with Up(folder, "steady", redis_url="") as up:
        up.wait_for("migrated")
        started = up.wait_for(rf"^steady \| up (\d+) unix://{folder}/data/redis\.sock")
        assert up.stop() == 0
        up.wait_for(r"^steady \| told to stop")
        assert is_gone(int(started[1]))


def test_an_interrupt_stops_it_as_well(folder: Path) -> None:
    with Up(folder, "steady") as up:
        up.wait_for("up")
        assert up.stop(signal.SIGINT) == 0


def test_a_killed_child_is_started_again(folder: Path) -> None:
    with Up(folder, "steady") as up:
        first = int(up.wait_for(r"up (\d+)")[1])
        os.kill(first, signal.SIGKILL)
        up.wait_for(r"ended \(SIGKILL\); starts again in 0\.5 s")
        second = int(up.wait_for(r"up (\d+)")[1])
        assert second != first
        assert up.stop() == 0


def test_a_child_that_keeps_dying_is_started_ever_less_often(folder: Path) -> None:
    with Up(folder, "mortal") as up:
        for pause in ("0\\.5", "1", "2"):
            up.wait_for("short of breath")
            up.wait_for(rf"ended \(exit 3\); starts again in {pause} s")
        assert up.stop() == 0


def test_who_does_not_listen_is_killed_with_its_whole_group(folder: Path) -> None:
    with Up(folder, "stubborn", grace=0.5) as up:
        found = up.wait_for(r"up (\d+) (\d+)")
        assert up.stop(seconds=5) == 0
        assert is_gone(int(found[1]))
        assert is_gone(int(found[2]))


def test_a_second_signal_waits_for_nobody(folder: Path) -> None:
    with Up(folder, "stubborn", grace=60) as up:
        up.wait_for(r"up (\d+) (\d+)")
        up.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert up.stop(seconds=5) == 0


def test_what_a_dead_child_left_behind_is_killed_too(folder: Path) -> None:
    with Up(folder, "leaving") as up:
        left = int(up.wait_for(r"left (\d+)")[1])
        assert is_gone(left)
        assert up.stop() == 0


def test_lines_without_an_end_and_bytes_without_a_meaning_get_through(folder: Path) -> None:
    with Up(folder, "chatty") as up:
        up.wait_for("chatty | no end of line� broken")
        assert up.stop() == 0


def test_a_second_one_says_so_in_one_line(folder: Path) -> None:
    with Up(folder, "steady") as first:
        first.wait_for("up")
        with Up(folder, "steady") as second:
            second.wait_for(rf"^visit-sync up is already running here: process {first.process.pid}, files in ")
            assert second.process.wait(5) == 2
        assert first.stop() == 0
    with Up(folder, "steady") as third:
        third.wait_for("steady | up")
        assert third.stop() == 0


def test_the_embedded_server_is_started_again(folder: Path) -> None:
    with Up(folder, "steady", redis_url="") as up:
        up.wait_for("up")
        inside = psutil.Process(up.process.pid).children()
        (server,) = [process for process in inside if "server" in process.name()]
        server.kill()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            inside = [p for p in psutil.Process(up.process.pid).children() if "server" in p.name()]
            if inside and inside[0].pid != server.pid and (folder / "data" / "redis.sock").exists():
                break
            time.sleep(0.02)
        else:
            raise AssertionError("the server did not come back")
        assert up.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_killed_outright_it_leaves_no_orphans_and_can_be_started_again(folder: Path) -> None:
    with Up(folder, "steady", redis_url="") as up:
        child = int(up.wait_for(r"up (\d+)")[1])
        servers = [process.pid for process in psutil.Process(up.process.pid).children()]
        up.process.kill()
        assert all(is_gone(pid) for pid in (child, *servers))
    with Up(folder, "steady", redis_url="") as again:
        again.wait_for(r"steady \| up")
        assert again.stop() == 0
