"""One operation's way from its first request to its outcome: pure decisions, step by step.

A create carries a transaction that Graph takes once, and versions are checked, so a write can be repeated without doing
it twice::

    Create   post ── 201, or the event of an earlier post ── shows it ──> Done
                                                           ── another content ──> patch
                  ── 409 duplicate ──> find ── there ──> as above
                                            ── not there ──> Gone (the transaction is used up)
    Update   patch, If-Match ── 412 ──> get ── shows it ──> Done (an answer was lost)
                                            ── the version that we knew ──> patch once more (Graph errs at times)
                                            ── another version ──> VersionConflict
    Delete   delete, If-Match ── 404 ──> Done; 412 ──> get, as above
    any      answer lost ──> get or find ── not carried out ──> the same request once more
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Any

from worker.core.documents import CalendarEvent, event_of
from worker.core.errors import Gone, RateLimited, SyncError, Transient, Uncertain, VersionConflict
from worker.core.ports import Create, Delete, Done, Failed, Operation, Outcome
from worker.providers.outlook_calendar.batches import Answer
from worker.providers.outlook_calendar.errors import Refusal
from worker.providers.outlook_calendar.line import LONGEST_WAIT, MOST_TRIES, back_off
from worker.providers.outlook_calendar.mapping import document, version


class Verb(Enum):
    """The requests that a step can make."""

    GET = "get"
    FIND = "find"
    POST = "post"
    PATCH = "patch"
    DELETE = "delete"


WRITES = frozenset({Verb.POST, Verb.PATCH, Verb.DELETE})


@dataclass(frozen=True, slots=True)
class Step:
    """The next request for an operation.

    ``transaction`` is the one made from its key; ``event_id`` is "" until the event is known. ``etag`` guards a write.
    ``write`` is the write that a GET or FIND asks about; ``taken``: Graph knows its transaction. ``in_doubt``: an
    earlier request may have been carried out. ``tries`` counts what was sent again after a refusal that passes, and
    ``wait`` is how many seconds before it is; ``lost``: an answer was lost.
    """

    operation: Operation
    transaction: str
    verb: Verb
    event_id: str = ""
    etag: str | None = None
    write: Verb | None = None
    taken: bool = False
    in_doubt: bool = False
    tries: int = 0
    wait: float = 0.0
    lost: bool = False


def first(operation: Operation, transaction: str) -> Step:
    """The step that an operation begins with."""
    if isinstance(operation, Create):
        step = Step(operation, transaction, Verb.POST)
        return _look(step) if operation.uncertain else step
    verb = Verb.DELETE if isinstance(operation, Delete) else Verb.PATCH if operation.version else Verb.GET
    return Step(operation, transaction, verb, operation.remote_id, operation.version)


def after(step: Step, answer: Answer) -> Step | Outcome:
    """What to do after an answer to a step."""
    calm = replace(step, wait=0.0)
    if answer.refusal is None:
        return _AFTER[step.verb](calm, answer.body)
    error = answer.refusal.error()
    if isinstance(error, Transient) and not answer.refusal.is_duplicate:
        return _again(calm, error)
    return _refused(calm, answer.refusal)


def after_loss(step: Step, error: Uncertain) -> Step | Outcome:
    """What to do where the answer to a step was lost: look, and send once more what was not carried out."""
    if step.lost or step.verb not in WRITES:
        return gave_up(step, error)
    return replace(_look(step), lost=True, wait=0.0)


def gave_up(step: Step, error: SyncError) -> Failed:
    """The outcome of a step that is not followed further; what may have been carried out stays Uncertain."""
    unclear = step.verb in WRITES and isinstance(error, Transient) and not isinstance(error, RateLimited)
    wait = error.retry_after if isinstance(error, Transient) else None
    if step.in_doubt or unclear:
        return Failed(Uncertain(error.message, retry_after=wait))
    return Failed(Transient(error.message, retry_after=wait) if isinstance(error, Uncertain) else error)


def _look(step: Step) -> Step:
    return replace(step, verb=Verb.GET if step.event_id else Verb.FIND, write=step.verb, in_doubt=True)


def _again(step: Step, error: Transient) -> Step | Failed:
    if step.tries >= MOST_TRIES or (error.retry_after or 0) > LONGEST_WAIT:
        return gave_up(step, error)
    unclear = step.verb in WRITES and not isinstance(error, RateLimited)
    wait = error.retry_after or back_off(step.tries)
    return replace(step, tries=step.tries + 1, wait=wait, in_doubt=step.in_doubt or unclear)


def _found(step: Step, body: Mapping[str, Any]) -> Step | Outcome:
    """A search also finds what people copied from our event: the one with the transaction is ours."""
    events = [event for event in body.get("value") or () if event.get("transactionId") == step.transaction]
    if events:
        return _seen(step, events[0])
    return _absent(step) if step.taken else _repeated(step)


def _posted(step: Step, event: Mapping[str, Any]) -> Step | Outcome:
    """Graph may answer with the event that an earlier request with the same transaction made."""
    return _seen(replace(step, write=Verb.POST), event) if event.get("id") else _look(step)


def _patched(step: Step, event: Mapping[str, Any]) -> Step | Outcome:
    return Done(step.event_id, version(event))


def _deleted(step: Step, _: Mapping[str, Any]) -> Step | Outcome:
    return Done(step.event_id)


def _seen(step: Step, event: Mapping[str, Any]) -> Step | Outcome:
    """The event as it is now, looked up because of what we do not know about it."""
    operation, etag = step.operation, version(event)
    if isinstance(operation, Delete):
        return _repeated(step) if step.etag in (None, etag) else Failed(_conflict())
    if _shows(event, event_of(operation.document)):
        return Done(str(event["id"]), etag)
    if step.write in (None, Verb.POST):
        return replace(step, verb=Verb.PATCH, event_id=str(event["id"]), etag=etag, write=None, in_doubt=False)
    return _repeated(step) if step.etag == etag else Failed(_conflict())


def _repeated(step: Step) -> Step | Failed:
    """The write that was not carried out, once more."""
    assert step.write is not None
    if step.tries >= MOST_TRIES:
        return Failed(Transient("Microsoft did not carry the request out."))
    return replace(step, verb=step.write, write=None, in_doubt=False, tries=step.tries + 1)


def _absent(step: Step) -> Outcome:
    """The event is not there any more."""
    if isinstance(step.operation, Delete):
        return Done(step.event_id)
    return Failed(Gone("A person deleted this event in the calendar."))


def _refused(step: Step, refusal: Refusal) -> Step | Outcome:
    if refusal.is_duplicate and step.verb is Verb.POST:
        return replace(_look(step), taken=True)
    if refusal.kind is VersionConflict and step.verb in WRITES:
        return _look(step)
    if refusal.kind is Gone and step.event_id:
        return _absent(step)
    if step.in_doubt and step.verb not in WRITES:
        return Failed(Uncertain("Microsoft did not say what became of the request."))
    return Failed(refusal.error())


def _shows(event: Mapping[str, Any], wanted: CalendarEvent) -> bool:
    shown = document(event)
    return shown is not None and shown.fingerprint() == wanted.fingerprint()


def _conflict() -> VersionConflict:
    return VersionConflict("Somebody changed this event since it was read.")


_AFTER = MappingProxyType(
    {Verb.GET: _seen, Verb.FIND: _found, Verb.POST: _posted, Verb.PATCH: _patched, Verb.DELETE: _deleted}
)
