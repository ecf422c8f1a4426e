"""A query for everything of one entity, page by page, while the books go on moving.

Pages are found by when objects were created, which never changes: what is edited or deleted meanwhile shifts nothing,
and what is new comes last. Objects of the same second are told apart by their id, and a whole page of one second is
paged by position.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.core.errors import Transient
from worker.providers.quickbooks.entities import Entity
from worker.providers.quickbooks.queries import ALL, PAGE, quoted, select

STEP = 900
"""How far a page of one second goes on: not a whole page, because what was deleted meanwhile has moved the rest up."""


@dataclass
class Listing:
    """Where a listing stands. ``begin`` is when the first objects of the next page were created, as QuickBooks wrote
    it, ``position`` the how-manieth of those comes first, ``known`` the ids that came already."""

    entity: Entity
    begin: str | None = None
    position: int = 1
    known: set[str] = field(default_factory=set)

    def query(self) -> str:
        """What to ask for next."""
        listed = ALL if self.entity.label else ""
        since = f"MetaData.CreateTime >= {quoted(self.begin)}" if self.begin else ""
        order = "MetaData.CreateTime"
        return select(self.entity.name, listed, since, columns=self.entity.columns, order=order, position=self.position)

    def took(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """What is new in an answer; the listing goes on behind it. Transient where it would never end."""
        fresh = [row for row in rows if str(row["Id"]) not in self.known]
        if len(rows) >= PAGE and not fresh:
            raise Transient("QuickBooks' listing goes round in circles.")
        self.known.update(str(row["Id"]) for row in fresh)
        if rows:
            self._go_on(*(str(row["MetaData"]["CreateTime"]) for row in (rows[0], rows[-1])))
        return fresh

    def _go_on(self, first: str, last: str) -> None:
        """A page of one second has the first objects of it; anything else goes on with those of its last second."""
        if last == self.begin:
            self.position += STEP
        else:
            self.position = 1 + STEP if first == last else 1
        self.begin = last
