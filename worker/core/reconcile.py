"""The whole decision of a sync: what was seen, what is wanted, what to do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from worker.core.conflicts import Verdict, verdict
from worker.core.connections import FeedEntry
from worker.core.documents import Document, Times, fingerprint_of
from worker.core.errors import Gone, MassChangeHeld, NotConnected, Rejected, SyncError, Uncertain
from worker.core.links import Link, Stray
from worker.core.ports import Change, Create, Delete, Done, Edit, Operation, Outcome, Reschedule, Unschedule, Update
from worker.core.preferences import FLAG, UNSCHEDULE, CalendarPreferences

MOST_RESTORES = 2
DELETED_AT_PROVIDER = "DELETED_AT_PROVIDER"
CONFLICTS = frozenset({DELETED_AT_PROVIDER})
"""Reasons of links on which two sides disagree until a person, or the next change, settles it."""

MASS_CHANGE_SHARE = 0.3
MASS_CHANGE_FROM = 10


@dataclass(frozen=True, slots=True)
class Observed:
    """What a page of changes makes of what we knew: only what differs.

    ``links`` changed and need planning; ``noted`` merely took a new version; ``strays`` are second objects of ours;
    ``strangers`` maps remote ids that are not ours to their version, None for those that went; ``feed`` is what others
    did.
    """

    links: tuple[Link, ...] = ()
    noted: tuple[Link, ...] = ()
    strays: tuple[Stray, ...] = ()
    strangers: Mapping[str, str | None] = field(default_factory=dict)
    feed: tuple[FeedEntry, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.links or self.noted or self.strays or self.strangers or self.feed)


def observe(stream: str, links: Iterable[Link], strangers: Mapping[str, str], changes: Iterable[Change]) -> Observed:
    """Fold ``changes`` into ``links`` (those that the changes name, by remote id or key) and the known
    ``strangers``.
    """
    eye = _Eye(stream, {link.local_id: link for link in links}, dict(strangers))
    for change in changes:
        eye.take(change)
    return eye.observed()


class _Eye:
    """Folds one change after the other, each against what the one before left."""

    def __init__(self, stream: str, links: dict[str, Link], strangers: dict[str, str]) -> None:
        self._stream = stream
        self._before = dict(links)
        self._links = links
        self._by_remote = {link.remote_id: link.local_id for link in links.values() if link.remote_id}
        self._known = strangers
        self._strangers: dict[str, str | None] = {}
        self._strays: dict[str, Stray] = {}
        self._feed: list[FeedEntry] = []

    def take(self, change: Change) -> None:
        owner = self._links.get(self._by_remote.get(change.remote_id, ""))
        if owner is not None and owner.published:
            self._ours(owner, change)
        elif change.key is not None and change.document is not None:
            self._with_our_key(change)
        else:
            self._foreign(change)

    def observed(self) -> Observed:
        changed = [link for local_id, link in self._links.items() if self._before.get(local_id) != link]
        noted = {link.local_id for link in changed if self._is_only_noted(link)}
        return Observed(
            links=tuple(link for link in changed if link.local_id not in noted),
            noted=tuple(link for link in changed if link.local_id in noted),
            strays=tuple(self._strays.values()),
            strangers=self._strangers,
            feed=tuple(self._feed),
        )

    def _is_only_noted(self, link: Link) -> bool:
        before = self._before.get(link.local_id)
        return before is not None and before == replace(link, version=before.version)

    def _put(self, link: Link) -> None:
        self._links[link.local_id] = link
        if link.remote_id:
            self._by_remote[link.remote_id] = link.local_id

    def _ours(self, link: Link, change: Change) -> None:
        if change.document is None:
            if not link.leaving:
                self._feed.append(_entry("deleted", change, link.local_id))
            self._put(link.vanished())
        elif change.version is None or change.version != link.version:
            after = seen_as(link, change.version, change.document)
            if after.seen != link.seen and link.offered is None:
                self._feed.append(_entry("updated", change, link.local_id))
            self._put(after)

    def _with_our_key(self, change: Change) -> None:
        assert change.key is not None
        link = self._links.get(change.key.local_id)
        if link is not None and link.published:
            self._strays[change.remote_id] = Stray(self._stream, change.remote_id, change.version, change.key)
            return
        self._put(adopted(link or Link(self._stream, change.key.local_id), change))

    def _foreign(self, change: Change) -> None:
        known = self._strangers.get(change.remote_id, self._known.get(change.remote_id))
        if change.deleted:
            self._strays.pop(change.remote_id, None)
            if known is not None:
                self._strangers[change.remote_id] = None
                self._feed.append(_entry("deleted", change, None))
        elif change.version is None or known != change.version:
            self._strangers[change.remote_id] = change.version or ""
            self._feed.append(_entry("updated" if known is not None else "created", change, None))


def seen_as(link: Link, version: str | None, document: Document) -> Link:
    """The published link after its object was seen to show ``document``: an edit, unless we wrote that ourselves."""
    mine = (link.offered, link.agreed)
    for own in mine:
        if own is not None and own.fingerprint() == document.fingerprint():
            offered = None if own is link.offered else link.offered
            return replace(link, version=version, agreed=own, seen=None, offered=offered, overruled=False)
    overruled = link.overruled and link.seen is not None and link.seen.times == document.times
    return replace(link, version=version, seen=document, overruled=overruled)


def adopted(link: Link, change: Change) -> Link:
    """The unpublished link after an object with its key was found: we died before noting it, or the answer was lost."""
    assert change.key is not None
    assert change.document is not None
    return replace(
        link,
        generation=change.key.generation,
        published=True,
        remote_id=change.remote_id,
        version=change.version,
        agreed=link.offered if _same(link.offered, change.document) else change.document,
        seen=None,
        offered=None,
        leaving=False,
        removed=False,
        retry=False,
    )


def absent(link: Link) -> tuple[Link, FeedEntry | None]:
    """A published link whose object was missing from a complete listing."""
    entry = (
        None if link.leaving else FeedEntry("deleted", link.remote_id or "", f"absent.{link.generation}", link.local_id)
    )
    return link.vanished(), entry


def _entry(action: str, change: Change, local_id: str | None) -> FeedEntry:
    version = change.version or fingerprint_of([action, dict(change.shown)])
    return FeedEntry(action, change.remote_id, f"{action}:{version}", local_id, change.changed_at, change.shown)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about one record on one stream.

    At most one of ``operation`` (at the provider) and ``edit`` (at the source). ``link`` is the link as it is to be
    kept before anything is sent, None where nothing is known or new. ``conflict`` is a (code, sentence) for the job's
    records.
    """

    link: Link | None = None
    operation: Operation | None = None
    edit: Edit | None = None
    conflict: tuple[str, str] | None = None


def decide(
    stream: str, local_id: str, link: Link | None, wanted: Document | None, how: CalendarPreferences
) -> Decision:
    """The planning table of the design, for one record on one stream."""
    if link is None:
        return Decision() if wanted is None else _create(Link(stream, local_id), wanted)
    if not link.published:
        return _decide_unpublished(link, wanted, how)
    if wanted is None:
        return _delete(link)
    return _decide_published(link, wanted, how)


def _decide_unpublished(link: Link, wanted: Document | None, how: CalendarPreferences) -> Decision:
    if wanted is None:
        return Decision(replace(_settled(link), offered=None, removed=False, retry=False))
    if link.refused == wanted.fingerprint():
        return Decision(replace(link, retry=False, removed=False))
    if not link.removed:
        return _create(link, wanted)
    if how.on_remote_delete == UNSCHEDULE and not link.overruled:
        return Decision(link, edit=Unschedule(link.local_id, _token(link, "unschedule")))
    if how.on_remote_delete == FLAG or link.restored >= MOST_RESTORES:
        return _give_up(link, wanted)
    return _create(replace(link, restored=link.restored + 1), wanted)


def _give_up(link: Link, wanted: Document) -> Decision:
    message = "A person deleted this event in the calendar; it is published again when the visit changes."
    kept = replace(
        _settled(link),
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
        return Decision(replace(_settled(link), agreed=shown, seen=None, overruled=False, retry=False))
    if link.seen is None or link.agreed is None:
        return _update(link, wanted)
    ruling = verdict(link.agreed, link.seen, wanted, how)
    if ruling.verdict is Verdict.RESCHEDULE and not link.overruled:
        return Decision(link, edit=reschedule(link, link.seen.times), conflict=ruling.conflict)
    return replace(_update(link, wanted), conflict=None if link.overruled else ruling.conflict)


def _create(link: Link, wanted: Document) -> Decision:
    uncertain = link.offered is not None
    sent = replace(_settled(link), offered=wanted, removed=False)
    return Decision(sent, Create(link.key, wanted, uncertain))


def _update(link: Link, wanted: Document) -> Decision:
    if link.refused == wanted.fingerprint():
        return Decision(replace(link, retry=False))
    assert link.remote_id is not None
    sent = replace(_settled(link), offered=wanted)
    return Decision(sent, Update(link.key, link.remote_id, link.version, wanted))


def _delete(link: Link) -> Decision:
    assert link.remote_id is not None
    return Decision(replace(_settled(link), leaving=True), Delete(link.key, link.remote_id, link.version))


def _settled(link: Link) -> Link:
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
        agreed=operation.document,
        seen=None,
        offered=None,
        leaving=False,
        overruled=False,
        retry=False,
    )


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


def _same(one: Document | None, other: Document) -> bool:
    return one is not None and one.fingerprint() == other.fingerprint()
