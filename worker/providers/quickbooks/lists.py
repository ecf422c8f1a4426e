"""Creates and changes customers and items, whose names are unique: a lost answer, or who has a name, is found by it.

::

    create   in doubt ── look the name up ── it is there ──> Done
             batch ── the name is taken (6240) ── by what is wanted ──> adopted, and made active
                                               ── by another ──> the next free name, batch again
    update   batch ── the name is taken ──> the next free name, batch again
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from worker.core.books import Customer, Item
from worker.core.errors import Rejected, SyncError
from worker.core.ports import Create, Failed, Outcome
from worker.providers.quickbooks import batches
from worker.providers.quickbooks.entities import Entity
from worker.providers.quickbooks.errors import NameTaken
from worker.providers.quickbooks.line import Line
from worker.providers.quickbooks.mapping import activation, guarded, new_body, version
from worker.providers.quickbooks.naming import Holder, Holders, Named, adoptable, candidates
from worker.providers.quickbooks.queries import ALL, any_of, rows_of, select
from worker.providers.quickbooks.verdicts import done, failed, found

MOST_ROUNDS = 6
"""Batches that try names, before a person is asked for another one."""

MOST_ASKED = 200
"""Names in one query."""

ALL_TAKEN = "QuickBooks has this name, and the next ones like it, already; give it another name in FieldCamp."


@dataclass
class Wish:
    """An object that is to have a name.

    ``named`` is ``wanted`` with the name that is tried next, and ``part`` makes the part of a batch of it. ``own_id``
    is the object's own where it is there already, ``others`` are the ids of what it is not. ``taken`` are names that it
    cannot have, with no case.
    """

    wanted: Named
    named: Named
    part: Callable[[Named], Mapping[str, Any]]
    own_id: str | None = None
    others: frozenset[str] = frozenset()
    taken: set[str] = field(default_factory=set)
    outcome: Outcome | None = None

    def names(self) -> list[str]:
        """What to look up: the wanted name, whoever has it, and the next ones that may be free."""
        return list(dict.fromkeys([self.wanted.name, *candidates(self.wanted.name, self.taken)]))

    def is_ready(self) -> bool:
        """Whether the name that it has now may be tried."""
        return self.outcome is None and self.named.name.casefold() not in self.taken


class Lists:
    """The customers, or the items, of one company, for the length of one ``apply``. ``used`` are ids that were made or
    adopted before, and are added to."""

    def __init__(self, line: Line, entity: Entity, used: set[str] | None = None) -> None:
        self._line = line
        self._entity = entity
        self._used = set() if used is None else used
        self._promised: set[str] = set()

    def created(self, operations: Sequence[Create]) -> list[Outcome]:
        """One outcome each, in their order."""
        wishes = [self._creation(one) for one in operations]
        doubtful = [wish for wish, one in zip(wishes, operations, strict=True) if one.uncertain]
        self._look_up(doubtful, self._find)
        return self.granted(wishes)

    def granted(self, wishes: Sequence[Wish]) -> list[Outcome]:
        """Carries out what is open of the wishes, under other names where theirs are taken; one outcome each."""
        for _ in range(MOST_ROUNDS):
            self._send([wish for wish in wishes if wish.is_ready()])
            self._look_up([wish for wish in wishes if wish.outcome is None], self._settle)
        return [wish.outcome or Failed(Rejected(ALL_TAKEN, code=NameTaken.code)) for wish in wishes]

    def _creation(self, operation: Create) -> Wish:
        posted = operation.document
        assert isinstance(posted, Customer | Item)

        def part(named: Named) -> Mapping[str, Any]:
            return batches.creation(self._entity, new_body(self._entity, operation.key, named))

        return Wish(posted, posted, part, others=operation.others)

    def _send(self, wishes: Sequence[Wish]) -> None:
        results = batches.sent(self._line, self._entity, [wish.part(wish.named) for wish in wishes])
        for wish, result in zip(wishes, results, strict=True):
            if isinstance(result, NameTaken):
                wish.taken.add(wish.named.name.casefold())
            elif isinstance(result, SyncError):
                wish.outcome = failed(result)
            else:
                wish.outcome = self._became(wish, result)

    def _look_up(self, wishes: Sequence[Wish], settle: Callable[[Wish, Holders], None]) -> None:
        """Asks who has the names of all wishes at once; where that cannot be found out, nothing more is sent."""
        if not wishes:
            return
        try:
            holders = self._holders([name for wish in wishes for name in wish.names()])
        except SyncError as error:
            for wish in wishes:
                wish.outcome = Failed(error)
            return
        for wish in wishes:
            settle(wish, holders)

    def _find(self, wish: Wish, holders: Holders) -> None:
        """What an earlier request made, or who else is what is wanted."""
        holder = adoptable(self._entity, wish.wanted, wish.names(), holders, self._used | wish.others)
        if holder is not None:
            wish.outcome = self._adopted(wish, holder)

    def _settle(self, wish: Wish, holders: Holders) -> None:
        """Whoever was refused a name either is what has it, or tries the next free one."""
        if wish.own_id is None:
            self._find(wish, holders)
        if wish.outcome is None:
            names = wish.names()
            wish.taken.update(name.casefold() for name in names if self._is_taken(wish, name, holders))
            free = [name for name in names if name.casefold() not in wish.taken]
            wish.named = replace(wish.wanted, name=free[0]) if free else wish.named
            self._promised.add(wish.named.name.casefold())

    def _is_taken(self, wish: Wish, name: str, holders: Holders) -> bool:
        holder = holders.get(name.casefold())
        own = holder is not None and wish.own_id == holder.remote_id and holder.entity_name == self._entity.name
        return (holder is not None and not own) or name.casefold() in self._promised

    def _adopted(self, wish: Wish, holder: Holder) -> Outcome:
        """Two of one call never become the same object."""
        self._used.add(holder.remote_id)
        try:
            return found(self._entity, wish.wanted, holder.body if holder.active else self._woken(wish, holder))
        except SyncError as error:
            return failed(error)

    def _woken(self, wish: Wish, holder: Holder) -> Mapping[str, Any]:
        body = guarded(holder.remote_id, version(holder.body), activation(wish.wanted))
        woken: Mapping[str, Any] = self._line.write(self._entity.name.lower(), body).body
        return woken

    def _became(self, wish: Wish, body: Mapping[str, Any]) -> Outcome:
        outcome = done(self._entity, wish.wanted, body)
        self._used.add(outcome.remote_id)
        return outcome

    def _holders(self, names: Sequence[str]) -> dict[str, Holder]:
        """Who has which of the names, over all lists that share them."""
        wanted = list(dict.fromkeys(names))
        holders: dict[str, Holder] = {}
        for rival in self._entity.rivals:
            for start in range(0, len(wanted), MOST_ASKED):
                for body in self._asked(rival, wanted[start : start + MOST_ASKED]):
                    holders.setdefault(str(body.get(self._entity.label)).casefold(), Holder(rival, body))
        return holders

    def _asked(self, rival: str, names: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        having = f"{self._entity.label} IN {any_of(names)}"
        return rows_of(rival, self._line.query(select(rival, having, ALL, columns=self._entity.columns)).body)
