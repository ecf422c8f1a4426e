"""A call of the API and its answer, whether it came alone or inside a batch."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from worker.simulators.google_calendar.refusal import Refusal

JSON = {"content-type": "application/json; charset=UTF-8"}


@dataclass(frozen=True)
class Call:
    """`path` is decoded segment by segment later, `query` raw; header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """The body as an object; 400 for anything else."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as error:
            raise Refusal(400, "parseError", "Parse Error") from error
        if not isinstance(value, dict):
            raise Refusal(400, "parseError", "Parse Error")
        return value


@dataclass(frozen=True)
class Answer:
    """`body` is JSON, or None for no body at all; `sooner` is awaited, for a moment, before the answer leaves."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sooner: threading.Event | None = None

    def content(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()


def overridden(call: Call) -> Call:
    """A POST that stands for a long GET: `x-http-method-override`, the query in the body."""
    method = call.headers.get("x-http-method-override")
    if call.method != "POST" or not method:
        return call
    query = "&".join(filter(None, (call.query, call.body.decode("latin-1"))))
    return Call(method.upper(), call.path, query, call.headers)


class Query:
    """The query parameters of a call; 400 for a name that the call does not know and for values of the wrong kind."""

    COMMON: ClassVar = {"alt", "fields", "key", "oauth_token", "prettyPrint", "quotaUser", "userIp"}
    REPEATABLE: ClassVar = {"privateExtendedProperty", "sharedExtendedProperty", "eventTypes"}

    def __init__(self, raw: str, known: AbstractSet[str]) -> None:
        self.values: dict[str, list[str]] = {}
        for name, value in parse_qsl(raw, keep_blank_values=True):
            if name not in known | self.COMMON:
                raise Refusal(400, "invalidParameter", f"Unknown query parameter: {name}.", name)
            self.values.setdefault(name, []).append(value)
        for name, values in self.values.items():
            if len(values) > 1 and name not in self.REPEATABLE:
                raise self.wrong(name)

    def text(self, name: str) -> str | None:
        return self.values[name][0] if name in self.values else None

    def all(self, name: str) -> list[str]:
        return self.values.get(name, [])

    def flag(self, name: str) -> bool:
        value = self.text(name)
        if value not in (None, "true", "false"):
            raise self.wrong(name)
        return value == "true"

    def number(self, name: str, default: int, lowest: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not value.isdigit() or int(value) < lowest:
            raise self.wrong(name)
        return int(value)

    def choice(self, name: str, choices: set[str]) -> str | None:
        value = self.text(name)
        if value is not None and value not in choices:
            raise self.wrong(name)
        return value

    def wrong(self, name: str) -> Refusal:
        return Refusal(400, "invalidParameter", f"Invalid value for parameter {name}.", name)
