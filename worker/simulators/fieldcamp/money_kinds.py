"""The kinds of records that the books are made of."""

from __future__ import annotations

from decimal import Decimal

from worker.simulators.fieldcamp import fields
from worker.simulators.fieldcamp.kinds import CLIENT, JOB, OPTIONAL_INSTANT, OPTIONAL_TEXT, STAMPS, TEAM, VISIT, Kind

ITEM = Kind(
    name="item",
    plural="items",
    prefix="itm_",
    blank={
        "name": None,
        "description": None,
        "price": Decimal(0),
        "type": "Service",
        "isActive": True,
        "category": None,
        "sku": None,
        "taxIds": [],
    },
    writable={
        "name": fields.filled_text,
        "description": OPTIONAL_TEXT,
        "price": fields.money,
        "type": fields.one_of("Service", "Product"),
        "isActive": fields.boolean,
        "category": OPTIONAL_TEXT,
        "sku": OPTIONAL_TEXT,
        "taxIds": fields.texts,
    },
    stamped=STAMPS,
    required=("name",),
    references={"taxIds": "tax"},
)

INVOICE = Kind(
    name="invoice",
    plural="invoices",
    prefix="inv_",
    blank={
        "number": None,
        "clientId": None,
        "jobId": None,
        "visitId": None,
        "status": "unpaid",
        "issueDate": None,
        "dueDate": None,
        "currency": None,
        "notes": None,
        "lineItems": [],
        "discount": None,
        "markup": None,
        "subTotal": Decimal(0),
        "markupTotal": Decimal(0),
        "discountTotal": Decimal(0),
        "taxTotal": Decimal(0),
        "total": Decimal(0),
        "amountPaid": Decimal(0),
        "balanceDue": Decimal(0),
        "voidedAt": None,
    },
    writable={
        "number": fields.filled_text,
        "clientId": fields.filled_text,
        "jobId": OPTIONAL_TEXT,
        "visitId": OPTIONAL_TEXT,
        "status": fields.one_of("void"),
        "issueDate": fields.date,
        "dueDate": fields.or_null(fields.date),
        "currency": fields.filled_text,
        "notes": OPTIONAL_TEXT,
        "lineItems": fields.each(fields.LINE_ITEM),
        "discount": fields.or_null(fields.ADJUSTMENT),
        "markup": fields.or_null(fields.ADJUSTMENT),
    },
    stamped={**STAMPS, "voidedAt": OPTIONAL_INSTANT},
    required=("clientId", "lineItems"),
    references={"clientId": "client", "jobId": "job", "visitId": "visit"},
    filters=frozenset({"clientId", "status", "since"}),
    methods=frozenset({"GET", "POST", "PUT", "DELETE"}),
    hidden=frozenset({"createdAt"}),
)

PAYMENT = Kind(
    name="payment",
    plural="payments",
    prefix="pay_",
    blank={
        "invoiceId": None,
        "clientId": None,
        "amount": Decimal(0),
        "method": None,
        "date": None,
        "externalId": None,
        "reference": None,
        "notes": None,
    },
    writable={
        "invoiceId": fields.filled_text,
        "clientId": OPTIONAL_TEXT,
        "amount": fields.positive_money,
        "method": OPTIONAL_TEXT,
        "date": fields.date,
        "externalId": OPTIONAL_TEXT,
        "reference": OPTIONAL_TEXT,
        "notes": OPTIONAL_TEXT,
    },
    stamped=STAMPS,
    required=("invoiceId", "amount"),
    references={"invoiceId": "invoice", "clientId": "client"},
    filters=frozenset({"since", "invoiceId", "externalId"}),
    methods=frozenset({"GET", "POST", "PUT", "DELETE"}),
    hidden=frozenset({"createdAt"}),
)

TAX = Kind(
    name="tax",
    plural="taxes",
    prefix="tax_",
    blank={"name": None, "rate": Decimal(0), "isActive": True},
    writable={"name": fields.filled_text, "rate": fields.not_negative, "isActive": fields.boolean},
    stamped=STAMPS,
    required=("name", "rate"),
)

KINDS = {kind.name: kind for kind in (VISIT, JOB, CLIENT, TEAM, ITEM, INVOICE, PAYMENT, TAX)}
BY_PLURAL = {kind.plural: kind for kind in KINDS.values()}
