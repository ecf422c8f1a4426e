"""The command line as people and scripts use it: in a process of its own."""

import json
import multiprocessing
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.system.processes import Running
from worker.cli import main
from worker.settings import environment_with

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["worker.cli"])
"""Each command is a process with its own environment and output; that everything is imported already saves a second."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def is_one_line_of_complaint(self) -> bool:
        """Nothing on standard output, and one line, ours, on standard error."""
        return self.out == "" and self.err.startswith("visit-sync: ") and self.err.count("\n") == 1


class Shell:
    """Runs `visit-sync` with these variables and a folder for files."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder, self.variables = folder, dict(variables)

    def __call__(self, *arguments: str, seconds: float = 60, **more: str) -> Said:
        with TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            environment = environment_with(**{**self.variables, **more})
            process = FORKS.Process(target=_run, args=(arguments, environment, out, err))
            process.start()
            process.join(seconds)
            process.kill()
            process.join()
            return Said(process.exitcode or 0, out.read_text(), err.read_text())

    def start(self, *arguments: str, **more: str) -> Running:
        """A command that goes on."""
        log = self.folder / f"{arguments[0]}.log"
        return Running(arguments, environment_with(**{**self.variables, **more}), log)

    def file(self, name: str, content: Any) -> str:
        """A file with this JSON, or this text; its path."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)


def _run(arguments: tuple[str, ...], environment: Mapping[str, str], out: Path, err: Path) -> None:
    for descriptor, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["visit-sync", *arguments]
    main()
