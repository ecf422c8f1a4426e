"""The records of one kind in one account, ordered by creation and by last change."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Any, NamedTuple

Record = dict[str, Any]


class Entry(NamedTuple):
    """A record's place in an order: `at` is empty in the order of creation, `updatedAt` in the order of change."""

    at: str
    number: int
    record_id: str


class Table:
    """Records by id. Each write raises `version`, so that a listing knows when it is out of date."""

    def __init__(self) -> None:
        self.version = 0
        self.created: list[Entry] = []
        self.changed: list[Entry] = []
        self._records: dict[str, Record] = {}
        self._places: dict[str, tuple[Entry, Entry]] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, record_id: object) -> bool:
        return record_id in self._records

    def __getitem__(self, record_id: str) -> Record:
        return self._records[record_id]

    def get(self, record_id: str) -> Record | None:
        return self._records.get(record_id)

    def records(self) -> list[Record]:
        return [self._records[entry.record_id] for entry in self.created]

    def put(self, record: Record) -> None:
        """Adds the record, or replaces the one with its `id`."""
        created, changed = self._place(record)
        old = self._places.get(record["id"])
        if old is None:
            self.created.append(created)
        else:
            _take_out(self.changed, old[1])
        insort(self.changed, changed)
        self._keep(record, created, changed)

    def load(self, records: Iterable[Record]) -> None:
        """Adds many new records at the cost of one sort."""
        for record in records:
            created, changed = self._place(record)
            self.created.append(created)
            self.changed.append(changed)
            self._keep(record, created, changed)
        self.changed.sort()

    def remove(self, record_id: str) -> None:
        created, changed = self._places.pop(record_id)
        _take_out(self.created, created)
        _take_out(self.changed, changed)
        del self._records[record_id]
        self.version += 1

    def changed_since(self, at: str) -> list[Entry]:
        """Entries whose record changed at `at` or later, the oldest change first."""
        return self.changed[bisect_left(self.changed, Entry(at, 0, "")) :]

    def _place(self, record: Record) -> tuple[Entry, Entry]:
        self._number += 1
        old = self._places.get(record["id"])
        created = old[0] if old else Entry("", self._number, record["id"])
        return created, Entry(record["updatedAt"], self._number, record["id"])

    def _keep(self, record: Record, created: Entry, changed: Entry) -> None:
        self._records[record["id"]] = record
        self._places[record["id"]] = (created, changed)
        self.version += 1


def _take_out(entries: list[Entry], entry: Entry) -> None:
    del entries[bisect_left(entries, entry)]
