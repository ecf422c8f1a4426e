"""Linkage: links as rows, and back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Select, delete, select

from worker.core.documents import from_json, to_json
from worker.core.links import Link, Stray
from worker.core.ports import Key
from worker.store.engine import AnyRow, Database, chunks
from worker.store.tables import links, strangers, streams

DOCUMENTS = frozenset({"agreed", "seen", "offered", "source"})
FIELDS = tuple(field.name for field in fields(Link) if field.name != "stream")


def selected() -> Select[Any]:
    """Links with the names of their streams."""
    columns = [links.c[name] for name in FIELDS]
    return select(streams.c.name.label("stream"), *columns).join(streams, streams.c.id == links.c.stream_id)


def link_of(row: AnyRow) -> Link:
    """The link of a row of ``selected``."""
    values = dict(row._mapping)
    for name in DOCUMENTS:
        values[name] = None if values[name] is None else from_json(values[name])
    return Link(**values)


Place = tuple[int, str]
"""The id of a stream, and the kind of record that it shows."""


def places(connection: Connection, connection_id: int) -> dict[str, Place]:
    """The places of the connection's streams, by name."""
    columns = (streams.c.name, streams.c.id, streams.c.kind)
    rows = connection.execute(select(*columns).where(streams.c.connection_id == connection_id))
    return {row.name: (row.id, row.kind) for row in rows}


def save(
    database: Database,
    connection: Connection,
    connection_id: int,
    changed: Iterable[Link],
    *,
    where: Mapping[str, Place],
    numbers: Sequence[int] | None = None,
) -> None:
    """Insert or overwrite links; with ``numbers``, one for each, they are to be planned again.

    A remote object that a link owns is no stranger and no stray any more.
    """
    rows = [_values(link, where[link.stream], connection_id) for link in changed]
    if numbers is not None:
        rows = [{**row, "number": number} for row, number in zip(rows, numbers, strict=True)]
    database.upsert(connection, links, rows)
    for stream_id in {row["stream_id"] for row in rows}:
        owned = [row["remote_id"] for row in rows if row["stream_id"] == stream_id and row["published"]]
        disown(connection, stream_id, owned)


def disown(connection: Connection, stream_id: int, remote_ids: Collection[str]) -> None:
    """Forget strangers and strays with these remote ids."""
    for some in chunks(list(remote_ids)):
        connection.execute(delete(strangers).where(strangers.c.stream_id == stream_id, strangers.c.remote_id.in_(some)))


def stray_of(row: AnyRow) -> Stray:
    return Stray(row.name, row.remote_id, row.version, Key(row.local_id, row.generation))


def _values(link: Link, place: Place, connection_id: int) -> dict[str, Any]:
    values = {name: getattr(link, name) for name in FIELDS}
    for name in DOCUMENTS:
        values[name] = None if values[name] is None else to_json(values[name])
    stream_id, kind = place
    its = {"stream_id": stream_id, "connection_id": connection_id, "kind": kind}
    return {**values, **its, "pending": link.pending}
