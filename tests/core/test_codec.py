"""Dataclasses to JSON-shaped dicts and back."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core import sales
from worker.core.codec import decode, encode

D = Decimal


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Part:
    amount: Decimal


@dataclass(frozen=True)
class Whole:
    rate: Decimal | None = None
    parts: tuple[Part, ...] = ()
    day: date | None = None
    at: datetime | None = None
    colour: Colour = Colour.RED
    amounts: tuple[Decimal, ...] = ()


def test_everything_goes_there_and_back() -> None:
    whole = Whole(
        D("0.0725"), (Part(D("10.10")),), date(2026, 5, 29), datetime(2026, 5, 29, 12, tzinfo=UTC), Colour.RED, (D(1),)
    )
    assert decode(Whole, json.loads(json.dumps(encode(whole)))) == whole


@pytest.mark.parametrize(
    ("number", "digits"), [("10.10", "10.10"), ("1E+3", "1000"), ("1E-7", "0.0000001"), ("-0.5", "-0.5")]
)
def test_a_decimal_is_written_as_its_digits(number: str, digits: str) -> None:
    assert encode(Part(D(number))) == {"amount": digits}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_a_decimal_never_drifts(number: Decimal) -> None:
    assert decode(Part, json.loads(json.dumps(encode(Part(number))))).amount == number


def test_missing_fields_take_their_defaults_and_unknown_ones_are_left_out() -> None:
    assert decode(Whole, {"rate": None, "shape": "round"}) == Whole()


def test_an_invoice_of_the_source_goes_there_and_back() -> None:
    line = sales.Line("itm_1", "Boiler", "", D("0.333"), D("19.99"), sales.Adjustment(D(5)), None, ("t1", "t2"))
    invoice = sales.Invoice("inv_1", "1", "cli_1", issued=date(2026, 5, 29), lines=(line,), tax_total=D("1.10"))
    assert decode(sales.Invoice, json.loads(json.dumps(encode(invoice)))) == invoice
