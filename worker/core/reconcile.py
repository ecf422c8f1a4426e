"""The whole decision about a record on a stream: what is shown, what is wanted, what to do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from worker.core import books
from worker.core.conflicts import Verdict, verdict
from worker.core.documents import CalendarEvent, Document, Times, entity_of
from worker.core.edits import Reschedule, Unschedule
from worker.core.errors import Gone, MassChangeHeld, NotConnected, Rejected, SyncError, Uncertain
from worker.core.holds import Hold
from worker.core.links import MOST_RESTORES, Link
from worker.core.matching import adopted
from worker.core.ports import Create, Delete, Done, Operation, Outcome, Update
from worker.core.preferences import FLAG, UNSCHEDULE, CalendarPreferences
from worker.core.texts import fingerprint_of

DELETED_AT_PROVIDER, EDITED_AT_PROVIDER, BOTH_CHANGED = "DELETED_AT_PROVIDER", "EDITED_AT_PROVIDER", "BOTH_CHANGED"
TOTAL_DIFFERS = "TOTAL_DIFFERS"
CONFLICTS = frozenset({DELETED_AT_PROVIDER, EDITED_AT_PROVIDER, BOTH_CHANGED, TOTAL_DIFFERS})
"""Reasons of links on which two sides disagree until a person, or the next change, settles it."""

GIVEN_UP = "A person deleted this there; it is published again when the visit changes."

MASS_CHANGE_SHARE = 0.3
MASS_CHANGE_FROM = 10


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about one record on one stream.

    At most one of ``operation`` (at the provider) and ``edit`` (at the source). ``link`` is the link as it is to be
    kept before anything is sent, None where nothing is known or new. ``conflict`` is a (code, sentence) for the job's
    records; ``hold`` says why nothing can be sent, and is there once, when that begins.
    """

    link: Link | None = None
    operation: Operation | None = None
    edit: Reschedule | Unschedule | None = None
    conflict: tuple[str, str] | None = None
    hold: Hold | None = None


def decide(
    stream: str, local_id: str, link: Link | None, wanted: Document | None, how: CalendarPreferences
) -> Decision:
    """The planning table of the design, for one record on one stream."""
    if link is None:
        return Decision() if wanted is None else create(Link(stream, local_id), wanted)
    if not link.published:
        return _decide_unpublished(link, wanted, how)
    if wanted is None:
        return take_away(link)
    return _decide_published(link, wanted, how)


def _decide_unpublished(link: Link, wanted: Document | None, how: CalendarPreferences) -> Decision:
    if wanted is None:
        return Decision(replace(settled(link), offered=None, removed=False, retry=False))
    if link.refused == wanted.fingerprint():
        return Decision(replace(link, retry=False, removed=False))
    if not link.removed:
        return create(link, wanted)
    if how.on_remote_delete == UNSCHEDULE and not link.overruled:
        return Decision(link, edit=Unschedule(link.local_id, _token(link, "unschedule")))
    if how.on_remote_delete == FLAG or link.restored >= MOST_RESTORES:
        return give_up(link, wanted, GIVEN_UP)
    return create(replace(link, restored=link.restored + 1), wanted)


def give_up(link: Link, wanted: Document, message: str) -> Decision:
    """What a person took away is not offered again until it changes at the source."""
    kept = replace(
        settled(link),
        refused=wanted.fingerprint(),
        reason=DELETED_AT_PROVIDER,
        message=message,
        removed=False,
        retry=False,
    )
    return Decision(kept, conflict=(DELETED_AT_PROVIDER, message))


def _decide_published(link: Link, wanted: Document, how: CalendarPreferences) -> Decision:
    shown = link.shown
    if shown is not None and shown.fingerprint() == wanted.fingerprint() and link.offered is None:
        return Decision(replace(settled(link), agreed=shown, seen=None, overruled=False, retry=False))
    if not (
        isinstance(link.seen, CalendarEvent)
        and isinstance(link.agreed, CalendarEvent)
        and isinstance(wanted, CalendarEvent)
    ):
        return _update(link, wanted)
    ruling = verdict(link.agreed, link.seen, wanted, how)
    if ruling.verdict is Verdict.RESCHEDULE and not link.overruled:
        return Decision(link, edit=reschedule(link, link.seen.times), conflict=ruling.conflict)
    return replace(_update(link, wanted), conflict=None if link.overruled else ruling.conflict)


def create(link: Link, wanted: Document, others: frozenset[str] = frozenset()) -> Decision:
    """Publish it anew; what was sent before and never answered is looked up by its key first."""
    uncertain = link.offered is not None
    sent = replace(settled(link), offered=wanted, removed=False)
    return Decision(sent, Create(link.key, wanted, uncertain, others))


def _update(link: Link, wanted: Document) -> Decision:
    if link.refused == wanted.fingerprint():
        return Decision(replace(link, retry=False))
    assert link.remote_id is not None
    sent = replace(settled(link), offered=wanted)
    return Decision(sent, Update(link.key, link.remote_id, link.version, wanted))


def take_away(link: Link) -> Decision:
    """Delete the object, if it is still as we saw it."""
    assert link.remote_id is not None
    return Decision(replace(settled(link), leaving=True), Delete(link.key, link.remote_id, link.version))


def settled(link: Link) -> Link:
    """The link with nothing said against it."""
    return replace(link, refused=None, reason=None, message=None, since=None, leaving=False)


def reschedule(link: Link, times: Times) -> Reschedule:
    """The edit that moves the visit to where a person moved its event."""
    return Reschedule(link.local_id, times, _token(link, "reschedule"))


def _token(link: Link, what: str) -> str:
    return fingerprint_of([what, link.stream, link.local_id, link.generation, link.version])


def after(link: Link, operation: Operation, outcome: Outcome) -> Link:
    """The link after its operation's outcome; ``link`` is as it was saved before the operation was sent."""
    if isinstance(outcome, Done):
        return _after_done(link, operation, outcome)
    return _after_failure(link, operation, outcome.error)


def _after_done(link: Link, operation: Operation, done: Done) -> Link:
    if isinstance(operation, Delete):
        return link.vanished()
    return replace(
        link,
        published=True,
        remote_id=done.remote_id,
        version=done.version,
        agreed=done.document or operation.document,
        seen=None,
        offered=None,
        leaving=False,
        overruled=False,
        retry=done.found,
        source=_source(operation, done),
        **_standing(done),
    )


def _standing(done: Done) -> dict[str, Any]:
    """What people should see as long as it is so: money that is not the same on both sides."""
    if done.note is None or done.note[0] != TOTAL_DIFFERS:
        return {}
    return {"reason": done.note[0], "message": done.note[1]}


def _source(operation: Create | Update, done: Done) -> Document | None:
    """What the source wanted, where the provider shows something else.

    What was there already is ours where it has our key: then the source changed since it was sent. Anything else that
    was found is somebody's, and keeps what it has.
    """
    wanted = (operation.wanted if isinstance(operation, Update) else None) or operation.document
    shown = done.document or operation.document
    if done.found:
        if not isinstance(shown, books.Customer | books.Item):
            return None
        return adopted(shown, entity_of(wanted))
    return None if shown.fingerprint() == wanted.fingerprint() else wanted


def _after_failure(link: Link, operation: Operation, error: SyncError) -> Link:
    if isinstance(error, Uncertain):
        return replace(link, retry=True)
    unsent = link if _was_uncertain(operation) else replace(link, offered=None, leaving=False)
    if isinstance(error, Gone):
        return replace(unsent.vanished(), retry=True)
    if isinstance(error, Rejected | NotConnected):
        refused = None if isinstance(operation, Delete) else operation.document.fingerprint()
        return replace(unsent, refused=refused, reason=error.code, message=error.message, retry=False)
    return replace(unsent, retry=True)


def _was_uncertain(operation: Operation) -> bool:
    """Whether an earlier send may still have been carried out, so that a failure now settles nothing."""
    if isinstance(operation, Delete):
        return not operation.remote_id
    return isinstance(operation, Create) and operation.uncertain


def hold_mass_change(removals: int, published: int, found: str = MassChangeHeld.WOULD_REMOVE) -> None:
    """Raise MassChangeHeld where a pass would take away more than 30 % of at least ten published objects; ``found``
    says in words, with both numbers, what it is that was found.
    """
    if published >= MASS_CHANGE_FROM and removals > MASS_CHANGE_SHARE * published:
        raise MassChangeHeld(removals, published, found)


def enough_published(removals: int) -> int:
    """How many published objects it takes for ``removals`` to be no mass change: nobody has to count further."""
    return max(MASS_CHANGE_FROM, int(removals / MASS_CHANGE_SHARE) + 1)


def removals(decisions: Sequence[Decision]) -> int:
    """Whether the decisions on one record take it away: 1 where an object goes and none stays or comes, else 0.

    A reassigned visit moves from one calendar to another; that removes nothing.
    """
    goes = any(isinstance(decision.operation, Delete) for decision in decisions)
    stays = any(_stays(decision) for decision in decisions)
    return int(goes and not stays)


def _stays(decision: Decision) -> bool:
    if isinstance(decision.operation, Delete):
        return False
    return isinstance(decision.operation, Create) or (decision.link is not None and decision.link.published)
