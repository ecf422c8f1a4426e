"""One record on one stream, and what is to be done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from worker.core.jobs import Job, Trigger
from worker.core.links import Link
from worker.core.ports import Stream
from worker.core.reconcile import Decision
from worker.core.records import Record


@dataclass(frozen=True, slots=True)
class Choice:
    """One record on one stream: the link as it was found, and the decision about it."""

    stream: str
    local_id: str
    before: Link | None
    decision: Decision

    @property
    def is_match(self) -> bool:
        """Whether the object was found there just now, and is taken for the record."""
        link, before = self.decision.link, self.before
        return link is not None and link.published and (before is None or not before.published)


Choices = dict[str, list[Choice]]
"""By local id; only for streams that show the record or should."""


class Asking(Protocol):
    """Brings in what decisions need and nobody has told yet."""

    def fetch_needs(self, visit_ids: Sequence[str]) -> bool:
        """Make sure that the jobs and clients of these visits are known; False where that could not be asked for."""

    def fetch(self, kind: str, local_ids: Sequence[str]) -> bool:
        """Ask for these records by name; whether there was anything to be had."""

    def add(self, kind: str, records: Sequence[Record]) -> bool:
        """Have these records of our own be known; whether one was not."""


class AskingNobody:
    """For decisions that are made of what is known and carried out by nobody."""

    def fetch_needs(self, visit_ids: Sequence[str]) -> bool:
        return True

    def fetch(self, kind: str, local_ids: Sequence[str]) -> bool:
        return False

    def add(self, kind: str, records: Sequence[Record]) -> bool:
        return False


class Drafting(Protocol):
    """Knows what is wanted of records, and decides. ``unsure`` are those whose needs could not be fetched: published as
    far as they are known, and looked at again; ``learned`` says that records came in which this pass has not planned.
    """

    unsure: set[str]
    learned: bool

    def choose(self, kind: str, local_ids: Sequence[str], streams: Mapping[str, Stream]) -> Choices:
        """The decisions about these records as of now."""

    def keep(self, kind: str, chosen: Choices) -> None:
        """Note what people are to be asked before anything is sent."""


def as_asked(job: Job, link: Link) -> Link:
    """Who asks for another try means also what was refused, except by this very job."""
    again = job.request.trigger is Trigger.RETRY and link.refused is not None
    is_news = link.since is not None and link.since > job.created_at
    return replace(link, refused=None) if again and not is_news else link
