"""What machines check of the house: style, types, layers, and that the core is tested to its last branch."""

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

CHECKS = {
    "style": [BIN / "ruff", "check", "."],
    "form": [BIN / "ruff", "format", "--check", "."],
    "types": [BIN / "mypy"],
    "layers": [BIN / "lint-imports"],
    "the core's last branch": [
        *(sys.executable, "-m", "pytest", "tests/core", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
        *("--cov=worker.core", "--cov-branch", "--cov-report=term-missing", "--cov-fail-under=100"),
    ],
}


@pytest.mark.parametrize("what", CHECKS)
def test_machines_find_nothing_to_say_about(what: str) -> None:
    checked = subprocess.run([str(part) for part in CHECKS[what]], cwd=TOP, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
