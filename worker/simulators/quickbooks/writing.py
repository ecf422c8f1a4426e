"""Writing to the books: create, update, void and delete, with what follows from each."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from worker.simulators.quickbooks import payments
from worker.simulators.quickbooks.books import Books
from worker.simulators.quickbooks.fields import as_sent, present, read
from worker.simulators.quickbooks.invoices import invoice, void_invoice
from worker.simulators.quickbooks.items import item
from worker.simulators.quickbooks.kinds import Kind
from worker.simulators.quickbooks.naming import check_free
from worker.simulators.quickbooks.people import person
from worker.simulators.quickbooks.refusal import Json, business, missing, not_found, stale, unreadable, unsupported

Body = Mapping[str, Any]
OTHER_WRITER = "Bea Counter"
VOIDS = {"Invoice": void_invoice, "Payment": payments.void_payment}


def create(books: Books, kind: Kind, body: Body) -> Json:
    """A new object; an `Id` in the body is not looked at."""
    given = _given(books, kind, body)
    made = books.add(kind, _drafted(books, kind, None, present(given), given.keys()))
    books.announce(kind.name, made["Id"], "Create", "")
    _follow(books, kind, None, made)
    return made


def update(books: Books, kind: Kind, body: Body) -> Json:
    """With `sparse` what is not sent stays; without it, it is erased. A list that is sent replaces the list."""
    given = _given(books, kind, body)
    before = _guarded(books, kind, body)
    if not before.get("Active", True) and given.get("Active") is not True:
        raise not_found()
    kept = _written(kind, before) if body.get("sparse") is True else {}
    after = _drafted(books, kind, before, present({**kept, **given}), given.keys())
    return _replaced(books, kind, before, after, "Update")


def void(books: Books, kind: Kind, body: Body) -> Json:
    """The transaction stays, with nothing left in it."""
    if kind.name not in VOIDS:
        raise unsupported(f"void {kind.name}")
    before = _guarded(books, kind, body)
    return _replaced(books, kind, before, VOIDS[kind.name](books, before), "Void")


def delete(books: Books, kind: Kind, body: Body) -> Json:
    """The transaction is gone; objects of lists are made inactive instead."""
    if kind.name not in VOIDS:
        raise unsupported(f"delete {kind.name}")
    before = _guarded(books, kind, body)
    if kind.name == "Invoice" and before["LinkedTxn"]:
        raise business("You can't delete this transaction because a payment is linked to it.")
    stone = books.remove(kind.name, before["Id"])
    books.announce(kind.name, before["Id"], "Delete", "")
    _follow(books, kind, before, None)
    return stone


def _replaced(books: Books, kind: Kind, before: Json, fields: Json, operation: str) -> Json:
    after = books.change(kind.name, before["Id"], fields)
    books.announce(kind.name, before["Id"], operation, "")
    _follow(books, kind, before, after)
    return books.get(kind.name, before["Id"])


def _drafted(books: Books, kind: Kind, before: Json | None, fields: Json, sent: Set[str]) -> Json:
    if kind.name == "Invoice":
        return invoice(books, before, fields, sent)
    if kind.name == "Payment":
        return payments.payment(books, before, fields)
    if kind.name == "Item":
        return item(books, before, fields)
    if kind.name == "PaymentMethod":
        return _method(books, before, fields)
    return person(books, kind, before, fields)


def _method(books: Books, before: Json | None, fields: Json) -> Json:
    if "Name" not in fields:
        raise missing("Name")
    check_free(books, ("PaymentMethod",), "Name", fields["Name"], before["Id"] if before else None)
    return {"Active": True, "Type": "NON_CREDIT_CARD", **fields}


def _follow(books: Books, kind: Kind, before: Json | None, after: Json | None) -> None:
    held = before or after
    if kind.name == "Payment" and held is not None:
        payments.ripple(books, held["Id"], before, after)
    if kind.name == "Invoice" and before is not None and after is not None:
        payments.release(books, after["Id"])


def _given(books: Books, kind: Kind, body: Body) -> Json:
    """The fields that the request writes, None for those that it erases."""
    if not kind.writable:
        raise unsupported(kind.name)
    known = {**dict.fromkeys(kind.computed, as_sent), **kind.fields}
    fields = read(body, kind.name, known, books.switches)
    return {name: value for name, value in fields.items() if name not in kind.computed}


def _guarded(books: Books, kind: Kind, body: Body) -> Json:
    """The object that is to be changed; refused (5010) when it is no longer the version that the writer saw."""
    if not isinstance(body, Mapping):
        raise unreadable(f"Can not deserialize {kind.name} out of a {type(body).__name__}")
    for name in ("Id", "SyncToken"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise missing(name)
    before = books.get(kind.name, body["Id"])
    if body["SyncToken"] != before["SyncToken"]:
        raise stale(OTHER_WRITER)
    return before


def _written(kind: Kind, held: Json) -> Json:
    return {name: value for name, value in held.items() if name not in kind.computed}
