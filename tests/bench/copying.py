"""Copies a database from SQLite to PostgreSQL, as fast as PostgreSQL takes it."""

from collections.abc import Sequence
from typing import Any

import psycopg
from sqlalchemy import Table, Text, select, type_coerce

from worker.store import Store
from worker.store.columns import Json
from worker.store.tables import metadata


def copy_over(source: Store, url: str) -> None:
    """Fill the empty tables at ``url``; the server then knows how many rows there are, as it does some time later."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as target:
        for table in metadata.sorted_tables:
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            with target.cursor().copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                for row in _rows(source, table):
                    copy.write_row(row)
        target.execute("ANALYZE")


def _rows(source: Store, table: Table) -> Sequence[Sequence[Any]]:
    columns = [type_coerce(one, Text) if isinstance(one.type, Json) else one for one in table.columns]
    with source._database.reading() as connection:
        return connection.execute(select(*columns)).all()
