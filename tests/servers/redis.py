"""A real Redis server for tests, that can be stopped, emptied and frozen."""

from __future__ import annotations

import shutil
import signal
import socket
import tempfile
from pathlib import Path

from worker.embedded import EmbeddedRedis


class RedisServer:
    """On TCP with ``port`` (0 takes a free one), else on a unix socket; its address stays the same for life."""

    def __init__(self, *, port: int | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self._server = EmbeddedRedis(self.folder, port=_free_port() if port == 0 else port)

    @property
    def url(self) -> str:
        """As redis-py and ``REDIS_URL`` take it."""
        return self._server.addresses.client

    @property
    def broker_url(self) -> str:
        """As Celery takes it."""
        return self._server.addresses.broker

    @property
    def pid(self) -> int:
        assert self._server.process is not None
        return self._server.process.pid

    def start(self) -> RedisServer:
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        """As a crash does it."""
        assert self._server.process is not None
        self._server.process.kill()
        self._server.stop()

    def restart_empty(self) -> None:
        """It comes back having forgotten everything."""
        self.kill()
        shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)
        self.start()

    def pause(self) -> None:
        """It takes connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, signum: signal.Signals) -> None:
        assert self._server.process is not None
        self._server.process.send_signal(signum)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
