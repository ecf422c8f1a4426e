"""Customers: their JSON to documents and back, pure.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/customer
"""

import re
from collections.abc import Mapping
from typing import Any

from worker.core.books import Customer
from worker.core.records import Address

Json = Mapping[str, Any]

PHONE_LIMIT = 30
STREET_LINES = ("Line1", "Line2", "Line3", "Line4", "Line5")
RETIRED = re.compile(r" \(deleted(?: \d+)?\)$")
"""What QuickBooks puts behind the name of what is made inactive."""


def customer(body: Json) -> Customer:
    """The document that a customer shows."""
    active = body.get("Active", True) is not False
    return Customer(
        name=name_of(body.get("DisplayName"), active=active),
        given=body.get("GivenName") or "",
        family=body.get("FamilyName") or "",
        company=body.get("CompanyName") or "",
        email=(body.get("PrimaryEmailAddr") or {}).get("Address") or "",
        phone=(body.get("PrimaryPhone") or {}).get("FreeFormNumber") or "",
        address=_address(body.get("BillAddr") or {}),
        active=active,
    )


def name_of(label: str | None, *, active: bool) -> str:
    """The name without what QuickBooks puts behind that of an inactive one."""
    return (label or "") if active else RETIRED.sub("", label or "")


def customer_fields(document: Customer) -> dict[str, dict[str, Any]]:
    """The fields of each group, empty ones as the empty text that empties them."""
    return {
        "name": {"DisplayName": document.name},
        "given": {"GivenName": document.given},
        "family": {"FamilyName": document.family},
        "company": {"CompanyName": document.company},
        "email": {"PrimaryEmailAddr": {"Address": document.email}},
        "phone": {"PrimaryPhone": {"FreeFormNumber": document.phone[:PHONE_LIMIT].rstrip()}},
        "address": {"BillAddr": _written(document.address or Address())},
    }


def _address(told: Json) -> Address | None:
    """Several street lines are one street with commas; coordinates are left out, for QuickBooks drops them at will."""
    found = Address(
        street=", ".join(told[name].strip() for name in STREET_LINES if told.get(name)),
        city=told.get("City") or "",
        region=told.get("CountrySubDivisionCode") or "",
        postal_code=told.get("PostalCode") or "",
        country=told.get("Country") or "",
    )
    return None if found == Address() else found


def _written(address: Address) -> dict[str, str]:
    return {
        **dict.fromkeys(STREET_LINES, ""),
        "Line1": address.street,
        "City": address.city,
        "CountrySubDivisionCode": address.region,
        "PostalCode": address.postal_code,
        "Country": address.country,
    }
