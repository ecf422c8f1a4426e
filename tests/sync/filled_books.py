"""Books with some of everything in them."""

from typing import Any

from tests.sync.books_house import BooksHouse, line
from worker.core.jobs import JobStatus

EMAIL = "ada@example.com"
ENTITIES = ("Customer", "Item", "Invoice", "Payment")


def bill(there: BooksHouse, price: float = 100, **fields: Any) -> str:
    known = there.told("clients")
    client = known[0]["id"] if known else there.client(email=EMAIL)
    return there.invoice(client, line(None, price), **fields)


def fill(there: BooksHouse, invoices: int = 3) -> list[str]:
    """Some of everything on both sides."""
    item = there.item()
    client = there.client(email=EMAIL)
    ours = [there.invoice(client, line(item, 100), line(None, 7), number=f"INV-{n}") for n in range(invoices)]
    there.payment(ours[0], 40)
    assert there.sync().status is JobStatus.SUCCEEDED
    return ours


def the_books(there: BooksHouse) -> dict[str, list[dict[str, Any]]]:
    return {entity: there.objects(entity) for entity in ENTITIES}
