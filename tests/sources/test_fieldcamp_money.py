"""FieldCamp's items, invoices, payments and taxes become records, exact to the cent or not at all."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.codec import decode, encode
from worker.core.edits import AmendPayment, RecordPayment
from worker.core.errors import Invalid
from worker.core.records import INVOICE, ITEM, PAYMENT, TAX
from worker.core.sales import Adjustment, Invoice, Item, Line, Payment, Tax
from worker.sources.fieldcamp import mapping, money
from worker.sources.fieldcamp.calls import as_json

TOLD = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
KINDS: dict[str, type] = {ITEM: Item, INVOICE: Invoice, PAYMENT: Payment, TAX: Tax}
LINE = {"id": "lin_1", "itemId": "itm_1", "name": "Boiler", "quantity": 2, "price": 19.99, "total": 39.98}


def content(kind: str, **fields: Any) -> dict[str, Any]:
    found = dict(mapping.RECORDS[kind]({"id": "x_1", **fields}, TOLD).content)
    assert found.pop("id") == "x_1"
    return found


def problems(kind: str, **fields: Any) -> set[str]:
    with pytest.raises(Invalid) as caught:
        mapping.RECORDS[kind]({"id": "x_1", **fields}, TOLD)
    return set(caught.value.details)


def test_an_item_is_read() -> None:
    fields = {
        "name": " Boiler  service",
        "description": "Once a year",
        "price": 89.5,
        "type": "Product",
        "isActive": False,
        "category": "Heating",
        "sku": 1001,
        "taxIds": ["tax_1"],
    }
    assert content(ITEM, **fields) == {
        "name": "Boiler service",
        "description": "Once a year",
        "price": "89.5",
        "product": True,
        "active": False,
        "category": "Heating",
        "sku": "1001",
    }
    assert content(ITEM, type="Service", category={"name": "Heating"}) == {"product": False, "category": "Heating"}


def test_a_tax_is_read() -> None:
    assert content(TAX, name="VAT", rate=0.2, isActive=True) == {"name": "VAT", "rate": "0.2", "active": True}
    assert content(TAX, rate="0.08875") == {"rate": "0.08875"}


def test_a_payment_is_read() -> None:
    fields = {
        "invoiceId": "inv_1",
        "clientId": "cli_1",
        "amount": 120.1,
        "method": "card",
        "date": "2026-05-29",
        "externalId": "qb-7",
        "reference": 4711,
        "notes": None,
    }
    assert content(PAYMENT, **fields) == {
        "invoice_id": "inv_1",
        "client_id": "cli_1",
        "amount": "120.10",
        "method": "card",
        "paid_on": "2026-05-29",
        "external_id": "qb-7",
        "reference": "4711",
        "notes": "",
    }


@pytest.mark.parametrize("nothing", [None, "", " ", 5.5])
def test_a_payment_that_names_no_external_id_erases_none(nothing: object) -> None:
    assert content(PAYMENT, externalId=nothing) == {}


def test_an_invoice_is_read_with_everything_that_money_depends_on() -> None:
    record = mapping.RECORDS[INVOICE](
        {
            "id": "inv_1",
            "number": "INV-1001",
            "clientId": "cli_1",
            "jobId": "job_1",
            "visitId": None,
            "status": "unpaid",
            "issueDate": "2026-05-29",
            "dueDate": "2026-06-12T00:00:00Z",
            "currency": "usd",
            "notes": "Thank you",
            "lineItems": [
                {**LINE, "description": "Repair", "discount": {"type": "fixed", "value": 5}, "taxIds": ["tax_1"]},
                {"price": "0.333", "quantity": "1.5", "markup": {"type": "percentage", "value": 12.5}, "mood": "sunny"},
            ],
            "discount": {"type": "percentage", "value": 10},
            "markup": None,
            "subTotal": 35.48,
            "taxTotal": 6.386,
            "total": 38.32,
            "amountPaid": 10,
            "voidedAt": None,
            "updatedAt": "2026-06-01T07:00:00Z",
        },
        TOLD,
    )
    invoice = decode(Invoice, record.content)
    assert invoice == Invoice(
        id="inv_1",
        number="INV-1001",
        client_id="cli_1",
        job_id="job_1",
        issued=date(2026, 5, 29),
        due=date(2026, 6, 12),
        currency="USD",
        notes="Thank you",
        lines=(
            Line(
                item_id="itm_1",
                name="Boiler",
                description="Repair",
                quantity=Decimal(2),
                price=Decimal("19.99"),
                discount=Adjustment(Decimal(5)),
                tax_ids=("tax_1",),
            ),
            Line(quantity=Decimal("1.5"), price=Decimal("0.333"), markup=Adjustment(Decimal("12.5"), percentage=True)),
        ),
        discount=Adjustment(Decimal(10), percentage=True),
        tax_total=Decimal("6.39"),
        total=Decimal("38.32"),
        paid=Decimal(10),
    )
    assert encode(invoice) == record.content
    assert record.source_time == datetime(2026, 6, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("json", "found"),
    [
        ({}, {}),
        ({"lineItems": None}, {}),
        ({"lineItems": []}, {"lines": []}),
        ({"number": "", "invoiceNumber": 1001}, {"number": "1001"}),
        ({"invoiceNumber": "INV-7"}, {"number": "INV-7"}),
        ({"number": "INV-7", "invoiceNumber": "OTHER"}, {"number": "INV-7"}),
        ({"number": [7]}, {}),
        ({"total": None, "taxTotal": None}, {"total": None, "tax_total": None}),
        ({"discount": {"type": "percentage", "value": None}}, {"discount": None}),
        ({"discount": {}, "markup": {"type": "fixed", "value": "0.00"}}, {"discount": None, "markup": None}),
        ({"discount": {"type": "Fixed", "value": "5"}}, {"discount": {"value": "5", "percentage": False}}),
        ({"dueDate": "soon", "issueDate": 5, "clientId": 7, "unknown": {}}, {}),
        ({"dueDate": None, "issueDate": ""}, {"due": None, "issued": None}),
        ({"status": "void"}, {"void": True}),
        ({"status": "paid"}, {"void": False}),
        ({"voidedAt": "2026-06-01T07:00:00Z"}, {"void": True}),
        ({"voidedAt": None, "status": "void"}, {"void": True}),
        ({"voidedAt": "2026-06-01T07:00:00Z", "status": "paid"}, {"void": True}),
        ({"voidedAt": None}, {"void": False}),
        ({"status": 5}, {}),
    ],
)
def test_what_an_invoice_leaves_out_is_left_out(json: dict[str, Any], found: dict[str, Any]) -> None:
    assert content(INVOICE, **json) == found


@pytest.mark.parametrize(
    ("kind", "json", "paths"),
    [
        (INVOICE, {"lineItems": [{**LINE, "quantity": "many"}]}, {"lineItems[0].quantity"}),
        (INVOICE, {"lineItems": [LINE, {**LINE, "price": "free"}]}, {"lineItems[1].price"}),
        (INVOICE, {"lineItems": [LINE, {"name": "Boiler"}]}, {"lineItems[1].price"}),
        (INVOICE, {"lineItems": [{**LINE, "price": None}]}, {"lineItems[0].price"}),
        (INVOICE, {"lineItems": [LINE, None, "x"]}, {"lineItems[1]", "lineItems[2]"}),
        (INVOICE, {"lineItems": {"0": LINE}}, {"lineItems"}),
        (INVOICE, {"lineItems": "none"}, {"lineItems"}),
        (INVOICE, {"lineItems": [{**LINE, "taxIds": "tax_1"}]}, {"lineItems[0].taxIds"}),
        (INVOICE, {"lineItems": [{**LINE, "itemId": 5}]}, {"lineItems[0].itemId"}),
        (INVOICE, {"lineItems": [{**LINE, "discount": {"type": "fixed", "value": "x"}}]},
         {"lineItems[0].discount.value"}),
        (INVOICE, {"discount": 5}, {"discount"}),
        (INVOICE, {"discount": {"value": 5}}, {"discount.type"}),
        (INVOICE, {"discount": {"type": "fixed", "amount": 5}}, {"discount.value"}),
        (INVOICE, {"markup": {"type": "half", "value": []}, "total": "lots"},
         {"markup.type", "markup.value", "total"}),
        (INVOICE, {"taxTotal": True}, {"taxTotal"}),
        (PAYMENT, {"amount": "all"}, {"amount"}),
        (PAYMENT, {"amount": None}, {"amount"}),
        (ITEM, {"price": "free"}, {"price"}),
        (TAX, {"rate": "20%"}, {"rate"}),
        (TAX, {"rate": None}, {"rate"}),
    ],
)  # fmt: skip
def test_money_that_cannot_be_read_is_refused_by_its_path(kind: str, json: dict[str, Any], paths: set[str]) -> None:
    assert problems(kind, **json) == paths


def test_a_price_that_is_none_is_nothing_and_a_quantity_that_is_none_is_one() -> None:
    assert content(ITEM, price=None) == {"price": "0"}
    assert content(INVOICE, lineItems=[{"price": 5, "quantity": None}])["lines"][0]["quantity"] == "1"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mark", [{"isDeleted": True}, {"deletedAt": "2026-06-01T07:00:00Z"}])
def test_what_is_marked_as_deleted_is_deleted(kind: str, mark: dict[str, Any]) -> None:
    record = mapping.RECORDS[kind]({"id": "x_1", "name": "X", **mark}, TOLD)
    assert (record.deleted, record.content) == (True, {"id": "x_1"})
    assert not mapping.RECORDS[kind]({"id": "x_1", "isDeleted": False, "deletedAt": None}, TOLD).deleted


@pytest.mark.parametrize("wrong", [None, "", 7, "a\x00"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_record_without_an_id_is_invalid(kind: str, wrong: object) -> None:
    assert problems(kind, id=wrong) == {"id"}


def test_a_payment_is_sent_with_exactly_its_digits() -> None:
    edit = RecordPayment("inv_1", Decimal("9999999999.1"), "qb-7", date(2026, 5, 29), "card", "4711")
    assert as_json(money.payment_body(edit)) == (
        b'{"invoiceId":"inv_1","amount":9999999999.10,"method":"card","date":"2026-05-29","externalId":"qb-7",'
        b'"reference":"4711"}'
    )
    assert money.payment_body(RecordPayment("inv_1", Decimal(5), "qb-7")) == {
        "invoiceId": "inv_1",
        "amount": Decimal(5),
        "method": "other",
        "externalId": "qb-7",
    }
    assert money.amend_body(AmendPayment("pay_1", Decimal("0.10"), "t1")) == {"amount": Decimal("0.10")}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ADJUSTMENTS = JSON | st.fixed_dictionaries({"type": st.sampled_from(["percentage", "fixed"]) | JSON, "value": JSON})
LINES = st.fixed_dictionaries(
    {"price": st.decimals(0, 1000, places=2) | JSON},
    optional={
        "quantity": JSON, "itemId": JSON, "name": JSON, "taxIds": JSON, "markup": ADJUSTMENTS, "discount": ADJUSTMENTS
    },
)  # fmt: skip
SPECIAL = {"lineItems": st.lists(LINES | JSON, max_size=3) | JSON, "markup": ADJUSTMENTS, "discount": ADJUSTMENTS}
READERS = {
    ITEM: money.ITEM_READERS,
    TAX: money.TAX_READERS,
    PAYMENT: money.PAYMENT_READERS,
    INVOICE: money.INVOICE_READERS,
}


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_any_json_becomes_a_record_that_decodes_or_is_invalid(data: st.DataObject, kind: str) -> None:
    names = [*READERS[kind], *money.MONEY[kind], "number", "invoiceNumber", "status", "voidedAt", "isDeleted"]
    snapshot: dict[str, Any] = data.draw(
        st.fixed_dictionaries({}, optional={name: SPECIAL.get(name, JSON) for name in names})
    )
    if wrong := money.money_problems(kind, snapshot):
        assert problems(kind, **snapshot) == set(wrong)
        return
    record = mapping.RECORDS[kind]({**snapshot, "id": "x_1"}, TOLD)
    value: Any = decode(KINDS[kind], record.content)
    assert {name: encoded for name, encoded in encode(value).items() if name in record.content} == record.content
    if isinstance(snapshot.get("lineItems"), list) and not record.deleted:
        assert len(value.lines) == len(snapshot["lineItems"])
