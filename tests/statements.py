"""Counts the statements that a store sends to its database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from worker.store import Store


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The texts of all statements, from any thread, while the block lasts."""
    texts: list[str] = []
    engine = store._database.engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        texts.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield texts
    finally:
        event.remove(engine, "before_cursor_execute", note)
