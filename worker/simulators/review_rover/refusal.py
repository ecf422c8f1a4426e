"""How ReviewRover says no."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

SENTENCES: Mapping[int, str] = MappingProxyType(
    {
        401: "Invalid API token",
        404: "Not found",
        405: "Method not allowed",
        422: "Unprocessable",
        429: "Too many requests",
    }
)


class Refusal(Exception):
    """A request that ReviewRover does not carry out: HTTP `status`, the `body`, seconds in `retry_after`."""

    def __init__(self, status: int, body: Mapping[str, Any] | None = None, *, retry_after: int | None = None) -> None:
        self.status = status
        self.body = dict(body or error_body(status, None))
        self.retry_after = retry_after
        super().__init__(str(self.body))


def error_body(status: int, reason: str | None) -> dict[str, Any]:
    """`{"error": …}` with the reason, or what is usual for the status."""
    return {"error": reason or SENTENCES.get(status, "Something went wrong")}


def invalid(errors: Mapping[str, str]) -> Refusal:
    """422 with a sentence for each field."""
    return Refusal(422, {"errors": {name: [sentence] for name, sentence in errors.items()}})
