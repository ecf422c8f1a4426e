"""A request of the accounting API and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.simulators.quickbooks.refusal import Refused, unreadable
from worker.simulators.quickbooks.rendering import parsed, rendered

JSON = "application/json;charset=UTF-8"


@dataclass(frozen=True)
class Call:
    """`path` is below `/v3/company/{realm}/`; names of headers and of query parameters are in lower case.

    `in_flight` counts the requests of the realm that were being answered when this one came, with this one.
    """

    method: str
    realm: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    in_flight: int = 1

    def json(self) -> dict[str, Any]:
        """The body as an object, with Decimals; 400 for anything else, 415 where it does not say that it is JSON."""
        if "application/json" not in self.headers.get("content-type", ""):
            raise Refused(415, "2010", "Request body is not JSON", "A Content-Type of application/json is expected.")
        try:
            value = parsed(self.body)
        except ValueError:
            raise unreadable("the body, which is no JSON,") from None
        if not isinstance(value, dict):
            raise unreadable("the body, which is no object,")
        return value


@dataclass(frozen=True)
class Answer:
    """`content` is what goes over the wire, so that it can be given again word for word; `parts` counts a batch."""

    status: int
    content: str
    content_type: str = JSON
    parts: int = 1


def json_answer(status: int, body: Mapping[str, Any], parts: int = 1) -> Answer:
    """An answer in JSON."""
    return Answer(status, rendered(body), parts=parts)
