"""One record on one stream: what we know of the remote object that shows it."""

from dataclasses import dataclass, replace
from datetime import datetime

from worker.core.documents import Document
from worker.core.ports import Key

MOST_RESTORES = 2
"""How often an object that people delete is put back before they are asked."""


@dataclass(frozen=True, slots=True)
class Link:
    """A record on a stream.

    ``remote_id`` and ``version`` are set while ``published``. ``agreed`` is what both sides last agreed on: what we
    wrote, or took over. ``seen`` is what somebody made of it since, None where the object shows ``agreed``. ``offered``
    is a document that was sent and whose outcome is not noted yet, ``leaving`` the same for a deletion: both are saved
    *before* the request, so that our own write is known as ours after a crash. ``refused`` is the fingerprint of
    content not to be offered again, with ``reason`` and ``message`` for people, told ``since`` then. ``removed``: a
    person deleted the object and nobody has answered to it; ``restored`` counts how often we put it back.
    ``overruled``: the source refused the edit in ``seen``. ``retry``: the last operation failed for now. ``source`` is
    what the source wanted when both sides last agreed, None where that is ``agreed``: the provider keeps what people
    wrote there, and only what the source changes from here on is sent.
    """

    stream: str
    local_id: str
    generation: int = 0
    published: bool = False
    remote_id: str | None = None
    version: str | None = None
    agreed: Document | None = None
    seen: Document | None = None
    offered: Document | None = None
    leaving: bool = False
    refused: str | None = None
    reason: str | None = None
    message: str | None = None
    since: datetime | None = None
    removed: bool = False
    restored: int = 0
    overruled: bool = False
    retry: bool = False
    source: Document | None = None

    @property
    def key(self) -> Key:
        return Key(self.local_id, self.generation)

    @property
    def shown(self) -> Document | None:
        """What the remote object shows now, as far as we know."""
        return self.seen or self.agreed

    @property
    def pending(self) -> bool:
        """Whether the next sync has to look at it whatever else changed."""
        return self.retry or self.leaving or self.removed or self.offered is not None

    def told(self, at: datetime) -> "Link":
        """The link with the moment from which its reason holds."""
        return self if self.reason is None or self.since is not None else replace(self, since=at)

    def vanished(self, *, voided: bool = False) -> "Link":
        """The object is no more; the next one needs a new key. It counts as a person's deed unless we were deleting
        it; what was ``voided`` still shows there, and is not put back.
        """
        return replace(
            self,
            generation=self.generation + 1,
            published=False,
            remote_id=None,
            version=None,
            agreed=None,
            seen=None,
            offered=None,
            leaving=False,
            removed=self.published and not self.leaving,
            overruled=False,
            retry=False,
            source=None,
            restored=MOST_RESTORES if voided else self.restored,
        )


@dataclass(frozen=True, slots=True)
class Stray:
    """A remote object with our key that no link owns: a second one for the same record. It is deleted."""

    stream: str
    remote_id: str
    version: str | None
    key: Key
