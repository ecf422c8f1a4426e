"""JSON whose numbers are Decimal on our side and plain numbers on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def parsed(text: bytes | str) -> Any:
    """JSON as values, with a Decimal for each number that is not whole; ValueError for anything else."""
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)


def rendered(value: Any) -> str:
    """Values as JSON; a Decimal becomes a number with the digits that it has."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(name)}:{rendered(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(rendered(one) for one in value) + "]"
    return json.dumps(value)


def exact(value: Any) -> Any:
    """Values that came through other JSON, with a Decimal in the place of each float."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, Mapping):
        return {name: exact(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [exact(one) for one in value]
    return value


def plain(value: Any) -> Any:
    """Values for any JSON: a Decimal becomes its text, so that no cent is lost on the way."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
