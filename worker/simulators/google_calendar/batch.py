"""Many calls in one multipart request: https://developers.google.com/workspace/calendar/api/guides/batch."""

from __future__ import annotations

import http
import random
import re
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from worker.simulators.google_calendar.api import Api
from worker.simulators.google_calendar.calls import JSON, Answer, Call
from worker.simulators.google_calendar.operations import find
from worker.simulators.google_calendar.refusal import Refusal, error_body
from worker.simulators.google_calendar.settings import Settings

BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
REQUEST_LINE = re.compile(r"([A-Z]+) (/[^ ]*) HTTP/1\.[01]")
BLANK = re.compile(rb"\r?\n\r?\n")
FOLD = re.compile(r"\r?\n[ \t]+")


@dataclass(frozen=True)
class Part:
    """One call of a batch and the Content-ID that tells its answer; `call` is None when it cannot be read."""

    content_id: str | None
    call: Call | None


class Batches:
    """Carries batches out in an order of its own, which the seed decides."""

    def __init__(self, api: Api, settings: Settings, seed: int = 0) -> None:
        self._api = api
        self._settings = settings
        self._random = random.Random(seed)

    def answer(self, parts: list[Part]) -> tuple[str, bytes]:
        """Content type and body: an answer for each part, in the order of their execution."""
        order = list(range(len(parts)))
        self._random.shuffle(order)
        writes: Counter[str] = Counter()
        boundary = f"batch_{secrets.token_urlsafe(16)}"
        told = [_told(parts[index], self._one(parts[index], index, writes), boundary) for index in order]
        return f"multipart/mixed; boundary={boundary}", b"".join(told) + f"--{boundary}--\r\n".encode()

    def _one(self, part: Part, index: int, writes: Counter[str]) -> Answer:
        if part.call is None:
            return Answer(400, error_body(400, "badRequest", "Bad Request"))
        found = find(part.call.method, part.call.path)
        if found and found[0].writes and self._settings.batch_conflict_every:
            writes[found[1][0]] += 1
            if writes[found[1][0]] % self._settings.batch_conflict_every == 0:
                return Answer(409, error_body(409, "conflict"))
        return self._api.answer_part(part.call, index)


def parse(content_type: str, headers: Mapping[str, str], body: bytes, mount: str, limit: int) -> list[Part]:
    """The parts of a batch request; outer `headers` hold for each part that does not override them.

    `mount` is the path under which the simulator is mounted, and with which the paths of parts begin.
    """
    boundary = BOUNDARY.search(content_type)
    if not content_type.startswith("multipart/mixed") or boundary is None:
        raise Refusal(400, "badRequest", "Failed to parse batch request, error: no boundary in the content type.")
    outer = {name: value for name, value in headers.items() if not name.startswith("content-")}
    pieces = re.split(rb"(?:^|\r?\n)--" + re.escape(boundary[1].encode()), body)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise Refusal(400, "badRequest", "Failed to parse batch request, error: 0 items.")
    if len(pieces) - 2 > limit:
        raise Refusal(400, "badRequest", f"The batch request contains too many calls: at most {limit} are allowed.")
    return [_part(piece, outer, mount) for piece in pieces[1:-1]]


def _part(piece: bytes, outer: Mapping[str, str], mount: str) -> Part:
    head, inner = _split(piece.lstrip(b"\r\n"))
    about = _headers(head)
    content_id = about.get("content-id")
    request_line, _, rest = inner.partition(b"\n")
    found = REQUEST_LINE.fullmatch(request_line.strip().decode("latin-1"))
    if found is None or not about.get("content-type", "").startswith("application/http"):
        return Part(content_id, None)
    inner_head, body = (b"", rest.lstrip(b"\r\n")) if rest[:2] in (b"", b"\r\n", b"\n") else _split(rest)
    own = _headers(inner_head)
    if own.get("content-length", "").isdigit():
        body = body[: int(own["content-length"])]
    path, _, query = found[2].partition("?")
    below = unquote(path).removeprefix(mount) if unquote(path).startswith(mount) else ""
    return Part(content_id, Call(found[1], below, query, {**outer, **own}, body))


def _split(text: bytes) -> tuple[bytes, bytes]:
    found = BLANK.search(text)
    return (text[: found.start()], text[found.end() :]) if found else (text, b"")


def _headers(text: bytes) -> dict[str, str]:
    lines = FOLD.sub(" ", text.decode("latin-1")).splitlines()
    pairs = [line.partition(":") for line in lines if ":" in line]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _told(part: Part, answer: Answer, boundary: str) -> bytes:
    content = b"" if answer.status == 304 else answer.content()
    headers = {**(JSON if content else {}), **answer.headers, "content-length": str(len(content))}
    lines = [f"--{boundary}", "Content-Type: application/http"]
    if part.content_id:
        lines.append(f"Content-ID: {part.content_id.replace('<', '<response-', 1)}")
    lines += ["", f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
    lines += [f"{name.title()}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content + b"\r\n"


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
