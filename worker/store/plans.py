"""Plans: what moved since the last planning, and what became of it."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection as Transaction
from sqlalchemy import select

from worker.core.connections import Connection
from worker.core.jobs import Lease, Progress
from worker.core.links import Link, Stray
from worker.core.records import VISIT
from worker.store import linkage, numbers, tallying
from worker.store.engine import Database, chunks
from worker.store.fencing import held
from worker.store.tables import links, plannings, records, strangers, streams


class Plans:
    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self, account_id: str) -> int:
        """The account's number as of now: everything up to it is committed."""
        with self._database.reading() as reader:
            return numbers.current(reader, account_id)

    def todo(
        self, connection: Connection, kind: str, after: int, limit: int, *, since: int | None = None
    ) -> tuple[list[str], int]:
        """Local ids (at most ``limit``, each once) whose record of ``kind`` or whose link got a number above
        ``after``, in the order of numbers; and the number up to which that is all, ``after`` itself when nothing moved.

        Going on from that number until it stays the same gives everything. With ``since``, the number where that
        began, a link whose record moved since then is left to its record: so each id comes once in all.
        """
        its_records = [records.c.account_id == connection.account_id, records.c.kind == kind]
        its_links = [links.c.connection_id == connection.id, links.c.kind == kind]
        if since is not None:
            its_record = (*its_records, records.c.local_id == links.c.local_id, records.c.number > since)
            its_links.append(~select(records.c.number).where(*its_record).exists())
        moved: list[tuple[int, str]] = []
        with self._database.reading() as reader:
            upto = numbers.current(reader, connection.account_id)
            for table, its in ((records, its_records), (links, its_links)):
                recent = select(table.c.number, table.c.local_id).where(
                    *its, table.c.number > after, table.c.number <= upto
                )
                rows = reader.execute(recent.order_by(table.c.number).limit(limit + 1))
                moved += [(row.number, row.local_id) for row in rows]
        moved.sort()
        if len(moved) > limit:
            upto = moved[limit - 1][0]
        return list(dict.fromkeys(local_id for _, local_id in moved[:limit])), upto

    def pending(self, connection_id: int, after: str = "", limit: int = 500, kind: str = VISIT) -> list[str]:
        """Local ids of pending links (``Link.pending``) of a kind, each once, by local id from ``after`` on."""
        its = (links.c.connection_id == connection_id, links.c.kind == kind, links.c.pending)
        waiting = select(links.c.local_id).where(*its, links.c.local_id > after)
        with self._database.reading() as reader:
            rows = reader.execute(waiting.distinct().order_by(links.c.local_id).limit(limit))
            return list(rows.scalars())

    def links_of(self, connection_id: int, local_ids: Collection[str], kind: str = VISIT) -> dict[str, list[Link]]:
        """The links of these records of a kind on every stream of the connection that shows it, by local id;
        ``Link.stream`` is its name."""
        found: dict[str, list[Link]] = {}
        with self._database.reading() as reader:
            for some in chunks(sorted(set(local_ids))):
                its = (links.c.connection_id == connection_id, links.c.kind == kind, links.c.local_id.in_(some))
                for row in reader.execute(linkage.selected().where(*its)):
                    found.setdefault(row.local_id, []).append(linkage.link_of(row))
        return found

    def strays(self, connection_id: int, limit: int = 500) -> list[Stray]:
        """Second objects of ours that wait to be deleted."""
        columns = (
            streams.c.name,
            strangers.c.remote_id,
            strangers.c.version,
            strangers.c.local_id,
            strangers.c.generation,
        )
        statement = select(*columns).join(streams, streams.c.id == strangers.c.stream_id)
        its = (streams.c.connection_id == connection_id, strangers.c.local_id.is_not(None))
        with self._database.reading() as reader:
            return [linkage.stray_of(row) for row in reader.execute(statement.where(*its).limit(limit))]

    def offer(self, lease: Lease, links: Sequence[Link]) -> None:
        """Save links as they are before their operations are sent. Each ``Link.stream`` must exist
        (``Streams.ensure``)."""
        if links:
            with self._database.writing() as transaction:
                self._save(transaction, held(transaction, lease).connection_id, links)

    def settle(
        self, lease: Lease, links: Sequence[Link], progress: Progress, gone_strays: Sequence[Stray] = ()
    ) -> None:
        """Save links after their outcomes, forget strays that are gone, and add ``progress`` to the job: one
        transaction."""
        with self._database.writing() as transaction:
            connection_id = held(transaction, lease).connection_id
            self._save(transaction, connection_id, links, gone_strays)
            tallying.add(transaction, lease, progress)

    def owners(self, connection_id: int, kind: str, remote_ids: Collection[str]) -> dict[str, str]:
        """The local ids of the records of a kind that these objects show, by remote id."""
        found: dict[str, str] = {}
        with self._database.reading() as reader:
            for some in chunks(sorted(set(remote_ids))):
                its = (streams.c.connection_id == connection_id, streams.c.kind == kind, links.c.published)
                owned = select(links.c.remote_id, links.c.local_id).join(streams, streams.c.id == links.c.stream_id)
                rows = reader.execute(owned.where(*its, links.c.remote_id.in_(some)).order_by(links.c.local_id))
                found.update((row.remote_id, row.local_id) for row in rows)
        return found

    def planned_upto(self, connection_id: int) -> dict[str, int]:
        """The account's number up to which each kind was planned; a kind that never was is not there."""
        its = plannings.c.connection_id == connection_id
        with self._database.reading() as reader:
            rows = reader.execute(select(plannings.c.kind, plannings.c.number).where(its))
            return {row.kind: row.number for row in rows}

    def planned(self, lease: Lease, connection_id: int, number: int, kind: str = VISIT) -> None:
        """Note that everything of a kind up to ``number`` was planned."""
        row = {"connection_id": connection_id, "kind": kind, "number": number}
        insert = self._database.insert(plannings).values(row)
        later = insert.on_conflict_do_update(
            index_elements=["connection_id", "kind"], set_={"number": number}, where=plannings.c.number < number
        )
        with self._database.writing() as transaction:
            held(transaction, lease)
            transaction.execute(later)

    def _save(
        self, transaction: Transaction, connection_id: int, links: Sequence[Link], gone_strays: Sequence[Stray] = ()
    ) -> None:
        where = linkage.places(transaction, connection_id)
        for name in {stray.stream for stray in gone_strays}:
            gone = [stray.remote_id for stray in gone_strays if stray.stream == name]
            linkage.disown(transaction, where[name][0], gone)
        linkage.save(self._database, transaction, connection_id, links, where=where)
