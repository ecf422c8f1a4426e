"""What a person is asked about a record: which of these objects is it?"""

from dataclasses import dataclass
from datetime import datetime

from worker.core.documents import Document


@dataclass(frozen=True, slots=True)
class Choice:
    """An object that may be the record, with the ``evidence`` for it: ``email``, ``name``, ``phone``."""

    remote_id: str
    document: Document
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A record that may be there already. ``chosen`` is a person's answer: a remote id, or ``NONE`` of them.

    ``connection_id`` is where the objects are; None in a question that is not stored yet.
    """

    id: str
    kind: str
    local_id: str
    wanted: Document
    choices: tuple[Choice, ...]
    created_at: datetime
    chosen: str | None = None
    connection_id: int | None = None


NONE = ""
