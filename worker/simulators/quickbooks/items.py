"""Products and services: https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/item."""

from __future__ import annotations

from decimal import Decimal

from worker.simulators.quickbooks.books import Books
from worker.simulators.quickbooks.naming import check_free, check_name, retired
from worker.simulators.quickbooks.refusal import Json, business, missing

SOLD = {"Service", "Inventory", "NonInventory"}
STOCKED = ("AssetAccountRef", "ExpenseAccountRef", "TrackQtyOnHand", "QtyOnHand", "InvStartDate")
INCOME = {"Income", "Other Income"}


def item(books: Books, before: Json | None, fields: Json) -> Json:
    """The item of these fields, checked and rewritten; `before` is what it was, None for a new one."""
    for name in ("Name", "Type"):
        if name not in fields:
            raise missing(name)
    check_name("Name", fields["Name"])
    if before is None or fields["Name"] != before["Name"]:
        check_free(books, ("Item",), "Name", fields["Name"], before["Id"] if before else None)
    _check_accounts(books, fields)
    whole = {"Active": True, "Taxable": False, "UnitPrice": Decimal(0), **fields}
    whole["TrackQtyOnHand"] = fields["Type"] == "Inventory"
    left = retired(books, ("Item",), "Name", before, whole)
    return {**left, **_in_its_place(books, left), **_named_accounts(books, left)}


def _check_accounts(books: Books, fields: Json) -> None:
    if fields["Type"] in SOLD and "IncomeAccountRef" not in fields:
        raise missing("IncomeAccountRef")
    if fields["Type"] == "Inventory":
        for name in STOCKED:
            if name not in fields:
                raise missing(name)
    if "IncomeAccountRef" in fields:
        account = books.referred("Account", fields["IncomeAccountRef"], "IncomeAccountRef")
        if account["AccountType"] not in INCOME:
            raise business("You need to select a different type of account for this transaction.", "IncomeAccountRef")


def _named_accounts(books: Books, fields: Json) -> Json:
    names = [name for name in ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef") if name in fields]
    return {name: _named(books.referred("Account", fields[name], name)) for name in names}


def _named(account: Json) -> Json:
    return {"value": account["Id"], "name": account["FullyQualifiedName"]}


def _in_its_place(books: Books, fields: Json) -> Json:
    if "ParentRef" not in fields:
        return {"FullyQualifiedName": fields["Name"]}
    parent = books.referred("Item", fields["ParentRef"], "ParentRef")
    return {"SubItem": True, "Level": 1, "FullyQualifiedName": f"{parent['FullyQualifiedName']}:{fields['Name']}"}
