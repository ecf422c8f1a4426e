"""Places in the API's listings, as the cursors that it hands out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.store.cursors import Cursors as Seal
from worker.sync.feed import Place


@dataclass(frozen=True, slots=True)
class Cursors:
    """The cursors of one ``listing``; each opens for the account that it was made for alone.

    All that read raise Invalid for a cursor of something else, and NotFound for another account's.
    """

    seal: Seal
    listing: str

    def of_place(self, account_id: str, place: Place) -> str:
        since = place.since.isoformat() if place.since else None
        known = {"number": place.number, "at": place.at.isoformat(), "since": since}
        return self.seal.write(account_id, self.listing, known)

    def place(self, account_id: str, cursor: str) -> Place:
        known = self.seal.read(account_id, self.listing, cursor)
        since = known["since"]
        at = datetime.fromisoformat(known["at"])
        return Place(known["number"], at, datetime.fromisoformat(since) if since else None)

    def after(self, account_id: str, last: Any, *, has_more: bool) -> str | None:
        """The cursor that goes on after ``last``; None where nothing follows."""
        return self.seal.write(account_id, self.listing, {"after": last}) if has_more else None

    def last(self, account_id: str, cursor: str | None, default: Any) -> Any:
        """What the page of that cursor follows; ``default`` for the first page."""
        return default if cursor is None else self.seal.read(account_id, self.listing, cursor)["after"]
