"""A call of the API and its answer, whether it came alone or inside a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from worker.simulators.outlook_calendar.refusal import Refusal, bad_query, unreadable

JSON = {"content-type": "application/json; odata.metadata=minimal; charset=utf-8"}


@dataclass(frozen=True)
class Call:
    """`path` is decoded and begins with `/v1.0`, `query` is raw; header names are in lower case.

    `base` is the address under which the caller reached the simulator, for the links in answers.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base: str = ""

    def json(self) -> dict[str, Any]:
        """The body as an object; 400 for anything else, 415 where it does not say that it is JSON."""
        if "application/json" not in self.headers.get("content-type", ""):
            raise Refusal(415, "RequestBodyRead", "A Content-Type of application/json is expected.")
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise Refusal(400, "BadRequest", "Unable to read JSON request payload.") from error
        if not isinstance(value, dict):
            raise unreadable("Unable to read JSON request payload: an object is expected.")
        return value


@dataclass(frozen=True)
class Answer:
    """`body` is JSON, or None for no body at all."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()


class Query:
    """The query parameters of a call by their names in lower case; 400 for one that the call does not know."""

    def __init__(self, raw: str, known: AbstractSet[str]) -> None:
        self.values: dict[str, str] = {}
        allowed = {name.lower() for name in known}
        for name, value in parse_qsl(raw, keep_blank_values=True):
            key = name.lower()
            if key not in allowed:
                raise bad_query(f"The query parameter '{name}' is not supported.")
            if key in self.values:
                raise bad_query(f"Query parameter '{name}' is specified, but it should be specified exactly once.")
            self.values[key] = value

    def text(self, name: str) -> str | None:
        return self.values.get(name.lower())

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not value.isdigit() or not lowest <= int(value) <= highest:
            raise bad_query(f"Invalid value '{value}' for {name}: from {lowest} to {highest}.")
        return int(value)
