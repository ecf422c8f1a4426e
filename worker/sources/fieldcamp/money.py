"""The books' side of FieldCamp: its names for items, invoices, payments and taxes.

Money is read whole or not at all: a record whose amounts, lines or rates are there and cannot be read is refused, so
that nothing is ever booked with a line less or a discount forgotten. The rest is read as tolerantly as anything else.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from worker.core.books import cents
from worker.core.codec import encode
from worker.core.edits import AmendPayment, RecordPayment
from worker.core.records import INVOICE, ITEM, PAYMENT, TAX, Record
from worker.core.sales import Line
from worker.sources.fieldcamp import values
from worker.sources.fieldcamp.fields import (
    Json,
    Readers,
    deleted_where_marked,
    named,
    one_line,
    part,
    problems,
    told,
)

PERCENT = frozenset({"percentage", "percent"})
FIXED = frozenset({"fixed", "amount"})
VOID = frozenset({"void", "voided"})
BLANK_LINE = encode(Line())


OTHER_METHOD = "other"
"""Where the books do not say how it was paid: FieldCamp's documented body has a method [set]."""


def _price(value: Any) -> str:
    return values.decimal(0 if value is None else value)


def _quantity(value: Any) -> str:
    return values.decimal(1 if value is None else value)


def _stated(value: Any) -> str | None:
    return None if value is None else values.amount(value)


def _adjustment(value: Any) -> dict[str, Any] | None:
    """A markup or a discount, ``{"type": "percentage" | "fixed", "value"}``; null, an empty object, or a value that is
    null or 0 is none.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ValueError("expected an object of type and value, or null")
    if not value or value.get("value", ...) is None:
        return None
    whole = {"type": None, "value": None, **value}
    if wrong := values.wrong(whole, {"type": _is_percentage, "value": values.decimal}):
        raise values.Inside({f".{name}": problem for name, problem in wrong.items()})
    digits = values.decimal(value["value"])
    return None if digits == "0" else {"value": digits, "percentage": _is_percentage(value["type"])}


def _is_percentage(value: Any) -> bool:
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in PERCENT | FIXED:
        raise ValueError("expected percentage or fixed")
    return word in PERCENT


LINE_TEXTS: Readers = {"name": ("name", one_line), "description": ("description", values.text)}
LINE_MONEY: Readers = {
    "itemId": ("item_id", values.reference),
    "quantity": ("quantity", _quantity),
    "price": ("price", values.decimal),
    "markup": ("markup", _adjustment),
    "discount": ("discount", _adjustment),
    "taxIds": ("tax_ids", values.identities),
}


def _lines(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise ValueError("expected an array of lines")
    wrong: dict[str, str] = {}
    for place, line in enumerate(value):
        wrong |= {f"[{place}]{path}": problem for path, problem in _line_problems(line).items()}
    if wrong:
        raise values.Inside(wrong)
    return [{**BLANK_LINE, **named(line, {**LINE_TEXTS, **LINE_MONEY})} for line in value]


def _line_problems(line: Any) -> dict[str, str]:
    if not isinstance(line, Mapping):
        return {"": "expected an object"}
    return {f".{name}": problem for name, problem in problems({"price": None, **line}, LINE_MONEY).items()}


def _product(value: Any) -> bool:
    """Whether an item is a thing: FieldCamp's types are ``Service`` and ``Product`` [pub]."""
    return values.text(value).strip().lower() == "product"


def _active(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


def _external_id(value: Any) -> str:
    """None told is none erased: to a FieldCamp that does not keep it, our own payment would look like one of theirs."""
    if not one_line(value):
        raise ValueError("expected an id")
    return one_line(value)


def _category(value: Any) -> str:
    return part(value, "name") if isinstance(value, Mapping) else one_line(value)


ITEM_READERS: Readers = {
    "name": ("name", one_line),
    "description": ("description", values.text),
    "type": ("product", _product),
    "isActive": ("active", _active),
    "category": ("category", _category),
    "sku": ("sku", one_line),
}
TAX_READERS: Readers = {"name": ("name", one_line), "isActive": ("active", _active)}
INVOICE_READERS: Readers = {
    "clientId": ("client_id", values.reference),
    "jobId": ("job_id", values.reference),
    "visitId": ("visit_id", values.reference),
    "issueDate": ("issued", values.calendar_date),
    "dueDate": ("due", values.calendar_date),
    "currency": ("currency", lambda value: one_line(value).upper()),
    "notes": ("notes", values.text),
}
PAYMENT_READERS: Readers = {
    "invoiceId": ("invoice_id", values.reference),
    "clientId": ("client_id", values.reference),
    "method": ("method", one_line),
    "date": ("paid_on", values.calendar_date),
    "externalId": ("external_id", _external_id),
    "reference": ("reference", one_line),
    "notes": ("notes", values.text),
}
MONEY: Mapping[str, Readers] = {
    ITEM: {"price": ("price", _price)},
    TAX: {"rate": ("rate", values.decimal)},
    INVOICE: {
        "lineItems": ("lines", _lines),
        "markup": ("markup", _adjustment),
        "discount": ("discount", _adjustment),
        "taxTotal": ("tax_total", _stated),
        "total": ("total", _stated),
        "amountPaid": ("paid", _stated),
    },
    PAYMENT: {"amount": ("amount", values.amount)},
}
"""The fields of each kind that are read whole or not at all."""


def item_record(json: Json, told_at: datetime) -> Record:
    """Something that is sold; Invalid without an id, or with a price that is none."""
    return _money_record(ITEM, json, ITEM_READERS, told_at)


def tax_record(json: Json, told_at: datetime) -> Record:
    """A tax, its rate 0.2 for 20 %; Invalid without an id, or with a rate that is none."""
    return _money_record(TAX, json, TAX_READERS, told_at)


def payment_record(json: Json, told_at: datetime) -> Record:
    """Money that came in; Invalid without an id, or with an amount that is none. A void one counts as deleted."""
    record = _money_record(PAYMENT, json, PAYMENT_READERS, told_at)
    return replace(record, deleted=True) if _void(json).get("void") else record


def invoice_record(json: Json, told_at: datetime) -> Record:
    """An invoice; Invalid without an id, or where a line, an adjustment or a total cannot be read: its path is named.

    ``lineItems`` that are null or missing say nothing of the lines.
    """
    given = {name: value for name, value in json.items() if name != "lineItems" or value is not None}
    return _money_record(INVOICE, given, INVOICE_READERS, told_at, {**_number(json), **_void(json)})


def money_problems(kind: str, json: Json) -> dict[str, str]:
    """What was expected of each amount that is there and cannot be read, by FieldCamp's path to it."""
    given = {name: value for name, value in json.items() if name != "lineItems" or value is not None}
    return problems(given, MONEY[kind])


def payment_body(edit: RecordPayment) -> dict[str, Any]:
    """The fields of a POST that records a payment [set]; without a day it is FieldCamp's today."""
    body = {
        "invoiceId": edit.invoice_id,
        "amount": cents(edit.amount),
        "method": edit.method or OTHER_METHOD,
        "date": edit.paid_on.isoformat() if edit.paid_on else None,
        "externalId": edit.external_id,
        "reference": edit.reference or None,
    }
    return {name: value for name, value in body.items() if value is not None}


def amend_body(edit: AmendPayment) -> dict[str, Any]:
    """The fields of a PUT that corrects a payment; what it does not name stays."""
    return {"amount": cents(edit.amount), **({"date": edit.paid_on.isoformat()} if edit.paid_on else {})}


def _money_record(kind: str, json: Json, readers: Readers, told_at: datetime, more: Json | None = None) -> Record:
    content = {**named(json, {**readers, **MONEY[kind]}), **(more or {})}
    return deleted_where_marked(told(kind, json, content, told_at, problems(json, MONEY[kind])), json)


def _number(json: Json) -> dict[str, str]:
    names = [name for name in ("number", "invoiceNumber") if values.readable(json, name, one_line)]
    return {"number": next(filter(None, (part(json, name) for name in names)), "")} if names else {}


def _void(json: Json) -> dict[str, bool]:
    """Whether it is void: it says when it became so, or its status does."""
    if "voidedAt" not in json and not isinstance(json.get("status"), str):
        return {}
    status = json.get("status")
    return {"void": bool(json.get("voidedAt")) or (isinstance(status, str) and status.strip().lower() in VOID)}
