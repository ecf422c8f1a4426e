"""Observations: what a reading saw, saved together with its cursor."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, literal, or_, select, update

from worker.core.connections import StreamState
from worker.core.jobs import Job, Lease
from worker.core.links import Link, Stray
from worker.core.observation import Observed
from worker.core.ports import Change
from worker.store import arrivals, directory, linkage, numbers
from worker.store.engine import Database, chunks
from worker.store.feed import append
from worker.store.fencing import held
from worker.store.streams import write_cursor
from worker.store.tables import links, strangers


class Observations:
    def __init__(self, database: Database) -> None:
        self._database = database

    def context(
        self, stream: StreamState, remote_ids: Collection[str], local_ids: Collection[str]
    ) -> tuple[list[Link], dict[str, str]]:
        """What is known of a page's objects: the links that have one of these remote or local ids, and the versions
        of the strangers among the remote ids."""
        found: dict[str, Link] = {}
        known: dict[str, str] = {}
        with self._database.reading() as connection:
            for some in chunks(sorted(set(remote_ids))):
                found.update(_links(connection, stream, links.c.remote_id.in_(some)))
                named = and_(strangers.c.stream_id == stream.id, strangers.c.remote_id.in_(some))
                known.update(_strangers(connection, named))
            for some in chunks(sorted(set(local_ids) - found.keys())):
                found.update(_links(connection, stream, links.c.local_id.in_(some)))
        return list(found.values()), known

    def save(
        self,
        lease: Lease,
        job: Job,
        stream: StreamState,
        observed: Observed,
        *,
        target: str,
        now: datetime,
        listed: Sequence[str] = (),
        listing: int | None = None,
        cursor: str | None = None,
        kept: Sequence[Change] = (),
    ) -> None:
        """Save what a page made of what was known, and the cursor if the page had one, in one transaction.

        ``kept`` are objects whose content is kept to be found again, foreign payments among them to be told of.
        Changed links are numbered, for planning; noted ones take their version silently. The feed gets each change
        once, however often the page is saved; ``target`` is what people call the stream. In a full reading, ``listed``
        are the remote ids of the page and ``listing`` is its number. Without anything to write, nothing is written.
        """
        if observed.empty and cursor is None and (listing is None or not listed) and not kept:
            return
        with self._database.writing() as connection:
            held(connection, lease)
            for_links, for_strays, for_feed = _drawn(connection, job, observed)
            self._save_links(connection, job, stream, observed, for_links)
            self._save_strangers(connection, stream, observed.strangers)
            self._save_strays(connection, stream, observed.strays, for_strays)
            append(self._database, connection, job, stream.id, zip(observed.feed, for_feed, strict=True), target, now)
            if listing is not None:
                _mark(connection, stream, listed, listing)
            if kept:
                directory.keep(self._database, connection, stream.id, kept)
                arrivals.note(self._database, connection, job.connection_id, stream, observed)
            if cursor is not None:
                write_cursor(connection, stream.id, cursor, now)

    def unlisted(self, stream: StreamState, listing: int, after: str = "", limit: int = 500) -> list[Link]:
        """Published links that the full reading ``listing`` did not show, by local id from ``after`` on."""
        statement = linkage.selected().where(_unlisted(stream, listing), links.c.local_id > after)
        with self._database.reading() as connection:
            rows = connection.execute(statement.order_by(links.c.local_id).limit(limit))
            return [linkage.link_of(row) for row in rows]

    def unlisted_strangers(
        self, stream: StreamState, listing: int, after: str = "", limit: int = 500
    ) -> dict[str, str]:
        """Versions of the strangers that the full reading did not show, by remote id from ``after`` on."""
        older = and_(strangers.c.stream_id == stream.id, strangers.c.listing < listing, strangers.c.remote_id > after)
        with self._database.reading() as connection:
            return _strangers(connection, older, limit)

    def forget_unlisted_strays(self, lease: Lease, stream: StreamState, listing: int) -> int:
        """Forget second objects of ours that the full reading did not show; returns how many."""
        older = and_(
            strangers.c.stream_id == stream.id, strangers.c.listing < listing, strangers.c.local_id.is_not(None)
        )
        with self._database.writing() as connection:
            held(connection, lease)
            return connection.execute(delete(strangers).where(older)).rowcount

    def count_unlisted(self, stream: StreamState, listing: int) -> int:
        """How many published links the full reading ``listing`` did not show."""
        statement = select(func.count()).select_from(links).where(_unlisted(stream, listing))
        with self._database.reading() as connection:
            return connection.execute(statement).scalar_one()

    def count_shown(self, stream: StreamState) -> int:
        """How many objects the stream has published."""
        shown = and_(links.c.stream_id == stream.id, links.c.published)
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(links).where(shown)).scalar_one()

    def is_in_use(self, stream: StreamState) -> bool:
        """Whether the stream shows something of ours, or may: an operation there is not settled."""
        open_link = select(literal(1)).where(links.c.stream_id == stream.id, or_(links.c.published, links.c.pending))
        with self._database.reading() as connection:
            return connection.execute(open_link.limit(1)).first() is not None

    def count_published(self, connection_id: int, at_most: int) -> int:
        """How many objects the connection has published, counted up to ``at_most``."""
        published = select(literal(1)).where(links.c.connection_id == connection_id, links.c.published)
        with self._database.reading() as connection:
            return connection.execute(
                select(func.count()).select_from(published.limit(at_most).subquery())
            ).scalar_one()

    def _save_links(
        self, connection: Connection, job: Job, stream: StreamState, observed: Observed, drawn: Sequence[int]
    ) -> None:
        where = {stream.name: (stream.id, stream.kind)}
        linkage.save(self._database, connection, job.connection_id, observed.links, where=where, numbers=drawn)
        linkage.save(self._database, connection, job.connection_id, observed.noted, where=where)

    def _save_strangers(self, connection: Connection, stream: StreamState, seen: Mapping[str, str | None]) -> None:
        linkage.disown(connection, stream.id, [remote_id for remote_id, version in seen.items() if version is None])
        rows = [
            {"stream_id": stream.id, "remote_id": remote_id, "version": version, "local_id": None, "generation": None}
            for remote_id, version in seen.items()
            if version is not None
        ]
        self._database.upsert(connection, strangers, rows)

    def _save_strays(
        self, connection: Connection, stream: StreamState, strays: Sequence[Stray], drawn: Sequence[int]
    ) -> None:
        """Keep second objects of ours, and have their links planned again."""
        rows = [
            {
                "stream_id": stream.id,
                "remote_id": stray.remote_id,
                "version": stray.version,
                "local_id": stray.key.local_id,
                "generation": stray.key.generation,
            }
            for stray in strays
        ]
        self._database.upsert(connection, strangers, rows)
        its_link = and_(links.c.stream_id == stream.id, links.c.local_id == bindparam("id"))
        numbered = [{"id": stray.key.local_id, "drawn": number} for stray, number in zip(strays, drawn, strict=True)]
        if numbered:
            connection.execute(update(links).where(its_link).values(number=bindparam("drawn")), numbered)


def _drawn(connection: Connection, job: Job, observed: Observed) -> tuple[range, range, range]:
    """Numbers for the changed links, the strays and the feed."""
    links_end = len(observed.links)
    strays_end = links_end + len(observed.strays)
    how_many = strays_end + len(observed.feed)
    drawn = numbers.draw(connection, job.account_id, how_many) if how_many else range(0)
    return drawn[:links_end], drawn[links_end:strays_end], drawn[strays_end:]


def _links(connection: Connection, stream: StreamState, which: ColumnElement[bool]) -> dict[str, Link]:
    rows = connection.execute(linkage.selected().where(links.c.stream_id == stream.id, which))
    return {row.local_id: linkage.link_of(row) for row in rows}


def _strangers(connection: Connection, which: ColumnElement[bool], limit: int | None = None) -> dict[str, str]:
    statement = select(strangers.c.remote_id, strangers.c.version).where(which, strangers.c.local_id.is_(None))
    rows = connection.execute(statement.order_by(strangers.c.remote_id).limit(limit))
    return {row.remote_id: row.version or "" for row in rows}


def _unlisted(stream: StreamState, listing: int) -> ColumnElement[bool]:
    return and_(links.c.stream_id == stream.id, links.c.published, links.c.listing < listing)


def _mark(connection: Connection, stream: StreamState, listed: Sequence[str], listing: int) -> None:
    for some in chunks(sorted(set(listed))):
        for table in (links, strangers):
            its_rows = and_(table.c.stream_id == stream.id, table.c.remote_id.in_(some))
            connection.execute(update(table).where(its_rows).values(listing=listing))
