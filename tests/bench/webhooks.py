"""Signed events on their way to a running web process, from many clients with connections that stay open."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

VISITS = 1000


def envelope(number: int) -> dict[str, Any]:
    """An event of about 500 bytes: one of a thousand visits got another note."""
    visit_id = f"vis_{number % VISITS}"
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    visit = {
        "id": visit_id,
        "jobId": "job_1",
        "visitStatus": "scheduled",
        "scheduledStart": "2026-12-01T14:00:00.000Z",
        "scheduledEnd": "2026-12-01T15:30:00.000Z",
        "teamId": ["usr_1"],
        "serviceDuration": 60,
        "unscheduled": False,
        "anyTime": False,
        "notes": f"Note {number}",
        "updatedAt": at,
    }
    content = {"object": visit, "previous_attributes": {"notes": ""}}
    event = {"id": f"evt_{number:026d}", "type": "visit.updated", "created_at": at, "api_version": "2024-10-01"}
    return {**event, "data": content}


def request(url: str, secret: str, number: int) -> bytes:
    """The whole request, signed."""
    parts, body, unix = urlsplit(url), json.dumps(envelope(number)).encode(), int(time.time())
    signature = hmac.new(secret.encode(), f"{unix}.".encode() + body, hashlib.sha256).hexdigest()
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-FieldCamp-Signature: t={unix},v1={signature}\r\n\r\n"
    )
    return head.encode() + body


def send_all(url: str, requests: Sequence[bytes], clients: int, status: int = 202) -> float:
    """Seconds until all are answered with this status; each client sends its next one when it has the answer to its
    last."""
    return asyncio.run(_send_all(url, requests, clients, status))


async def _send_all(url: str, requests: Sequence[bytes], clients: int, status: int) -> float:
    parts = urlsplit(url)
    ways = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(clients)]
    begun = time.perf_counter()
    await asyncio.gather(*(_client(*way, requests[place::clients], status) for place, way in enumerate(ways)))
    took = time.perf_counter() - begun
    for _, writer in ways:
        writer.close()
        await writer.wait_closed()
    return took


async def _client(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: Sequence[bytes], status: int
) -> None:
    for each in requests:
        writer.write(each)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        assert head.startswith(f"HTTP/1.1 {status}".encode()), head
