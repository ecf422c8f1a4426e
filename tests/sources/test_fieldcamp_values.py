"""Numbers of FieldCamp's JSON keep their digits, whichever way they are written and parsed."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.sources.fieldcamp import values


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        (19.99, "19.99"),
        ("19.99", "19.99"),
        (Decimal("19.990"), "19.99"),
        (" 19.9 ", "19.9"),
        (100, "100"),
        (100.0, "100"),
        ("1E+2", "100"),
        (1e-07, "0.0000001"),
        (0.1 + 0.2, "0.30000000000000004"),
        (-0.0, "0"),
        (".5", "0.5"),
        ("-3", "-3"),
        (999_999_999_999, "999999999999"),
    ],
)
def test_a_number_is_read_with_exactly_its_digits(number: Any, digits: str) -> None:
    assert values.decimal(number) == digits


@pytest.mark.parametrize(
    "wrong",
    [None, True, "", "many", "1,5", "1 000", "$5", "20%", "0x1", "１", "NaN", "1e", [], {},
     "9" * 41, "1e999", float("nan"), float("inf"),
     Decimal("NaN"), Decimal("Infinity"), 10**12, -(10**12), 10**4000, 1e300, 1e-300],
)  # fmt: skip
def test_what_is_no_number_is_not_guessed_at(wrong: Any) -> None:
    with pytest.raises(ValueError, match="expected a number"):
        values.decimal(wrong)


@pytest.mark.parametrize(
    ("number", "cents"),
    [
        (19.99, "19.99"),
        (0.005, "0.01"),
        (1.005, "1.01"),
        ("59.970000000000006", "59.97"),
        (7, "7.00"),
        (-0.001, "0.00"),
    ],
)
def test_an_amount_is_to_the_cent_half_up(number: Any, cents: str) -> None:
    assert values.amount(number) == cents


@settings(max_examples=200, deadline=None)
@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_cents_come_through_json_whichever_way_it_is_parsed(exact: Decimal) -> None:
    text = format(exact, "f")
    for told in (json.loads(text), json.loads(text, parse_float=Decimal), text):
        assert Decimal(values.decimal(told)) == Decimal(values.amount(told)) == exact
