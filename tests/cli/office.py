"""An installation with one connected account, set up by the command line alone."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.shell import Shell
from tests.servers.redis import RedisServer
from tests.system.system import tomorrow
from worker.demo.company import API_KEY, Company
from worker.simulators.town import Town, variables

VISITS = 24


class Office:
    """Simulated providers, a Redis, a SQLite file, a worker, and no beat: nothing happens unless it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.town = Town()
        self.served = self.town.serve()
        self.company = Company(self.town, tomorrow())
        self.company.found(VISITS)
        self.redis = RedisServer(port=0).start()
        self.shell = Shell(
            folder,
            {
                "DATABASE_URL": f"sqlite:///{folder / 'visit-sync.db'}",
                "REDIS_URL": self.redis.url,
                "SYNC_CADENCE_SECONDS": "3600",
                **variables(self.served.url),
            },
        )
        self.worker = self.shell.start("worker", "--concurrency", "2")
        self.account = self.shell("account", "create", "Office & Sons", "--json").json
        self.account_id: str = self.account["account_id"]
        self.said = [self.connect("fieldcamp"), self.connect("google_calendar")]

    def connect(self, integration: str) -> str:
        """What the command says that connects it."""
        files = {"fieldcamp": {"api_key": API_KEY}, "google_calendar": self.company.credentials}
        credentials = self.shell.file(f"{integration}.json", files[integration])
        settings = self.shell.file("settings.json", self.company.settings)
        more = ["--settings", settings] if integration == "google_calendar" else []
        done = self.shell("connect", integration, "--account", self.account_id, "--credentials", credentials, *more)
        assert done.status == 0, done.err
        return done.out

    def close(self) -> None:
        self.worker.kill()
        self.served.stop()
        self.town.close()
        self.redis.close()


def wait_until(what: str, holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
        time.sleep(0.05)
