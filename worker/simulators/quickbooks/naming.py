"""Names that are taken: of people over three lists, of things over one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from worker.simulators.quickbooks.books import Books
from worker.simulators.quickbooks.refusal import Json, invalid, name_taken

PEOPLE = ("Customer", "Vendor", "Employee")
FORBIDDEN = (":", "\t", "\n", "\r")


def check_name(element: str, name: str) -> None:
    """Refused (2030) for what no name may hold."""
    if not name.strip() or any(mark in name for mark in FORBIDDEN):
        raise invalid(element, "a name must not be empty or hold a colon, a tab or a line break")


def check_free(books: Books, entities: Sequence[str], label: str, name: str, own_id: str | None) -> None:
    """Refused (6240) when another object has the name, whatever its case and whether it is active or not."""
    for entity in entities:
        for other in books.all(entity):
            if other["Id"] != own_id and other[label].casefold() == name.casefold():
                raise name_taken(_sentence(entities), other["Id"] if books.switches.name_taken_tells_id else "")


def inactive_name(name: str, taken: Iterable[str]) -> str:
    """The name that a list gives to what is made inactive."""
    others = {each.casefold() for each in taken}
    new, number = f"{name} (deleted)", 1
    while new.casefold() in others:
        new, number = f"{name} (deleted {number})", number + 1
    return new


def retired(books: Books, entities: Sequence[str], label: str, before: Json | None, after: Json) -> Json:
    """The object under its new name, when it is being made inactive."""
    leaves = before is not None and before["Active"] and not after["Active"]
    if not leaves or not books.switches.deleted_suffix:
        return after
    return {**after, label: inactive_name(after[label], (one[label] for each in entities for one in books.all(each)))}


def _sentence(entities: Sequence[str]) -> str:
    if entities == PEOPLE:
        return "Another customer, vendor or employee is already using this name. Please use a different name."
    return "Another product or service is already using this name. Please use a different name."
