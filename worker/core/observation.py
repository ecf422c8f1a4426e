"""What a reading makes of what we knew: links as they are now, strangers, and what others did."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from worker.core.connections import FeedEntry
from worker.core.documents import CalendarEvent, Document, Times
from worker.core.links import Link, Stray
from worker.core.ports import Change
from worker.core.texts import fingerprint_of


@dataclass(frozen=True, slots=True)
class Observed:
    """What a page of changes makes of what we knew: only what differs.

    ``links`` changed and need planning; ``noted`` merely took a new version; ``strays`` are second objects of ours;
    ``strangers`` maps remote ids that are not ours to their version, None for those that went; ``feed`` is what others
    did. ``foreign`` are the changes of objects that are not ours and that differ from what we knew.
    """

    links: tuple[Link, ...] = ()
    noted: tuple[Link, ...] = ()
    strays: tuple[Stray, ...] = ()
    strangers: Mapping[str, str | None] = field(default_factory=dict)
    feed: tuple[FeedEntry, ...] = ()
    foreign: tuple[Change, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.links or self.noted or self.strays or self.strangers or self.feed)


def observe(
    stream: str,
    links: Iterable[Link],
    strangers: Mapping[str, str],
    changes: Iterable[Change],
    *,
    keeps_copies: bool = False,
) -> Observed:
    """Fold ``changes`` into ``links`` (those that the changes name, by remote id or key) and the known
    ``strangers``. ``keeps_copies``: a second object with our key is somebody's copy, and stays.
    """
    eye = _Eye(stream, {link.local_id: link for link in links}, dict(strangers), keeps_copies)
    for change in changes:
        eye.take(change)
    return eye.observed()


class _Eye:
    """Folds one change after the other, each against what the one before left."""

    def __init__(self, stream: str, links: dict[str, Link], strangers: dict[str, str], keeps_copies: bool) -> None:
        self._stream = stream
        self._keeps_copies = keeps_copies
        self._before = dict(links)
        self._links = links
        self._by_remote: dict[str, dict[str, None]] = {}
        for link in links.values():
            self._note_owner(link)
        self._known = strangers
        self._strangers: dict[str, str | None] = {}
        self._strays: dict[str, Stray] = {}
        self._feed: list[FeedEntry] = []
        self._foreign_changes: list[Change] = []

    def take(self, change: Change) -> None:
        owners = [self._links[local_id] for local_id in self._by_remote.get(change.remote_id, ())]
        ours = [link for link in owners if link.published and link.remote_id == change.remote_id]
        if ours:
            self._ours(ours, change)
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
            foreign=tuple(self._foreign_changes),
        )

    def _is_only_noted(self, link: Link) -> bool:
        before = self._before.get(link.local_id)
        return before is not None and before == replace(link, version=before.version)

    def _put(self, link: Link) -> None:
        self._links[link.local_id] = link
        self._note_owner(link)

    def _note_owner(self, link: Link) -> None:
        if link.remote_id:
            self._by_remote.setdefault(link.remote_id, {})[link.local_id] = None

    def _ours(self, links: Sequence[Link], change: Change) -> None:
        """An object of ours; in the books people may have said that it shows several records. The feed tells of it
        once."""
        told = [entry for link in links for entry in self._seen(link, change)]
        self._feed.extend(told[:1])

    def _seen(self, link: Link, change: Change) -> Iterator[FeedEntry]:
        if change.document is None:
            self._put(link.vanished(voided=change.voided))
            if not link.leaving:
                yield _entry("deleted", change, link.local_id)
        elif change.version is None or change.version != link.version:
            after = seen_as(link, change.version, change.document)
            self._put(after)
            if after.seen != link.seen and link.offered is None:
                yield _entry("updated", change, link.local_id)

    def _with_our_key(self, change: Change) -> None:
        assert change.key is not None
        link = self._links.get(change.key.local_id)
        if link is not None and link.published and self._keeps_copies:
            self._foreign(change)
        elif link is not None and link.published:
            self._strays[change.remote_id] = Stray(self._stream, change.remote_id, change.version, change.key)
        else:
            self._put(adopted(link or Link(self._stream, change.key.local_id), change))

    def _foreign(self, change: Change) -> None:
        known = self._strangers.get(change.remote_id, self._known.get(change.remote_id))
        if change.deleted:
            self._strays.pop(change.remote_id, None)
            if known is not None:
                self._strangers[change.remote_id] = None
                self._foreign_changes.append(change)
                self._feed.append(_entry("deleted", change, None))
        elif change.version is None or known != change.version:
            self._strangers[change.remote_id] = change.version or ""
            self._foreign_changes.append(change)
            self._feed.append(_entry("updated" if known is not None else "created", change, None))


def seen_as(link: Link, version: str | None, document: Document) -> Link:
    """The published link after its object was seen to show ``document``: an edit, unless we wrote that ourselves."""
    mine = (link.offered, link.agreed)
    for own in mine:
        if own is not None and own.fingerprint() == document.fingerprint():
            offered = None if own is link.offered else link.offered
            return replace(link, version=version, agreed=own, seen=None, offered=offered, overruled=False)
    overruled = link.overruled and link.seen is not None and _times(link.seen) == _times(document)
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


def _times(document: Document) -> Times | None:
    return document.times if isinstance(document, CalendarEvent) else None


def _same(one: Document | None, other: Document) -> bool:
    return one is not None and one.fingerprint() == other.fingerprint()
