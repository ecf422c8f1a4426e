"""QuickBooks' JSON to documents and back, for every entity, pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from worker.core.books import NO_TAX, Customer, Invoice, Item, Payment, cents, group
from worker.core.ports import Change, Key
from worker.providers.quickbooks.customers import customer, customer_fields
from worker.providers.quickbooks.entities import CUSTOMER, INVOICE_, ITEM_, Entity
from worker.providers.quickbooks.figures import decimal
from worker.providers.quickbooks.invoices import invoice, invoice_fields, is_void
from worker.providers.quickbooks.items import item, item_fields
from worker.providers.quickbooks.keys import is_void_note, key_of, note_with
from worker.providers.quickbooks.payments import payment, payment_fields

Json = Mapping[str, Any]
Posted = Customer | Item | Invoice | Payment


def document(entity: Entity, body: Json, regime: str = NO_TAX) -> Posted:
    """The document that an object shows; ``regime`` is how the company reckons tax, which an invoice does not say."""
    if entity is INVOICE_:
        return invoice(body, regime)
    if entity is CUSTOMER:
        return customer(body)
    return item(body) if entity is ITEM_ else payment(body)


def change(entity: Entity, body: Json, regime: str = NO_TAX) -> Change:
    """An object, or the stub of a deleted one, as a change."""
    remote_id = str(body["Id"])
    if str(body.get("status") or "").lower() == "deleted":
        return Change(remote_id, changed_at=_modified(body))
    voided = is_voided(entity, body)
    return Change(
        remote_id=remote_id,
        version=version(body),
        key=None if entity.label else key_of(body.get("PrivateNote")),
        document=None if voided else document(entity, body, regime),
        changed_at=_modified(body),
        shown=_shown(entity, body),
        voided=voided,
    )


def version(body: Json) -> str | None:
    """What guards a write."""
    token = body.get("SyncToken")
    return None if token is None else str(token)


def is_voided(entity: Entity, body: Json) -> bool:
    """Whether an invoice or a payment was voided: it stays, with nothing in it. There is no field that says so."""
    return not entity.label and is_void_note(body.get("PrivateNote")) and is_void(body)


def new_body(entity: Entity, key: Key, posted: Posted) -> dict[str, Any]:
    """What creates an object, with our key on it where it is money; what is empty is left out."""
    body = {name: value for fields in _fields(posted).values() for name, value in fields.items()}
    kind = {"Type": posted.kind} if isinstance(posted, Item) else {}
    note = {} if entity.label else {"PrivateNote": note_with(key)}
    return {**_filled(body), **kind, **note}


def changed_fields(posted: Posted, before: Posted | None) -> dict[str, Any]:
    """The fields of the groups that differ, all where ``before`` is not known; {} where none does.

    What is inactive and to be used is made active, under its name: QuickBooks may have changed that.
    """
    fields = _fields(posted)
    names = [name for name in fields if before is None or group(posted, name) != group(before, name)]
    found = {name: value for one in names for name, value in fields[one].items() if value is not None}
    return {**found, **activation(posted)} if _wakes(posted, before) else found


def activation(posted: Posted) -> dict[str, Any]:
    """The fields that make a customer or an item active."""
    return {**_fields(posted)["name"], "Active": True}


def guarded(remote_id: str, token: str | None, fields: Json) -> dict[str, Any]:
    """A sparse update: what is not named stays as it is, and a stale ``token`` is refused (5010)."""
    return {"Id": remote_id, "SyncToken": token, "sparse": True, **fields}


def _fields(posted: Posted) -> dict[str, dict[str, Any]]:
    if isinstance(posted, Invoice):
        return invoice_fields(posted)
    if isinstance(posted, Customer):
        return customer_fields(posted)
    return item_fields(posted) if isinstance(posted, Item) else payment_fields(posted)


def _wakes(posted: Posted, before: Posted | None) -> bool:
    if not isinstance(posted, Customer | Item) or not posted.active:
        return False
    return not isinstance(before, Customer | Item) or not before.active


def _filled(body: Json) -> dict[str, Any]:
    """Without what is empty, at any depth."""
    filled = {name: _filled(value) if isinstance(value, Mapping) else value for name, value in body.items()}
    return {name: value for name, value in filled.items() if value not in (None, "", {}, [])}


def _shown(entity: Entity, body: Json) -> dict[str, Any]:
    """What the change feed may tell: nothing of people."""
    if entity.label:
        return {}
    total = f"{cents(decimal(body.get('TotalAmt'))):f}"
    return {"number": body.get("DocNumber") or "", "total": total} if entity is INVOICE_ else {"total": total}


def _modified(body: Json) -> datetime | None:
    text = (body.get("MetaData") or {}).get("LastUpdatedTime")
    return datetime.fromisoformat(text) if text else None
