"""JSON for QuickBooks: amounts leave as numbers, exact to the cent."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal


def encoded(value: object) -> str:
    """``value`` as JSON. A Decimal becomes a number with just its digits: QuickBooks need not take a string for one.

    A float would lose cents, so it is refused. Raises TypeError, and ValueError for a Decimal that is no number.
    """
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(name))}:{encoded(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return "[" + ",".join(encoded(inner) for inner in value) + "]"
    if value is None or isinstance(value, str | int):
        return json.dumps(value)
    raise TypeError(f"a {type(value).__name__} has no place in what is sent to QuickBooks")


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("an amount is no number")
    return format(value, "f")
