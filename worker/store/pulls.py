"""Pulls: what a sync of a source read, stored together with what the sync says of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, select

from worker.core.connections import StreamState
from worker.core.jobs import Job, Lease
from worker.core.records import Record
from worker.core.revisions import Revision, Said
from worker.store import feed, ledger, numbers, tallying
from worker.store.engine import Database, chunks
from worker.store.fencing import held
from worker.store.tables import records

Say = Callable[[Sequence[Revision]], Said]
NOWHERE = ""
"""What people call the stream of a source: its records are on no calendar there."""


class Pulls:
    def __init__(self, database: Database) -> None:
        self._database = database

    def take(
        self,
        lease: Lease,
        job: Job,
        stream: StreamState,
        told: Sequence[Record],
        say: Say,
        *,
        now: datetime,
        listing: int | None = None,
    ) -> int:
        """``Records.receive``, in one transaction with what ``say`` makes of the revisions, in the order in which they
        were told: the job's progress and the entries of the change feed; how many records were changed. A page that is
        read again changes nothing, and so nothing of it comes twice. Raises LeaseLost."""
        if not told:
            return 0
        with self._database.writing() as connection:
            held(connection, lease)
            counters = numbers.hold(connection, [job.account_id])
            known = _known(connection, job.account_id, told)
            pairs = [(job.account_id, record) for record in told]
            _, changed = ledger.receive(self._database, connection, counters, pairs, listing)
            said = say([Revision(known.get(place), record) for place, record in changed.items()])
            tallying.add(connection, lease, said.progress)
            drawn = numbers.draw(connection, job.account_id, len(said.feed)) if said.feed else ()
            numbered = zip(said.feed, drawn, strict=True)
            feed.append(self._database, connection, job, stream.id, numbered, NOWHERE, now)
        return len(changed)


def _known(connection: Connection, account_id: str, told: Sequence[Record]) -> dict[ledger.Place, Record]:
    found: dict[ledger.Place, Record] = {}
    names = sorted({(record.kind, record.local_id) for record in told})
    for kind, same in groupby(names, key=lambda name: name[0]):
        for some in chunks([local_id for _, local_id in same]):
            its = (records.c.account_id == account_id, records.c.kind == kind, records.c.local_id.in_(some))
            rows = connection.execute(select(records).where(*its))
            found.update(((account_id, kind, row.local_id), ledger.record_of(row)) for row in rows)
    return found
