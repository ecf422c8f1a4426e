"""`visit-sync up`, `web`, `worker`, `beat` and `simulators`: what runs long."""

import re
import signal
from pathlib import Path

import httpx
import pytest

from tests.cli.office import Office, wait_until
from tests.cli.shell import Shell
from tests.system.processes import Running
from tests.system.system import free_port
from worker.demo.company import API_KEY
from worker.embedded import running

PATIENCE = 20.0


def answers(port: int, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/{path}", timeout=2).is_success
    except httpx.HTTPError:
        return False


def stop(process: Running) -> int:
    process.terminate()
    return process.wait(PATIENCE)


def data_dir(shell: Shell) -> Path:
    return shell.folder / ".visit-sync" / "visit-sync.db"


def test_up_runs_everything_and_stops_cleanly(shell: Shell) -> None:
    port = free_port()
    up = shell.start("up", PORT=str(port))
    try:
        wait_until("readiness", lambda: answers(port, "readyz"))
        assert answers(port, "healthz")
        assert running(data_dir(shell)) is not None

        second = shell("up", PORT=str(free_port()))
        assert second.status == 2
        assert second.is_one_line_of_complaint()
        assert str(up.pid) in second.err

        assert stop(up) == 0
        assert not answers(port, "healthz")
        assert running(data_dir(shell)) is None
        assert {line.partition("|")[0].strip() for line in up.output.splitlines()} <= {
            "web",
            "worker",
            "events",
            "beat",
        }
    finally:
        up.kill()


def test_web_worker_and_beat_find_each_other_when_started_one_by_one(shell: Shell, office: Office) -> None:
    """Without REDIS_URL one of them runs the broker, and the others find it."""
    port = free_port()
    shell.variables |= {name: office.shell.variables[name] for name in office.shell.variables if "_BASE_URL" in name}
    started = [shell.start(name, PORT=str(port)) for name in ("web", "worker", "beat")]
    try:
        wait_until("readiness", lambda: answers(port, "readyz"))
        account = shell("account", "create", "One by one", "--json").json["account_id"]
        credentials = shell.file("fieldcamp.json", {"api_key": API_KEY})
        assert shell("connect", "fieldcamp", "--account", account, "--credentials", credentials).status == 0
        wait_until("the first sync", lambda: shell("jobs", "--status", "succeeded", "--json").json != [])
        assert [stop(process) for process in reversed(started)] == [0, 0, 0]
    finally:
        for process in started:
            process.kill()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_simulators_say_how_to_reach_them(shell: Shell, signum: signal.Signals) -> None:
    simulators = shell.start("simulators", "--port", "0")
    try:
        wait_until("its last line", lambda: "Ctrl-C" in simulators.output)
        told = dict(re.findall(r"^export (\w+)=(\S+)$", simulators.output, re.MULTILINE))
        assert {"FIELDCAMP_BASE_URL", "GOOGLE_BASE_URL", "GOOGLE_TOKEN_URL", "GOOGLE_CLIENT_ID"} <= set(told)
        assert httpx.get(f"{told['FIELDCAMP_BASE_URL']}/api/v1/visits").status_code == 401
        google = f"{told['GOOGLE_BASE_URL']}/calendar/v3/calendars/primary/events"
        assert httpx.get(google).status_code == 401
        simulators.signal_all(signum)
        assert simulators.wait(PATIENCE) == 0
    finally:
        simulators.kill()
