"""Records asked for by id, and what it means that FieldCamp has none."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from worker.core.errors import Transient
from worker.core.records import INVOICE, MEMBER, PAYMENT, VISIT, Record
from worker.sources.fieldcamp.calls import UNVOUCHED, Calls, Missing
from worker.sources.fieldcamp.fields import deleted_record
from worker.sources.fieldcamp.listing import EXTRAS, PLURALS, first_accepted, pages, path_of, single
from worker.sources.fieldcamp.readable import Read

DATE_LAG = timedelta(seconds=2)
"""``Date`` is whole seconds and may be kept for one: a missing record was last changed before this is over."""

MOST_ONE_BY_ONE = 5
LEAVES_NO_TRACE = frozenset({VISIT, INVOICE, PAYMENT})
"""The kinds of which a missing one was deleted; elsewhere it is left out."""


@dataclass(slots=True)
class LookUps:
    """Asks for records by id; ``proven`` are the kinds whose route of one record has answered."""

    calls: Calls
    read: Read
    proven: set[str] = field(default_factory=lambda: {VISIT})

    def find(self, kind: str, local_ids: Sequence[str]) -> Sequence[Record]:
        """As ``FieldCamp.look_up`` says."""
        wanted = list(dict.fromkeys(local_ids))
        if kind in LEAVES_NO_TRACE:
            found = [self.one_or_deleted(kind, local_id) for local_id in wanted]
        elif kind == MEMBER or len(wanted) > MOST_ONE_BY_ONE:
            found = self._found_in_list(kind, wanted)
        else:
            found = self._found_one_by_one(kind, wanted)
        return [record for record in found if record is not None]

    def one(self, kind: str, local_id: str) -> Record | None:
        """The record as it is now, None where it cannot be read; raises Missing, and what ``Calls.get`` raises."""
        answer = self.calls.get(path_of(kind, local_id))
        self.proven.add(kind)
        return self.read(kind, single(kind, answer.data), answer.told_at)

    def one_or_deleted(self, kind: str, local_id: str) -> Record | None:
        """The record as it is now, or as deleted; None where it is there and cannot be read.

        Only FieldCamp's own 404 deletes, and only from a route that there is: elsewhere its list is asked.
        """
        try:
            return self.one(kind, local_id)
        except Missing as missing:
            if not missing.vouched:
                raise Transient(UNVOUCHED) from missing
            gone = deleted_record(kind, local_id, missing.told_at + DATE_LAG)
        return gone if self._is_proven(kind) else self._listed_or(gone)

    def _is_proven(self, kind: str) -> bool:
        """Whether a 404 on one record of this kind means that it is gone: settled by asking for one that is listed."""
        if kind not in self.proven:
            listed = next(pages(self.calls, PLURALS[kind], {}))
            some_id = next((identity for item in listed.items if (identity := _id(item))), None)
            if some_id is not None:
                self._try(kind, some_id)
        return kind in self.proven

    def _try(self, kind: str, local_id: str) -> None:
        try:
            self.one(kind, local_id)
        except Missing:
            return

    def _listed_or(self, gone: Record) -> Record | None:
        for item, told_at in self._items(gone.kind):
            if _id(item) == gone.local_id:
                return self.read(gone.kind, item, told_at)
        return gone

    def _found_one_by_one(self, kind: str, wanted: Sequence[str]) -> list[Record | None]:
        """Asks for each; where a first one is missing, the route itself may be, and one listing settles it."""
        found: list[Record | None] = []
        for local_id in wanted:
            try:
                found.append(self.one(kind, local_id))
            except Missing:
                if kind not in self.proven:
                    return self._found_in_list(kind, wanted)
        return found

    def _found_in_list(self, kind: str, wanted: Sequence[str]) -> list[Record | None]:
        missing = set(wanted)
        found: list[Record | None] = []
        for item, told_at in self._items(kind):
            if _id(item) in missing:
                missing.discard(_id(item))
                found.append(self.read(kind, item, told_at))
            if not missing:
                break
        return found

    def _items(self, kind: str) -> Iterator[tuple[Any, datetime]]:
        """Each item of a kind's list, with when it was told."""
        extras = EXTRAS.get(kind)
        for page in first_accepted(self.calls, PLURALS[kind], [extras, {}] if extras else [{}]):
            yield from ((item, page.told_at) for item in page.items)


def _id(item: Any) -> str:
    """The id that an item names; empty where it names none."""
    name = item.get("id") if isinstance(item, Mapping) else None
    return name if isinstance(name, str) else ""
