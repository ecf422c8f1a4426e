"""Carries out operations on visits, so that each visit is made once."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from worker.core.documents import ReviewVisit
from worker.core.errors import Gone, Transient, Uncertain
from worker.core.ports import Create, Delete, Done, Operation, Update
from worker.providers.review_rover.contacts import Contacts
from worker.providers.review_rover.errors import Refused
from worker.providers.review_rover.line import VISITS, Line
from worker.providers.review_rover.mapping import differing, document_of, new_form, review_of, version
from worker.providers.review_rover.reading import rows


class Writing:
    """Writes visits of one account. Raises what ``Line`` raises."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._contacts = Contacts(line)

    def carry_out(self, operation: Operation, *, listed: bool = False) -> Done:
        """Do it; what is returned is as the visit is after it. ``listed``: a complete listing was read a moment ago, so
        that what is to be created is not there, unless that is uncertain.
        """
        if isinstance(operation, Create):
            looks = operation.uncertain or not listed
            return self._created(operation.key.local_id, review_of(operation.document), looks)
        if isinstance(operation, Update):
            return self._updated(operation)
        return self._deleted(operation)

    def _created(self, external_id: str, wanted: ReviewVisit, looks: bool) -> Done:
        found = self._found(external_id, wanted) if looks else None
        return found or self._made(external_id, wanted)

    def _made(self, external_id: str, wanted: ReviewVisit) -> Done:
        """A 422 about the ``external_id`` means that it is there already, whoever made it."""
        try:
            return self._done(self._post(external_id, wanted), wanted)
        except Refused as refused:
            found = self._found(external_id, wanted) if "external_id" in refused.fields else None
            if found is None:
                raise
            return found

    def _post(self, external_id: str, wanted: ReviewVisit) -> Mapping[str, Any]:
        try:
            return self._line.post(VISITS, new_form(wanted, external_id, self._contacts.known_or_made(wanted)[0]))
        except Refused as refused:
            if "contact_id" not in refused.fields:
                raise
        self._contacts.forget(wanted.email)
        return self._line.post(VISITS, new_form(wanted, external_id, self._contacts.known_or_made(wanted)[0]))

    def _found(self, external_id: str, wanted: ReviewVisit) -> Done | None:
        body = self._named(external_id)
        return Done(str(body["id"]), version(body), self._shown(body, wanted), found=True) if body else None

    def _named(self, external_id: str) -> Mapping[str, Any] | None:
        """The visit with this ``external_id``, None where there is none: digits may be the number of another, and then
        the list is searched."""
        try:
            body = self._line.one(_at(external_id))
        except Gone:
            return None
        if body.get("external_id") == external_id:
            return body
        return next((row for row in rows(self._line) if row.get("external_id") == external_id), None)

    def _updated(self, operation: Update) -> Done:
        """Sends what differs from what was there, and looks at the answer: people may have written meanwhile."""
        wanted, before = review_of(operation.document), operation.before
        if isinstance(before, ReviewVisit) and before.email == wanted.email and differing(before, wanted):
            body = self._line.put(_at(operation.remote_id), differing(before, wanted))
        else:
            body = self._line.one(_at(operation.remote_id))
        left = self._differing(body, wanted)
        return self._done(self._line.put(_at(operation.remote_id), left) if left else body, wanted)

    def _deleted(self, operation: Delete) -> Done:
        remote_id = operation.remote_id or self._sent(operation.key.local_id)
        with suppress(Gone):  # somebody was faster
            if remote_id:
                self._line.delete(_at(remote_id))
        return Done(remote_id)

    def _sent(self, external_id: str) -> str:
        """The number of a visit whose creation had no answer; empty where it was not made."""
        body = self._named(external_id)
        return str(body["id"]) if body else ""

    def _differing(self, body: Mapping[str, Any], wanted: ReviewVisit) -> dict[str, str]:
        contacts = self._contacts.known_or_made(wanted)
        whom = {} if body.get("contact_id") in contacts else {"contact_id": contacts[0]}
        return {**differing(document_of(body), wanted), **whom}

    def _shown(self, body: Mapping[str, Any], wanted: ReviewVisit) -> ReviewVisit:
        is_asked = body.get("contact_id") in self._contacts.known(wanted.email)
        return document_of(body, wanted.email if is_asked else "")

    def _done(self, body: Mapping[str, Any], wanted: ReviewVisit) -> Done:
        """With a document where the visit shows something else than it was told."""
        try:
            shown = self._shown(body, wanted)
        except Transient as error:  # it was written, and its answer is of no use
            raise Uncertain(error.message) from error
        same = shown.fingerprint() == wanted.fingerprint()
        return Done(str(body["id"]), version(body), None if same else shown)


def _at(told: str) -> str:
    return f"{VISITS}/{quote(told, safe='')}"
