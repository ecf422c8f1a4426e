"""Names that are unique in the books: who has one, and which is free, pure.

Customers share their names with vendors and employees, inactive ones too, and the case of letters does not count.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from worker.core.books import NAME_LIMIT, Customer, Item
from worker.providers.quickbooks.entities import Entity
from worker.providers.quickbooks.items import NOT_FOR_SALE
from worker.providers.quickbooks.mapping import document
from worker.providers.quickbooks.verdicts import same_but_for_its_name

MOST_NAMES = 8
"""How many names are looked at in one round."""

Named = Customer | Item


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a name: an object of the list ``entity_name``."""

    entity_name: str
    body: Mapping[str, Any]

    @property
    def remote_id(self) -> str:
        return str(self.body["Id"])

    @property
    def active(self) -> bool:
        return self.body.get("Active", True) is not False


Holders = Mapping[str, Holder]
"""By the name, with no case."""


def candidates(name: str, taken: Collection[str] = ()) -> list[str]:
    """The names to look at next: the wanted one, then with a number behind it, without those that are ``taken``."""
    return list(islice((one for one in _all(name) if one.casefold() not in taken), MOST_NAMES))


def adoptable(
    entity: Entity, wanted: Named, names: Collection[str], holders: Holders, used: Collection[str]
) -> Holder | None:
    """Who has one of the names and is what is wanted: a customer with the same e-mail address or the very same in all
    else, an item whatever it costs, or under a number the very same in all else. ``used`` are ids of what is something
    else already."""
    for name in names:
        holder = holders.get(name.casefold())
        if holder is None or holder.entity_name != entity.name or holder.remote_id in used:
            continue
        if _is_it(entity, wanted, holder):
            return holder
    return None


def _all(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        suffix = f" ({number})"
        yield name[: NAME_LIMIT - len(suffix)].rstrip() + suffix
        number += 1


def _is_it(entity: Entity, wanted: Named, holder: Holder) -> bool:
    shown = document(entity, holder.body)
    if isinstance(wanted, Customer) and isinstance(shown, Customer):
        same_mail = bool(wanted.email) and wanted.email.casefold() == shown.email.casefold()
        return same_mail or same_but_for_its_name(wanted, shown)
    if not isinstance(shown, Item) or shown.kind in NOT_FOR_SALE:
        return False
    return shown.name.casefold() == wanted.name.casefold() or same_but_for_its_name(wanted, shown)
