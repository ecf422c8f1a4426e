"""Someone says which object of the books a record is, or that it is none of them."""

import re
from collections.abc import Sequence

from worker.core.connections import Connection
from worker.core.errors import Invalid, NotConnected, NotFound
from worker.core.matches import NONE, Question
from worker.sync.house import House
from worker.sync.request import connected

NAMED_LIKE_A_MATCH = re.compile(r"mat_[0-9A-Z]{26}", re.ASCII)
LONGEST_REMOTE_ID = 100
NOT_THERE = "expected the id of a customer that the books hold; one that is new there is known after the next sync"


def open_matches(
    house: House, account_id: str, integration: str, after: str = "", limit: int = 100
) -> Sequence[Question]:
    """The questions that nobody has answered, the oldest first, those that follow the id ``after``. Raises Invalid for
    an unknown integration, NotConnected."""
    connection = connected(house, account_id, integration)
    return house.store.matches.open(account_id, connection.id, after, limit)


def accept(house: House, account_id: str, match_id: str, remote_id: str, *, integration: str | None = None) -> Question:
    """Say that the record is this object: any that the books hold, whether it was proposed or not.

    The last answer before the next sync counts, which is due at once: the sweep finds it. Raises NotFound where the
    account has no such question (at ``integration``, None: at any) or a sync has taken its answer, NotConnected, and
    Invalid that names ``remote_id``.
    """
    question, connection = _asked(house, account_id, match_id, integration)
    if not _holds(house, connection, question.kind, remote_id):
        raise Invalid(f"remote_id: {NOT_THERE}.", {"remote_id": NOT_THERE})
    return _answered(house, account_id, match_id, remote_id)


def reject(house: House, account_id: str, match_id: str, *, integration: str | None = None) -> Question:
    """Say that the record is none that the books hold, so that a new one is made. Otherwise as ``accept``."""
    _asked(house, account_id, match_id, integration)
    return _answered(house, account_id, match_id, NONE)


def _asked(house: House, account_id: str, match_id: str, integration: str | None) -> tuple[Question, Connection]:
    """The account's question, and the live connection that it is about."""
    question = house.store.matches.get(account_id, _sane(match_id))
    connection = None if question is None else house.store.connections.get(question.connection_id or 0)
    if question is None or connection is None or integration not in (None, connection.integration):
        raise _unknown()
    if not connection.connected:
        raise NotConnected(f"{connection.integration} is not connected for this account; connect it first.")
    return question, connection


def _holds(house: House, connection: Connection, kind: str, remote_id: str) -> bool:
    """No database is asked for what cannot be an id."""
    is_sane = 0 < len(remote_id) <= LONGEST_REMOTE_ID and remote_id.isprintable()
    return is_sane and bool(house.store.directory.named(connection.id, kind, [remote_id]))


def _answered(house: House, account_id: str, match_id: str, chosen: str) -> Question:
    question = house.store.matches.answer(account_id, match_id, chosen, house.now())
    if question is None:  # a sync, or another person, was quicker
        raise _unknown()
    return question


def _sane(match_id: str) -> str:
    if not NAMED_LIKE_A_MATCH.fullmatch(match_id):
        raise _unknown()
    return match_id


def _unknown() -> NotFound:
    return NotFound("There is no such question; it may be settled by now.")
