"""Addresses as they come back: with an id, and the country in its ISO-3 form."""

from __future__ import annotations

from typing import Any

from worker.simulators.quickbooks.books import Books
from worker.simulators.quickbooks.refusal import Json

COUNTRIES = {
    "united states": "USA",
    "united states of america": "USA",
    "us": "USA",
    "u.s.a.": "USA",
    "united kingdom": "GBR",
    "great britain": "GBR",
    "gb": "GBR",
    "uk": "GBR",
    "canada": "CAN",
    "ca": "CAN",
    "australia": "AUS",
    "au": "AUS",
}


def with_addresses(books: Books, fields: Json) -> Json:
    """The fields with every address in them rewritten; where it lies on the earth is lost."""
    return {name: _rewritten(books, value) if name.endswith("Addr") else value for name, value in fields.items()}


def _rewritten(books: Books, value: Any) -> Any:
    if not isinstance(value, dict) or "Address" in value or "URI" in value:
        return value
    address = {name: part for name, part in value.items() if name not in ("Lat", "Long", "Id")}
    if "Country" in address:
        address["Country"] = COUNTRIES.get(address["Country"].lower(), address["Country"])
    if "Id" not in value:
        books.counters["addresses"] += 1
    return {"Id": value.get("Id", str(books.counters["addresses"])), **address}
