"""How an invoice adds up: to the cent, half up."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.arithmetic import adjustment, line_amount, spread, sum_of, unit_price
from worker.core.books import cents
from worker.core.pricing import digits, price_of
from worker.core.sales import Adjustment, Invoice, Line

D = Decimal
TEN, FIVE = Adjustment(D(10), percentage=True), Adjustment(D(5), percentage=True)
MONEY = st.decimals(-5000, 5000, places=2)
QUANTITIES = st.decimals(0, 500, places=3)
ADJUSTMENTS = st.none() | st.builds(Adjustment, st.decimals(0, 60, places=2), st.booleans())
LINES = st.builds(
    Line,
    quantity=QUANTITIES,
    price=MONEY,
    markup=ADJUSTMENTS,
    discount=ADJUSTMENTS,
    tax_ids=st.lists(st.sampled_from(["a", "b"]), max_size=3).map(tuple),
)
INVOICES = st.builds(
    Invoice,
    id=st.just("inv_1"),
    lines=st.lists(LINES, min_size=1, max_size=6).map(tuple),
    markup=ADJUSTMENTS,
    discount=ADJUSTMENTS,
)


@pytest.mark.parametrize(
    ("line", "amount"),
    [
        (Line(quantity=D(3), price=D("100.00")), "300.00"),
        (Line(quantity=D(3), price=D("100.00"), markup=TEN, discount=FIVE), "313.50"),
        (Line(quantity=D(3), price=D("100.00"), markup=Adjustment(D(10)), discount=Adjustment(D(5))), "305.00"),
        (Line(quantity=D("0.125"), price=D("0.99")), "0.12"),
        (Line(quantity=D("1.5"), price=D("0.01")), "0.02"),
        (Line(quantity=D(1), price=D("0.005")), "0.01"),
        (Line(quantity=D(2), price=D("-10.00")), "-20.00"),
        (Line(quantity=D(0), price=D("10.00")), "0.00"),
        (Line(quantity=D(0), price=D("10.00"), markup=Adjustment(D(4))), "4.00"),
    ],
)
def test_a_line_is_quantity_times_price_plus_its_markup_minus_its_discount(line: Line, amount: str) -> None:
    assert line_amount(line) == D(amount)
    assert str(line_amount(line)) == amount


def test_an_adjustment_is_a_percentage_or_fixed_or_nothing() -> None:
    assert adjustment(None, D(200)) == 0
    assert adjustment(TEN, D(200)) == 20
    assert adjustment(Adjustment(D(10)), D(200)) == 10


def test_the_discount_of_a_document_is_taken_of_the_sum_with_its_markup() -> None:
    invoice = Invoice("inv_1", lines=(Line(price=D(100)), Line(price=D(50))), markup=TEN, discount=FIVE)
    found = sum_of(invoice, {})
    assert found.lines == (D("100.00"), D("50.00"))
    assert (found.markup, found.discount, found.net) == (D("15.00"), D("8.25"), D("156.75"))
    assert (found.tax, found.total) == (D(0), D("156.75"))


def test_each_tax_is_reckoned_and_rounded_on_its_lines_share_of_the_result() -> None:
    lines = (Line(price=D("9.99"), tax_ids=("a", "b", "a")), Line(price=D("20.01"), tax_ids=("a",)), Line(price=D(70)))
    found = sum_of(Invoice("inv_1", lines=lines, discount=TEN), {"a": D("0.05"), "b": D("0.075")})
    # a: 30.00 × 0.9 × 5 % = 1.35; b: 9.99 × 0.9 × 7.5 % = 0.674325
    assert (found.net, found.tax, found.total) == (D("90.00"), D("2.02"), D("92.02"))


def test_a_tax_that_nobody_knows_comes_to_nothing() -> None:
    assert sum_of(Invoice("inv_1", lines=(Line(price=D(10), tax_ids=("z",)),)), {}).tax == 0


def test_lines_that_come_to_nothing_are_not_taxed() -> None:
    lines = (Line(price=D(10), tax_ids=("a",)), Line(price=D(-10)))
    found = sum_of(Invoice("inv_1", lines=lines, markup=Adjustment(D(3))), {"a": D("0.2")})
    assert (found.tax, found.total) == (D(0), D("3.00"))


@settings(deadline=None)
@given(INVOICES, st.fixed_dictionaries({"a": st.decimals(0, 1, places=4), "b": st.decimals(0, 1, places=3)}))
def test_the_parts_of_a_sum_always_add_up(invoice: Invoice, rates: dict[str, D]) -> None:
    found = sum_of(invoice, rates)
    assert sum(found.lines) + found.markup - found.discount + found.tax == found.total
    for amount in (*found.lines, found.markup, found.discount, found.tax, found.total):
        assert amount == cents(amount)


@pytest.mark.parametrize(
    ("amount", "over", "parts"),
    [
        ("0.10", ["1", "1", "1"], ["0.04", "0.03", "0.03"]),
        ("0.05", ["1", "2", "3"], ["0.01", "0.02", "0.02"]),
        ("-0.01", ["30", "70"], ["0.00", "-0.01"]),
        ("10.00", ["100", "0", "300"], ["2.50", "0.00", "7.50"]),
        ("10.00", ["5", "-5"], ["10.00", "0.00"]),
        ("0.00", ["5", "7"], ["0.00", "0.00"]),
    ],
)
def test_what_is_left_of_a_split_goes_to_the_largest_remainders(amount: str, over: list[str], parts: list[str]) -> None:
    assert list(spread(D(amount), [D(part) for part in over])) == [D(part) for part in parts]


@given(MONEY, st.lists(MONEY, min_size=1, max_size=8))
def test_the_parts_of_a_split_add_up_to_the_cent(amount: D, over: list[D]) -> None:
    parts = spread(amount, over)
    assert len(parts) == len(over)
    assert sum(parts) == amount
    assert all(part == cents(part) for part in parts)


@given(MONEY, st.lists(st.decimals("0.01", 5000, places=2), min_size=1, max_size=8))
def test_no_part_of_a_split_is_a_cent_off_its_share(amount: D, over: list[D]) -> None:
    for part, weight in zip(spread(amount, over), over, strict=True):
        assert abs(part - amount * weight / sum(over)) < D("0.01")


@pytest.mark.parametrize(
    ("amount", "quantity", "price"),
    [
        ("313.50", "3", "104.50"),
        ("10.00", "3", "3.333"),
        ("0.12", "0.35", "0.34"),
        ("0.01", "1000", "0.00001"),
        ("-10.00", "4", "-2.50"),
        ("0.00", "4", "0"),
        ("5.00", "0", None),
        ("1234567.89", "9876543.211", None),
    ],
)
def test_a_unit_price_is_the_roundest_that_makes_the_amount(amount: str, quantity: str, price: str | None) -> None:
    assert unit_price(D(amount), D(quantity)) == (None if price is None else D(price))


@settings(deadline=None)
@given(LINES, st.none() | MONEY)
def test_quantity_times_unit_price_is_the_amount_to_the_cent(line: Line, share: D | None) -> None:
    amount = line_amount(line) + (share or 0)
    price = price_of(line, amount, share or D(0))
    assert cents(price.quantity * price.unit_price) == amount
    assert price.unit_price == round(price.unit_price, 7)


@pytest.mark.parametrize(
    ("line", "share", "quantity", "price", "workings"),
    [
        (Line(quantity=D("2.500"), price=D("40")), "0", "2.5", "40", ""),
        (
            Line(quantity=D(3), price=D("100"), markup=TEN, discount=FIVE),
            "0",
            "3",
            "104.5",
            "3 × 100.00, + 10 %, − 5 %",
        ),
        (Line(quantity=D(1), price=D("100"), markup=Adjustment(D("7.5"))), "0", "1", "107.5", "1 × 100.00, + 7.50"),
        (Line(quantity=D(2), price=D("100")), "1.50", "2", "100.75", "2 × 100.00, + 1.50"),
        (Line(quantity=D(2), price=D("100")), "-1.50", "2", "99.25", "2 × 100.00, − 1.50"),
        (Line(price=D("8"), discount=Adjustment(D("-2"))), "0", "1", "10", "1 × 8.00, + 2.00"),
        (Line(price=D("8"), discount=Adjustment(D(0))), "1", "1", "9", "1 × 8.00, + 1.00"),
        (Line(quantity=D(0), price=D("10")), "0", "0", "10", ""),
        (Line(quantity=D(0), price=D("10"), markup=Adjustment(D(4))), "0", "1", "4", "0 × 10.00, + 4.00"),
        (Line(quantity=D(4), price=D("0.123456789")), "0", "4", "0.122", "4 × 0.123456789"),
    ],
)
def test_a_price_says_how_it_came_about(line: Line, share: str, quantity: str, price: str, workings: str) -> None:
    found = price_of(line, line_amount(line) + D(share), D(share))
    assert (found.quantity, found.unit_price, found.workings) == (D(quantity), D(price), workings)


def test_digits_have_no_exponent() -> None:
    assert [digits(D(text)) for text in ("1E+3", "0.2500", "-0", "-1.50")] == ["1000", "0.25", "0", "-1.5"]
