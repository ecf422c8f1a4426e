"""The objects of one company file: numbering, versions, what changed when, what each customer owes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from worker.simulators.quickbooks.fields import present
from worker.simulators.quickbooks.instants import told
from worker.simulators.quickbooks.kinds import KINDS, Kind
from worker.simulators.quickbooks.presets import Preset
from worker.simulators.quickbooks.refusal import Json, no_such_reference, not_found
from worker.simulators.quickbooks.switches import Switches

ZERO = Decimal("0.00")
Place = tuple[str, str]
"""An entity's name and an id."""


@dataclass
class Books:
    """Objects by entity and id, in the order of their creation; never changed in place.

    `stones` are the stubs of what was deleted, `changes` the place of each object's last change in the order of all
    changes. `announce` is told the entity, the id, the operation and, for a merge, the id that is gone.
    """

    preset: Preset
    now: Callable[[], datetime]
    switches: Switches
    announce: Callable[[str, str, str, str], None]
    shelves: dict[str, dict[str, Json]] = field(default_factory=lambda: {kind.name: {} for kind in KINDS.values()})
    stones: dict[str, dict[str, Json]] = field(default_factory=lambda: {kind.name: {} for kind in KINDS.values()})
    changes: dict[Place, int] = field(default_factory=dict)
    counters: Counter[str] = field(default_factory=Counter)

    def all(self, entity: str) -> Iterator[Json]:
        yield from self.shelves[entity].values()

    def find(self, entity: str, object_id: str) -> Json | None:
        return self.shelves[entity].get(object_id)

    def get(self, entity: str, object_id: str) -> Json:
        """Refused (610) when there is no such object."""
        found = self.find(entity, object_id)
        if found is None:
            raise not_found()
        return found

    def referred(self, entity: str, reference: Mapping[str, str], element: str) -> Json:
        """What a reference means; refused when it is unknown (2500) or inactive (610)."""
        found = self.find(entity, reference.get("value", ""))
        if found is None:
            raise no_such_reference(element, reference.get("value", ""))
        if not found.get("Active", True):
            raise not_found()
        return found

    def add(self, kind: Kind, fields: Mapping[str, object]) -> Json:
        """A new object with the next id of its row."""
        self.counters[kind.counter] += 1
        return self._put(kind.name, str(self.counters[kind.counter]), fields, token=0)

    def seed(self, entity: str, object_id: str, fields: Mapping[str, object]) -> None:
        """An object that was there from the start."""
        self._put(entity, object_id, fields, token=0)
        counter = KINDS[entity.lower()].counter
        if object_id.isdigit():
            self.counters[counter] = max(self.counters[counter], int(object_id))

    def change(self, entity: str, object_id: str, fields: Mapping[str, object]) -> Json:
        """The object becomes `fields`, under its next version."""
        token = int(self.shelves[entity][object_id]["SyncToken"])
        return self._put(entity, object_id, fields, token=token + 1)

    def amend(self, entity: str, object_id: str, **fields: object) -> Json:
        """Some fields change, as a consequence of a change elsewhere; it is announced as an update."""
        changed = self.change(entity, object_id, {**self.shelves[entity][object_id], **fields})
        self.announce(entity, object_id, "Update", "")
        return changed

    def remove(self, entity: str, object_id: str) -> Json:
        """Leaves a stub: the object's id, and when it went."""
        gone = self.shelves[entity].pop(object_id)
        self._owe(gone, entity, -1)
        stone = {"status": "Deleted", "domain": "QBO", "Id": object_id}
        self.stones[entity][object_id] = {**stone, "MetaData": {"LastUpdatedTime": told(self.now())}}
        self._mark(entity, object_id)
        return stone

    def _put(self, entity: str, object_id: str, fields: Mapping[str, object], *, token: int) -> Json:
        before, moment = self.find(entity, object_id), told(self.now())
        times = {"CreateTime": before["MetaData"]["CreateTime"] if before else moment, "LastUpdatedTime": moment}
        system = {"Id": object_id, "SyncToken": str(token), "MetaData": times, "domain": "QBO", "sparse": False}
        after = {**present(fields), **system}
        self.shelves[entity][object_id] = after
        self._mark(entity, object_id)
        if before:
            self._owe(before, entity, -1)
        self._owe(after, entity, 1)
        return after

    def _mark(self, entity: str, object_id: str) -> None:
        self.counters["changes"] += 1
        self.changes[entity, object_id] = self.counters["changes"]

    def _owe(self, transaction: Json, entity: str, sign: int) -> None:
        """What a transaction adds to, or takes from, its customer's balance: no new version of the customer."""
        amount = sign * _owed(entity, transaction)
        if not amount:
            return
        customer = self.shelves["Customer"][transaction["CustomerRef"]["value"]]
        balance = customer["Balance"] + amount
        moved = {**customer, "Balance": balance, "BalanceWithJobs": balance}
        if self.switches.balance_touches_customer:
            moved["MetaData"] = {**customer["MetaData"], "LastUpdatedTime": told(self.now())}
            self._mark("Customer", customer["Id"])
        self.shelves["Customer"][customer["Id"]] = moved


def _owed(entity: str, transaction: Json) -> Decimal:
    if entity == "Invoice":
        return Decimal(transaction["Balance"])
    return -Decimal(transaction["UnappliedAmt"]) if entity == "Payment" else ZERO
