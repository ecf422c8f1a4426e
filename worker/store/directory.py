"""The directory: the books as we last saw them, to be searched by what their objects are known by."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, insert, literal, select

from worker.core.documents import from_json, to_json
from worker.core.matching import Candidate, traits
from worker.core.ports import Change
from worker.store.engine import AnyRow, Database, chunks
from worker.store.tables import entities, links, streams
from worker.store.tables import traits as known_traits


class Directory:
    def __init__(self, database: Database) -> None:
        self._database = database

    def search(self, connection_id: int, kind: str, wanted: Collection[str]) -> dict[str, list[Candidate]]:
        """Whatever has one of these traits among the objects that show records of ``kind``, by trait."""
        found: dict[str, list[Candidate]] = {}
        having = and_(
            known_traits.c.stream_id == entities.c.stream_id, known_traits.c.remote_id == entities.c.remote_id
        )
        statement = _selected(connection_id, kind, known_traits.c.trait).join(known_traits, having)
        with self._database.reading() as connection:
            for some in chunks(sorted(set(wanted))):
                for row in connection.execute(statement.where(known_traits.c.trait.in_(some))):
                    found.setdefault(row.trait, []).append(_candidate(row))
        return found

    def of_kind(self, connection_id: int, kind: str) -> list[Candidate]:
        """All that there is: for kinds of which companies have few."""
        with self._database.reading() as connection:
            return [_candidate(row) for row in connection.execute(_selected(connection_id, kind))]

    def named(self, connection_id: int, kind: str, remote_ids: Collection[str]) -> dict[str, Candidate]:
        """The objects with these remote ids, as far as we saw them."""
        found: dict[str, Candidate] = {}
        with self._database.reading() as connection:
            for some in chunks(sorted(set(remote_ids))):
                rows = connection.execute(_selected(connection_id, kind).where(entities.c.remote_id.in_(some)))
                found.update((row.remote_id, _candidate(row)) for row in rows)
        return found


def keep(database: Database, connection: Connection, stream_id: int, changes: Sequence[Change]) -> None:
    """Have the directory show what these objects are now; those that went are forgotten."""
    latest = {change.remote_id: change for change in changes}
    for some in chunks(sorted(latest)):
        for table in (known_traits, entities):
            connection.execute(delete(table).where(table.c.stream_id == stream_id, table.c.remote_id.in_(some)))
    live = {remote_id: change for remote_id, change in latest.items() if change.document is not None}
    rows = [_entity(stream_id, remote_id, change) for remote_id, change in live.items()]
    database.upsert(connection, entities, rows)
    marks = [_mark(stream_id, remote_id, trait) for remote_id, change in live.items() for trait in _traits(change)]
    if marks:
        connection.execute(insert(known_traits), marks)


def _traits(change: Change) -> Collection[str]:
    return traits(change.document)  # type: ignore[arg-type]  # books keep entities alone


def _entity(stream_id: int, remote_id: str, change: Change) -> Mapping[str, Any]:
    assert change.document is not None
    content = {"version": change.version, "document": to_json(change.document)}
    return {"stream_id": stream_id, "remote_id": remote_id, **content}


def _mark(stream_id: int, remote_id: str, trait: str) -> Mapping[str, Any]:
    return {"stream_id": stream_id, "remote_id": remote_id, "trait": trait}


def _selected(connection_id: int, kind: str, *columns: ColumnElement[Any]) -> Select[Any]:
    owner = and_(
        links.c.stream_id == entities.c.stream_id, links.c.remote_id == entities.c.remote_id, links.c.published
    )
    taken = exists(select(literal(1)).where(owner)).label("taken")
    statement = select(entities, taken, *columns).join(streams, streams.c.id == entities.c.stream_id)
    return statement.where(streams.c.connection_id == connection_id, streams.c.kind == kind)


def _candidate(row: AnyRow) -> Candidate:
    return Candidate(row.remote_id, row.version, from_json(row.document), taken=bool(row.taken))  # type: ignore[arg-type]
