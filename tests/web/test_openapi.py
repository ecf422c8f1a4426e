"""The description says the truth: schemathesis holds the whole site against it, from a socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.web.house import served
from tests.web.premises import Premises, premises
from worker.wiring import MANIFESTS

TOOL, HOOKS = Path(sys.executable).parent / "schemathesis", Path(__file__).parent / "schemathesis_hooks.py"
SEED = "7"
CONFIG = """
hooks = {hooks}
headers = {headers}

[cache]
enabled = false

[generation]
database = "none"
deterministic = true
with-security-parameters = {lies}

[[operations]]
include-operation-id = "take_event"
parameters = {{ account_id = {account_id} }}

[[operations]]
include-operation-id = "take_google_calendar_message"
headers = {channel}
"""
READS = {"statuses", "jobs", "job", "records"}
READS |= {f"{what}_{name}" for what in ("status", "changes") for name in MANIFESTS}
WITH_BOOKS = [name for name, manifest in MANIFESTS.items() if manifest.books]
READS |= {f"matches_{name}" for name in WITH_BOOKS}
STARTS, ORDERS = {f"sync_{name}" for name in MANIFESTS}, {"cancel", "retry"}
ANSWERS = {f"{what}_{name}" for what in ("accept", "reject") for name in WITH_BOOKS}
WRITES = STARTS | ORDERS | ANSWERS
MESSAGES = {f"take_{name}_message" for name, manifest in MANIFESTS.items() if manifest.pushes}
OPEN_TO_ALL = {"lives", "is_ready", "take_event", *MESSAGES}
Met = Counter[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Site:
    """The site behind a socket, and a folder for what is said of it."""

    premises: Premises
    url: str
    folder: Path

    def checked(self, headers: dict[str, str], *arguments: str, lies: bool = False) -> Met:
        """What schemathesis met, with all its checks and with these headers; fails where it has something to say.

        With ``lies`` it makes up keys beside the one in the headers.
        """
        met = self.folder / "met"
        met.write_text("")
        command = [TOOL, "--config-file", self._config(headers, lies=lies), "run", f"{self.url}/openapi.json"]
        command += ["--checks", "all", "--seed", SEED, "--no-color", "--continue-on-failure", *arguments]
        environment = {**os.environ, "WEBHOOK_SECRET": self.premises.secret, "STATUSES_MET": str(met)}
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return _counted(met)

    def _config(self, headers: dict[str, str], *, lies: bool) -> Path:
        path = self.folder / "schemathesis.toml"
        words = {
            "hooks": json.dumps(str(HOOKS)),
            "headers": _table(headers),
            "lies": json.dumps(lies),
            "account_id": json.dumps(self.premises.account_id),
            "channel": _table(dict(self.premises.channel)),
        }
        path.write_text(CONFIG.format(**words))
        return path


def _table(values: dict[str, str]) -> str:
    return "{ " + ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in values.items()) + " }"


def _counted(path: Path) -> Met:
    lines = (line.split() for line in path.read_text().splitlines())
    return Counter((operation, int(status)) for operation, status in lines)


def statuses(met: Met, operations: set[str]) -> set[int]:
    return {status for operation, status in met if operation in operations}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with premises(folder / "visit-sync.db") as found, served(found.site) as url:
        yield Site(found, url, folder)


def test_who_may_do_everything_meets_what_is_described_and_nothing_else(site: Site) -> None:
    met = site.checked({"Authorization": f"Bearer {site.premises.key}"}, "--max-examples", "20")
    for operation in READS | {"cancel", "lives", "is_ready", "take_google_calendar_message"}:
        assert met[operation, 200], operation
    for operation in STARTS | {"take_event"}:
        assert met[operation, 202], operation
    assert statuses(met, STARTS) >= {202, 400, 409}
    assert statuses(met, {"retry"}) & {202, 400}
    assert all(met[operation, 404] for operation in ANSWERS)
    assert statuses(met, {"take_event"}) >= {202, 400, 401}
    assert max(statuses(met, READS | WRITES | OPEN_TO_ALL)) < 500


def test_who_may_read_meets_what_is_described_and_changes_nothing(site: Site) -> None:
    before = site.premises.wiring.store.jobs.listed(site.premises.account_id, None, None, 100, None)
    met = site.checked({"X-API-Key": site.premises.reader}, "--max-examples", "8", "--include-path-regex", "^/api/")
    for operation in READS:
        assert met[operation, 200], operation
    assert statuses(met, WRITES) <= {401, 403, 404, 405}
    assert all(met[operation, 403] for operation in WRITES)
    assert site.premises.wiring.store.jobs.listed(site.premises.account_id, None, None, 100, None) == before


def test_who_brings_no_key_or_makes_one_up_meets_what_is_described_and_sees_nothing(site: Site) -> None:
    met = site.checked({}, "--max-examples", "8", "--include-path-regex", "^/api/", lies=True)
    assert statuses(met, READS | WRITES) == {401}
    assert all(met[operation, 401] for operation in READS | WRITES)
