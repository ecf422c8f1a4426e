"""One operation's way from its first request to its outcome: pure decisions, step by step.

Ids are ours and versions are checked, so a write can be repeated without doing it twice::

    Create   insert ── 409 duplicate ──> get ── shows it ──> Done
                                              ── another content ──> patch
                                              ── cancelled ──> Gone (the id is used up)
    Update   patch, If-Match ── 412 ──> get ── shows it ──> Done (httplib2 sent it twice, or an answer was lost)
                                            ── another version ──> VersionConflict
    Delete   delete, If-Match ── 412 ──> get ── cancelled ──> Done
    any      answer lost ──> get ── not carried out ──> the same request once more
    any      404 ──> list one event: is it the calendar that we cannot see?
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Any

from worker.core.documents import CalendarEvent, event_of
from worker.core.errors import Gone, RateLimited, SyncError, Transient, Uncertain, VersionConflict
from worker.core.ports import Create, Delete, Done, Failed, Operation, Outcome
from worker.providers.google_calendar.batches import Answer
from worker.providers.google_calendar.errors import Refusal
from worker.providers.google_calendar.mapping import document, is_deleted

MOST_TRIES = 3
"""How often a part is sent again after a refusal that passes."""

LONGEST_WAIT = 2.0
"""Seconds; whoever asks for more time than this is asked again by a later sync."""


class Verb(Enum):
    """The requests that a step can make."""

    GET = "get"
    INSERT = "insert"
    PATCH = "patch"
    DELETE = "delete"
    PROBE = "list"


WRITES = frozenset({Verb.INSERT, Verb.PATCH, Verb.DELETE})


@dataclass(frozen=True, slots=True)
class Step:
    """The next request for an operation.

    ``etag`` guards a write. ``write`` is the write that a GET asks about. ``in_doubt``: an earlier request may have
    been carried out. ``tries`` counts what was sent again after a refusal that passes; ``lost``: an answer was lost.
    """

    operation: Operation
    event_id: str
    verb: Verb
    etag: str | None = None
    write: Verb | None = None
    in_doubt: bool = False
    tries: int = 0
    lost: bool = False


def first(operation: Operation, event_id: str) -> Step:
    """The step that an operation begins with; ``event_id`` is the id made from its key."""
    if isinstance(operation, Create):
        step = Step(operation, event_id, Verb.INSERT)
        return _look(step) if operation.uncertain else step
    if isinstance(operation, Delete):
        return Step(operation, operation.remote_id, Verb.DELETE, operation.version)
    verb = Verb.PATCH if operation.version else Verb.GET
    return Step(operation, operation.remote_id, verb, operation.version)


def after(step: Step, answer: Answer) -> Step | Outcome:
    """What to do after an answer to a step."""
    if answer.refusal is None:
        return _after_success(step, answer.body)
    error = answer.refusal.error()
    if isinstance(error, Transient):
        return _again(step, error)
    return _REFUSED[step.verb](step, answer.refusal)


def after_loss(step: Step, error: Uncertain) -> Step | Outcome:
    """What to do where the answer to a step was lost: look, and send once more what was not carried out."""
    if step.lost or step.verb not in WRITES:
        return gave_up(step, error)
    return replace(_look(step), lost=True)


def gave_up(step: Step, error: SyncError) -> Failed:
    """The outcome of a step that is not followed further; what may have been carried out stays Uncertain."""
    unclear = step.verb in WRITES and isinstance(error, Transient) and not isinstance(error, RateLimited)
    wait = error.retry_after if isinstance(error, Transient) else None
    if step.in_doubt or unclear:
        return Failed(Uncertain(error.message, retry_after=wait))
    return Failed(Transient(error.message, retry_after=wait) if isinstance(error, Uncertain) else error)


def _look(step: Step) -> Step:
    return replace(step, verb=Verb.GET, write=step.verb, in_doubt=True)


def _again(step: Step, error: Transient) -> Step | Failed:
    if step.tries >= MOST_TRIES or (error.retry_after or 0) > LONGEST_WAIT:
        return gave_up(step, error)
    unclear = step.verb in WRITES and not isinstance(error, RateLimited)
    return replace(step, tries=step.tries + 1, in_doubt=step.in_doubt or unclear)


def _after_success(step: Step, event: Mapping[str, Any]) -> Step | Outcome:
    if step.verb is Verb.GET:
        return _seen(step, event)
    if step.verb is Verb.PROBE:
        return _absent(step)
    return Done(step.event_id, event.get("etag"))


def _seen(step: Step, event: Mapping[str, Any]) -> Step | Outcome:
    """The event as it is now, looked up because of what we do not know about it."""
    if is_deleted(event):
        return _absent(step)
    operation, etag = step.operation, event.get("etag")
    if isinstance(operation, Delete):
        return _repeated(step) if step.etag in (None, etag) else Failed(_conflict())
    if _shows(event, event_of(operation.document)):
        return Done(step.event_id, etag)
    if step.write in (None, Verb.INSERT):
        return replace(step, verb=Verb.PATCH, etag=etag, write=None, in_doubt=False)
    return _repeated(step) if step.etag == etag else Failed(_conflict())


def _repeated(step: Step) -> Step | Failed:
    """The write that was not carried out, once more."""
    assert step.write is not None
    undone = replace(step, verb=step.write, write=None, in_doubt=False)
    if step.tries >= MOST_TRIES:
        return Failed(Transient("Google did not carry the request out."))
    return replace(undone, tries=step.tries + 1)


def _absent(step: Step) -> Step | Outcome:
    """The event is not there any more, or not yet."""
    if isinstance(step.operation, Delete):
        return Done(step.event_id)
    return Failed(Gone("A person deleted this event in the calendar."))


def _shows(event: Mapping[str, Any], wanted: CalendarEvent) -> bool:
    shown = document(event)
    return shown is not None and shown.fingerprint() == wanted.fingerprint()


def _conflict() -> VersionConflict:
    return VersionConflict("Somebody changed this event since it was read.")


def _get_refused(step: Step, refusal: Refusal) -> Step | Outcome:
    if refusal.status == 404 and step.write is Verb.INSERT:
        return _repeated(step)
    return _write_refused(step, refusal)


def _insert_refused(step: Step, refusal: Refusal) -> Step | Outcome:
    return _look(step) if refusal.status == 409 else Failed(refusal.error())


def _write_refused(step: Step, refusal: Refusal) -> Step | Outcome:
    if refusal.status == 412:
        return _look(step)
    if refusal.status == 410:
        return _absent(step)
    if refusal.status == 404:
        return replace(step, verb=Verb.PROBE)
    return Failed(refusal.error())


def _probe_refused(step: Step, refusal: Refusal) -> Step | Outcome:
    return Failed(refusal.error())


_REFUSED = MappingProxyType(
    {
        Verb.GET: _get_refused,
        Verb.INSERT: _insert_refused,
        Verb.PATCH: _write_refused,
        Verb.DELETE: _write_refused,
        Verb.PROBE: _probe_refused,
    }
)
