"""Books in which nothing happens, and a question that waits for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from worker.core.books import Customer
from worker.core.connections import Connection
from worker.core.errors import Rejected
from worker.core.jobs import Ending, JobRequest, JobStatus
from worker.core.matches import Choice, Question
from worker.core.observation import Observed
from worker.core.ports import Change, Failed, Manifest, Operation, Outcome, Page, Stream
from worker.core.records import CLIENT, plural
from worker.store import Store

ADA = Customer("Ada Lovelace", email="ada@example.com")


@dataclass(frozen=True, slots=True)
class QuietBooks:
    """The provider port of a company in which nobody works, and that takes nothing."""

    manifest: Manifest

    def streams(self) -> Sequence[Stream]:
        kinds = enumerate(self.manifest.kinds)
        return [Stream(plural(kind), plural(kind), rank=rank, kind=kind) for rank, kind in kinds]

    def changes(self, stream: Stream, cursor: str | None) -> Iterator[Page]:
        yield Page((), cursor="1")

    def apply(self, stream: Stream, operations: Sequence[Operation]) -> Sequence[Outcome]:
        return [Failed(Rejected("These books are closed.")) for _ in operations]

    def close(self) -> None: ...


def asked_about(store: Store, connection: Connection, local_id: str, now: datetime) -> None:
    """Have a sync see a customer, and ask whether this client is it."""
    stream = store.streams.ensure(connection.id, ["clients"], {"clients": CLIENT})["clients"]
    claimed = store.jobs.claim(store.jobs.request(connection, JobRequest(), now).id, "test", 60, now)
    assert claimed is not None
    job, lease = claimed
    seen = [Change("58", "0", None, ADA)]
    store.observations.save(lease, job, stream, Observed(), target="clients", now=now, kept=seen)
    question = Question("", CLIENT, local_id, Customer("Ada"), (Choice("58", ADA, ("name",)),), now)
    store.matches.ask(lease, [question], [], now)
    store.jobs.finish(lease, Ending(JobStatus.SUCCEEDED, next_look_at=now), now)
