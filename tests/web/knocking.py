"""Requests put straight to the app, without a socket: as bytes that a server would hand on, ten thousand a minute."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

Headers = Sequence[tuple[bytes, bytes]]
MOST_OF_ONE_READ = 65536


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: Any


class Knocker:
    """Posts to an app that runs in the event loop of another thread."""

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
        self._app, self._loop = app, loop

    def post(self, path: str, body: bytes, headers: Headers) -> Reply:
        return asyncio.run_coroutine_threadsafe(self._post(path, body, headers), self._loop).result(30)

    async def _post(self, path: str, body: bytes, headers: Headers) -> Reply:
        parts = [body[at : at + MOST_OF_ONE_READ] for at in range(0, len(body), MOST_OF_ONE_READ)] or [b""]
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(_scope(path, headers), receive, send)
        told = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        content = b"".join(message["body"] for message in sent[1:])
        return Reply(sent[0]["status"], told, json.loads(content))


def _scope(path: str, headers: Headers) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


@contextmanager
def running(app: FastAPI) -> Iterator[Knocker]:
    """The app with its lifespan begun, until the end of the block."""
    started, loops = threading.Event(), []

    async def live() -> None:
        ended = asyncio.Event()
        async with app.router.lifespan_context(app):
            loops.append((asyncio.get_running_loop(), ended))
            started.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()), daemon=True)
    thread.start()
    assert started.wait(10), "the app did not start"
    [(loop, ended)] = loops
    try:
        yield Knocker(app, loop)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(20)
        assert not thread.is_alive(), "the app did not stop"
