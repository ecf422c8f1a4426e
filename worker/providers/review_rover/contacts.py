"""Whom visits ask: contacts, found by their address and made where there is none."""

from collections.abc import Mapping
from typing import Any

from worker.core.documents import ReviewVisit
from worker.core.errors import Transient
from worker.providers.review_rover.errors import Refused
from worker.providers.review_rover.line import CONTACTS, Line, rows_of
from worker.providers.review_rover.mapping import contact_form


class Contacts:
    """One account's contacts, each asked for once. Raises what ``Line`` raises."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._known: dict[str, tuple[str, ...]] = {}

    def known(self, email: str) -> tuple[str, ...]:
        """The ids of the contacts with this address, the one to take first; people may have made several."""
        if email not in self._known:
            found = self._look_up(email)
            if not found:
                return ()
            self._known[email] = found
        return self._known[email]

    def known_or_made(self, document: ReviewVisit) -> tuple[str, ...]:
        """As ``known``, for whom the document asks; without any the contact is made, whose name is told then alone."""
        return self.known(document.email) or self._made(document)

    def forget(self, email: str) -> None:
        """Ask for this address anew: its contact is no more."""
        self._known.pop(email, None)

    def _made(self, document: ReviewVisit) -> tuple[str, ...]:
        try:
            made = self._line.post(CONTACTS, contact_form(document))
        except Refused as refused:
            found = self.known(document.email) if "email" in refused.fields else ()  # somebody was faster
            if not found:
                raise
            return found
        self._known[document.email] = (str(made["id"]),)
        return self._known[document.email]

    def _look_up(self, email: str) -> tuple[str, ...]:
        answer = self._line.get(CONTACTS, {"email": email})
        rows = rows_of(answer, "contacts")
        if not isinstance(rows, list):
            raise Transient("ReviewRover's list of contacts cannot be read.")
        return tuple(str(row["id"]) for row in rows if isinstance(row, dict) and _is_at(row, email))


def _is_at(row: Mapping[str, Any], email: str) -> bool:
    return bool(row.get("id")) and str(row.get("email", "")).strip().lower() == email
