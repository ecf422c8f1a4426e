"""Customers, vendors and employees: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/customer."""

from __future__ import annotations

import re

from worker.simulators.quickbooks.addresses import with_addresses
from worker.simulators.quickbooks.books import ZERO, Books
from worker.simulators.quickbooks.kinds import Kind
from worker.simulators.quickbooks.naming import PEOPLE, check_free, check_name, retired
from worker.simulators.quickbooks.refusal import Json, business, invalid, missing

NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
DEEPEST = 4


def person(books: Books, kind: Kind, before: Json | None, fields: Json) -> Json:
    """The person of these fields, checked and rewritten; `before` is what they were, None for somebody new."""
    name = fields.get("DisplayName") or " ".join(fields[part] for part in NAME_PARTS if part in fields)
    if not name:
        raise missing("DisplayName")
    check_name("DisplayName", name)
    _check_email(fields)
    own_id = before["Id"] if before else None
    if before is None or name != before["DisplayName"]:
        check_free(books, PEOPLE, "DisplayName", name, own_id)
    named = {"PrintOnCheckName": fields.get("CompanyName", name), **fields, "DisplayName": name}
    whole = {"Active": True, **(_customer(books, own_id, named) if kind.name == "Customer" else named)}
    left = retired(books, PEOPLE, "DisplayName", before, whole)
    return with_addresses(books, {**left, **_standing(kind, before), "FullyQualifiedName": _full_name(books, left)})


def _standing(kind: Kind, before: Json | None) -> Json:
    """What a customer owes; of the others the books keep no balance."""
    if kind.name != "Customer":
        return {}
    owed = before.get("Balance", ZERO) if before else ZERO
    return {"Balance": owed, "BalanceWithJobs": owed}


def _customer(books: Books, own_id: str | None, fields: Json) -> Json:
    defaults = {
        "Taxable": books.preset.is_us,
        "Job": False,
        "BillWithParent": False,
        "PreferredDeliveryMethod": "None",
        "CurrencyRef": books.preset.home_currency,
        "IsProject": False,
        "ClientEntityId": "0",
    }
    if "ParentRef" not in fields:
        return {**defaults, **fields, "Job": False}
    level = len(_ancestors(books, fields, own_id))
    return {**defaults, **fields, "Job": True, "Level": level}


def _ancestors(books: Books, fields: Json, own_id: str | None) -> list[Json]:
    """Parents from the nearest up; refused when the tree is too deep or grows into itself."""
    found: list[Json] = []
    while "ParentRef" in fields:
        fields = books.referred("Customer", fields["ParentRef"], "ParentRef")
        found.append(fields)
        if fields["Id"] == own_id or len(found) > DEEPEST:
            raise business("A customer cannot be its own parent, and has at most four levels of parents.", "ParentRef")
    return found


def _full_name(books: Books, fields: Json) -> str:
    parents = _ancestors(books, fields, None) if fields.get("Job") else []
    return ":".join([*(parent["DisplayName"] for parent in reversed(parents)), fields["DisplayName"]])


def _check_email(fields: Json) -> None:
    address = fields.get("PrimaryEmailAddr", {}).get("Address")
    if address is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
        raise invalid("PrimaryEmailAddr", "an e-mail address has the form name@example.com")
