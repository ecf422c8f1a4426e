"""The simulated company file's answers against Intuit's own description, where that is at hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.quickbooks_books import Desk, discount, sale
from worker.simulators.quickbooks.kinds import CUSTOMER, INVOICE, ITEM, PAYMENT, VENDOR, Kind

SPECIFICATION = Path(__file__).parents[3] / "shared" / "specs" / "quickbooks.openapi3.json"
DESCRIBED = ("Customer", "Vendor", "Item", "Account", "Invoice", "Payment")


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="Intuit's own description is not here")
@pytest.mark.parametrize("preset", ["us_no_tax", "us_ast", "us_manual", "global"])
def test_answers_have_the_shape_that_intuit_describes(preset: str) -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    components = json.loads(SPECIFICATION.read_text())["components"]
    company = _filled(preset).company
    for entity in DESCRIBED:
        schema = {"$ref": f"#/components/schemas/{entity}", "components": components}
        validator = jsonschema_rs.validator_for(schema)
        objects = company.objects(entity)
        assert objects
        for one in objects:
            validator.validate(_plain(one))


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="Intuit's own description is not here")
@pytest.mark.parametrize("kind", [CUSTOMER, VENDOR, ITEM, INVOICE, PAYMENT], ids=lambda kind: kind.name)
def test_the_fields_that_may_be_written_are_those_that_intuit_describes(kind: Kind) -> None:
    schemas = json.loads(SPECIFICATION.read_text())["components"]["schemas"]
    assert kind.fields.keys() | kind.computed == schemas[f"{kind.name}_write"]["properties"].keys()


def _filled(preset: str) -> Desk:
    desk = Desk(preset)
    ada = desk.customer(BillAddr={"Line1": "1 Main St", "Country": "US"}, PrimaryEmailAddr={"Address": "a@example.com"})
    desk.company.create("vendor", {"DisplayName": "Parts Inc"})
    abroad = preset == "global"
    lines = [sale(desk.item(Sku="R"), 100, "6" if abroad else "TAX", Qty=2, UnitPrice=50), discount(percent=10)]
    words = {"DetailType": "DescriptionOnly", "Description": "Thank you"}
    calculation = {"GlobalTaxCalculation": "TaxExcluded"} if abroad else {}
    bill = desk.invoice(ada, *lines, words, DocNumber="1", **calculation)
    desk.payment(ada, 60, {bill["Id"]: 50}, PaymentMethodRef={"value": "2"})
    return desk


def _plain(value: Any) -> Any:
    """Numbers as JSON has them."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return float(value) if isinstance(value, Decimal) else value
