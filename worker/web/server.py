"""The HTTP server around the app: one process, stopped cleanly by SIGTERM."""

import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from worker.core.errors import Invalid

GRACE = 10
"""Seconds that requests under way get when we are told to stop."""


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT, then answers what is under way and returns.

    Port 0 takes any free one; the address goes to standard error. Raises Invalid with one line where it cannot be had.
    """
    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    sys.stderr.write(f"listening on http://{shown}:{listener.getsockname()[1]}\n")
    sys.stderr.flush()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=GRACE,
    )
    with _own_signals():
        uvicorn.Server(config).run([listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        message = f"HOST and PORT name an address that cannot be had ({host}:{port}): {error.strerror}"
        raise Invalid(message, {"PORT": "must be free"}) from None


@contextmanager
def _own_signals() -> Iterator[None]:
    # uvicorn raises the signals that it caught once more when it is done; a clean stop is no death by signal.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {signum: signal.signal(signum, lambda *_: None) for signum in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
