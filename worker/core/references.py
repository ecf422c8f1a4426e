"""What the books hold by now, and what has to wait for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from worker.core import books
from worker.core.holds import Hold
from worker.core.records import CLIENT, INVOICE, ITEM, TAX
from worker.core.tax_codes import NO_TAX_CODE

WAITS_FOR_CUSTOMER = "WAITS_FOR_CUSTOMER"
WAITS_FOR_ITEM = "WAITS_FOR_ITEM"
WAITS_FOR_INVOICE = "WAITS_FOR_INVOICE"

FREE_ITEM = "visit-sync.other-work"
"""Local id of the item that stands for lines which name none."""

_WAITS = {
    CLIENT: (WAITS_FOR_CUSTOMER, "customer"),
    ITEM: (WAITS_FOR_ITEM, "item"),
    TAX: (NO_TAX_CODE, "tax code"),
    INVOICE: (WAITS_FOR_INVOICE, "invoice"),
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class References:
    """What the books hold by now.

    ``codes`` are the company's active tax codes by remote id, ``remote`` the remote ids of what is published or matched
    by (kind, local id), and ``waiting`` says in a sentence why one is not there yet.
    """

    regime: books.TaxRegime
    codes: Mapping[str, books.TaxCode]
    remote: Mapping[tuple[str, str], str]
    waiting: Mapping[tuple[str, str], str]

    def find(self, kind: str, local_id: str) -> str:
        """The remote id of a record; raises ``Held`` while there is none."""
        found = self.remote.get((kind, local_id))
        if found is None:
            raise Held(self.wait(kind, local_id))
        return found

    def wait(self, kind: str, local_id: str) -> Hold:
        """The hold of what refers to a record that the books do not have yet."""
        code, noun = _WAITS[kind]
        why = self.waiting.get((kind, local_id))
        message = f"Its {noun} is not in QuickBooks yet" + (f": {why}" if why else ".")
        return Hold(code, message, failed=False)


class Held(Exception):
    """What is being worked out has to be held; caught where the working out began."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold.message)
        self.hold = hold


def settled(found: T | Hold) -> T:
    """What was found; raises ``Held`` where it is a hold."""
    if isinstance(found, Hold):
        raise Held(found)
    return found
