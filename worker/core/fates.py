"""What a decision about a record on a stream means for people: what it shows there, or why it shows nothing."""

from dataclasses import dataclass
from enum import StrEnum

from worker.core.absences import Absence
from worker.core.edits import Reschedule
from worker.core.links import Link
from worker.core.ports import Create, Delete, Operation
from worker.core.reconcile import CONFLICTS, DELETED_AT_PROVIDER, Decision


class State(StrEnum):
    """``unknown``: nobody looks there, because the integration is not connected."""

    SHOWN = "shown"
    ABSENT = "absent"
    TO_ADOPT = "to_adopt"
    TO_CREATE = "to_create"
    TO_UPDATE = "to_update"
    TO_REMOVE = "to_remove"
    TO_FOLLOW = "to_follow"
    HELD = "held"
    REFUSED = "refused"
    LEFT_DELETED = "left_deleted"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


AGREED = frozenset({State.SHOWN, State.ABSENT})
"""States in which what is wanted is what is there."""

RIGHT = "It shows what is wanted."
KEPT = "It shows what is wanted, but for what people changed there, which stays."
FOUND = "It is there already; the next sync takes it as it is."
NOTHING_WANTED = "Nothing is wanted there."
REMOVED = "What was there is removed."
LOOKED_UP = "It was sent, and no answer came: the next sync looks it up before anything is sent again."
PUT_BACK = "A person deleted it there; the next sync puts it back."
CREATED = "The next sync creates it there."
UPDATED = "The next sync brings it up to date there."
GOES = "The next sync removes it there."
FOLLOWS = "A person moved it there; the next sync moves the visit to the same times."
LEAVES = "A person deleted it there; the next sync takes the visit off the plan."


@dataclass(frozen=True, slots=True)
class Fate:
    """Where a record stands on a stream. ``code`` is that of what is in the way or of why nothing is wanted, None where
    there is neither; ``message`` is a sentence for people."""

    state: State
    code: str | None = None
    message: str = ""

    @property
    def agrees(self) -> bool:
        """Whether what is wanted is what is there."""
        return self.state in AGREED


def fate(before: Link | None, decision: Decision, absence: Absence | None = None) -> Fate:
    """What is to become of a record whose link is ``before``. ``absence`` says why nothing is wanted, where that is
    so."""
    if decision.edit is not None:
        return Fate(State.TO_FOLLOW, None, FOLLOWS if isinstance(decision.edit, Reschedule) else LEAVES)
    if decision.operation is not None:
        return _due(before, decision.operation, decision.link, absence)
    link = decision.link or before
    trouble = _trouble(link) if link is not None else None
    if trouble is not None:
        return trouble
    return _published(before, link) if link is not None and link.published else _absent(link, absence)


def conflict_of(decision: Decision) -> tuple[str, str] | None:
    """Code and sentence of what two sides disagree on: one that begins now, or stands."""
    link = decision.link
    if decision.conflict is not None or link is None or link.reason not in CONFLICTS:
        return decision.conflict
    return link.reason, link.message or ""


def _due(before: Link | None, operation: Operation, link: Link | None, absence: Absence | None) -> Fate:
    """``before`` may tell why the last try came to nothing."""
    code = before.reason if before is not None else None
    last = f" The last try: {before.message}" if before is not None and before.reason and before.message else ""
    if isinstance(operation, Delete):
        why = f"{absence.message} " if absence is not None else ""
        return Fate(State.TO_REMOVE, code or (absence.code if absence else None), f"{why}{GOES}{last}")
    if isinstance(operation, Create):
        return Fate(State.TO_CREATE, code, _creation(before, operation, link) + last)
    return Fate(State.TO_UPDATE, code, UPDATED + last)


def _creation(before: Link | None, operation: Create, link: Link | None) -> str:
    if operation.uncertain:
        return LOOKED_UP
    put_back = before is not None and link is not None and link.restored > before.restored
    return PUT_BACK if put_back else CREATED


def _trouble(link: Link) -> Fate | None:
    """What stands in the way for as long as nothing changes."""
    if link.reason is None:
        return None
    message = link.message or ""
    if link.reason == DELETED_AT_PROVIDER:
        return Fate(State.LEFT_DELETED, link.reason, message)
    if link.reason in CONFLICTS:
        return Fate(State.DIFFERS, link.reason, message)
    state = State.REFUSED if link.refused is not None else State.HELD
    return Fate(state, link.reason, message)


def _published(before: Link | None, link: Link) -> Fate:
    if before is None or not before.published:
        return Fate(State.TO_ADOPT, None, FOUND)
    return Fate(State.SHOWN, None, RIGHT if link.source is None else KEPT)


def _absent(link: Link | None, absence: Absence | None) -> Fate:
    code, why = (absence.code, absence.message) if absence is not None else (None, NOTHING_WANTED)
    was_there = link is not None and link.generation > 0
    return Fate(State.ABSENT, code, f"{why} {REMOVED}" if was_there else why)
