"""Two customers become one: a bookkeeper's deed that no API call does."""

from __future__ import annotations

from worker.simulators.quickbooks.books import Books
from worker.simulators.quickbooks.refusal import business


def merge_customers(books: Books, loser: str, winner: str) -> None:
    """The loser's transactions become the winner's, and the loser is gone."""
    if loser == winner:
        raise business("A customer cannot be merged with itself.")
    books.get("Customer", loser)
    heir = books.get("Customer", winner)
    reference = {"value": heir["Id"], "name": heir["DisplayName"]}
    for entity in ("Invoice", "Payment"):
        for one in [each for each in books.all(entity) if each["CustomerRef"]["value"] == loser]:
            books.change(entity, one["Id"], {**one, "CustomerRef": reference})
    books.remove("Customer", loser)
    books.change("Customer", winner, books.get("Customer", winner))
    books.announce("Customer", winner, "Merge", loser)
