"""An ASGI app served on the loopback from a background thread, with connections that can be cut."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CUT = "simulators.cut"
CALM: dict[str, Any] = {"timeout_keep_alive": 75, "proxy_headers": False}
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def cut_connection(scope: Scope, *, reset: bool) -> None:
    """Ends the client's connection under the request of `scope`: what was sent so far, then FIN, or RST when `reset`.

    Works only below `serve`; raises LookupError under any other server.
    """
    scope["extensions"][CUT](reset)


def serve(app: App, host: str = "127.0.0.1", port: int = 0) -> Served:
    """Serves `app` until `stop()` or the end of a `with` block; port 0 takes any free one.

    Returns when requests are accepted. Raises OSError when the port is taken.
    """
    return Served(app, host, port)


class Served:
    """A running server: `url` without a trailing slash, `host`, `port`, `stop()`."""

    def __init__(self, app: App, host: str, port: int) -> None:
        listener = socket.create_server((host, port), backlog=512)
        self.host = host
        self.port: int = listener.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        config = uvicorn.Config(app, http=CuttableProtocol, ws="none", loop="asyncio", log_config=None, **CALM)
        self._server = PromptServer(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name=f"simulators:{self.port}", daemon=True
        )
        self._thread.start()
        self._server.wait_until_ready(self._thread)

    def stop(self) -> None:
        """Aborts open connections and ends the thread; may be called twice."""
        self._server.stop()
        self._thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class CuttableProtocol(H11Protocol):
    """HTTP/1.1 whose app finds in its scope a function that cuts the connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False
        self._served = self.app
        self.app = self._serve_cuttable

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Head and body are written apart; with Nagle's algorithm each answer would wait 40 ms for the client's ACK.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def _serve_cuttable(self, scope: Any, receive: Any, send: Any) -> None:
        cycle = self.cycle

        def cut(reset: bool) -> None:
            cycle.disconnected = True
            self.cut(reset)

        scope["extensions"] = {**scope.get("extensions", {}), CUT: cut}
        try:
            await self._served(scope, receive, send)
        except asyncio.CancelledError:
            cut(reset=True)

    def cut(self, reset: bool) -> None:
        if not reset:
            self.transport.close()
            return
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.transport.abort()


class PromptServer(uvicorn.Server):
    """uvicorn without its polling: starts and stops within milliseconds."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave = asyncio.Event()

    def wait_until_ready(self, thread: threading.Thread) -> None:
        while not self._ready.wait(timeout=0.05):
            if not thread.is_alive():
                raise RuntimeError("the app failed to start; its error is in the log of uvicorn.error")

    def stop(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leave.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._ready.set()

    async def main_loop(self) -> None:
        while not self._leave.is_set():
            await self.on_tick(0)
            try:
                await asyncio.wait_for(self._leave.wait(), timeout=1)
            except TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        running = list(self.server_state.tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await self.lifespan.shutdown()
