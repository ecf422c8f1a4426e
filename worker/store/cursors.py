"""Cursors: places in a listing as text that only we can write and nobody else can read."""

from collections.abc import Mapping
from typing import Any

from worker.core.errors import Invalid, NotFound
from worker.store.secrets import Secrets

EXPECTED = "expected the next_cursor of an answer to this very request, unchanged"


class Cursors:
    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def write(self, account_id: str, listing: str, place: Mapping[str, Any]) -> str:
        """The cursor of a ``place`` (a JSON object) in one of the account's listings; safe in a URL."""
        return self._secrets.seal({"account": account_id, "listing": listing, "place": dict(place)})

    def read(self, account_id: str, listing: str, cursor: str) -> dict[str, Any]:
        """The place of a cursor. Raises Invalid for what we never wrote, or for another listing, and NotFound for
        another account's."""
        try:
            known = self._secrets.open(cursor) if cursor.isascii() else {}
        except Invalid:
            raise _refusal() from None
        if "place" not in known:
            raise _refusal()
        if known["account"] != account_id:
            raise NotFound("There is no such place in this account's listings.")
        if known["listing"] != listing:
            raise _refusal()
        place: dict[str, Any] = known["place"]
        return place


def _refusal() -> Invalid:
    return Invalid(f"cursor: {EXPECTED}", {"cursor": EXPECTED})
