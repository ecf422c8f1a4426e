"""Items: their JSON to documents and back, pure.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/item
"""

from collections.abc import Mapping
from typing import Any

from worker.core.books import Item
from worker.providers.quickbooks.customers import name_of
from worker.providers.quickbooks.figures import decimal

Json = Mapping[str, Any]

NOT_FOR_SALE = frozenset({"Category", "Group"})


def item(body: Json) -> Item:
    """The document that an item shows."""
    active = body.get("Active", True) is not False
    return Item(
        name=name_of(body.get("Name"), active=active),
        description=body.get("Description") or "",
        price=decimal(body.get("UnitPrice")),
        kind=body.get("Type") or "Service",
        income_account=(body.get("IncomeAccountRef") or {}).get("value") or "",
        sku=body.get("Sku") or "",
        active=active,
    )


def item_fields(document: Item) -> dict[str, dict[str, Any]]:
    """The fields of each group; an account is never taken away, so none is sent where there is none."""
    account = {"IncomeAccountRef": {"value": document.income_account}} if document.income_account else {}
    return {
        "name": {"Name": document.name},
        "description": {"Description": document.description},
        "price": {"UnitPrice": document.price},
        "income_account": account,
        "sku": {"Sku": document.sku},
    }
