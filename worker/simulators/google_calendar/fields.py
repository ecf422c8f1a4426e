"""Partial responses: the `fields` parameter, such as `items(id,start/dateTime),nextPageToken`."""

from __future__ import annotations

import re
from typing import Any

from worker.simulators.google_calendar.refusal import Refusal

Mask = dict[str, "Mask"]
TOKEN = re.compile(r"[A-Za-z0-9_*-]+|[(),/]")


def partial(value: Any, fields: str | None) -> Any:
    """The part of a JSON value that `fields` names; everything without it; 400 for a mask that cannot be read."""
    return value if not fields or value is None else _select(value, parse(fields))


def parse(fields: str) -> Mask:
    tokens = TOKEN.findall(fields)
    if "".join(tokens) != fields.replace(" ", ""):
        raise _unreadable(fields)
    mask, rest = _list(tokens, fields)
    if rest:
        raise _unreadable(fields)
    return mask


def _list(tokens: list[str], fields: str) -> tuple[Mask, list[str]]:
    mask: Mask = {}
    while True:
        inner, tokens = _path(tokens, fields)
        mask = _joined(mask, inner)
        if not tokens or tokens[0] != ",":
            return mask, tokens
        tokens = tokens[1:]


def _path(tokens: list[str], fields: str) -> tuple[Mask, list[str]]:
    if not tokens or tokens[0] in "(),/":
        raise _unreadable(fields)
    name, tokens = tokens[0], tokens[1:]
    if tokens and tokens[0] == "/":
        inner, tokens = _path(tokens[1:], fields)
        return {name: inner}, tokens
    if tokens and tokens[0] == "(":
        inner, tokens = _list(tokens[1:], fields)
        if not tokens or tokens[0] != ")":
            raise _unreadable(fields)
        return {name: inner}, tokens[1:]
    return {name: {}}, tokens


def _joined(one: Mask, other: Mask) -> Mask:
    shared = {name: _joined(one[name], other[name]) for name in one.keys() & other.keys() if one[name] and other[name]}
    whole: Mask = {name: {} for name in one.keys() & other.keys() - shared.keys()}
    return {**one, **other, **whole, **shared}


def _select(value: Any, mask: Mask) -> Any:
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [_select(item, mask) for item in value]
    if isinstance(value, dict):
        return {name: _select(value[name], inner) for name, inner in mask.items() if name in value}
    return value


def _unreadable(fields: str) -> Refusal:
    return Refusal(400, "invalidParameter", f"Invalid field selection {fields}", "fields")
