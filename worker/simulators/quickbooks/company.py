"""A simulated company file in memory, without HTTP: what Intuit's accounting API does with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from random import Random
from typing import Any

from worker.simulators.quickbooks import cdc, merging, seeds, writing
from worker.simulators.quickbooks.batch import carried_out, operation_of
from worker.simulators.quickbooks.books import Books
from worker.simulators.quickbooks.kinds import Kind, kind_of
from worker.simulators.quickbooks.presets import PRESETS
from worker.simulators.quickbooks.queries import parsed
from worker.simulators.quickbooks.refusal import Json
from worker.simulators.quickbooks.selection import selected
from worker.simulators.quickbooks.switches import Switches

Body = Mapping[str, Any]
Write = Callable[[Books, Kind, Body], Json]


def _clock() -> datetime:
    return datetime.now(UTC)


class Company:
    """One realm. Every answer is a copy, with Decimals for numbers; `Refused` is raised for what QuickBooks refuses.

    `on_change` is told each change as it happens: the entity as Intuit spells it, the object's id, Create, Update,
    Delete, Void or Merge, and for a merge the id that is gone. It is called under the lock.
    """

    on_change: Callable[[str, str, str, str], None]

    def __init__(
        self,
        realm_id: str,
        preset: str = "us_no_tax",
        now: Callable[[], datetime] = _clock,
        **switches: Any,
    ) -> None:
        self.realm_id = realm_id
        self.lock = threading.RLock()
        self.switches = Switches(**switches)
        self.on_change = lambda *_: None
        self._chance = Random(self.switches.batch_seed)
        self._books = Books(PRESETS[preset], now, self.switches, self._announce)
        seeds.fill(self._books)

    def create(self, entity: str, body: Body) -> Json:
        return self._write(writing.create, entity, body)

    def update(self, entity: str, body: Body) -> Json:
        """`Id` and `SyncToken` are required; sparse or full."""
        return self._write(writing.update, entity, body)

    def void(self, entity: str, body: Body) -> Json:
        """Of invoices and payments."""
        return self._write(writing.void, entity, body)

    def delete(self, entity: str, body: Body) -> Json:
        """Of invoices and payments: `{"status": "Deleted", "domain": "QBO", "Id": …}`."""
        return self._write(writing.delete, entity, body)

    def read(self, entity: str, object_id: str) -> Json:
        """Refused (610) for what is not there."""
        with self.lock:
            return deepcopy(self._books.get(kind_of(entity).name, object_id))

    def query(self, text: str) -> Json:
        """The inside of `QueryResponse`."""
        with self.lock:
            return deepcopy(selected(self._books, parsed(text)))

    def cdc(self, entities: Sequence[str], since: str) -> list[Json]:
        """The list inside `CDCResponse[0].QueryResponse`."""
        with self.lock:
            return deepcopy(cdc.changed(self._books, entities, since))

    def batch(self, items: Sequence[Body]) -> list[Json]:
        """The list of `BatchItemResponse`."""
        with self.lock:
            return carried_out(items, self._answer, self.switches.batch_most, self._chance)

    def preferences(self) -> Json:
        return self.read("preferences", "1")

    def company_info(self) -> Json:
        return self.read("companyinfo", "1")

    def merge_customers(self, loser: str, winner: str) -> None:
        """The loser's transactions become the winner's, and the loser is gone."""
        with self.lock:
            merging.merge_customers(self._books, loser, winner)

    def objects(self, entity: str) -> list[Json]:
        """Everything, what is inactive or void included, the oldest first."""
        with self.lock:
            return deepcopy(list(self._books.all(kind_of(entity).name)))

    def _announce(self, entity: str, object_id: str, operation: str, deleted_id: str) -> None:
        self.on_change(entity, object_id, operation, deleted_id)

    def _write(self, write: Write, entity: str, body: Body) -> Json:
        with self.lock:
            return deepcopy(write(self._books, kind_of(entity), body))

    def _answer(self, item: Body) -> Json:
        if "Query" in item:
            return {"QueryResponse": self.query(str(item["Query"]))}
        operation, entity, body = operation_of(item)
        writes: dict[str, Write] = {
            "create": writing.create,
            "update": writing.update,
            "delete": writing.delete,
            "void": writing.void,
        }
        return {kind_of(entity).name: self._write(writes[operation], entity, body)}
