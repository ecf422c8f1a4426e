"""``visit-sync explain``: where a visit stands in every system, and why."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer

from worker.cli.opening import account_of, opened
from worker.cli.speech import say, say_json, table
from worker.core import books
from worker.core.documents import CalendarEvent, Document, ReviewVisit, Times
from worker.core.explanation import Explanation, Happening, Place, Presence
from worker.core.records import VISIT, Visit
from worker.descriptors import explanation_json, rfc_3339
from worker.sync.explain import explain as explanation_of

Rows = Iterator[tuple[object, ...]]
SYSTEMS = ("system", "connected", "last synced", "next sync", "events", "remark")
PLACES = ("system", "where", "what", "state", "why", "it shows", "there", "last written")
HISTORY = ("sync", "system", "when", "what", "where", "outcome", "reason", "message")


def add_to(app: typer.Typer) -> None:
    app.command("explain")(explain)


def explain(
    visit_id: Annotated[str, typer.Argument(metavar="VISIT_ID", help="Of any source: vis_… or sell:…")],
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="The account; not needed if there is one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show where a visit stands in every system, and why; nobody outside is asked. Exit status: 1 there is no such
    visit, 4 its source is not connected."""
    with opened() as wiring:
        found = explanation_of(wiring.house, account_of(wiring, account).id, visit_id)
    if as_json:
        say_json(explanation_json(found))
        return
    table(("", ""), _facts(found), title=found.visit.id)
    table(SYSTEMS, [_system(each) for each in found.presences])
    table(PLACES, _places(found), title="Where it stands")
    if found.history:
        table(HISTORY, _history(found), title="What became of it, newest first")
    if not all(place.fate.agrees for each in found.presences for place in each.places):
        say("To bring a system up to date now: visit-sync sync SYSTEM --wait")


def _facts(found: Explanation) -> Rows:
    """What its source last told."""
    visit, client = found.visit, found.client
    yield "source", found.source
    yield "status", "deleted" if found.deleted else visit.status
    yield "when", _when(visit)
    yield "team", ", ".join(visit.team) or "nobody"
    yield "client", None if client is None else f"{client.name} ({client.id})"
    yield "job", visit.job_id
    yield "changed there", rfc_3339(found.changed_at)
    yield "told", rfc_3339(found.told_at)
    for event in found.events:
        yield "event not dealt with", f"{event.type}, {rfc_3339(event.received_at)} ({event.event_id})"


def _when(visit: Visit) -> str | None:
    if visit.start is None:
        return "no date"
    if visit.any_time:
        return f"any time on {visit.start.date()}"
    return f"{rfc_3339(visit.start)} to {rfc_3339(visit.end) or '…'}"


def _system(there: Presence) -> tuple[object, ...]:
    told = [": ".join(there.error)] if there.error else []
    told += [there.remark[1]] if there.remark else []
    due = f"now ({there.active_job_id})" if there.active_job_id else rfc_3339(there.next_sync_at)
    connected = "yes" if there.connected else "no"
    return (there.title, connected, rfc_3339(there.last_synced_at), due, there.news or None, " ".join(told))


def _places(found: Explanation) -> Rows:
    for there in found.presences:
        for place in there.places:
            yield (there.title, *_columns(place))


def _columns(place: Place) -> tuple[object, ...]:
    what, written = _named(place.kind, place.local_id), rfc_3339(place.written_at)
    return (place.target, what, place.fate.state, _why(place), in_words(place.shown), place.remote_id, written)


def _named(kind: str, local_id: str) -> str:
    return kind if kind == VISIT else f"{kind} {local_id}"


def _why(place: Place) -> str:
    """The reason, and the conflict where that is another."""
    fate = place.fate
    words = f"{fate.code}: {fate.message}" if fate.code else fate.message
    other = place.conflict if place.conflict is not None and place.conflict[0] != fate.code else None
    return f"{words} {': '.join(other)}" if other else words


def _history(found: Explanation) -> Rows:
    for each in found.history:
        yield (each.job_id, each.integration, *_deed(each))


def _deed(each: Happening) -> tuple[object, ...]:
    record = each.record
    outcome = f"{record.outcome} (dry run)" if each.dry_run else record.outcome
    what = _named(record.kind, record.local_id)
    return (rfc_3339(record.at), what, record.target, outcome, record.reason, record.message)


def in_words(document: Document | None) -> str | None:
    """A document in a few words."""
    if isinstance(document, CalendarEvent):
        return f"{document.title}, {_span(document.times)}"
    if isinstance(document, ReviewVisit):
        return f"{_state_of(document)}, paid {document.amount}"
    if isinstance(document, books.Invoice):
        return f"{document.number or 'invoice'} over {document.total}"
    if isinstance(document, books.Payment):
        return f"{document.amount} paid"
    return getattr(document, "name", None)


def _span(times: Times) -> str:
    if times.first_day is not None:
        return str(times.first_day)
    return f"{rfc_3339(times.start)} to {rfc_3339(times.end)}"


def _state_of(review: ReviewVisit) -> str:
    moments: tuple[tuple[str, datetime | None], ...] = (
        ("cancelled", review.cancelled),
        ("completed", review.completed),
        ("scheduled", review.scheduled),
    )
    return next((f"{word} {rfc_3339(moment)}" for word, moment in moments if moment is not None), "sent")
